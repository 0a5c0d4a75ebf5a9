// The server's side of a session, as docs/protocol.md says it, behind a line that cuts, repeats and mixes up frames.
// Shares no code with the client. Faults of its own (`breaks`) exist for the negative controls only.

const RING = 12; // small, so that a buffer that no longer reaches back is an ordinary case
const WINDOW_MS = 120_000;

/** A small seeded generator (mulberry32): the same seed gives the same story. */
export function seeded(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** One socket with its two queues of frames. */
export class Line extends EventTarget {
  toClient = [];
  toServer = [];
  isCut = false;

  /** @param {{ cutAfter: number, isHalfOpen: boolean, duplicates: number, reorders: number }} nature */
  constructor(nature) {
    super();
    Object.assign(this, nature);
  }

  send(frame) {
    if (!this.isCut) this.toServer.push(frame);
  }

  close() {
    this.isCut = true;
  }

  cut() {
    if (this.isCut) return;
    this.isCut = true;
    if (!this.isHalfOpen) this.closes(1006);
  }

  closes(code, reason = "") {
    this.isCut = true;
    this.dispatchEvent(Object.assign(new Event("close"), { code, reason }));
  }
}

export class ScriptedServer {
  // What a crash leaves: the journal of the seat, the results of chat lines, the sessions.
  journal = [];
  results = new Map();
  stored = new Map();
  // What it takes along.
  epoch = 1;
  sessions = new Map();
  live = null;
  now = 0;
  view = 0;
  /** What every session began with: `pos` of its welcome. */
  beginnings = [];
  #numbers = 0;

  /** @param {{ breaks?: "results" | "replay" }} [options] */
  constructor({ breaks = "" } = {}) {
    this.breaks = breaks;
  }

  crash() {
    this.epoch += 1;
    this.sessions = new Map();
    this.live?.cut();
    this.live = null;
  }

  /** Every session is over, e.g. longer than the window. */
  expire() {
    this.sessions = new Map();
    this.stored = new Map();
  }

  fact(text, command = null) {
    this.journal.push({ text, command });
    this.#tellFacts();
  }

  newView() {
    this.view += 1;
    for (const session of this.sessions.values()) this.#push(session, this.#viewEvent());
  }

  ping() {
    if (this.live?.session) this.#reply(this.live, { type: "ping", n: 1 });
  }

  /** @param {Line} line @param {string} frame */
  hear(line, frame) {
    const message = JSON.parse(frame);
    if (message.type === "hello") return this.#welcome(line);
    if (message.type === "resume") return this.#resume(line, message);
    const { session } = line;
    if (!session || session.line !== line) return;
    session.previous = null; // the newest token was used
    this.#store(session);
    if (message.type === "ack") session.ring = session.ring.filter(({ seq }) => seq > message.seq);
    if (message.id) this.#carryOut(line, message);
  }

  #welcome(line) {
    this.stored.clear(); // one session per seat: the newest wins
    this.sessions.clear();
    const session = { sid: `s${++this.#numbers}`, token: this.#newToken(), previous: null, seq: 0, told: this.journal.length, ring: [] };
    this.beginnings.push(session.told);
    this.#seat(line, session);
    const { sid, token: resume_token, told: pos } = session;
    this.#reply(line, { type: "welcome", seat: "p-1", sid, resume_token, window_s: WINDOW_MS / 1000, pos, ...this.#place() });
    this.#push(session, this.#viewEvent());
  }

  #resume(line, { sid, token, last_seq, last_pos }) {
    const session = this.sessions.get(sid) ?? this.#recalled(sid, last_seq, last_pos);
    if (!session) return this.#fail(line, "expired");
    if (token !== session.token && token !== session.previous) {
      this.sessions.delete(sid);
      this.stored.delete(sid);
      this.#reply(line, { type: "resume_failed", reason: "conflict", last_cseq: 0 });
      return this.#close(line, 4401, "conflict");
    }
    const oldest = session.ring[0]?.seq ?? session.seq + 1;
    if (last_seq > session.seq || last_seq < oldest - 1) return this.#fail(line, "gap");
    session.previous = token; // whichever the page knows stays good until the new one is used
    session.token = this.#newToken();
    this.#seat(line, session);
    this.#reply(line, { type: "resumed", sid, resume_token: session.token, replay_from: last_seq + 1, last_cseq: 0, ...this.#place() });
    const replayed = session.ring.filter(({ seq }) => seq > last_seq);
    if (this.breaks === "replay" && replayed.length > 1) renumberWithoutTheFirst(session, replayed);
    for (const event of replayed) this.#reply(line, event);
    this.#tellFacts();
    if (session.isRecalled) this.#push(session, this.#viewEvent());
    session.isRecalled = false;
  }

  /** A session of the server before the crash goes on from what the page has seen. */
  #recalled(sid, last_seq, last_pos) {
    const stored = this.stored.get(sid);
    if (!stored) return null;
    const session = { ...stored, seq: last_seq, told: last_pos, ring: [], isRecalled: true };
    this.sessions.set(sid, session);
    return session;
  }

  #fail(line, reason) {
    this.#reply(line, { type: "resume_failed", reason, last_cseq: 0 });
    this.#welcome(line);
  }

  #seat(line, session) {
    if (session.line && session.line !== line) this.#close(session.line, 4409, "");
    session.line = line;
    line.session = session;
    this.live = line;
    this.sessions.set(session.sid, session);
    this.#store(session);
  }

  #store({ sid, token, previous }) {
    this.stored.set(sid, { sid, token, previous });
  }

  #carryOut(line, { type, id, text }) {
    if (type === "chat" && (!this.results.has(id) || this.breaks === "results")) {
      this.results.set(id, "2026-03-02T01:00:00Z");
      this.fact(text, id);
    }
    this.#reply(line, { type: "result", re: id, ok: true, ...(type === "chat" ? { at: this.results.get(id) } : {}) });
  }

  #tellFacts() {
    for (const session of this.sessions.values()) {
      while (session.told < this.journal.length) {
        const { text } = this.journal[session.told];
        session.told += 1;
        const pos = session.told;
        this.#push(session, { type: "chat", pos, room: "v1", from_seat: "t-1", text, at: "2026-03-02T01:00:00Z" });
      }
    }
  }

  #viewEvent() {
    return { type: "duty", pos: 0, state: "ready", reason: null, pending: this.view };
  }

  #push(session, event) {
    session.seq += 1;
    const numbered = { ...event, seq: session.seq };
    session.ring.push(numbered);
    session.ring = session.ring.slice(-RING);
    if (session.line) this.#reply(session.line, numbered);
  }

  #reply(line, message) {
    if (!line.isCut) line.toClient.push(JSON.stringify(message));
  }

  #close(line, code, reason) {
    if (!line.isCut) line.toClient.push({ code, reason });
  }

  #place() {
    return { epoch: `e${this.epoch}`, proto: 1, build: "b1", server_time: "2026-03-02T01:00:00Z" };
  }

  #newToken() {
    return `token-${++this.#numbers}`;
  }
}

/** The defect of a server that loses one buffered event and hides it from the numbers. */
function renumberWithoutTheFirst(session, replayed) {
  const [lost] = replayed.splice(0, 1);
  for (const event of replayed) event.seq -= 1;
  session.seq -= 1;
  session.ring = session.ring.filter((event) => event !== lost);
}

/**
 * One call from this page's side: follows `room_state`, opens the capture in the countdown, lets it out when the room is
 * live, watches what arrives and tells the server. Knows no DOM; components/call-stage.js shows what it says.
 */

import { SHAPES } from "./ladder.js";
import { Line } from "./line.js";
import { MediaWatch } from "./media-watch.js";
import { PaceJudge } from "./pace.js";

/** @typedef {import("./types.js").CallState} CallState */
/** @typedef {import("./types.js").RoomState} RoomState */
/** @typedef {import("./types.js").Expected} Expected */

/** Reason codes of sound and pictures that do not arrive. */
const ABOUT_OTHERS = "E5";
/** After our own way was cut, what the others send takes this long to arrive again. */
const SETTLING_MS = 4000;

/**
 * Events:
 * `state` (detail: CallState), `room` (detail: RoomState), `local` (detail: MediaStream | null: own preview),
 * `code` (detail: reason code | null), `own` (detail: {audio, video}: what we let out),
 * `chat` (detail: ChatLine), `refused` (detail: error with `code`: the room does not let us in),
 * `rung` (detail: Rung: what our line lets through), `pace` (detail: Map of slots whose picture is slow or gone for it),
 * `line` (detail: LineQuality of a participant; the server tells only officials).
 *
 * Several calls may follow each other on one connection and one transport.
 */
export class Call extends EventTarget {
  /** @type {string | null} */
  #room = null;
  /** @type {RoomState | null} */
  #roomState = null;
  /** @type {CallState} */
  #state = "idle";
  #wants = { audio: true, video: true };
  #flowing = false;
  #hasFlowed = false;
  #isOut = false;
  /** On hold, or left out of a private part: nothing is let out, nothing is expected. */
  #isShutOut = false;
  #line = new Line();
  #pace = new PaceJudge();
  /** @type {import("./ladder.js").Rung} */
  #rung = "video";
  /** What the statistics miss, as a reason code. @type {string | null} */
  #missing = null;
  /** When our own way to the relay or the server was last seen cut: ms of the looks' clock. */
  #cutAt = -Infinity;
  /** The room of a call that was put aside: who comes back into it finds the switches as they were. @type {string | null} */
  #suspended = null;

  /**
   * @param {{connection: import("./types.js").Connection, transport: import("./transport.js").MediaTransport,
   *   capture: import("./devices.js").LocalCapture, hints?: () => import("./quality.js").Hint[]}} parts
   *   hints: what is wrong with our devices or page and no statistics tell
   */
  constructor({ connection, transport, capture, hints = () => [] }) {
    super();
    this.connection = connection;
    this.transport = transport;
    this.capture = capture;
    this.hints = hints;
    this.watch = new MediaWatch(() => transport.peer, () => this.#wish());
    this.watch.addEventListener("look", (event) => this.#onLook(/** @type {CustomEvent} */ (event).detail));
    this.watch.addEventListener("flow", (event) => this.#onFlow(/** @type {CustomEvent} */ (event).detail));
    this.watch.addEventListener("say", (event) => this.#onSay(/** @type {CustomEvent} */ (event).detail));
    connection.addEventListener("message", (event) => this.#onMessage(/** @type {CustomEvent} */ (event).detail));
    connection.addEventListener("state", (event) => this.#onSocket(/** @type {CustomEvent} */ (event).detail.state));
    capture.addEventListener("change", () => void this.#letOut());
    transport.addEventListener("state", (event) => this.#onTransport(/** @type {CustomEvent} */ (event).detail));
  }

  /** Room we are in or entering. */
  get room() {
    return this.#room;
  }

  /** @returns {CallState} */
  get state() {
    return this.#state;
  }

  /** Our own switches; both begin on in every call. */
  get wants() {
    return { ...this.#wants };
  }

  /** What we really let out: a switch is on and its device is there. */
  get own() {
    const { audio, video } = this.#let;
    return { audio: audio && this.capture.hasAudio, video: video && this.capture.hasVideo };
  }

  /** What the others get: the ladder may keep a picture back that is switched on. */
  get sent() {
    return { audio: this.own.audio, video: this.own.video && SHAPES[this.#rung].videoKbps > 0 };
  }

  get rung() {
    return this.#rung;
  }

  /** Go into a room that the server opened for us; harmless when already there. @param {string} room */
  enter(room) {
    if (this.#room === room) return;
    if (this.#room) this.#finish("idle");
    this.#room = room;
    if (room !== this.#suspended) this.#wants = { audio: true, video: true };
    this.#suspended = null;
    this.#climb("video");
    this.#become("connecting");
    void this.#join();
  }

  /** Leave without ending the room for the others. */
  async leave() {
    const room = this.#room;
    if (!room) return;
    this.#finish("ended");
    await this.connection.command({ type: "leave", room });
  }

  /** @param {boolean} on */
  async setAudio(on) {
    this.#wants.audio = on;
    await this.transport.setAudio(this.#let.audio);
    this.#sayOwn();
  }

  /** @param {boolean} on */
  async setVideo(on) {
    this.#wants.video = on;
    await this.transport.setVideo(this.#let.video);
    this.#sayOwn();
  }

  /** @param {string} text @returns {Promise<{at?: string}>} resolves when the server has stored the line */
  async say(text) {
    if (!this.#room) throw Object.assign(new Error("no room"), { code: "room_closed" });
    return this.connection.command({ type: "chat", room: this.#room, text });
  }

  /** Raise the own hand, or take it down. @param {boolean} up */
  async raiseHand(up) {
    if (this.#room) await this.connection.command({ type: "hand", room: this.#room, up });
  }

  /** The switches as they count now: on hold nothing goes out, whatever they say. */
  get #let() {
    return this.#isShutOut ? { audio: false, video: false } : { ...this.#wants };
  }

  async #join() {
    const room = this.#room;
    if (!room) return;
    try {
      await this.connection.command({ type: "join", room });
      if (this.#isOut) this.#sayOwn();
    } catch (error) {
      // Without a socket the next "open" joins again; a refusal of the server is for the page to show.
      if (room === this.#room && isRefusal(error)) this.#emit("refused", error);
    }
  }

  /** @param {any} message */
  #onMessage(message) {
    if (message.type === "transport_lost") this.transport.rebuild();
    if (message.room === undefined || message.room !== this.#room) return;
    if (message.type === "room_state") this.#onRoom(message);
    if (message.type === "chat") this.#emit("chat", message);
    if (message.type === "line_quality") this.#emit("line", message);
  }

  /** @param {RoomState} roomState */
  #onRoom(roomState) {
    this.#roomState = roomState;
    this.#emit("room", roomState);
    if (roomState.phase === "closed") {
      if (roomState.why === "suspended") this.#suspended = roomState.room;
      this.#finish(roomState.why === "suspended" ? "suspended" : "ended");
    } else {
      void this.#openCapture();
      this.#obey();
      if (roomState.phase === "live") this.#goLive();
      this.#follow();
    }
  }

  /** The server forwards nothing of who is shut out; the page does not even send it, and says so. */
  #obey() {
    const me = this.#roomState?.peers.find(({ slot }) => slot === null);
    const isShutOut = Boolean(me && !exchanges(me, this.#roomState));
    if (isShutOut === this.#isShutOut) return;
    this.#isShutOut = isShutOut;
    this.#hasFlowed = false; // what begins afterwards begins anew
    this.#missing = null;
    this.#emit("code", this.capture.codes?.[0] ?? null);
    if (!this.#isOut) return;
    const { audio, video } = this.#let;
    void this.transport.setAudio(audio);
    void this.transport.setVideo(video);
    this.#sayOwn();
  }

  async #openCapture() {
    const room = this.#room;
    const stream = await this.capture.open();
    if (room !== this.#room || !room) {
      if (!this.#room) this.capture.close();
      return;
    }
    this.#emit("local", stream);
    for (const code of this.capture.codes) this.#tellOnce(code);
  }

  #goLive() {
    if (this.#isOut) return;
    this.#isOut = true;
    void this.#letOut();
    this.watch.start();
  }

  /** The countdown is over, or another device took over: this stream is what the others get. */
  async #letOut() {
    const room = this.#room;
    const stream = await this.capture.open();
    if (!this.#isOut || room !== this.#room) return;
    this.#emit("local", stream);
    await this.transport.attach(stream, this.#let);
    this.#sayOwn();
  }

  #sayOwn() {
    this.#emit("own", this.own);
    if (this.#room && this.#isOut) this.#tell({ type: "media", room: this.#room, ...this.sent });
  }

  /** @param {CallState} state */
  #finish(state) {
    this.watch.stop();
    void this.transport.detach();
    this.capture.close();
    this.#room = this.#roomState = null;
    this.#flowing = this.#hasFlowed = this.#isOut = this.#isShutOut = false;
    this.#told.clear();
    this.#missing = null;
    this.#line = new Line();
    this.#pace = new PaceJudge();
    this.#emit("local", null);
    this.#emit("code", null);
    this.#become(state);
  }

  /** What each slot should bring, as the room says. */
  #wish() {
    /** @type {Map<number, Expected>} */
    const expected = new Map();
    for (const peer of this.#isShutOut ? [] : (this.#roomState?.peers ?? [])) {
      const { slot, present, audio, video } = peer;
      if (slot !== null && present && exchanges(peer, this.#roomState)) expected.set(slot, { audio, video });
    }
    return { expected, sending: this.#isOut && this.own.audio };
  }

  /** Statistics of the moment: is the path alive, what does it bear, how good was it. @param {import("./media-watch.js").Look} look */
  #onLook(look) {
    const { expected, sending } = this.#wish();
    const { report, sample, at } = look;
    const isOwed = sending || [...expected.values()].some(({ audio, video }) => audio || video);
    this.transport.look(report, isOwed, at);
    this.#climb(this.#line.take(look, this.transport.state === "connected"));
    if (this.#isCut) this.#cutAt = at;
    const isSettled = at - this.#cutAt >= SETTLING_MS;
    this.#emit("pace", this.#pace.take(sample.slots, isSettled ? expected : new Map(), at));
    if (isSettled && this.#missing) this.#sayMissing();
    const { resumes = 0 } = this.connection;
    const beat = this.#room && this.#line.heartbeat(report, at, { room: this.#room, ...this.own, resumes, hints: this.hints() });
    if (beat) this.connection.report?.(beat);
  }

  /** @param {import("./ladder.js").Rung} rung */
  #climb(rung) {
    if (rung === this.#rung) return;
    const { video } = this.sent;
    this.#rung = rung;
    void this.transport.climb(rung);
    this.#emit("rung", rung);
    if (video !== this.sent.video) this.#sayOwn();
  }

  /** @param {boolean} flowing */
  #onFlow(flowing) {
    this.#flowing = flowing;
    this.#hasFlowed ||= flowing;
    if (flowing) {
      this.#missing = null;
      // What is missing on our own side stays said: the others can neither see nor hear it.
      this.#emit("code", this.capture.codes[0] ?? null);
    }
    this.#follow();
  }

  /** @param {string} code "media_up", "media_down" or a reason code */
  #onSay(code) {
    if (code.startsWith(ABOUT_OTHERS)) {
      this.#missing = code; // said once it is clear that our own way is not the reason
      return;
    }
    if (!code.startsWith("media_")) this.#emit("code", code);
    if (this.#room) this.#tell({ type: "set_up", room: this.#room, code });
  }

  #sayMissing() {
    this.#emit("code", this.#missing);
    if (this.#room) this.#tell({ type: "set_up", room: this.#room, code: this.#missing });
    this.#missing = null;
  }

  /** Nothing can arrive, whatever the others do. */
  get #isCut() {
    return this.transport.state !== "connected" || this.connection.state === "waiting";
  }

  /** @param {string} socket */
  #onSocket(socket) {
    if (socket === "open") void this.#join();
  }

  /** @param {{state: string, code: string | null}} transport */
  #onTransport({ state, code }) {
    if (this.#room && code && state === "connected") this.#tell({ type: "set_up", room: this.#room, code }); // for the record only
    else if (this.#room && code) this.#onSay(code);
    this.#follow();
  }

  /** Everybody else who is here was shut out: that nothing arrives is as it should be. */
  get #waitForUs() {
    const others = this.#roomState?.peers.filter(({ slot, present }) => slot !== null && present) ?? [];
    return others.length > 0 && others.every((peer) => !exchanges(peer, this.#roomState));
  }

  /** The state people see, from the room's phase and what really arrives. */
  #follow() {
    if (!this.#roomState) return;
    if (this.#roomState.phase === "countdown") this.#become("countdown");
    else if (this.#isShutOut) this.#become("held");
    else if ((this.#flowing || this.#waitForUs) && this.transport.state !== "interrupted") this.#become(this.#roomState.private ? "private" : "connected");
    else this.#become(this.#hasFlowed ? "reconnecting" : "connecting");
  }

  /** @param {CallState} state */
  #become(state) {
    if (state === this.#state) return;
    this.#state = state;
    this.#emit("state", state);
  }

  /** Device codes are said once per call, however often the room changes. @type {Set<string>} */
  #told = new Set();

  /** @param {string} code */
  #tellOnce(code) {
    if (this.#told.has(code)) return;
    this.#told.add(code);
    this.#onSay(code);
  }

  /** Send without waiting: after a reconnect the present state is said again anyway. @param {{type: string, [field: string]: unknown}} command */
  #tell(command) {
    this.connection.command(command).catch(() => undefined);
  }

  /** @param {string} name @param {unknown} detail */
  #emit(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

/** Refused by the server, as opposed to not sent at all. @param {unknown} error */
function isRefusal(error) {
  const code = /** @type {{code?: string}} */ (error ?? {}).code;
  return Boolean(code) && code !== "not_connected" && code !== "closed" && code !== "timeout";
}

/** Whether a member sends and receives under the room's conditions. @param {import("./types.js").Peer} peer @param {RoomState | null} room */
function exchanges(peer, room) {
  return !peer.held && (!room?.private || peer.private === true);
}

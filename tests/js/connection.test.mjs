// The signalling connection against a scripted socket: reconnecting, repeating, giving up.
import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

import { CommandRefused, SignalingConnection, TicketDenied } from "../../static/js/signaling/connection.js";

const WELCOME = {
  type: "welcome",
  seat: "p-1",
  sid: "s1",
  resume_token: "r1",
  window_s: 120,
  pos: 5,
  epoch: "e1",
  proto: 1,
  build: "b1",
  server_time: "2026-03-02T01:00:00Z",
};
const RESUMED = {
  type: "resumed",
  sid: "s1",
  resume_token: "r2",
  epoch: "e1",
  replay_from: 1,
  last_cseq: 0,
  build: "b1",
  server_time: "2026-03-02T01:00:00Z",
};

class ScriptedSocket extends EventTarget {
  sent = [];
  isClosed = false;

  send(frame) {
    this.sent.push(JSON.parse(frame));
  }

  close() {
    this.isClosed = true;
  }

  opens() {
    this.dispatchEvent(new Event("open"));
  }

  says(message) {
    this.dispatchEvent(new MessageEvent("message", { data: JSON.stringify(message) }));
  }

  closes(code, reason = "") {
    this.dispatchEvent(Object.assign(new Event("close"), { code, reason }));
  }

  commands() {
    return this.sent.filter(({ id }) => id !== undefined);
  }
}

/** A connection with its sockets and states in order. */
function aConnection({ getTicket } = {}) {
  let tickets = 0;
  const world = { sockets: [], states: [], messages: [], network: new EventTarget(), tickets: () => tickets };
  world.connection = new SignalingConnection({
    url: "ws://here/ws",
    getTicket: getTicket ?? (async () => `ticket-${++tickets}`),
    surroundings: {
      open: () => {
        const socket = new ScriptedSocket();
        world.sockets.push(socket);
        return socket;
      },
      random: () => 0.5,
      network: world.network,
      visibility: new EventTarget(),
    },
  });
  world.connection.addEventListener("state", ({ detail }) => world.states.push(detail));
  world.connection.addEventListener("message", ({ detail }) => world.messages.push(detail));
  world.last = () => world.sockets.at(-1);
  return world;
}

/** Let everything that is ready run: promises, not timers. */
async function settle() {
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
}

async function anOpenConnection(options) {
  const world = aConnection(options);
  world.connection.resume();
  await settle();
  world.last().opens();
  world.last().says(WELCOME);
  return world;
}

/** A new socket after the shortest pause, and what the server says on it first. */
async function comesBack(last, ...openings) {
  mock.timers.tick(250);
  await settle();
  last().opens();
  for (const opening of openings.length > 0 ? openings : [RESUMED]) last().says(opening);
}

/** An event of the server, by default one that passes. */
const viewed = (seq, pos = 0) => ({ type: "ring_stopped", seq, pos, visit: `v${seq}`, why: "answered" });

beforeEach(() => {
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout"] });
});

test("it says hello with a ticket and is open after welcome", async () => {
  const { states, last } = await anOpenConnection();

  assert.deepEqual(last().sent, [{ type: "hello", ticket: "ticket-1", proto: 1 }]);
  assert.deepEqual(
    states.map(({ state }) => state),
    ["waiting", "open"],
  );
  assert.deepEqual(states[1], { state: "open", code: 0, reason: "", isNew: true, isNewEpoch: false });
});

test("it answers ping with the same number and keeps it to itself", async () => {
  const { last, messages } = await anOpenConnection();

  last().says({ type: "ping", n: 7 });

  assert.deepEqual(last().sent.at(-1), { type: "pong", n: 7 });
  assert.deepEqual(messages, []);
});

test("events reach the page, unreadable and unknown frames do not", async () => {
  const { last, messages } = await anOpenConnection();
  const event = { type: "transport_lost", seq: 1, pos: 0 };

  last().dispatchEvent(new MessageEvent("message", { data: "{" }));
  last().says({ type: "of_next_year", seq: 1 });
  last().says({ type: "transport_lost" });
  last().says({ ...event, of_next_year: true });

  assert.deepEqual(messages, [{ ...event, of_next_year: true }]);
});

test("a command resolves with its result and rejects with the refusal's code", async () => {
  const { connection, last } = await anOpenConnection();
  const join = connection.command({ type: "join", room: "v1" });
  const chat = connection.command({ type: "chat", room: "v1", text: "您好" });
  const [first, second] = last().commands();

  last().says({ type: "refused", re: second.id, code: "not_joined" });
  last().says({ type: "result", re: first.id, ok: true });

  assert.equal((await join).ok, true);
  await assert.rejects(chat, (error) => error instanceof CommandRefused && error.code === "not_joined");
  assert.match(first.id, /^[0-9a-f-]{36}$/);
});

test("an unanswered command is repeated with its id, after what the page says on opening", async () => {
  const { connection, last, sockets } = await anOpenConnection();
  const chat = connection.command({ type: "chat", room: "v1", text: "您好" });
  const said = last().commands()[0];
  connection.addEventListener("state", ({ detail }) => {
    if (detail.state === "open") void connection.command({ type: "join", room: "v1" }).catch(() => {});
  });

  last().closes(1006);
  await comesBack(last);

  assert.equal(sockets.length, 2);
  assert.deepEqual(
    last().commands().map(({ type }) => type),
    ["join", "chat"],
  );
  assert.deepEqual(last().commands()[1], said);
  last().says({ type: "result", re: said.id, ok: true });
  assert.equal((await chat).re, said.id);
});

test("an answered command is not repeated", async () => {
  const { connection, last } = await anOpenConnection();
  const join = connection.command({ type: "join", room: "v1" });
  last().says({ type: "result", re: last().commands()[0].id, ok: true });
  await join;

  last().closes(1006);
  await comesBack(last);

  assert.deepEqual(last().commands(), []);
});

test("a command that nobody answers ends with timeout", async () => {
  const { connection } = await anOpenConnection();

  const chat = connection.command({ type: "chat", room: "v1", text: "您好" }, { withinMs: 500 });
  mock.timers.tick(500);

  await assert.rejects(chat, { code: "timeout" });
});

test("each socket has a new ticket, and the pause grows with jitter up to eight seconds", async () => {
  const { connection, last, sockets, tickets } = aConnection();
  connection.resume();
  await settle();
  const pauses = [];

  for (let attempt = 0; attempt < 8; attempt += 1) {
    last().closes(1006);
    let waited = 0;
    for (const before = sockets.length; sockets.length === before; waited += 50) {
      mock.timers.tick(50);
      await settle();
    }
    pauses.push(waited);
  }

  assert.deepEqual(pauses, [250, 250, 500, 1000, 2000, 4000, 4000, 4000]);
  assert.equal(tickets(), 9);
});

test("a returning network is tried at once", async () => {
  const { last, network, sockets } = await anOpenConnection();
  last().closes(1006);
  await settle();
  assert.equal(sockets.length, 1);

  network.dispatchEvent(new Event("online"));
  await settle();

  assert.equal(sockets.length, 2);
});

for (const [code, reason] of [
  [4409, "taken_over"],
  [4410, "revoked"],
  [4401, "ticket_refused"],
  [4400, "unsupported_version"],
]) {
  test(`after ${code} ${reason} it stays closed until resume`, async () => {
    const { connection, last, network, sockets, states } = await anOpenConnection();
    const left = connection.command({ type: "leave", room: "v1" });

    last().says({ type: "gone", seq: 0, pos: 0, code: reason });
    last().closes(code);
    await assert.rejects(left, { code: "closed" });
    network.dispatchEvent(new Event("online"));
    mock.timers.tick(60_000);
    await settle();

    assert.equal(sockets.length, 1);
    assert.deepEqual(states.at(-1), { state: "closed", code, reason, isNew: false, isNewEpoch: false });
    await assert.rejects(connection.command({ type: "leave", room: "v1" }), { code: "closed" });

    connection.resume();
    await settle();
    assert.equal(sockets.length, 2);
  });
}

for (const [code, reason] of [
  [4409, "replaced"],
  [4401, "ticket_expired"],
  [4408, "silent"],
  [1012, "restart"],
  [1006, ""],
]) {
  test(`after ${code} ${reason} it comes back`, async () => {
    const { last, sockets } = await anOpenConnection();

    last().closes(code, reason);
    mock.timers.tick(250);
    await settle();

    assert.equal(sockets.length, 2);
  });
}

test("after a flood it comes back late", async () => {
  const { last, sockets } = await anOpenConnection();

  last().closes(4429, "flood");
  mock.timers.tick(3_999);
  await settle();
  assert.equal(sockets.length, 1);
  mock.timers.tick(1);
  await settle();

  assert.equal(sockets.length, 2);
});

test("it resumes with what it has seen, and with a new ticket", async () => {
  const { connection, last, states } = await anOpenConnection();
  void connection.command({ type: "leave", room: "v1" });
  void connection.command({ type: "leave", room: "v2" });
  last().says({ type: "result", re: last().commands()[0].id, ok: true });
  last().says(viewed(1, 6));
  last().says(viewed(2));

  last().closes(1006);
  await comesBack(last, { ...RESUMED, replay_from: 3 });

  const [{ type, ...resume }] = last().sent;
  assert.equal(type, "resume");
  assert.deepEqual(resume, { proto: 1, ticket: "ticket-2", sid: "s1", token: "r1", last_seq: 2, last_pos: 6, last_result_cseq: 1 });
  assert.deepEqual(states.at(-1), { state: "open", code: 0, reason: "", isNew: false, isNewEpoch: false });
  assert.equal(connection.resumes, 1);
});

test("each answer brings the next token, and a lost answer leaves the old one in use", async () => {
  const { last } = await anOpenConnection();
  last().closes(1006);
  await comesBack(last);
  last().closes(1006);
  await comesBack(last, { type: "of_next_year" }); // the answer never came
  last().closes(1006);
  mock.timers.tick(500);
  await settle();
  last().opens();

  assert.equal(last().sent[0].token, "r2");
});

test("an event that comes twice is taken once, a fact also under another number", async () => {
  const { last, messages } = await anOpenConnection();

  for (const event of [viewed(1, 6), viewed(1, 6), viewed(2), viewed(3, 6), viewed(2), viewed(4, 7)]) last().says(event);

  assert.deepEqual(messages.map(({ seq }) => seq), [1, 2, 4]);
});

test("a gap closes the socket and is filled by the resume", async () => {
  const { last, messages, sockets } = await anOpenConnection();
  last().says(viewed(1));
  last().says(viewed(3));
  assert.equal(sockets[0].isClosed, true);

  await comesBack(last, { ...RESUMED, replay_from: 2 }, viewed(2), viewed(3));

  assert.equal(last().sent[0].last_seq, 1);
  assert.deepEqual(messages.map(({ seq }) => seq), [1, 2, 3]);
});

test("a gap that a resume does not fill ends the session, not the page", async () => {
  const { last, states } = await anOpenConnection();
  last().says(viewed(2));
  await comesBack(last, RESUMED, viewed(2));
  mock.timers.tick(250);
  mock.timers.tick(250);
  await settle();
  last().opens();
  last().says({ ...WELCOME, sid: "s2" });

  assert.equal(last().sent[0].type, "hello");
  assert.equal(states.at(-1).isNew, true);
});

test("a resume that would leave something out is not taken", async () => {
  const { last } = await anOpenConnection();
  last().closes(1006);
  await comesBack(last, { ...RESUMED, replay_from: 2 });
  mock.timers.tick(250);
  mock.timers.tick(250);
  await settle();
  last().opens();

  assert.equal(last().sent[0].type, "hello");
});

for (const reason of ["expired", "gap"]) {
  test(`after resume_failed ${reason} the new session begins on the same socket and the command is repeated`, async () => {
    const { connection, last, messages, sockets, states } = await anOpenConnection();
    const chat = connection.command({ type: "chat", room: "v1", text: "您好" });
    const said = last().commands()[0];
    last().says(viewed(1, 6));

    last().closes(1006);
    await comesBack(last, { type: "resume_failed", reason, last_cseq: 0 }, { ...WELCOME, sid: "s2", pos: 9 });
    last().says(viewed(1, 10));

    assert.equal(sockets.length, 2);
    assert.deepEqual(states.at(-1), { state: "open", code: 0, reason: "", isNew: true, isNewEpoch: false });
    assert.deepEqual(messages.map(({ pos }) => pos), [6, 10]);
    assert.deepEqual(last().commands(), [said]);
    last().says({ type: "result", re: said.id, ok: true });
    await chat;
  });
}

for (const told of [[{ type: "resume_failed", reason: "conflict", last_cseq: 0 }], [{ type: "of_next_year" }]]) {
  test(`after a conflict it comes back as a new session, told by ${told[0].type}`, async () => {
    const { last, states } = await anOpenConnection();
    last().closes(1006);
    await comesBack(last, ...told);
    last().closes(4401, "conflict");
    mock.timers.tick(250);
    mock.timers.tick(250);
    await settle();
    last().opens();

    assert.equal(states.at(-1).state, "waiting");
    assert.equal(last().sent[0].type, "hello");
  });
}

test("a server that lost its memory is told apart, and the session goes on", async () => {
  const { last, states, messages } = await anOpenConnection();
  last().says(viewed(1, 6));
  last().closes(1012, "restart");
  await comesBack(last, { ...RESUMED, epoch: "e2", replay_from: 2 }, viewed(2, 7));

  assert.deepEqual(states.at(-1), { state: "open", code: 0, reason: "", isNew: false, isNewEpoch: true });
  assert.deepEqual(messages.map(({ pos }) => pos), [6, 7]);
});

test("after close the next opening is a new session", async () => {
  const { connection, last } = await anOpenConnection();
  connection.close();
  connection.resume();
  await settle();
  last().opens();

  assert.equal(last().sent[0].type, "hello");
});

test("events are acknowledged after a second, or when sixteen have come", async () => {
  const { last } = await anOpenConnection();
  const acks = () => last().sent.filter(({ type }) => type === "ack").map(({ seq }) => seq);

  last().says(viewed(1));
  last().says(viewed(2));
  mock.timers.tick(999);
  assert.deepEqual(acks(), []);
  mock.timers.tick(1);
  assert.deepEqual(acks(), [2]);
  for (let seq = 3; seq <= 18; seq += 1) last().says(viewed(seq));
  assert.deepEqual(acks(), [2, 18]);
  mock.timers.tick(5_000);
  assert.deepEqual(acks(), [2, 18]);
});

test("commands are numbered in a session, a repeated one keeps its number there", async () => {
  const { connection, last } = await anOpenConnection();
  for (const room of ["v1", "v2"]) void connection.command({ type: "leave", room });
  const numbers = () => last().commands().map(({ room, cseq }) => [room, cseq]);
  assert.deepEqual(numbers(), [["v1", 1], ["v2", 2]]);

  last().closes(1006);
  await comesBack(last);
  assert.deepEqual(numbers(), [["v1", 1], ["v2", 2]]);
  void connection.command({ type: "leave", room: "v3" });
  assert.deepEqual(numbers().at(-1), ["v3", 3]);

  last().says({ type: "result", re: last().commands()[0].id, ok: true });
  last().closes(1006);
  await comesBack(last, { type: "resume_failed", reason: "expired", last_cseq: 0 }, { ...WELCOME, sid: "s2" });
  assert.deepEqual(numbers(), [["v2", 1], ["v3", 2]]);
});

test("a command's time runs only while the line is open", async () => {
  const { connection, last } = await anOpenConnection();
  const chat = connection.command({ type: "chat", room: "v1", text: "您好" }, { withinMs: 500 });
  last().closes(1006);
  mock.timers.tick(100);
  mock.timers.tick(60_000);
  await settle();
  last().opens();
  last().says(RESUMED);
  mock.timers.tick(400);
  last().says({ type: "result", re: last().commands()[0].id, ok: true });

  assert.equal((await chat).ok, true);
});

test("a report is sent on an open line and lost on any other", async () => {
  const { connection, last, sockets } = await anOpenConnection();
  connection.report({ type: "quality", room: "v1" });
  last().closes(1006);
  connection.report({ type: "quality", room: "v2" });
  await comesBack(last);

  const reports = sockets.map(({ sent }) => sent.filter(({ type }) => type === "quality").map(({ room }) => room));
  assert.deepEqual(reports, [["v1"], []]);
});

test("a ticket request that hangs is given up after five seconds", async () => {
  /** @type {AbortSignal[]} */
  const signals = [];
  const { connection, sockets } = aConnection({ getTicket: (signal) => (signals.push(signal), new Promise(() => {})) });
  connection.resume();
  await settle();

  mock.timers.tick(5_000);
  await settle();
  mock.timers.tick(250);
  await settle();

  assert.deepEqual(signals.map(({ aborted }) => aborted), [true, false]);
  assert.equal(sockets.length, 0);
});

test("a socket that never answers is given up after five seconds", async () => {
  const { connection, last, sockets } = aConnection();
  connection.resume();
  await settle();
  mock.timers.tick(5_000);
  assert.equal(last().isClosed, true);
  mock.timers.tick(250);
  await settle();

  assert.equal(sockets.length, 2);
});

test("a person who asks does not wait for an attempt that hangs", async () => {
  const { connection, sockets } = aConnection();
  connection.resume();
  await settle();

  connection.retryNow();
  await settle();

  assert.equal(sockets.length, 2);
  assert.equal(sockets[0].isClosed, true);
});

test("after a change of networks it resumes without showing us as gone", async () => {
  const { last, network, sockets, states } = await anOpenConnection();

  network.dispatchEvent(new Event("online"));
  await settle();
  assert.equal(sockets[0].isClosed, false);
  last().opens();
  last().says(RESUMED);

  assert.equal(sockets[0].isClosed, true);
  assert.deepEqual(states.map(({ state }) => state), ["waiting", "open", "waiting", "open"]);
});

test("a socket in doubt is replaced after three seconds without a frame, and not closed before", async () => {
  const { connection, last, sockets } = await anOpenConnection();

  connection.doubt();
  mock.timers.tick(2_999);
  await settle();
  assert.equal(sockets.length, 1);
  mock.timers.tick(1);
  await settle();

  assert.equal(sockets.length, 2);
  assert.equal(sockets[0].isClosed, false);
  last().opens();
  last().says(RESUMED);
  assert.equal(sockets[0].isClosed, true);
});

test("one frame ends the doubt: a socket that lives is kept", async () => {
  const { connection, last, sockets } = await anOpenConnection();

  connection.doubt();
  last().says({ type: "ping", n: 1 });
  mock.timers.tick(10_000);
  await settle();

  assert.equal(sockets.length, 1);
});

test("in a call the pauses stay short", async () => {
  const { connection, last, sockets } = aConnection();
  connection.isInCall = true;
  connection.resume();
  await settle();

  for (let attempt = 0; attempt < 8; attempt += 1) {
    last().closes(1006);
    mock.timers.tick(1_000);
    await settle();
  }

  assert.equal(sockets.length, 9);
});

test("what the server serves is told with each opening", async () => {
  const { connection, last } = await anOpenConnection();
  assert.equal(connection.build, "b1");
  last().closes(1006);
  await comesBack(last, { ...RESUMED, build: "b2" });

  assert.equal(connection.build, "b2");
});

test("a ticket that is denied ends it, a ticket that fails is asked for again", async () => {
  const answers = [new Error("offline"), new TicketDenied()];
  const { connection, states } = aConnection({ getTicket: async () => Promise.reject(answers.shift()) });

  connection.resume();
  await settle();
  assert.equal(connection.state, "waiting");
  mock.timers.tick(250);
  await settle();

  assert.deepEqual(states.at(-1), { state: "closed", code: 4401, reason: "ticket_refused", isNew: false, isNewEpoch: false });
});

test("a server that falls silent is given up, and its late frames are nobody's", async () => {
  const { last, messages, sockets, states } = await anOpenConnection();
  const silent = last();

  mock.timers.tick(25_000);
  silent.says({ type: "transport_lost", seq: 1, pos: 0 });
  silent.closes(1006);
  mock.timers.tick(250);
  await settle();

  assert.equal(silent.isClosed, true);
  assert.deepEqual(messages, []);
  assert.equal(sockets.length, 2);
  assert.equal(states.filter(({ state }) => state === "waiting").length, 2);
});

test("close is final and closes a socket whose ticket was still on its way", async () => {
  let give = (_) => {};
  const { connection, sockets } = aConnection({ getTicket: () => new Promise((resolve) => (give = resolve)) });
  connection.resume();

  connection.close();
  give("late");
  await settle();

  assert.equal(connection.state, "closed");
  assert.equal(sockets.length, 0);
});

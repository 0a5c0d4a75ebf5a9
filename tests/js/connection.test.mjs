// The signalling connection against a scripted socket: reconnecting, repeating, giving up.
import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

import { CommandRefused, SignalingConnection, TicketDenied } from "../../static/js/signaling/connection.js";

const WELCOME = {
  type: "welcome",
  seat: "p-1",
  epoch: "e1",
  proto: 1,
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
    return this.sent.filter(({ type }) => type !== "hello" && type !== "pong");
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
  assert.equal(states[1].welcome.epoch, "e1");
});

test("it answers ping with the same number and keeps it to itself", async () => {
  const { last, messages } = await anOpenConnection();

  last().says({ type: "ping", n: 7 });

  assert.deepEqual(last().sent.at(-1), { type: "pong", n: 7 });
  assert.deepEqual(messages, []);
});

test("events reach the page, unreadable and unknown frames do not", async () => {
  const { last, messages } = await anOpenConnection();
  const event = { type: "transport_lost", seq: 1 };

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
  mock.timers.tick(250);
  await settle();
  last().opens();
  last().says(WELCOME);

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
  mock.timers.tick(250);
  await settle();
  last().opens();
  last().says(WELCOME);

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

    last().says({ type: "gone", seq: 1, code: reason });
    last().closes(code);
    await assert.rejects(left, { code: "closed" });
    network.dispatchEvent(new Event("online"));
    mock.timers.tick(60_000);
    await settle();

    assert.equal(sockets.length, 1);
    assert.deepEqual(states.at(-1), { state: "closed", code, reason, welcome: null });
    await assert.rejects(connection.command({ type: "leave", room: "v1" }), { code: "closed" });

    connection.resume();
    await settle();
    assert.equal(sockets.length, 2);
  });
}

for (const [code, reason] of [
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

test("a ticket that is denied ends it, a ticket that fails is asked for again", async () => {
  const answers = [new Error("offline"), new TicketDenied()];
  const { connection, states } = aConnection({ getTicket: async () => Promise.reject(answers.shift()) });

  connection.resume();
  await settle();
  assert.equal(connection.state, "waiting");
  mock.timers.tick(250);
  await settle();

  assert.deepEqual(states.at(-1), { state: "closed", code: 4401, reason: "ticket_refused", welcome: null });
});

test("a server that falls silent is given up, and its late frames are nobody's", async () => {
  const { last, messages, sockets, states } = await anOpenConnection();
  const silent = last();

  mock.timers.tick(25_000);
  silent.says({ type: "transport_lost", seq: 1 });
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

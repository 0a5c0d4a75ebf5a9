/** One call from this page's side: what a cut, a thin line or a suspension does to it. */

import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { Call } from "../../static/js/call/call.js";

class Connection extends EventTarget {
  commands = [];
  reports = [];
  resumes = 0;
  async command(command) {
    this.commands.push(command);
    return {};
  }
  report(report) {
    this.reports.push(report);
  }
  says(message) {
    this.dispatchEvent(new CustomEvent("message", { detail: message }));
  }
  becomes(state) {
    this.dispatchEvent(new CustomEvent("state", { detail: { state } }));
  }
  /** Own microphone and camera as the room was told, in order. */
  get media() {
    return this.commands.filter(({ type }) => type === "media").map(({ audio, video }) => `${audio} ${video}`);
  }
}

class Transport extends EventTarget {
  state = "connected";
  peer = null;
  rungs = [];
  attached = 0;
  rebuilt = 0;
  async attach() {
    this.attached += 1;
  }
  async detach() {}
  async setAudio() {}
  async setVideo() {}
  async climb(rung) {
    this.rungs.push(rung);
  }
  look() {}
  rebuild() {
    this.rebuilt += 1;
  }
  becomes(state, code = null) {
    this.state = state;
    this.dispatchEvent(new CustomEvent("state", { detail: { state, code } }));
  }
}

class Capture extends EventTarget {
  codes = [];
  hasAudio = true;
  hasVideo = true;
  closed = 0;
  async open() {
    return {};
  }
  close() {
    this.closed += 1;
  }
}

const settle = async () => {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
};

const PEERS = [
  { seat: "t-1", role: "terminal", name: "A-001", post: "", present: true, audio: true, video: true, slot: null },
  { seat: "p-1", role: "county_duty_officer", name: "", post: "", present: true, audio: true, video: true, slot: 0 },
];
const room = (phase, why = "") => ({ type: "room_state", seq: 1, room: "v9", phase, countdown_ms: 0, why, peers: phase === "closed" ? [] : PEERS });

let parts;
let call;
let states;

async function inCall() {
  call.enter("v9");
  parts.connection.says(room("live"));
  await settle();
  flow(true);
}

const flow = (isFlowing) => call.watch.dispatchEvent(new CustomEvent("flow", { detail: isFlowing }));

/** Statistics of one second. */
function look(second, { kbps = 800, out = 20_000 } = {}) {
  const report = [
    { type: "transport", id: "T", selectedCandidatePairId: "P" },
    { type: "candidate-pair", id: "P", localCandidateId: "L", bytesSent: out * second, availableOutgoingBitrate: kbps * 1000 },
    { type: "local-candidate", id: "L", candidateType: "host" },
  ];
  const sample = { slots: new Map([[0, { audioBytes: 0, audioEnergy: 0, frames: 15 * second }]]), audioSent: 0 };
  call.watch.dispatchEvent(new CustomEvent("look", { detail: { report, sample, at: second * 1000, lagMs: 0 } }));
}

beforeEach(() => {
  mock.timers.enable({ apis: ["setTimeout"] });
  parts = { connection: new Connection(), transport: new Transport(), capture: new Capture() };
  call = new Call(parts);
  states = [];
  call.addEventListener("state", ({ detail }) => states.push(detail));
});

afterEach(() => {
  call.watch.stop();
  mock.timers.reset();
});

test("a call that flows is connected, and reconnecting as soon as its path is interrupted", async () => {
  await inCall();
  parts.transport.becomes("interrupted");
  parts.transport.becomes("connected");

  assert.deepEqual(states, ["connecting", "connected", "reconnecting", "connected"]);
});

test("a socket that comes back joins again and says again what is on; the transport is left alone", async () => {
  await inCall();
  await call.setAudio(false);
  parts.connection.commands = [];

  parts.connection.becomes("waiting");
  parts.connection.becomes("open");
  await settle();

  assert.equal(parts.connection.commands[0].type, "join");
  assert.deepEqual(parts.connection.media, ["false true"]);
  assert.equal(parts.transport.rebuilt, 0);
  assert.equal(call.state, "connected");
});

test("a suspended call closes the camera and says so; back in its room the switches are as they were", async () => {
  await inCall();
  await call.setAudio(false);

  parts.connection.says(room("closed", "suspended"));

  assert.equal(call.state, "suspended");
  assert.equal(call.room, null);
  assert.ok(parts.capture.closed > 0);

  await inCall();
  assert.deepEqual(call.wants, { audio: false, video: true });
  assert.equal(call.state, "connected");
});

test("another call begins with both switches on", async () => {
  await inCall();
  await call.setVideo(false);
  parts.connection.says(room("closed", "suspended"));

  call.enter("v10");

  assert.deepEqual(call.wants, { audio: true, video: true });
});

test("a room that ended is over", async () => {
  await inCall();

  parts.connection.says(room("closed", "ended"));

  assert.equal(call.state, "ended");
});

test("on a thin line the room is told that no picture comes, while the person's own switch stays on", async () => {
  await inCall();
  const rungs = [];
  call.addEventListener("rung", ({ detail }) => rungs.push(detail));

  for (let second = 0; second < 5; second += 1) look(second, { kbps: 30, out: 4000 });

  assert.deepEqual(rungs, ["audio"]);
  assert.equal(parts.transport.rungs.at(-1), "audio");
  assert.equal(parts.connection.media.at(-1), "true false");
  assert.equal(call.own.video, true);
});

test("the first seconds after a blackout say nothing of how wide the line is", async () => {
  await inCall();
  look(0);
  parts.transport.state = "interrupted";
  look(1);
  parts.transport.state = "connected";

  for (let second = 2; second < 8; second += 1) look(second, { kbps: 5, out: 4000 });
  assert.equal(call.rung, "video");

  for (let second = 8; second < 28; second += 1) look(second, { kbps: 30, out: 4000 });
  assert.equal(call.rung, "video", "an estimate that is not yet back says nothing without a queue or loss");

  for (let second = 32; second < 38; second += 1) look(second, { kbps: 30, out: 4000 });
  assert.equal(call.rung, "audio");
});

test("while our own way is cut nobody else is blamed for it, and afterwards only for what still does not come", async () => {
  await inCall();
  const codes = [];
  call.addEventListener("code", ({ detail }) => codes.push(detail));
  const setUps = () => parts.connection.commands.filter(({ type }) => type === "set_up").map(({ code }) => code);

  parts.transport.state = "interrupted";
  look(0);
  call.watch.dispatchEvent(new CustomEvent("say", { detail: "E51" }));
  look(1);
  parts.transport.state = "connected";
  look(2);
  assert.deepEqual([codes, setUps()], [[], []]);

  look(6);
  look(7);
  assert.deepEqual([codes, setUps()], [["E51"], ["E51"]]);
});

test("the next call begins in the middle of the ladder again", async () => {
  await inCall();
  for (let second = 0; second < 5; second += 1) look(second, { kbps: 30, out: 4000 });
  parts.connection.says(room("closed", "ended"));

  call.enter("v10");

  assert.equal(call.rung, "video");
  assert.equal(parts.transport.rungs.at(-1), "video");
});

test("the line is reported every five seconds, for the room that one is in", async () => {
  await inCall();

  for (let second = 0; second <= 10; second += 1) look(second);

  assert.deepEqual(parts.connection.reports.map(({ type, room: of, rung }) => `${type} ${of} ${rung}`), ["quality v9 video_high", "quality v9 video_high"]);
});

test("what the server says of a line is passed on, for this room only", async () => {
  await inCall();
  const lines = [];
  call.addEventListener("line", ({ detail }) => lines.push(detail.of_seat));

  parts.connection.says({ type: "line_quality", room: "v9", of_seat: "t-1" });
  parts.connection.says({ type: "line_quality", room: "v8", of_seat: "t-2" });

  assert.deepEqual(lines, ["t-1"]);
});

test("a code of a path that serves goes on record and to nobody's eyes", async () => {
  await inCall();
  const codes = [];
  call.addEventListener("code", ({ detail }) => codes.push(detail));

  parts.transport.becomes("connected", "E35");

  assert.deepEqual(codes, []);
  assert.deepEqual(parts.connection.commands.at(-1), { type: "set_up", room: "v9", code: "E35" });
});

test("a relay that lost us is offered to anew", async () => {
  await inCall();

  parts.connection.says({ type: "transport_lost", seq: 7 });

  assert.equal(parts.transport.rebuilt, 1);
});

test("on hold nothing is let out, whatever the switches say, and a release brings it back", async () => {
  await inCall();
  const said = (held) => parts.connection.says({ ...room("live"), peers: [{ ...PEERS[0], held }, PEERS[1]] });

  said(true);
  await settle();
  assert.equal(call.state, "held");
  assert.deepEqual(call.own, { audio: false, video: false });

  said(false);
  await settle();
  assert.deepEqual(call.wants, { audio: true, video: true });
  assert.notEqual(call.state, "held");
});

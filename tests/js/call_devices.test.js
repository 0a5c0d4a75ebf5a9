// Camera and microphone that are missing, busy, slow, unplugged and plugged in again.
import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

import { adopt, matching, preferred, profile } from "../../static/js/call/device-memory.js";

class Track extends EventTarget {
  readyState = "live";

  constructor(kind, label) {
    super();
    Object.assign(this, { kind, label });
  }

  stop() {
    this.readyState = "ended";
  }

  /** Unplugged: unlike after stop(), the page is told. */
  goes() {
    this.stop();
    this.dispatchEvent(new Event("ended"));
  }
}

class Stream {
  constructor(tracks) {
    this.tracks = tracks;
  }

  getTracks = () => this.tracks;
  getAudioTracks = () => this.tracks.filter(({ kind }) => kind === "audio");
  getVideoTracks = () => this.tracks.filter(({ kind }) => kind === "video");
}

const INPUTS = { audio: "audioinput", video: "videoinput" };
const MIC = { kind: "audioinput", label: "Hall microphone", deviceId: "m1", groupId: "g1" };
const CAMERA = { kind: "videoinput", label: "Hall camera", deviceId: "c1", groupId: "g1" };
const SPARE = { kind: "audioinput", label: "Spare microphone", deviceId: "m2", groupId: "g2" };

/** A computer whose devices can be pulled out. `answers` may hold up or refuse a kind. */
class Computer extends EventTarget {
  plugged = [MIC, CAMERA];
  answers = {};
  asked = [];

  enumerateDevices = async () => this.plugged;

  getUserMedia = async (wish) => {
    this.asked.push(Object.keys(wish).sort().join("+"));
    const tracks = [];
    for (const kind of Object.keys(wish)) {
      await this.answers[kind]?.();
      const there = this.plugged.filter((device) => device.kind === INPUTS[kind]);
      const wanted = there.find(({ deviceId }) => deviceId === wish[kind].deviceId?.exact) ?? there[0];
      if (!wanted) throw Object.assign(new Error("none"), { name: "NotFoundError" });
      tracks.push(new Track(kind, wanted.label));
    }
    return new Stream(tracks);
  };

  plug(...devices) {
    this.plugged = devices;
    this.dispatchEvent(new Event("devicechange"));
  }
}

/** @type {Computer} */
let computer;
let permission = "granted";

beforeEach(() => {
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout"] });
  computer = new Computer();
  permission = "granted";
  const kept = new Map();
  const navigator = { mediaDevices: computer, permissions: { query: async () => ({ state: permission }) } };
  const localStorage = { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => void kept.set(key, value) };
  for (const [name, value] of Object.entries({ navigator, localStorage, MediaStream: Stream, isSecureContext: true })) {
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  }
});

async function settle() {
  for (let turn = 0; turn < 40; turn += 1) await Promise.resolve();
}

async function aCapture() {
  const { LocalCapture } = await import("../../static/js/call/devices.js");
  const capture = new LocalCapture();
  const changes = [];
  capture.addEventListener("change", ({ detail }) => changes.push(detail.getTracks().map(({ kind }) => kind).sort().join("+")));
  return { capture, changes };
}

async function opened(world) {
  const opening = world.capture.open();
  await settle();
  mock.timers.tick(2000);
  await settle();
  return opening;
}

const busy = () => Promise.reject(Object.assign(new Error("busy"), { name: "NotReadableError" }));
const hangs = () => new Promise(() => {});

test("allowed devices are opened each for itself", async () => {
  const world = await aCapture();
  await opened(world);

  assert.deepEqual(computer.asked.sort(), ["audio", "video"]);
  assert.equal(world.capture.hasAudio && world.capture.hasVideo, true);
  assert.deepEqual(world.capture.codes, []);
});

test("where the browser asks, it asks once", async () => {
  permission = "prompt";
  const { capture } = await aCapture();
  await capture.open();

  assert.deepEqual(computer.asked, ["audio+video"]);
});

test("a busy camera leaves the microphone, is named, and comes by itself when it is let go", async () => {
  computer.answers.video = busy;
  const world = await aCapture();
  await opened(world);
  assert.deepEqual(world.capture.faults, { audio: null, video: "E12" });
  assert.equal(world.capture.hasAudio, true);

  delete computer.answers.video;
  mock.timers.tick(5000);
  await settle();

  assert.deepEqual(world.changes, ["audio+video"]);
  assert.deepEqual(world.capture.codes, []);
});

test("a camera that hangs holds the call up for two seconds, not ten", async () => {
  computer.answers.video = hangs;
  const world = await aCapture();
  const stream = await opened(world);
  assert.deepEqual(stream.getTracks().map(({ kind }) => kind), ["audio"]);

  mock.timers.tick(8000);
  await settle();

  assert.deepEqual(world.capture.faults, { audio: null, video: "E12" });
});

test("what is granted after its time was up is let go", async () => {
  let grant = () => {};
  computer.answers.video = () => new Promise((resolve) => (grant = resolve));
  const late = [];
  const { getUserMedia } = computer;
  computer.getUserMedia = async (wish) => {
    const stream = await getUserMedia(wish);
    if (wish.video) late.push(...stream.getTracks());
    return stream;
  };
  const world = await aCapture();
  await opened(world);
  mock.timers.tick(10_000);
  await settle();
  world.capture.close();
  grant();
  await settle();

  assert.deepEqual(late.map(({ readyState }) => readyState), ["ended"]);
});

test("an unplugged microphone leaves the picture alone and comes back when it is plugged in", async () => {
  const world = await aCapture();
  const stream = await opened(world);
  const [camera] = stream.getVideoTracks();
  computer.plugged = [CAMERA];
  stream.getAudioTracks()[0].goes();
  await settle();
  assert.deepEqual(world.changes, ["video"]);
  assert.equal(world.capture.faults.audio, "E11");

  computer.plug(CAMERA, MIC);
  await settle();

  assert.deepEqual(world.changes, ["video", "audio+video"]);
  assert.equal(world.capture.stream.getVideoTracks()[0], camera);
  assert.equal(camera.readyState, "live");
});

test("a device that stays away is told once, not at every vain try", async () => {
  const world = await aCapture();
  const stream = await opened(world);
  computer.plugged = [CAMERA];
  stream.getAudioTracks()[0].goes();
  await settle();

  for (let tries = 0; tries < 3; tries += 1) {
    mock.timers.tick(5000);
    await settle();
  }

  assert.ok(computer.asked.length >= 6);
  assert.deepEqual(world.changes, ["video"]);
});

test("the preferred microphone takes its place back from a stand-in", async () => {
  computer.plugged = [SPARE, CAMERA];
  const world = await aCapture();
  adopt({ microphone: { label: MIC.label, group: MIC.groupId } });
  const stream = await opened(world);
  const [spare] = stream.getAudioTracks();
  assert.equal(spare.label, SPARE.label);

  computer.plug(SPARE, MIC, CAMERA);
  await settle();

  assert.equal(world.capture.stream.getAudioTracks()[0].label, MIC.label);
  assert.equal(spare.readyState, "ended");
});

test("a preferred microphone that is busy leaves its place to another", async () => {
  computer.plugged = [MIC, SPARE, CAMERA];
  const { getUserMedia } = computer;
  computer.getUserMedia = (wish) => (wish.audio?.deviceId ? busy() : getUserMedia(wish));
  const world = await aCapture();
  adopt({ microphone: { label: SPARE.label, group: SPARE.groupId } });
  const stream = await opened(world);

  assert.equal(stream.getAudioTracks()[0].label, MIC.label);
  assert.deepEqual(world.capture.codes, []);
});

test("a device that comes while nothing is missing changes nothing", async () => {
  const world = await aCapture();
  await opened(world);
  computer.plug(MIC, CAMERA, SPARE);
  await settle();

  assert.deepEqual(world.changes, []);
  assert.equal(computer.asked.length, 2);
});

test("a closed capture stays closed, whatever is plugged in", async () => {
  const world = await aCapture();
  await opened(world);
  world.capture.close();
  computer.plug(CAMERA);
  mock.timers.tick(60_000);
  await settle();

  assert.equal(computer.asked.length, 2);
  assert.equal(world.capture.stream, null);
});

test("of two devices with one label the group decides, and without it the first is taken", () => {
  const twins = [
    { id: "a", label: "USB", group: "g1" },
    { id: "b", label: "USB", group: "g2" },
  ];
  assert.equal(matching({ label: "USB", group: "g2" }, twins)?.id, "b");
  assert.equal(matching({ label: "USB", group: "gone" }, twins)?.id, "a");
  assert.equal(matching({ label: "other", group: "g1" }, twins), null);
  assert.equal(matching(null, twins), null);
});

test("a profile is kept and taken over; what it does not know stays", () => {
  adopt({ microphone: { label: "A", group: "g" }, camera: { label: "B", group: "g" } });
  adopt({ microphone: { label: "C", group: "" }, camera: null });

  assert.deepEqual(profile(), { camera: { label: "B", group: "g" }, microphone: { label: "C", group: "" }, speaker: null });
  assert.equal(preferred("speaker"), null);
});

/** The media transport against a scripted peer connection: its ten sections, its tracks, and how it comes back. */

import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { MediaTransport } from "../../static/js/call/transport.js";

class ScriptedStream {
  tracks = [];
  addTrack(track) {
    this.tracks.push(track);
  }
  removeTrack(track) {
    this.tracks = this.tracks.filter((other) => other !== track);
  }
  getTracks() {
    return [...this.tracks];
  }
  getAudioTracks() {
    return this.tracks.filter(({ kind }) => kind === "audio");
  }
  getVideoTracks() {
    return this.tracks.filter(({ kind }) => kind === "video");
  }
}

class ScriptedPeer extends EventTarget {
  transceivers = [];
  connectionState = "new";
  iceConnectionState = "new";
  iceGatheringState = "complete";
  localDescription = null;
  isClosed = false;

  addTransceiver(kind, { direction }) {
    const transceiver = {
      kind,
      direction,
      codecs: [],
      setCodecPreferences: (codecs) => (transceiver.codecs = codecs.map(({ mimeType }) => mimeType)),
      sender: { track: null, transport: null, replaceTrack: async (track) => void (transceiver.sender.track = track) },
      receiver: { track: { kind } },
    };
    this.transceivers.push(transceiver);
    return transceiver;
  }
  getTransceivers() {
    return this.transceivers;
  }
  getSenders() {
    return this.transceivers.map(({ sender }) => sender);
  }
  async setLocalDescription() {
    this.localDescription = { sdp: "v=0\r\na=candidate:1 1 udp 1 10.0.0.9 5000 typ host\r\na=mid:0\r\n" };
  }
  async setRemoteDescription({ sdp }) {
    this.answer = sdp;
  }
  close() {
    this.isClosed = true;
  }
  reaches(connection, ice = connection) {
    this.connectionState = connection;
    this.iceConnectionState = ice;
    this.dispatchEvent(new Event("connectionstatechange"));
  }
}

/** Let every promise that is due run. */
const settle = async () => {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
};

let peers = [];
let offers = [];

function scripted(sendOffer = async () => "v=0\r\nm=audio 9 x\r\n") {
  return new MediaTransport({
    sendOffer: (sdp) => {
      offers.push(sdp);
      return sendOffer(sdp);
    },
    createPeer: () => {
      const peer = new ScriptedPeer();
      peers.push(peer);
      return peer;
    },
  });
}

beforeEach(() => {
  peers = [];
  offers = [];
  mock.timers.enable({ apis: ["setTimeout"] });
  globalThis.MediaStream = ScriptedStream;
  globalThis.RTCRtpReceiver = {
    getCapabilities: (kind) => ({
      codecs: (kind === "audio" ? ["audio/opus", "audio/PCMU"] : ["video/VP8", "video/rtx", "video/H264"]).map((mimeType) => ({ mimeType })),
    }),
  };
});

afterEach(() => {
  mock.timers.reset();
  delete globalThis.MediaStream;
  delete globalThis.RTCRtpReceiver;
});

test("the offer has ten sections in the protocol's order, limited codecs and no candidates", async () => {
  scripted().connect();
  await settle();

  const sections = peers[0].transceivers.map(({ kind, direction }) => `${kind} ${direction}`);
  assert.deepEqual(sections.slice(0, 4), ["audio sendrecv", "video sendrecv", "audio recvonly", "video recvonly"]);
  assert.equal(sections.length, 10);
  assert.deepEqual(peers[0].transceivers[0].codecs, ["audio/opus"]);
  assert.deepEqual(peers[0].transceivers[1].codecs, ["video/VP8", "video/rtx"]);
  assert.equal(offers[0].includes("candidate"), false);
});

test("a warm transport sends nothing until a stream is attached, and nothing after it is detached", async () => {
  const transport = scripted();
  transport.connect();
  await settle();
  const [audio, video] = peers[0].transceivers;
  assert.equal(audio.sender.track, null);
  const stream = new ScriptedStream();
  stream.addTrack({ kind: "audio", enabled: true });
  stream.addTrack({ kind: "video", enabled: true });

  await transport.attach(stream);
  assert.equal(audio.sender.track.kind, "audio");
  assert.equal(video.sender.track.kind, "video");

  await transport.detach();
  assert.equal(video.sender.track, null);
});

test("muting keeps the section alive with silence, a closed camera sends nothing", async () => {
  const transport = scripted();
  transport.connect();
  await settle();
  const stream = new ScriptedStream();
  stream.addTrack({ kind: "audio", enabled: true });
  stream.addTrack({ kind: "video", enabled: true });
  await transport.attach(stream);

  await transport.setAudio(false);
  await transport.setVideo(false);

  const [audio, video] = peers[0].transceivers;
  assert.equal(audio.sender.track.enabled, false);
  assert.equal(video.sender.track, null);
});

test("a rebuild takes tracks along and keeps the streams of the slots", async () => {
  const transport = scripted();
  transport.connect();
  await settle();
  const stream = new ScriptedStream();
  stream.addTrack({ kind: "audio", enabled: true });
  await transport.attach(stream);
  const slot = transport.slot(2);

  transport.rebuild();
  await settle();

  assert.equal(peers[0].isClosed, true);
  assert.equal(peers[1].transceivers[0].sender.track.kind, "audio");
  assert.equal(transport.slot(2), slot);
  assert.deepEqual(slot.getTracks(), [peers[1].transceivers[4].receiver.track, peers[1].transceivers[5].receiver.track]);
});

test("a failed connection is named and built anew", async () => {
  const transport = scripted();
  const states = [];
  transport.addEventListener("state", ({ detail }) => states.push(`${detail.state} ${detail.code}`));
  transport.connect();
  await settle();
  peers[0].dispatchEvent(Object.assign(new Event("icecandidate"), { candidate: { candidate: "candidate:1" } }));

  peers[0].reaches("failed");
  mock.timers.tick(0);
  await settle();

  assert.deepEqual(states, ["connecting null", "waiting E32", "connecting null"]);
  assert.equal(peers.length, 2);
});

test("a short interruption heals without a rebuild, a longer one does not wait for the browser", async () => {
  const transport = scripted();
  transport.connect();
  await settle();
  peers[0].reaches("connected");

  peers[0].reaches("disconnected");
  assert.equal(transport.state, "interrupted");
  peers[0].reaches("connected");
  mock.timers.tick(10_000);
  assert.equal(peers.length, 1);

  peers[0].reaches("disconnected");
  mock.timers.tick(3_000);
  await settle();
  assert.equal(peers.length, 2);
});

test("an answer to an older offer is thrown away", async () => {
  const answers = [];
  const transport = scripted(() => new Promise((resolve) => answers.push(resolve)));
  transport.connect();
  await settle();
  transport.rebuild();
  await settle();

  answers[0]("old");
  answers[1]("new");
  await settle();

  assert.equal(peers[0].answer, undefined);
  assert.equal(peers[1].answer, "new");
});

test("an offer that cannot be sent is tried again, and closing ends the trying", async () => {
  const transport = scripted(() => Promise.reject(Object.assign(new Error("timeout"), { code: "timeout" })));
  transport.connect();
  await settle();
  assert.equal(transport.state, "waiting");
  mock.timers.tick(0);
  await settle();
  assert.equal(peers.length, 2);

  transport.close();
  mock.timers.tick(60_000);
  await settle();

  assert.equal(transport.state, "closed");
  assert.equal(peers.length, 2);
});

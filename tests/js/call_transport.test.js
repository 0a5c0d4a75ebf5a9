/** The media transport against a scripted peer connection: its ten sections, its tracks, and every way in which it comes back. */

import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { soundAs } from "../../static/js/call/sound.js";
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

class ScriptedSender {
  track = null;
  transport = null;
  parameters = { encodings: [{}] };
  async replaceTrack(track) {
    this.track = track;
  }
  getParameters() {
    return structuredClone(this.parameters);
  }
  async setParameters(parameters) {
    this.parameters = parameters;
  }
}

class ScriptedPeer extends EventTarget {
  transceivers = [];
  connectionState = "new";
  iceConnectionState = "new";
  iceGatheringState = "complete";
  localDescription = null;
  isClosed = false;
  answers = [];
  restarts = 0;
  stats = [];

  constructor(configuration) {
    super();
    this.configuration = configuration;
  }
  addTransceiver(kind, { direction }) {
    const transceiver = {
      kind,
      direction,
      codecs: [],
      setCodecPreferences: (codecs) => (transceiver.codecs = codecs.map(({ mimeType }) => mimeType)),
      sender: new ScriptedSender(),
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
  getConfiguration() {
    return this.configuration;
  }
  setConfiguration(configuration) {
    this.configuration = configuration;
  }
  restartIce() {
    this.restarts += 1;
  }
  async setLocalDescription() {
    this.localDescription = { sdp: `v=0\r\na=candidate:1 1 udp 1 10.0.0.9 5000 typ host\r\na=x-restarts:${this.restarts}\r\n` };
  }
  async setRemoteDescription({ sdp }) {
    this.answers.push(sdp);
  }
  async getStats() {
    return new Map(this.stats.map((entry, index) => [index, entry]));
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

/** What the relay answers as long as it knows the transport. */
const ANSWER = "v=0\r\nm=audio 9 x\r\na=fingerprint:sha-256 AA\r\na=ssrc:1 cname:slot0\r\n";
const SOUND_ANSWER =
  "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 63 111\r\na=mid:0\r\na=fingerprint:sha-256 AA\r\na=ssrc:1 cname:slot0\r\n" +
  "a=rtpmap:63 red/48000/2\r\na=fmtp:63 111/111\r\na=rtpmap:111 opus/48000/2\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\n";
const OTHER_RELAY = ANSWER.replace("AA", "BB");

/** Let every promise that is due run. */
const settle = async () => {
  for (let turn = 0; turn < 60; turn += 1) await Promise.resolve();
};

let peers = [];
let offers = [];
let asked = 0;
/** Milliseconds of every clock in the test. */
let clock = 0;

function scripted(sendOffer = async () => ANSWER, ports = {}) {
  return new MediaTransport({
    sendOffer: (sdp) => {
      offers.push(sdp);
      return sendOffer(sdp);
    },
    iceServers: async () => ({ iceServers: [{ urls: `turn:relay.example?${(asked += 1)}` }] }),
    createPeer: (configuration) => {
      const peer = new ScriptedPeer(configuration);
      peers.push(peer);
      return peer;
    },
    ...ports,
  });
}

/** A transport in a call, connected. */
async function connected(sendOffer, ports) {
  const transport = scripted(sendOffer, ports);
  transport.connect();
  await settle();
  peers[0].reaches("connected");
  await settle();
  return transport;
}

async function pass(ms) {
  clock += ms;
  mock.timers.tick(ms);
  await settle();
}

/** Look at statistics twice a second: the path brings bytes, or nothing. */
async function look(transport, seconds, { isDark = false } = {}) {
  for (let half = 0; half < 2 * seconds; half += 1) {
    await pass(500);
    if (!isDark) look.arrived += 1000;
    transport.look([{ type: "candidate-pair", bytesReceived: look.arrived }], true, clock);
    await settle();
  }
}
look.arrived = 0;

beforeEach(() => {
  peers = [];
  offers = [];
  asked = clock = look.arrived = 0;
  mock.timers.enable({ apis: ["setTimeout"] });
  mock.method(performance, "now", () => clock);
  globalThis.MediaStream = ScriptedStream;
  globalThis.RTCRtpReceiver = {
    getCapabilities: (kind) => ({
      codecs: (kind === "audio" ? ["audio/opus", "audio/red", "audio/PCMU"] : ["video/VP8", "video/rtx", "video/H264"]).map((mimeType) => ({ mimeType })),
    }),
  };
});

afterEach(() => {
  mock.timers.reset();
  mock.restoreAll();
  delete globalThis.MediaStream;
  delete globalThis.RTCRtpReceiver;
});

test("the offer has ten sections in the protocol's order, limited codecs and no candidates", async () => {
  scripted().connect();
  await settle();

  const sections = peers[0].transceivers.map(({ kind, direction }) => `${kind} ${direction}`);
  assert.deepEqual(sections.slice(0, 4), ["audio sendrecv", "video sendrecv", "audio recvonly", "video recvonly"]);
  assert.equal(sections.length, 10);
  assert.deepEqual(peers[0].transceivers[0].codecs, ["audio/red", "audio/opus"]);
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
  peers[1].reaches("connected");

  assert.equal(peers[0].isClosed, true);
  assert.equal(peers[1].transceivers[0].sender.track.kind, "audio");
  assert.equal(transport.slot(2), slot);
  assert.deepEqual(slot.getTracks(), [peers[1].transceivers[4].receiver.track, peers[1].transceivers[5].receiver.track]);
});

test("a connection that never came up is named and built anew", async () => {
  const transport = scripted();
  const states = [];
  transport.addEventListener("state", ({ detail }) => states.push(`${detail.state} ${detail.code}`));
  transport.connect();
  await settle();
  peers[0].dispatchEvent(Object.assign(new Event("icecandidate"), { candidate: { candidate: "candidate:1" } }));

  peers[0].reaches("failed");
  await pass(0);

  assert.deepEqual(states, ["connecting null", "waiting E32", "connecting null"]);
  assert.equal(peers.length, 2);
});

test("a TURN server that refuses or does not answer is named before the network", async () => {
  for (const [errorCode, code] of [[401, "E33"], [701, "E34"]]) {
    peers = [];
    const transport = scripted();
    const codes = [];
    transport.addEventListener("state", ({ detail }) => detail.code && codes.push(detail.code));
    transport.connect();
    await settle();
    peers[0].dispatchEvent(Object.assign(new Event("icecandidateerror"), { errorCode }));

    peers[0].reaches("failed");

    assert.deepEqual(codes, [code]);
    transport.close();
  }
});

test("a way that only TLS relaying left open is told, and serves", async () => {
  const transport = scripted();
  const told = [];
  transport.addEventListener("state", ({ detail }) => told.push(`${detail.state} ${detail.code}`));
  transport.connect();
  await settle();
  peers[0].stats = [
    { type: "transport", id: "t", selectedCandidatePairId: "p" },
    { type: "candidate-pair", id: "p", localCandidateId: "l" },
    { type: "local-candidate", id: "l", candidateType: "relay", relayProtocol: "tls" },
  ];

  peers[0].reaches("connected");
  await settle();

  assert.deepEqual(told.slice(1), ["connected null", "connected E35"]);
});

test("after a second without a byte new ICE credentials are offered, and the old path goes on serving unseen", async () => {
  const transport = await connected();
  const states = [];
  transport.addEventListener("state", ({ detail }) => states.push(detail.state));
  await look(transport, 5);

  await look(transport, 1, { isDark: true });
  await look(transport, 20);

  assert.equal(peers[0].connectionState, "connected");
  assert.deepEqual([states, peers.length, offers.length, peers[0].restarts], [[], 1, 2, 1]);
  assert.match(offers[1], /x-restarts:1/);
  assert.equal(peers[0].answers.length, 2);
});

test("a path that falls silent casts doubt on what shares its network, from the first restart on", async () => {
  const ailing = [];
  /** @type {MediaTransport} */
  let transport = scripted();
  transport = await connected(async () => {
    ailing.push(transport.isAiling);
    return ANSWER;
  });
  await look(transport, 3);
  assert.equal(transport.isAiling, false);

  await look(transport, 1.5, { isDark: true });
  assert.equal(transport.isAiling, true);
  await look(transport, 0.5);

  assert.equal(transport.isAiling, false);
  assert.deepEqual(ailing, [false, true]);
});

test("two seconds are an interruption, and end with the first byte: nothing was torn down", async () => {
  const transport = await connected();
  await look(transport, 5);

  await look(transport, 3, { isDark: true });
  assert.equal(transport.state, "interrupted");
  await look(transport, 1);

  assert.equal(transport.state, "connected");
  await look(transport, 20);
  assert.deepEqual([peers.length, offers.length, peers[0].isClosed], [1, 2, false]);
});

test("a path that was quiet before is given more time", async () => {
  const transport = await connected();
  transport.look([{ type: "candidate-pair", bytesReceived: 1 }], true, clock);

  await look(transport, 5, { isDark: true });
  assert.equal(transport.state, "connected");
  await look(transport, 3, { isDark: true });

  assert.equal(transport.state, "interrupted");
  assert.equal(peers[0].restarts, 1);
});

test("what the browser calls disconnected is restarted at once: it has waited five seconds already", async () => {
  const transport = await connected();

  peers[0].reaches("connected", "disconnected");
  await pass(0);

  assert.equal(transport.state, "interrupted");
  assert.equal(peers[0].restarts, 1);
});

test("every build and every restart asks for relays anew", async () => {
  const transport = await connected();
  peers[0].reaches("disconnected");
  await pass(0);

  assert.equal(peers[0].configuration.iceServers[0].urls, "turn:relay.example?2");
  transport.rebuild();
  await settle();
  assert.equal(peers[1].configuration.iceServers[0].urls, "turn:relay.example?3");
});

test("without an answer about relays nothing is built, and it is asked again: the direct way may be forbidden", async () => {
  for (const iceServers of [() => Promise.reject(new Error("away")), () => new Promise(() => undefined)]) {
    peers = [];
    scripted(undefined, { iceServers }).connect();
    await pass(4999);
    assert.equal(peers.length, 0);
  }

  let asks = 0;
  const iceServers = () => ((asks += 1) === 1 ? new Promise(() => undefined) : Promise.resolve({ iceTransportPolicy: "relay" }));
  scripted(undefined, { iceServers }).connect();
  await pass(5000);
  await pass(1);

  assert.equal(peers.length, 1);
  assert.equal(peers[0].configuration.iceTransportPolicy, "relay");
});

test("a restart that brings nothing is followed by a new connection, and the old one stays until that is up", async () => {
  const transport = await connected();
  await look(transport, 5);
  await look(transport, 4, { isDark: true });
  assert.equal(peers[0].restarts, 1);

  await look(transport, 8, { isDark: true });
  assert.equal(peers.length, 2);
  assert.equal(peers[0].isClosed, false);

  peers[1].reaches("connected");
  assert.equal(peers[0].isClosed, true);
  assert.equal(transport.state, "connected");
});

test("an old path that comes back first is kept, and its replacement is let go", async () => {
  const transport = await connected();
  await look(transport, 5);
  await look(transport, 12, { isDark: true });
  assert.equal(peers.length, 2);

  await look(transport, 1);

  assert.equal(transport.state, "connected");
  assert.deepEqual(peers.map(({ isClosed }) => isClosed), [false, true]);
});

test("in a blackout of minutes one attempt follows the other: there is always one whose checks run", async () => {
  const transport = await connected();
  await look(transport, 5);
  await look(transport, 12, { isDark: true });

  for (let second = 0; second < 60; second += 1) {
    await look(transport, 1, { isDark: true });
    await pass(0);
    assert.equal(peers.at(-1).isClosed, false, `second ${second}`);
    assert.equal(peers[0].isClosed, false);
  }
  assert.ok(peers.length >= 7);
});

test("without a socket nothing is offered; the moment it is back, everything that waits is done", async () => {
  let isOnline = true;
  const transport = await connected(undefined, { isOnline: () => isOnline });
  await look(transport, 5);
  isOnline = false;
  await look(transport, 20, { isDark: true });
  assert.deepEqual([peers.length, offers.length], [1, 1]);

  isOnline = true;
  transport.nudge();
  await settle();

  assert.deepEqual([peers.length, offers.length, peers[0].restarts], [1, 2, 1]);
});

test("a socket that comes back does nothing to media that flows", async () => {
  const transport = await connected();

  transport.nudge();
  await settle();

  assert.deepEqual([peers.length, offers.length], [1, 1]);
});

test("in another network the path is made anew before anybody misses it, and nothing more happens", async () => {
  const transport = await connected();
  await look(transport, 5);

  transport.nudge(true);
  await look(transport, 20);

  assert.equal(transport.state, "connected");
  assert.deepEqual([peers.length, offers.length, peers[0].restarts], [1, 2, 1]);
});

test("a restart ahead of time that was in vain is followed by a new connection", async () => {
  const transport = await connected();
  await look(transport, 5);

  transport.nudge(true);
  await look(transport, 9, { isDark: true });

  assert.equal(peers.length, 2);
  assert.equal(peers[0].isClosed, false);
});

test("a first offer is not doubled by the socket that carries it", async () => {
  const transport = scripted();
  transport.connect();
  transport.nudge();
  await settle();

  assert.deepEqual([peers.length, offers.length], [1, 1]);
});

test("an answer that comes after the path has healed is still taken: the relay counts on it", async () => {
  const answers = [];
  const transport = await connected((sdp) => (sdp.includes("restarts:0") ? ANSWER : new Promise((resolve) => answers.push(resolve))));
  await look(transport, 5);
  await look(transport, 4, { isDark: true });
  await look(transport, 1);
  assert.equal(transport.state, "connected");

  answers[0](ANSWER);
  await settle();

  assert.equal(peers[0].answers.length, 2);
});

test("a relay that answers a restart with another transport gets a new connection", async () => {
  const transport = await connected(async (sdp) => (sdp.includes("restarts:0") ? ANSWER : OTHER_RELAY));
  peers[0].reaches("disconnected");
  await pass(0);

  assert.equal(peers.length, 2);
  assert.equal(peers[0].answers.length, 1);
  peers[1].reaches("connected");
  assert.equal(transport.state, "connected");
});

test("a restart that the relay finds bad is followed by a new connection", async () => {
  await connected(async (sdp) => {
    if (sdp.includes("restarts:0")) return ANSWER;
    throw Object.assign(new Error("bad_sdp"), { code: "bad_sdp" });
  });
  peers[0].reaches("disconnected");
  await pass(0);

  assert.equal(peers.length, 2);
});

test("a relay that is away is waited for, and its return is acted upon at once", async () => {
  let isAway = true;
  const transport = await connected(async () => {
    if (isAway && peers[0].restarts > 0) throw Object.assign(new Error("media_unavailable"), { code: "media_unavailable" });
    return ANSWER;
  });
  await look(transport, 5);
  await look(transport, 4, { isDark: true });
  assert.equal(peers.length, 1);

  isAway = false;
  transport.rebuild(); // transport_lost
  await settle();
  peers[1].reaches("connected");

  assert.equal(transport.state, "connected");
});

test("what the relay has lost does not count as healed, although its last bytes have just arrived", async () => {
  const transport = await connected();
  await look(transport, 5);

  transport.rebuild();
  await look(transport, 1);

  assert.equal(transport.state, "interrupted");
  assert.equal(peers[1].isClosed, false);
});

test("a connection that is dead for good is built anew without a restart", async () => {
  await connected();
  peers[0].transceivers[0].sender.transport = { state: "failed" };

  peers[0].reaches("failed");
  await settle();

  assert.equal(peers[0].restarts, 0);
  assert.equal(peers.length, 2);
});

test("the ladder's rung is carried out on the connection that serves and on its successor", async () => {
  const transport = await connected();
  const stream = new ScriptedStream();
  stream.addTrack({ kind: "video", enabled: true, getSettings: () => ({ height: 720 }) });
  await transport.attach(stream);

  await transport.climb("stills");

  const encoding = () => peers.at(-1).transceivers[1].sender.parameters.encodings[0];
  assert.deepEqual(
    [encoding().active, encoding().maxBitrate, encoding().maxFramerate, encoding().scaleResolutionDownBy],
    [true, 30_000, 1, 4],
  );
  transport.rebuild();
  await settle();
  assert.equal(encoding().maxFramerate, 1);
  await transport.climb("audio");
  assert.equal(encoding().active, false);
  assert.equal(peers.at(-1).transceivers[0].sender.parameters.encodings[0].priority, "high");
});

test("over a narrow line sound goes once and in longer packets, over a wide one each packet carries the one before", async () => {
  const transport = await connected(async () => SOUND_ANSWER);

  await transport.climb("audio");
  const thin = peers[0].answers.at(-1);
  assert.match(thin, /^v=0\r\nm=audio 9 UDP\/TLS\/RTP\/SAVPF 111 63\r\n/);
  assert.match(thin, /a=ptime:60/);
  await transport.climb("text");
  assert.equal(peers[0].answers.length, 2, "nothing changed: nothing is taken anew");

  await transport.climb("video");
  assert.equal(peers[0].answers.at(-1), SOUND_ANSWER);
  assert.equal(offers.length, 1, "the relay hears nothing of it");
});

test("while new ways are asked for, sound is changed only by the answer that comes", async () => {
  const answers = [];
  const transport = await connected((sdp) => (offers.length === 1 ? SOUND_ANSWER : new Promise((resolve) => answers.push([sdp, resolve]))));
  transport.nudge(true);
  await settle();

  await transport.climb("audio");
  assert.equal(peers[0].answers.length, 1);

  answers[0][1](SOUND_ANSWER);
  await settle();
  assert.match(peers[0].answers[1], / 111 63\r\n/);
});

test("only our own sound is changed in an answer", () => {
  const other = SOUND_ANSWER.replace("v=0\r\n", "");
  const both = soundAs(SOUND_ANSWER + other, false);

  assert.ok(both.endsWith(other));
  assert.equal(soundAs(both, true), both);
  assert.equal(soundAs(ANSWER, false), ANSWER, "no plain sound was agreed on");
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

  assert.deepEqual(peers[0].answers, []);
  assert.deepEqual(peers[1].answers, ["new"]);
});

test("an offer that cannot be sent is tried again, and closing ends the trying", async () => {
  const transport = scripted(() => Promise.reject(Object.assign(new Error("timeout"), { code: "timeout" })));
  transport.connect();
  await settle();
  assert.equal(transport.state, "waiting");
  await pass(0);
  assert.equal(peers.length, 2);

  transport.close();
  mock.timers.tick(60_000);
  await settle();

  assert.equal(transport.state, "closed");
  assert.equal(peers.length, 2);
});

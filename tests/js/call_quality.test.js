/** Statistics as Chromium writes them, and what is told of them. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Line } from "../../static/js/call/line.js";
import { PaceJudge } from "../../static/js/call/pace.js";
import { lineSampleOf, reportOf, routeOf, snapshotOf } from "../../static/js/call/quality.js";

/**
 * A call of two, recorded in Chromium 156 and cut to what is read here: own microphone and camera, one other in slot 0,
 * an empty slot 1 that the browser fills with silence.
 *
 * @param {number} seconds since the call began
 * @param {Record<string, object>} [changes] by id
 */
function recorded(seconds, changes = {}) {
  const entries = [
    { id: "T01", type: "transport", selectedCandidatePairId: "CP1", dtlsState: "connected" },
    {
      id: "CP1", type: "candidate-pair", localCandidateId: "I1", remoteCandidateId: "I2", nominated: true, state: "succeeded",
      bytesSent: 55_000 * seconds, bytesReceived: 60_000 * seconds, currentRoundTripTime: 0.012,
      availableOutgoingBitrate: 801_300, responsesReceived: Math.floor(seconds / 2.5),
    },
    { id: "CP2", type: "candidate-pair", localCandidateId: "I3", bytesSent: 0, bytesReceived: 0 },
    { id: "I1", type: "local-candidate", candidateType: "host", protocol: "udp" },
    { id: "SA", type: "media-source", kind: "audio", totalAudioEnergy: 0.04 * seconds, totalSamplesDuration: seconds },
    { id: "SV", type: "media-source", kind: "video", frames: 20 * seconds, width: 640, height: 360 },
    { id: "OA", type: "outbound-rtp", kind: "audio", packetsSent: 50 * seconds, bytesSent: 5000 * seconds },
    {
      id: "OV", type: "outbound-rtp", kind: "video", packetsSent: 50 * seconds, framesEncoded: 15 * seconds,
      totalEncodeTime: 0.045 * seconds, frameWidth: 640, frameHeight: 360, qualityLimitationReason: "bandwidth",
    },
    { id: "RA", type: "remote-inbound-rtp", kind: "audio", packetsLost: seconds, roundTripTime: 0.02 },
    { id: "RV", type: "remote-inbound-rtp", kind: "video", packetsLost: 4 * seconds, roundTripTime: 0.031 },
    {
      id: "IA", type: "inbound-rtp", kind: "audio", mid: "0", packetsReceived: 48 * seconds, packetsLost: 2 * seconds, jitter: 0.012,
      totalSamplesReceived: 48_000 * seconds, concealedSamples: 1440 * seconds, silentConcealedSamples: 480 * seconds,
      totalAudioEnergy: 0.01 * seconds, totalSamplesDuration: seconds, jitterBufferDelay: 4000 * seconds,
      jitterBufferEmittedCount: 48_000 * seconds, packetsDiscarded: seconds,
    },
    {
      id: "IA1", type: "inbound-rtp", kind: "audio", mid: "2", packetsReceived: 0, jitter: 0.9,
      totalSamplesReceived: 48_000 * seconds, concealedSamples: 48_000 * seconds, silentConcealedSamples: 0,
    },
    {
      id: "IV", type: "inbound-rtp", kind: "video", mid: "1", packetsReceived: 40 * seconds, packetsLost: 0, framesDecoded: 14 * seconds,
      totalDecodeTime: 0.028 * seconds, frameWidth: 640, frameHeight: 360, freezeCount: 0, totalFreezesDuration: 0, nackCount: seconds, pliCount: 0,
    },
  ];
  return entries.map((entry) => ({ ...entry, ...changes[entry.id] }));
}

const told = (changes = {}) => reportOf(snapshotOf(recorded(10), 10_000), snapshotOf(recorded(15, changes), 15_000));

test("five seconds become rates, shares and averages", () => {
  assert.deepEqual(told(), {
    route: "direct",
    rtt_ms: 31,
    jitter_ms: 12,
    up_kbps: 440,
    down_kbps: 480,
    available_kbps: 801.3,
    up_loss: 0.05,
    down_loss: 0.0222,
    concealed: 0.02,
    freezes: 0,
    frozen_ms: 0,
    fps_in: 14,
    fps_out: 15,
    width_in: 640,
    height_in: 360,
    width_out: 640,
    height_out: 360,
    nacks: 5,
    plis: 0,
    discarded: 5,
    encode_ms: 3,
    decode_ms: 2,
    buffer_ms: 83.3,
    mic_level: 0.2,
    far_level: 0.1,
    limited_by: "bandwidth",
  });
});

test("an empty slot, which the browser fills with silence, says nothing about the line", () => {
  assert.equal(told().concealed, 0.02);
  assert.equal(told().jitter_ms, 12);
});

test("freezes are counted for the interval only", () => {
  const { freezes, frozen_ms } = told({ IV: { freezeCount: 2, totalFreezesDuration: 1.25 } });

  assert.deepEqual([freezes, frozen_ms], [2, 1250]);
});

test("counters that went back belong to a new transport and count from nothing", () => {
  const report = reportOf(snapshotOf(recorded(600), 600_000), snapshotOf(recorded(5), 605_000));

  assert.equal(report.up_kbps, 440);
  assert.equal(report.fps_in, 14);
  assert.equal(report.up_loss, 0.05);
});

test("the first report of a transport counts from its beginning", () => {
  assert.equal(reportOf(null, snapshotOf(recorded(5), 5000)).up_kbps, 440);
});

test("a connection without anything in it is told without a number that is none", () => {
  const report = reportOf(null, snapshotOf([], 0));

  for (const [name, value] of Object.entries(report)) assert.ok(typeof value === "string" || Number.isFinite(value), name);
  assert.equal(report.route, "none");
});

test("property: whatever a browser counts, the report keeps to the protocol's bounds", () => {
  const odd = [undefined, null, NaN, Infinity, -1, 0, 1e300, 0.5];
  for (let turn = 0; turn < 500; turn += 1) {
    const spoil = (seed) =>
      recorded(5).map((entry, index) => {
        const names = Object.keys(entry).filter((name) => typeof entry[name] === "number");
        const name = names[(turn + seed + index) % Math.max(1, names.length)];
        return name ? { ...entry, [name]: odd[(turn * 7 + seed + index) % odd.length] ?? undefined } : entry;
      });
    const report = reportOf(snapshotOf(spoil(0), 0), snapshotOf(spoil(3), 5000));
    for (const [name, value] of Object.entries(report)) {
      if (typeof value === "string") continue;
      assert.ok(Number.isFinite(value) && value >= 0 && value <= 2 ** 31 - 1, `${turn} ${name} ${value}`);
      if (/loss|concealed|level/.test(name)) assert.ok(value <= 1, `${turn} ${name} ${value}`);
      if (/freezes|width|height|nacks|plis|discarded/.test(name)) assert.ok(Number.isInteger(value) , `${turn} ${name} ${value}`);
    }
  }
});

test("the route is that of the selected pair", () => {
  const by = (candidate) => routeOf(recorded(1, { I1: candidate }));

  assert.equal(by({ candidateType: "host" }), "direct");
  assert.equal(by({ candidateType: "srflx" }), "direct");
  assert.equal(by({ candidateType: "relay", relayProtocol: "udp" }), "turn_udp");
  assert.equal(by({ candidateType: "relay", relayProtocol: "tcp" }), "turn_tcp");
  assert.equal(by({ candidateType: "relay", relayProtocol: "tls" }), "turn_tls");
  assert.equal(routeOf(recorded(1, { T01: { selectedCandidatePairId: undefined } })), "none");
  // Firefox names no pair at the transport, but marks the pair.
  assert.equal(routeOf(recorded(1, { T01: { selectedCandidatePairId: undefined }, CP1: { selected: true } })), "direct");
});

test("the ladder gets what the uplink bears, what left and what was lost", () => {
  const sample = lineSampleOf(snapshotOf(recorded(10), 10_000), snapshotOf(recorded(13), 13_000));

  assert.deepEqual(sample, { availableKbps: 801.3, sentKbps: 440, loss: 0.05 });
});

test("a heartbeat comes every five seconds and carries what only the page knows", () => {
  const line = new Line();
  const page = { room: "v9", audio: true, video: false, resumes: 2, hints: ["page_hidden"] };
  const beats = [];
  for (let second = 0; second <= 12; second += 1) {
    const look = { report: recorded(second), at: second * 1000, lagMs: second === 4 ? 80 : 1 };
    line.take(look, true);
    const beat = line.heartbeat(look.report, look.at, { ...page, resumes: second > 3 ? 3 : 2 });
    if (beat) beats.push([second, beat]);
  }

  assert.deepEqual(beats.map(([second]) => second), [5, 10]);
  const [, first] = beats[0];
  assert.equal(first.type, "quality");
  assert.deepEqual([first.room, first.mic_on, first.camera_on, first.hints], ["v9", true, false, ["page_hidden"]]);
  assert.deepEqual([first.resumes, first.page_lag_ms], [1, 80]);
  assert.deepEqual([beats[1][1].resumes, beats[1][1].page_lag_ms], [0, 1]);
});

test("a dark line does not move the ladder: it says nothing about its width", () => {
  const line = new Line();
  for (let second = 0; second < 30; second += 1) {
    const report = recorded(second, { CP1: { availableOutgoingBitrate: 10_000 } });
    line.take({ report, at: second * 1000, lagMs: 0 }, false);
  }

  assert.equal(line.rung, "video");
});

/** The rung after so many seconds of a line that says of itself that it has no width, with this round trip. */
function rungAfter(line, from, to, roundTrip) {
  for (let second = from; second <= to; second += 1) {
    const report = recorded(second, { CP1: { availableOutgoingBitrate: 10_000 } });
    for (const entry of report) if (entry.type === "remote-inbound-rtp") entry.roundTripTime = roundTrip(second);
    line.take({ report, at: second * 1000, lagMs: 0 }, second > 12);
  }
  return line.rung;
}

test("after an outage an estimate at the bottom costs no picture for half a minute, and none of its reports counts", () => {
  const line = new Line();
  line.take({ report: recorded(0), at: 0, lagMs: 0 }, true);

  assert.equal(rungAfter(line, 1, 40, () => 0.04), "video");
  assert.notEqual(rungAfter(line, 41, 50, () => 0.04), "video");
});

test("a queue that grows after an outage is believed at once", () => {
  const line = new Line();
  line.take({ report: recorded(0), at: 0, lagMs: 0 }, true);

  assert.notEqual(rungAfter(line, 1, 32, (second) => (second < 25 ? 0.04 : 0.9)), "video");
});

/** Paces after the pictures came at this rate for some seconds. */
function paced(judge, from, to, frames, video = true) {
  let paces = new Map();
  for (let second = from; second <= to; second += 1) {
    paces = judge.take(new Map([[0, { frames: frames(second) }]]), new Map([[0, { video }]]), second * 1000);
  }
  return paces.get(0);
}

test("a picture a second is a slow line, fifteen are none", () => {
  assert.equal(paced(new PaceJudge(), 0, 10, (second) => second), "slow");
  assert.equal(paced(new PaceJudge(), 0, 10, (second) => 15 * second), undefined);
});

test("a slow picture that ends was given up for the sound; a good one was switched off", () => {
  const slow = new PaceJudge();
  paced(slow, 0, 10, (second) => second);
  assert.equal(paced(slow, 11, 12, () => 10, false), "sound_only");
  assert.equal(paced(slow, 13, 20, (second) => 15 * second), undefined);

  const good = new PaceJudge();
  paced(good, 0, 10, (second) => 15 * second);
  assert.equal(paced(good, 11, 12, () => 150, false), undefined);
});

test("a picture that stands still is a fault for others to name, not a slow one", () => {
  assert.equal(paced(new PaceJudge(), 0, 10, () => 40), undefined);
});

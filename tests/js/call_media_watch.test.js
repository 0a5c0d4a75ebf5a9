/** When people see and hear each other, and what is said when they do not. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Judge, sampleOf } from "../../static/js/call/media-watch.js";

const BOTH = { audio: true, video: true };
const one = (wish = BOTH) => new Map([[0, wish]]);

/**
 * Feed a judge one sample a second.
 *
 * @param {Judge} judge
 * @param {number} from second
 * @param {number} to second, exclusive
 * @param {(second: number) => {slots: [number, object][], audioSent?: number}} flow
 * @param {{expected?: Map<number, object>, sending?: boolean}} [wish]
 */
function feed(judge, from, to, flow, { expected = one(), sending = false } = {}) {
  const said = [];
  let flowing = false;
  for (let second = from; second < to; second += 1) {
    const { slots, audioSent = 0 } = flow(second);
    const verdict = judge.take({ slots: new Map(slots), audioSent }, expected, sending, second * 1000);
    flowing = verdict.flowing;
    said.push(...verdict.say);
  }
  return { said, flowing };
}

const still = { audioBytes: 0, audioEnergy: 0, frames: 0 };
const rising = (n) => ({ audioBytes: 100 * n, audioEnergy: n / 10, frames: 20 * n });

test("media is up once frames and energy rise, and it is said once", () => {
  const { said, flowing } = feed(new Judge(), 0, 6, (n) => ({ slots: [[0, rising(n)]] }));

  assert.deepEqual(said, ["media_up"]);
  assert.equal(flowing, true);
});

test("a silent room flows but is not said to be up", () => {
  const { said, flowing } = feed(new Judge(), 0, 9, (n) => ({ slots: [[0, { ...rising(n), audioEnergy: 0 }]] }));

  assert.deepEqual(said, []);
  assert.equal(flowing, true);
});

test("no audio bytes for five seconds is E51", () => {
  const { said } = feed(new Judge(), 0, 8, (n) => ({ slots: [[0, { ...rising(n), audioBytes: 0, audioEnergy: 0 }]] }));

  assert.deepEqual(said, ["E51"]);
});

test("sound without a picture for five seconds is E52", () => {
  const { said } = feed(new Judge(), 0, 8, (n) => ({ slots: [[0, { ...rising(n), frames: 0 }]] }));

  assert.deepEqual(said, ["E52"]);
});

test("hearing the others while sending nothing is E53", () => {
  const flow = (n) => ({ slots: [[0, rising(n)]], audioSent: 0 });

  const { said } = feed(new Judge(), 0, 8, flow, { sending: true });

  assert.ok(said.includes("E53"));
});

test("a new connection that counts its bytes from nothing is no one-way call", () => {
  const flow = (n) => ({ slots: [[0, rising(n)]], audioSent: n < 6 ? 50_000 + 1000 * n : 100 * n });

  const { said } = feed(new Judge(), 0, 14, flow, { sending: true });

  assert.deepEqual(said, ["media_up"]);
});

test("a muted peer without a camera counts as there", () => {
  const { said, flowing } = feed(new Judge(), 0, 8, () => ({ slots: [[0, still]] }), {
    expected: one({ audio: false, video: false }),
  });

  assert.deepEqual(said, ["media_up"]);
  assert.equal(flowing, true);
});

test("media that stops is down with its reason, and up again when it returns", () => {
  const judge = new Judge();
  feed(judge, 0, 4, (n) => ({ slots: [[0, rising(n)]] }));

  const gap = feed(judge, 4, 12, () => ({ slots: [[0, rising(3)]] }));
  const back = feed(judge, 12, 16, (n) => ({ slots: [[0, rising(n)]] }));

  assert.deepEqual(gap.said, ["media_down", "E51"]);
  assert.equal(gap.flowing, false);
  assert.deepEqual(back.said, ["media_up"]);
});

test("a third participant who is still connecting does not interrupt the call", () => {
  const judge = new Judge();
  feed(judge, 0, 4, (n) => ({ slots: [[0, rising(n)]] }));
  const expected = new Map([[0, BOTH], [1, BOTH]]);

  const { said, flowing } = feed(judge, 4, 7, (n) => ({ slots: [[0, rising(n)], [1, still]] }), { expected });

  assert.deepEqual(said, []);
  assert.equal(flowing, true);
});

test("counters that begin anew after a rebuild are not taken for a stop", () => {
  const judge = new Judge();
  feed(judge, 0, 4, (n) => ({ slots: [[0, rising(n + 100)]] }));

  const { said, flowing } = feed(judge, 4, 8, (n) => ({ slots: [[0, rising(n - 3)]] }));

  assert.deepEqual(said, []);
  assert.equal(flowing, true);
});

test("the sections of a report are sorted into slots", () => {
  const sample = sampleOf([
    { type: "inbound-rtp", kind: "audio", mid: "2", bytesReceived: 500, totalAudioEnergy: 0.5 },
    { type: "inbound-rtp", kind: "video", mid: "3", framesDecoded: 40 },
    { type: "outbound-rtp", kind: "audio", mid: "0", bytesSent: 900 },
    { type: "candidate-pair" },
  ]);

  assert.deepEqual(sample.slots.get(1), { audioBytes: 500, audioEnergy: 0.5, frames: 40 });
  assert.equal(sample.audioSent, 900);
});

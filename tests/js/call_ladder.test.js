/** The ladder: quick down, slow up, still on a line that stays as it is. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { DOWN_MS, Ladder, LOSSY_MS, NEEDS, RUNGS, SHAPES, UP_MS } from "../../static/js/call/ladder.js";

/** A generator of its own, so that a failure can be told by its seed. @param {number} seed */
function dice(seed) {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** What a rung puts on the wire: its picture, its speech and the headers of 50 packets a second. */
const sends = (rung) => SHAPES[rung].videoKbps + SHAPES[rung].audioKbps + 14;

/**
 * Where the ladder stands after each second of a line that has so much room and loses so much.
 *
 * @param {(second: number) => {kbps: number, loss: number}} line
 * @param {{from?: string, seconds?: number, isFrank?: boolean}} [options] isFrank: the estimate tells the whole room;
 *   otherwise, as in browsers, not more than twice of what is sent
 */
function climb(line, { from = "video", seconds = 120, isFrank = true } = {}) {
  const ladder = new Ladder(from);
  return Array.from({ length: seconds }, (_, second) => {
    const { kbps, loss } = line(second);
    const sentKbps = Math.min(kbps, sends(ladder.rung));
    const availableKbps = isFrank ? kbps : Math.min(kbps, 2 * sentKbps);
    return ladder.take({ availableKbps, sentKbps, loss }, second * 1000);
  });
}

const wide = { kbps: 3000, loss: 0 };
const height = (rung) => RUNGS.length - RUNGS.indexOf(rung);

test("a wide line is climbed after four seconds, not earlier", () => {
  const rungs = climb(() => wide, { seconds: 20 });

  assert.deepEqual([rungs[3], rungs[4]], ["video", "video_high"]);
});

test("a line that becomes thin is followed within three seconds, as far down as needed", () => {
  const rungs = climb((second) => (second < 10 ? wide : { kbps: 70, loss: 0 }), { seconds: 14 });

  assert.equal(rungs[9], "video_high");
  assert.equal(rungs[10 + DOWN_MS / 1000], "stills");
});

test("a single bad second changes nothing", () => {
  const rungs = climb((second) => (second === 5 ? { kbps: 20, loss: 0.5 } : { kbps: 500, loss: 0 }), { seconds: 12 });

  assert.deepEqual(new Set(rungs), new Set(["video"]));
});

test("the floor of 64 kbit/s carries sound and a still picture, and both fit", () => {
  const rungs = climb(() => ({ kbps: 64, loss: 0 }), { seconds: 60 });

  assert.equal(rungs.at(-1), "stills");
  assert.ok(sends("audio") < 64);
  assert.ok(SHAPES.stills.fps <= 1);
  assert.ok(SHAPES.audio.videoKbps === 0);
});

test("below that there is sound alone, and at the very bottom sound goes on as a trickle", () => {
  assert.equal(climb(() => ({ kbps: 36, loss: 0 }), { seconds: 30 }).at(-1), "audio");
  assert.equal(climb(() => ({ kbps: 15, loss: 0 }), { seconds: 30 }).at(-1), "text");
  assert.ok(SHAPES.text.audioKbps > 0);
});

test("loss by chance thins the picture only when it is heavy and lasts", () => {
  const rest = (loss) => climb(() => ({ kbps: 900, loss }), { from: "video_high", seconds: 60 });

  assert.equal(rest(0.1).at(-1), "video_high");
  assert.deepEqual([rest(0.2)[LOSSY_MS / 1000 - 1], rest(0.2)[LOSSY_MS / 1000], rest(0.2).at(-1)], ["video_high", "video", "video"]);
  assert.equal(rest(0.4).at(-1), "video_low");
  assert.equal(rest(0.6).at(-1), "audio");
});

test("loss with a queue is a full line, and is followed at once", () => {
  const ladder = new Ladder("video");
  const sample = { availableKbps: 900, sentKbps: 500, loss: 0.4, queueMs: 400 };

  const rungs = [0, 1000, 2000].map((at) => ladder.take(sample, at));

  assert.deepEqual(rungs, ["video", "video", "video_low"]);
});

test("after a dark path a low estimate alone takes nothing away, one with a queue or loss does", () => {
  const rest = (more) => {
    const ladder = new Ladder("video");
    const sample = { availableKbps: 20, sentKbps: 60, loss: 0, isRecovering: true, ...more };
    return Array.from({ length: 10 }, (_, second) => ladder.take(sample, second * 1000)).at(-1);
  };

  assert.deepEqual([rest({}), rest({ queueMs: 600 }), rest({ loss: 0.2 })], ["video", "text", "text"]);
});

test("an uplink that the browser does not know takes nothing away and adds nothing", () => {
  const ladder = new Ladder();

  const rungs = Array.from({ length: 90 }, (_, second) => ladder.take({ availableKbps: 0, sentKbps: 200, loss: 0 }, second * 1000));

  assert.deepEqual(new Set(rungs), new Set(["video"]));
});

for (const isFrank of [true, false]) {
  test(`from the bottom to the top it comes back by itself, one rung at a time (${isFrank ? "frank" : "careful"} estimate)`, () => {
    const rungs = climb((second) => (second < 5 ? { kbps: 10, loss: 0 } : wide), { seconds: 120, isFrank });

    const steps = rungs.filter((rung, second) => rung !== rungs[second - 1]);
    assert.deepEqual(steps, ["video", "text", "audio", "stills", "video_low", "video", "video_high"]);
  });
}

test("who fell soon after climbing waits longer before trying again", () => {
  // Bears the high rung only until it is used: what an estimate looks like that follows what is sent.
  const ladder = new Ladder("video");
  const climbs = [];
  for (let second = 0; second < 600; second += 1) {
    const before = ladder.rung;
    ladder.take({ availableKbps: before === "video_high" ? 500 : 2000, sentKbps: 300, loss: 0 }, second * 1000);
    if (before === "video" && ladder.rung === "video_high") climbs.push(second);
  }

  const pauses = climbs.slice(1).map((second, index) => second - climbs[index]);
  assert.ok(climbs.length <= 6, `${climbs}`);
  assert.ok(pauses.every((pause, index) => index === 0 || pause >= pauses[index - 1]), `${pauses}`);
});

test("an estimate that only follows what is sent is tried, a still picture alone would hide a wide line for ever", () => {
  const rungs = climb(() => wide, { from: "stills", seconds: 60, isFrank: false });

  assert.equal(rungs.at(-1), "video_high");
});

test("property: on a line that stays as it is nothing flaps: tries that fail become rare", () => {
  for (let seed = 1; seed <= 300; seed += 1) {
    const random = dice(seed);
    const line = { kbps: Math.round(10 ** (1 + 2.7 * random())), loss: random() < 0.5 ? 0 : 0.6 * random() };
    const from = RUNGS[Math.floor(random() * RUNGS.length)];

    const rungs = climb(() => line, { from, seconds: 1200, isFrank: seed % 2 === 0 });

    const falls = rungs.map((rung, second) => (second > 10 && height(rung) < height(rungs[second - 1]) ? second : 0)).filter(Boolean);
    const story = `seed ${seed} ${JSON.stringify(line)} from ${from}: ${falls}`;
    assert.ok(falls.length <= 6, story);
    assert.ok(falls.slice(2).every((second, index) => second - falls[index + 1] >= falls[index + 1] - falls[index] - 5), story);
    const rests = falls.length === 0 ? 1 : rungs.filter((rung) => rung === rungs.at(-1)).length / rungs.length;
    assert.ok(rests > 0.9, story);
  }
});

test("property: a line with noise around one value does not flap", () => {
  for (let seed = 1; seed <= 200; seed += 1) {
    const random = dice(seed);
    const middle = 10 ** (1.3 + 2 * random());

    const rungs = climb(() => ({ kbps: middle * (0.85 + 0.3 * random()), loss: 0.03 * random() }), { seconds: 300 });

    const changes = rungs.slice(90).filter((rung, index, kept) => index > 0 && rung !== kept[index - 1]).length;
    assert.ok(changes <= 6, `seed ${seed}: ${changes} changes around ${middle}`);
  }
});

test("property: a better line never ends on a lower rung", () => {
  for (let seed = 1; seed <= 200; seed += 1) {
    const random = dice(seed);
    const rest = (line) => RUNGS.find((rung) => climb(() => line, { seconds: 600 }).slice(300).filter((one) => one === rung).length > 200);
    const worse = { kbps: 20 + 2000 * random(), loss: 0.5 * random() };
    const better = { kbps: worse.availableKbps * (1 + random()), loss: worse.loss * random() };

    const [low, high] = [rest(worse), rest(better)];

    assert.ok(height(high) >= height(low), `seed ${seed}: ${low} ${high}`);
  }
});

test("property: climbing takes at least its four seconds, falling at most three", () => {
  for (let seed = 1; seed <= 200; seed += 1) {
    const random = dice(seed);
    const ladder = new Ladder();
    let line = wide;
    let movedAt = 0;
    for (let second = 0; second < 200; second += 1) {
      if (random() < 0.05) line = { kbps: 10 + 2500 * random(), loss: 0.4 * random() };
      const before = ladder.rung;
      const after = ladder.take({ availableKbps: line.kbps, sentKbps: Math.min(line.kbps, sends(before)), loss: line.loss }, second * 1000);
      if (height(after) > height(before)) assert.ok(second * 1000 - movedAt >= UP_MS, `seed ${seed}`);
      if (after !== before) movedAt = second * 1000;
    }
  }
});

test("every rung asks for more than the one below, and for less loss to climb than to stay", () => {
  for (const [index, rung] of RUNGS.entries()) {
    const below = RUNGS[index + 1];
    if (rung !== "text") assert.ok(NEEDS[rung].climbLoss < NEEDS[rung].keepLoss);
    if (below) assert.ok(NEEDS[rung].keepKbps > NEEDS[below].keepKbps && NEEDS[rung].keepLoss < NEEDS[below].keepLoss);
    if (below) assert.ok(SHAPES[rung].videoKbps >= SHAPES[below].videoKbps && SHAPES[rung].audioKbps >= SHAPES[below].audioKbps);
  }
});

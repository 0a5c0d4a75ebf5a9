/** When a path counts as dark. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { arrivalsOf, Blackout } from "../../static/js/call/blackout.js";

/** Feed counters second by second; the last verdict. */
const verdict = (arrivals, { expected = true, judge = new Blackout(), everyMs = 1000 } = {}) =>
  arrivals.map((arrived, look) => judge.take(arrived, expected, look * everyMs)).at(-1);

test("a busy path is late after one second without a byte and dark after two", () => {
  assert.equal(verdict([10, 20, 30, 40, 40], { everyMs: 500 }), "flowing");
  assert.equal(verdict([10, 20, 30, 40, 40, 40], { everyMs: 500 }), "late");
  assert.equal(verdict([10, 20, 30, 40, 40, 40]), "dark");
});

test("a page that was held up itself has looked once and knows nothing yet", () => {
  assert.equal(verdict([10, 20, 30, 40, 40], { everyMs: 1500 }), "flowing");
});

test("one byte ends the darkness", () => {
  assert.equal(verdict([10, 20, 30, 40, 40, 40, 40, 41]), "flowing");
});

test("a quiet path has until two consent checks have failed", () => {
  assert.equal(verdict([1, 1, 1, 2, 2, 2, 2, 2, 2]), "flowing");
  assert.equal(verdict([1, 1, 1, 2, 2, 2, 2, 2, 2, 2]), "dark");
});

test("a path on which nobody sends any more is judged as a quiet one", () => {
  assert.equal(verdict([10, 20, 30, 40, 50, 50, 50, 50], { expected: false }), "flowing");
});

test("counters that fall with their candidate pair are no sign of life", () => {
  assert.equal(verdict([10, 20, 30, 40, 7, 7]), "dark");
});

test("media and answered consent checks of every pair count", () => {
  const report = [
    { type: "candidate-pair", bytesReceived: 100, responsesReceived: 2 },
    { type: "candidate-pair", responsesReceived: 3 },
    { type: "inbound-rtp", bytesReceived: 90 },
  ];

  assert.equal(arrivalsOf(report), 105);
});

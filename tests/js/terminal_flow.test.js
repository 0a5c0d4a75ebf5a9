/** Which screen of the terminal a visit is on, and what its bar does there. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { endOf, holdsUnsentWords, merge, screenBefore, screenOf } from "../../static/js/terminal/flow.js";

const SCREENS = [
  [null, "idle"],
  [{ state: "registered", direct: false }, "answer"],
  [{ state: "registered", direct: true }, "declaration"], // the county receives alone: no township answer
  [{ state: "township_answered" }, "declaration"],
  [{ state: "waiting" }, "waiting"],
  [{ state: "in_call" }, "call"],
  [{ state: "suspended" }, "suspended"],
  [{ state: "wrap_up" }, "recording"],
  [{ state: "outcome_logged" }, "receipt"],
  [{ state: "outcome_pending" }, "receipt"],
  [{ state: "closed_satisfied" }, "receipt"],
  [{ state: "cancelled" }, "cancelled"],
];

for (const [visit, screen] of SCREENS) {
  test(`a visit ${visit ? `${visit.state}${visit.direct ? " directly" : ""}` : "not begun"} shows ${screen}`, () => {
    assert.equal(screenOf(visit), screen);
  });
}

test("what was sent is not taken back by the back button", () => {
  assert.equal(screenBefore("matters"), "visitor");
  assert.equal(screenBefore("answer"), null);
});

test("ending forgets unsent words, cancels a waiting visit and leaves a call", () => {
  assert.deepEqual(["visitor", "waiting", "call", "idle"].map(endOf), ["forget", "cancel", "leave", null]);
});

test("a suspended visit is put aside or given up by its own buttons, never by the bar", () => {
  assert.equal(endOf("suspended"), null);
});

test("only screens before registration hold words that exist nowhere else", () => {
  assert.deepEqual(["visitor", "answer"].map(holdsUnsentWords), [true, false]);
});

test("news keep what they do not mention", () => {
  const known = { visit: "v1", state: "waiting", ticket: "A-017" };

  assert.deepEqual(merge(known, { visit: "v1", state: "in_call", ticket: undefined }), { ...known, state: "in_call" });
});

test("news of another visit take nothing over from this one", () => {
  assert.equal(merge({ visit: "v1", state: "waiting", ticket: "A-017" }, { visit: "v2", state: "registered" }).ticket, undefined);
});

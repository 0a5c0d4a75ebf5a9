/** Who is large on the stage. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { arrange, numeral } from "../../static/js/call/layout.js";

const peer = (seat, role, slot) => ({ seat, role, name: seat, post: "", present: true, audio: true, video: true, slot });
const ROOM = [peer("t-1", "terminal", null), peer("p-2", "section_director", 1), peer("p-1", "county_duty_officer", 0)];

test("the wanted role is large and oneself is nowhere among the others", () => {
  const { main, strip } = arrange(ROOM, "t-1", ["county_duty_officer"]);

  assert.equal(main?.seat, "p-1");
  assert.deepEqual(strip.map(({ seat }) => seat), ["p-2"]);
});

test("without the wanted role the lowest slot is large", () => {
  assert.equal(arrange(ROOM, "t-1", ["branch_leader"]).main?.seat, "p-1");
});

test("a picture chosen by hand wins while that person is there", () => {
  assert.equal(arrange(ROOM, "t-1", ["county_duty_officer"], "p-2").main?.seat, "p-2");
  assert.equal(arrange(ROOM, "t-1", ["county_duty_officer"], "p-9").main?.seat, "p-1");
});

test("an empty room has nobody large", () => {
  assert.deepEqual(arrange([peer("t-1", "terminal", null)], "t-1", []), { main: null, strip: [] });
});

test("the countdown shows whole seconds upwards", () => {
  assert.deepEqual([3000, 2001, 2000, 1, 0, -50].map(numeral), [3, 3, 2, 1, 0, 0]);
});

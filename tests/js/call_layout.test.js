/** Who is large on the stage. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { arrange, frameOf, numeral } from "../../static/js/call/layout.js";

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

test("the visitor sees the one who leads large, and an interpreter first in the strip", () => {
  const others = [peer("g-1", "interpreter", 2), { ...peer("p-2", "department_liaison", 1), lead: true }, peer("p-1", "county_duty_officer", 0)];

  const { main, strip } = arrange([peer("t-1", "terminal", null), ...others], "t-1", ["county_duty_officer"]);

  assert.equal(main?.seat, "p-2");
  assert.deepEqual(strip.map(({ seat }) => seat), ["g-1", "p-1"]);
});

test("whoever is left out of a private part is told who has the floor", () => {
  const members = [{ ...peer("t-1", "terminal", null), private: true }, { ...peer("p-1", "x", 0), private: true }, peer("p-2", "x", 1)];
  const room = { phase: "live", private: true, peers: members };

  assert.deepEqual(frameOf(room, "p-2"), { kind: "held", names: ["t-1", "p-1"] });
  assert.deepEqual(frameOf(room, "t-1"), { kind: "private", names: ["t-1", "p-1"] });
  assert.deepEqual(frameOf({ ...room, private: false }, "p-2"), { kind: "none", names: [] });
});

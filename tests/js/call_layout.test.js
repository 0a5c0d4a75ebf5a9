/** Who is large on the stage. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { arrange, frameOf, numeral } from "../../static/js/call/layout.js";

const peer = (seat, role, slot) => ({ seat, role, name: seat, post: "", present: true, audio: true, video: true, slot });
const ROOM = [peer("t-1", "terminal", null), peer("p-2", "section_director", 1), peer("p-1", "county_duty_officer", 0)];

const VISITOR = peer("t-1", "terminal", null);
const LEAD = { ...peer("p-1", "county_duty_officer", 0), lead: true };
const DIRECTOR = peer("p-2", "section_director", 1);
const LIAISON = peer("p-3", "department_liaison", 2);
const LEADER = peer("p-4", "branch_leader", 3);
const EXPERT = peer("g-2", "guest", 4);
const INTERPRETER = peer("g-1", "interpreter", 4);

/** Places by seat as the visitor sees them. */
const places = (others, kept = {}) => Object.fromEntries(arrange([VISITOR, ...others], "t-1", ["county_duty_officer"], kept).places);

/** Homes after all these rooms, one after the other. */
const homesAfter = (...rooms) =>
  rooms.reduce((before, others) => arrange([VISITOR, ...others], "t-1", ["county_duty_officer"], { before }).homes, new Map());

test("the wanted role is large and oneself is nowhere among the others", () => {
  const { main, places: shown } = arrange(ROOM, "t-1", ["county_duty_officer"]);

  assert.equal(main?.seat, "p-1");
  assert.deepEqual(Object.fromEntries(shown), { "p-1": "main", "p-2": "1" });
});

test("without the wanted role the lowest slot is large", () => {
  assert.equal(arrange(ROOM, "t-1", ["branch_leader"]).main?.seat, "p-1");
});

test("a picture chosen by hand trades places with the large one while that person is there", () => {
  const others = [LEAD, DIRECTOR, LIAISON];

  assert.deepEqual(places(others, { pinned: "p-3" }), { "p-3": "main", "p-2": "1", "p-1": "2" });
  assert.deepEqual(places(others, { pinned: "p-9" }), { "p-1": "main", "p-2": "1", "p-3": "2" });
  assert.deepEqual(places(others, { pinned: "p-1" }), places(others));
});

test("an empty room has nobody large", () => {
  assert.deepEqual(arrange([VISITOR], "t-1", []), { main: null, places: new Map(), homes: new Map() });
});

test("whoever stays keeps the place, whoever comes takes the lowest that is free", () => {
  const before = homesAfter([LEAD, DIRECTOR, LIAISON, LEADER], [LEAD, LIAISON, LEADER]);

  assert.deepEqual(places([LEAD, LIAISON, LEADER], { before }), { "p-1": "main", "p-3": "2", "p-4": "3" });
  assert.deepEqual(places([LEAD, LIAISON, LEADER, EXPERT], { before }), { "p-1": "main", "p-3": "2", "p-4": "3", "g-2": "1" });
});

test("an interpreter comes first without moving anybody", () => {
  const before = homesAfter([LEAD, DIRECTOR, LIAISON]);

  assert.deepEqual(places([LEAD, DIRECTOR, LIAISON, INTERPRETER], { before }), { "p-1": "main", "p-2": "1", "p-3": "2", "g-1": "first" });
});

test("only whoever stands where an interpreter has to stand makes room", () => {
  const before = homesAfter([LEAD, DIRECTOR, LIAISON, LEADER, EXPERT], [LEAD, LIAISON, LEADER, EXPERT]);
  assert.equal(before.get("g-2"), "4");

  const shown = places([LEAD, LIAISON, LEADER, EXPERT, { ...INTERPRETER, slot: 1 }], { before });

  assert.deepEqual(shown, { "p-1": "main", "p-3": "2", "p-4": "3", "g-1": "first", "g-2": "1" });
});

test("a lead that is handed over trades two places and no more", () => {
  const before = homesAfter([LEAD, DIRECTOR, LIAISON, LEADER]);
  const handed = [{ ...LEAD, lead: false }, DIRECTOR, { ...LIAISON, lead: true }, LEADER];

  assert.deepEqual(places(handed, { before }), { "p-3": "main", "p-2": "1", "p-1": "2", "p-4": "3" });
});

test("the countdown shows whole seconds upwards", () => {
  assert.deepEqual([3000, 2001, 2000, 1, 0, -50].map(numeral), [3, 3, 2, 1, 0, 0]);
});

test("whoever is left out of a private part is told who has the floor", () => {
  const members = [{ ...peer("t-1", "terminal", null), private: true }, { ...peer("p-1", "x", 0), private: true }, peer("p-2", "x", 1)];
  const room = { phase: "live", private: true, peers: members };

  assert.deepEqual(frameOf(room, "p-2"), { kind: "held", names: ["t-1", "p-1"] });
  assert.deepEqual(frameOf(room, "t-1"), { kind: "private", names: ["t-1", "p-1"] });
  assert.deepEqual(frameOf({ ...room, private: false }, "p-2"), { kind: "none", names: [] });
});

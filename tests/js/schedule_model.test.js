/** What the board draws of the schedule's answer, and what a drop asks for. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { backTo, eventsOf, halfHours, hiddenWeekdays, momentOf, moveOf, shapeOf, wallClock } from "../../static/js/schedule/model.js";

const CARD = {
  key: "a", appointment: "a", rows: ["room:r1", "person:p1", "person:l1"], state: "approved", kind: "visit", ticket: "Y-001",
  starts_at: "2026-03-03T02:00:00Z", ends_at: "2026-03-03T03:00:00Z", busy_from: "2026-03-03T01:45:00Z", busy_until: "2026-03-03T03:15:00Z",
  room: "r1", official: "p1", liaison: "l1", where: "room one", who: "somebody", version: 3, may: ["move"],
};
const DAYS = ["workday", "workday", "workday", "workday", "workday", "rest", "rest"];

/** @param {object} changes */
const board = (changes = {}) => ({
  from: "2026-03-02", until: "2026-03-09", today: "2026-03-03", now: "2026-03-03T00:10:00Z", opens: "08:30", closes: "17:30",
  days: DAYS.map((kind, n) => ({ on: `2026-03-0${n + 2}`, kind, name: null, is_provisional: false })),
  rows: [{ id: "room:r1", kind: "room", title: "room one", note: "" }],
  bands: [], cards: [], blocks: [], may: [], ...changes,
});

test("times are drawn as the office's clock wherever the browser stands", () => {
  assert.equal(wallClock("2026-03-03T02:00:00Z"), "2026-03-03T10:00");
  assert.equal(wallClock("2026-03-02T17:30:00+00:00"), "2026-03-03T01:30");
  assert.equal(momentOf(new Date(2026, 2, 3, 10, 15)), "2026-03-03T10:15:00+08:00");
});

test("briefing and wrap-up bind the people and not the room", () => {
  const edges = eventsOf(board({ cards: [CARD] })).filter((event) => event.classNames?.includes("edge"));

  assert.deepEqual(edges.map((event) => [event.start, event.end]), [
    ["2026-03-03T09:45", "2026-03-03T10:00"],
    ["2026-03-03T11:00", "2026-03-03T11:15"],
  ]);
  for (const edge of edges) assert.deepEqual(edge.resourceIds, ["person:p1", "person:l1"]);
});

test("a card can be dragged only where moving it is allowed", () => {
  const movable = (may) => eventsOf(board({ cards: [{ ...CARD, may }] })).find((event) => event.id === "a")?.startEditable;

  assert.equal(movable(["move", "cancel"]), true);
  assert.equal(movable(["cancel"]), false);
});

test("the office's today and days of rest are shaded, other days are not", () => {
  const shaded = eventsOf(board()).filter((event) => event.id.startsWith("day "));

  assert.deepEqual(shaded.map((event) => [event.id, event.classNames?.[0]]), [
    ["day 2026-03-03", "today"],
    ["day 2026-03-07", "closed"],
    ["day 2026-03-08", "closed"],
  ]);
});

test("a weekend without work has no columns, a make-up Saturday has one", () => {
  const saturday = { on: "2026-03-07", kind: "make_up", name: null, is_provisional: false };
  const days = board().days.map((day) => (day.on === saturday.on ? saturday : day));

  assert.deepEqual(hiddenWeekdays(board()), [6, 0]);
  assert.deepEqual(hiddenWeekdays(board({ days })), [0]);
  const onSunday = { ...CARD, starts_at: "2026-03-08T02:00:00Z" };
  assert.deepEqual(hiddenWeekdays(board({ cards: [onSunday] })), [6]);
});

test("the line of the present stands only within the shown hours", () => {
  const hasLine = (now) => eventsOf(board({ now })).some((event) => event.id === "now");

  assert.equal(hasLine("2026-03-03T00:29:00Z"), false);
  assert.equal(hasLine("2026-03-03T00:30:00Z"), true);
  assert.equal(hasLine("2026-03-03T09:30:00Z"), false);
});

const AT = "2026-03-03T14:00:00+08:00";

// Where a card is taken from and where it is dropped, and what that asks for.
for (const [what, from, to, asked] of [
  ["another hour in its row", null, null, {}],
  ["another room", "room:r1", "room:r2", { room: "r2" }],
  ["another official", "person:p1", "person:p2", { official: "p2" }],
  ["another liaison", "person:l1", "person:l2", { liaison: "l2" }],
]) {
  test(`dropping a card on ${what} asks for that and nothing else`, () => {
    assert.deepEqual(moveOf(CARD, { starts_at: AT, from, to }), { body: { starts_at: AT, version: 3, ...asked } });
  });
}

test("a room's card can not become a person's, nor anything a post's", () => {
  for (const [from, to] of [["room:r1", "person:p2"], ["person:p1", "room:r2"], ["person:p1", "post:x:y"]]) {
    assert.deepEqual(moveOf(CARD, { starts_at: AT, from, to }), { refused: "row" });
  }
});

test("a move is undone to hour, room and people of before, on the version after it", () => {
  assert.deepEqual(backTo(CARD, 4), { starts_at: CARD.starts_at, room: "r1", official: "p1", liaison: "l1", version: 4 });
});

test("every state has a shape, also one that the page does not know", () => {
  assert.equal(shapeOf("requested"), "◆");
  assert.equal(shapeOf("something"), "○");
});

test("half hours are counted between clocks", () => {
  assert.equal(halfHours("08:00", "17:30"), 19);
});

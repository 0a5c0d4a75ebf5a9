import assert from "node:assert/strict";
import { test } from "node:test";

import { isOver, stepOf } from "../../static/js/join/steps.js";
import { follow, isNews, modeOf } from "../../static/js/liaison/state.js";

/** @param {string} state */
const view = (state) => /** @type {any} */ ({ state, end: null, seat: "g-1", room: "v1", live: true });
const HERE = { token: "", hasLeft: false };

test("a new link counts more than what this browser was bound to before", () => {
  assert.equal(stepOf(view("admitted"), { ...HERE, token: "t" }), "open");
});

test("every state of the server has its step, and an unopened link is none", () => {
  for (const state of ["none", "code", "name", "lobby", "admitted", "over"]) assert.equal(stepOf(view(state), HERE), state);
  assert.equal(stepOf(view("issued"), HERE), "none");
  assert.equal(stepOf(null, HERE), "loading");
});

test("who left the call may come back, who is out may not", () => {
  assert.equal(stepOf(view("admitted"), { ...HERE, hasLeft: true }), "left");
  assert.equal(stepOf(view("over"), { ...HERE, hasLeft: true }), "over");
});

test("a used, dead or unknown link is over; a wrong code is not", () => {
  assert.ok(isOver({ status: 410, code: "guest_link_used" }));
  assert.ok(isOver({ status: 409, code: "guest_link_unknown" }));
  assert.ok(!isOver({ status: 409, code: "guest_code_wrong" }));
  assert.ok(!isOver(new Error("no network")));
});

const LIAISON = /** @type {any} */ ({ state: "ready", seat: "p-1", invitations: [{ visit: "v1" }], current: null });

test("a liaison's call comes before a ring, and a ring before waiting", () => {
  const inCall = { ...LIAISON, current: { visit: "v2", room: "v2" } };
  assert.equal(modeOf(inCall, new Set()), "call");
  assert.equal(modeOf(inCall, new Set(["v2"])), "ringing");
  assert.equal(modeOf({ ...LIAISON, invitations: [] }, new Set()), "ready");
  assert.equal(modeOf({ ...LIAISON, invitations: [], state: "off" }, new Set()), "off");
});

test("a ring is over when it was passed on or its visit ended", () => {
  assert.deepEqual(follow(LIAISON, { type: "ring_stopped", visit: "v1" }).invitations, []);
  assert.deepEqual(follow(LIAISON, { type: "visit", visit: "v1", state: "wrap_up" }).invitations, []);
  assert.equal(follow(LIAISON, { type: "visit", visit: "v1", state: "in_call" }), LIAISON);
});

test("an invitation and a closed room make the snapshot old, a moving room does not", () => {
  assert.ok(isNews({ type: "invite" }));
  assert.ok(isNews({ type: "room_state", phase: "closed" }));
  assert.ok(!isNews({ type: "room_state", phase: "live" }));
});

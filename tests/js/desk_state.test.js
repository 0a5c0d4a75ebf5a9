/** The desk's state: the server's snapshot brought forward by its events. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { entered, follow, lacksOfficer, left, mayAccept, modeOf, opened, refreshed } from "../../static/js/desk/state.js";
import { suspendedBy } from "../../static/js/desk/suspended.js";

const ME = { person: "p1", name: "林守诚", post: "信访室副主任", seat: "p-p1" };

/** @param {Partial<import("../../static/js/desk/types.js").DeskAnswer>} [changes] */
function answer(changes = {}) {
  return { me: ME, duty: { state: /** @type {const} */ ("ready"), pending: 0 }, queue: [], pending: [], suspended: [], current: null, colleagues: [], ...changes };
}

/** @param {string} visit */
function queueRow(visit) {
  return { visit, ticket: visit, place: "石桥镇", matter_kinds: ["report"], raised_at: "2026-03-02T01:00:00Z", state: "waiting", direct: false };
}

/** @param {string} visit */
function ring(visit) {
  const { state: _state, ...row } = queueRow(visit);
  return { type: "ring", seq: 1, answer_by_s: 60, ...row };
}

/** @param {string} visit @param {string} state */
function visitSays(visit, state) {
  return { type: "visit", seq: 2, visit, state };
}

test("a ring is shown until it stops, whoever stopped it", () => {
  const ringing = follow(opened(answer()), ring("v1"));

  const silent = follow(ringing, { type: "ring_stopped", seq: 2, visit: "v1", why: "answered" });

  assert.equal(modeOf(ringing, null), "ringing");
  assert.deepEqual(silent.rings, []);
});

test("a ring that is said twice keeps its place, so that no card moves under the hand", () => {
  const first = follow(follow(opened(answer()), ring("v1")), ring("v2"));

  const again = follow(first, ring("v1"));

  assert.deepEqual(again.rings.map(({ visit }) => visit), ["v1", "v2"]);
});

test("a snapshot ends the rings of visits that no longer wait", () => {
  const ringing = follow(follow(opened(answer()), ring("v1")), ring("v2"));

  const fresh = refreshed(ringing, answer({ queue: [queueRow("v2")] }));

  assert.deepEqual(fresh.rings.map(({ visit }) => visit), ["v2"]);
});

test("answering a visit silences every bell and shows the call", () => {
  const ringing = follow(follow(opened(answer()), ring("v1")), ring("v2"));

  const inCall = entered(ringing, { visit: "v1", room: "v1", state: "in_call", isHost: true });

  assert.deepEqual(inCall.rings, []);
  assert.equal(modeOf(inCall, null), "call");
  assert.equal(mayAccept(inCall, "v2"), false);
});

test("a reloaded page finds its call, and its form after the call", () => {
  const inCall = opened(answer({ current: { visit: "v1", room: "v1", state: "in_call", is_host: true } }));
  const wrapUp = opened(answer({ current: { visit: "v1", room: "v1", state: "wrap_up", is_host: true } }));

  assert.equal(modeOf(inCall, null), "call");
  assert.equal(modeOf(wrapUp, null), "wrap_up");
});

test("the end of the call opens the form for who answered and nothing for the invited colleague", () => {
  const host = entered(opened(answer()), { visit: "v1", room: "v1", state: "in_call", isHost: true });
  const guest = entered(opened(answer()), { visit: "v1", room: "v1", state: "in_call", isHost: false });

  assert.equal(modeOf(follow(host, visitSays("v1", "wrap_up")), null), "wrap_up");
  assert.equal(follow(guest, visitSays("v1", "wrap_up")).current, null);
});

test("a call that an administrator stopped is no longer this desk's", () => {
  const host = entered(opened(answer()), { visit: "v1", room: "v1", state: "in_call", isHost: true });

  assert.equal(follow(host, visitSays("v1", "outcome_pending")).current, null);
});

test("what is said of another visit leaves the running call alone", () => {
  const host = entered(opened(answer()), { visit: "v1", room: "v1", state: "in_call", isHost: true });

  assert.equal(follow(host, visitSays("v2", "wrap_up")).current?.visit, "v1");
});

test("a snapshot without a call does not throw a colleague out of the call that was joined", () => {
  const guest = entered(opened(answer()), { visit: "v1", room: "v1", state: "in_call", isHost: false });

  assert.equal(refreshed(guest, answer()).current?.room, "v1");
});

test("an invitation is over when its call is", () => {
  const invited = follow(opened(answer()), { type: "invite", seq: 1, visit: "v1", room: "v1", ticket: "A-001", place: "石桥镇", from_name: "孟知远", from_post: "主任" });

  assert.equal(invited.invitations.length, 1);
  assert.equal(follow(invited, visitSays("v1", "wrap_up")).invitations.length, 0);
});

test("a pending outcome is shown only when no call needs the middle of the page", () => {
  const idle = opened(answer());
  const inCall = entered(idle, { visit: "v1", room: "v1", state: "in_call", isHost: true });

  assert.equal(modeOf(idle, "v9"), "pending");
  assert.equal(modeOf(inCall, "v9"), "call");
  assert.equal(modeOf(left(inCall), null), "ready");
});

test("an officer who is off duty or blocked cannot take a visit from the queue", () => {
  for (const state of /** @type {const} */ (["off", "busy", "blocked"])) {
    assert.equal(mayAccept(opened(answer({ duty: { state, pending: 0 } })), "v1"), false, state);
  }
  assert.equal(mayAccept(opened(answer()), "v1"), true);
});

test("a ringing visit is answered on its card, another one from the queue", () => {
  const ringing = follow(opened(answer({ queue: [queueRow("v1"), queueRow("v2")] })), ring("v1"));

  assert.equal(mayAccept(ringing, "v1"), false);
  assert.equal(mayAccept(ringing, "v2"), true);
});

test("messages that say nothing about the desk leave it as it is", () => {
  const desk = opened(answer());

  assert.equal(follow(desk, { type: "chat", seq: 1, room: "v1", from_seat: "t-1", text: "您好", at: "" }), desk);
});

test("a suspended visit leaves the desk free, whichever message says so first", () => {
  const closed = { type: "room_state", room: "v1", phase: "closed", why: "suspended", peers: [] };

  assert.equal(suspendedBy(closed), "v1");
  assert.equal(suspendedBy(visitSays("v1", "suspended")), "v1");
  for (const other of [{ ...closed, why: "ended" }, { ...closed, phase: "live" }, visitSays("v1", "in_call"), ring("v1")]) {
    assert.equal(suspendedBy(other), null);
  }
  const inCall = opened(answer({ current: { visit: "v1", room: "v1", state: "in_call", is_host: true } }));
  assert.equal(modeOf(follow(inCall, visitSays("v1", "suspended")), null), "ready");
});

test("a snapshot brings a visit that goes on back onto the desk", () => {
  const free = opened(answer());

  const back = refreshed(free, answer({ current: { visit: "v1", room: "v1", state: "in_call", is_host: true } }));

  assert.equal(modeOf(back, null), "call");
});

test("who received a suspended visit is kept from the snapshot, and asked for where it is not known", () => {
  const row = { ...queueRow("v1"), state: "suspended" };
  const known = opened(answer({ queue: [{ ...row, officer: "林守诚" }] }));

  const later = follow(known, { type: "queue", seq: 3, rows: [row, queueRow("v2")] });
  const unknown = follow(opened(answer()), { type: "queue", seq: 3, rows: [row] });

  assert.deepEqual(later.queue.map(({ officer }) => officer), ["林守诚", null]);
  assert.deepEqual([later, unknown].map(lacksOfficer), [false, true]);
});

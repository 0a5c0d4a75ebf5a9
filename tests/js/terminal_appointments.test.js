// Which of today's appointments the first screen shows.
import assert from "node:assert/strict";
import { test } from "node:test";

import { toShow } from "../../static/js/terminal/appointments.js";

const NOW = Date.parse("2026-03-02T02:00:00Z");

function expected(ticket, minutes, state = "approved") {
  return { appointment: ticket, ticket, state, starts_at: new Date(NOW + minutes * 60_000).toISOString() };
}

const tickets = (appointments) => toShow(appointments, NOW).map(({ ticket }) => ticket);

test("whoever is here comes before whoever is to come", () => {
  assert.deepEqual(tickets([expected("Y-001", -10), expected("Y-002", 20, "arrived"), expected("Y-003", 40)]), ["Y-002", "Y-001", "Y-003"]);
});

test("nobody who is hours late is looked for", () => {
  assert.deepEqual(tickets([expected("Y-001", -121), expected("Y-002", -119), expected("Y-003", -300, "arrived")]), ["Y-003", "Y-002"]);
});

test("four are shown at most", () => {
  assert.equal(toShow([1, 2, 3, 4, 5].map((number) => expected(`Y-00${number}`, number)), NOW).length, 4);
});

/** Dates and durations as people here write them, in office time. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { formatMoment, formatRunning } from "../../static/js/lib/times.js";

test("a moment is written in Chinese order and office time", () => {
  assert.equal(formatMoment("2026-03-02T01:00:00Z", "zh-CN"), "2026年3月2日 09:00");
});

test("midnight is 00:00, not 24:00", () => {
  assert.equal(formatMoment("2026-03-01T16:00:00Z", "zh-CN"), "2026年3月2日 00:00");
});

test("a running duration keeps two digits for seconds", () => {
  assert.equal(formatRunning(245.9), "4:05");
});

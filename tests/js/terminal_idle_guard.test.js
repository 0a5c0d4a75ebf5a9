/** Words of an absent person do not stay on the screen. */

import assert from "node:assert/strict";
import { mock, test } from "node:test";

import { IdleGuard } from "../../static/js/terminal/idle-guard.js";

function guarded() {
  mock.timers.enable({ apis: ["setTimeout"] });
  const heard = [];
  const guard = new IdleGuard({ quietMs: 180, graceMs: 60, onAsk: () => heard.push("ask"), onGone: () => heard.push("gone") });
  guard.touch();
  return { guard, heard };
}

test("after the quiet time it asks, after the grace time it is over", (t) => {
  t.after(() => mock.timers.reset());
  const { heard } = guarded();

  mock.timers.tick(179);
  assert.deepEqual(heard, []);
  mock.timers.tick(1);
  assert.deepEqual(heard, ["ask"]);
  mock.timers.tick(60);
  assert.deepEqual(heard, ["ask", "gone"]);
});

test("a touch begins the quiet time anew", (t) => {
  t.after(() => mock.timers.reset());
  const { guard, heard } = guarded();

  mock.timers.tick(170);
  guard.touch();
  mock.timers.tick(170);

  assert.deepEqual(heard, []);
});

test("at rest nothing is asked", (t) => {
  t.after(() => mock.timers.reset());
  const { guard, heard } = guarded();

  guard.rest();
  mock.timers.tick(1000);

  assert.deepEqual(heard, []);
});

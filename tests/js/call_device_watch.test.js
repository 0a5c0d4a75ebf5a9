// What a microphone that gives nothing and a camera that hangs look like from the sender's side.
import assert from "node:assert/strict";
import { test } from "node:test";

import { BLACK_MS, DeviceJudge, FROZEN_MS, SILENT_MS } from "../../static/js/call/device-watch.js";

const QUIET_ROOM = 0.0003; // root mean square of a room in which nobody speaks
const noise = (at) => Uint8Array.from({ length: 144 }, (_, dot) => 90 + ((dot * 7 + at / 1000) % 5));

/** Look once a second and say when each hint is there first. */
function firstHints(seconds, look) {
  const judge = new DeviceJudge();
  const first = {};
  let energy = 0;
  for (let second = 0; second <= seconds; second += 1) {
    const at = second * 1000;
    const { level = QUIET_ROOM, isOn = true, picture = noise(at) } = look(second);
    energy += level ** 2;
    const hints = judge.take({ at, mic: isOn ? { energy, seconds: second } : null, picture });
    for (const hint of hints) first[hint] ??= at;
  }
  return first;
}

test("a quiet room with a running camera gives no hint", () => {
  assert.deepEqual(firstHints(120, () => ({})), {});
});

test("digital silence is said after fifteen seconds", () => {
  assert.deepEqual(firstHints(20, () => ({ level: 0 })), { mic_silent: SILENT_MS + 1000 }); // the first look has nothing to compare
});

test("a microphone that is switched off is not silent", () => {
  assert.deepEqual(firstHints(60, () => ({ level: 0, isOn: false })), {});
});

test("one sound begins the fifteen seconds anew", () => {
  assert.deepEqual(firstHints(25, (second) => ({ level: second === 12 ? 0.1 : 0 })), {});
});

test("a look that is given the same figures again changes nothing", () => {
  const judge = new DeviceJudge();
  const looks = Array.from({ length: 20 }, (_, second) => {
    const seconds = second === 8 ? 7 : second; // a busy page
    return judge.take({ at: second * 1000, mic: { energy: 0, seconds }, picture: null });
  });

  assert.deepEqual(looks.at(-1), ["mic_silent"]);
});

test("a covered lens is black, not frozen", () => {
  assert.deepEqual(firstHints(30, () => ({ picture: new Uint8Array(144).fill(3) })), { camera_black: BLACK_MS });
});

test("a picture that stands is frozen", () => {
  const standing = noise(0);
  assert.deepEqual(firstHints(15, () => ({ picture: standing })), { camera_frozen: FROZEN_MS + 1000 });
});

test("a camera that is switched off is neither black nor frozen", () => {
  assert.deepEqual(firstHints(60, () => ({ picture: null })), {});
});

test("a hint goes when its reason goes", () => {
  const judge = new DeviceJudge();
  const black = new Uint8Array(144);
  judge.take({ at: 0, mic: null, picture: black });
  assert.deepEqual(judge.take({ at: BLACK_MS, mic: null, picture: black }), ["camera_black"]);
  assert.deepEqual(judge.take({ at: BLACK_MS + 1000, mic: null, picture: noise(0) }), []);
});

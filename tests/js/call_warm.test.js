/** Relays: asked for each time, the last answer only while its credentials are good. And the socket's say. */

import assert from "node:assert/strict";
import { mock, test } from "node:test";

import { iceServersBy } from "../../static/js/call/warm.js";

const answer = (name, relayOnly = false) => ({
  ice_servers: [{ urls: [`turn:${name}.example`], username: "u", credential: "c" }],
  relay_only: relayOnly,
  ttl_s: 600,
});

test("each time is asked anew, and the policy follows the answer", async () => {
  const answers = [answer("a"), answer("b", true)];
  const iceServers = iceServersBy(async () => answers.shift());

  assert.deepEqual((await iceServers()).iceTransportPolicy, "all");
  const second = await iceServers();

  assert.deepEqual([second.iceServers[0].urls[0], second.iceTransportPolicy], ["turn:b.example", "relay"]);
});

test("when nobody answers the last credentials serve as long as they are good, and never longer", async () => {
  let now = 0;
  let isAway = false;
  const iceServers = iceServersBy(
    async () => {
      if (isAway) throw new Error("network");
      return answer("a");
    },
    () => now,
  );
  await iceServers();
  isAway = true;

  now = 599_000;
  assert.equal((await iceServers()).iceServers.length, 1);
  now = 25 * 3_600_000;
  await assert.rejects(iceServers());
});

test("an answer that is late gives way to the last one, with the policy of that", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const answers = [Promise.resolve(answer("a", true)), new Promise(() => undefined)];
  const iceServers = iceServersBy(() => answers.shift(), () => 0);
  await iceServers();

  const second = iceServers();
  mock.timers.tick(400);

  assert.equal((await second).iceTransportPolicy, "relay");
  mock.timers.reset();
});

test("a page that never got an answer knows no way at all", async () => {
  await assert.rejects(iceServersBy(() => Promise.reject(new Error("network")))());
});

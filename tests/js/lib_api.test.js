/** The API client: one key per intention, a bounded number of attempts, refusals with their fields. */

import assert from "node:assert/strict";
import { afterEach, test } from "node:test";

import { api, ApiError } from "../../static/js/lib/api.js";

const realFetch = globalThis.fetch;
afterEach(() => {
  globalThis.fetch = realFetch;
});

const SOON = { retryAfterMs: [0, 0] };

/** @param {(Response | Error)[]} answers in order @returns {{path: string, init: any}[]} what was asked */
function serve(...answers) {
  const asked = [];
  globalThis.fetch = async (path, init) => {
    asked.push({ path, init });
    const answer = answers.shift();
    if (answer instanceof Error || !answer) throw answer ?? new TypeError("no answer");
    return answer;
  };
  return asked;
}

const json = (status, body) => new Response(JSON.stringify(body), { status });

test("a lost answer is asked for again with the same idempotency key", async () => {
  const asked = serve(new TypeError("network"), json(200, { ok: 1 }));

  assert.deepEqual(await api("POST", "/x", { a: 1 }, SOON), { ok: 1 });

  const keys = asked.map(({ init }) => init.headers["Idempotency-Key"]);
  assert.equal(keys.length, 2);
  assert.equal(keys[0], keys[1]);
});

test("a restarting server is asked again, a refusal is not", async () => {
  const asked = serve(json(503, {}), json(409, { error: { code: "wrong_state" } }));

  await assert.rejects(api("POST", "/x", {}, SOON), { name: "ApiError", code: "wrong_state", status: 409 });

  assert.equal(asked.length, 2);
});

test("after the last attempt the network is named as the reason", async () => {
  const asked = serve();

  await assert.rejects(api("GET", "/x", undefined, SOON), { code: "network", status: 0 });

  assert.equal(asked.length, 3);
});

test("all wrong fields come with the error", async () => {
  serve(json(422, { error: { code: "bad_input", fields: { "visitor.name": "required", matters: "required" } } }));

  const error = await api("POST", "/x", {}, SOON).catch((reason) => reason);

  assert.ok(error instanceof ApiError);
  assert.deepEqual(Object.keys(error.fields), ["visitor.name", "matters"]);
});

test("a page of a proxy instead of JSON still gives a code", async () => {
  serve(new Response("<h1>Bad gateway</h1>", { status: 500 }));

  await assert.rejects(api("GET", "/x", undefined, SOON), { code: "http_500" });
});

test("reading sends no idempotency key and a given authorization is used as it is", async () => {
  const asked = serve(json(200, {}));

  await api("GET", "/x", undefined, { ...SOON, auth: "Terminal abc" });

  assert.equal(asked[0].init.headers["Idempotency-Key"], undefined);
  assert.equal(asked[0].init.headers["Authorization"], "Terminal abc");
});

// The same samples as tests/protocol/test_samples.py reads: both sides agree on every message.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";

import { CLIENT_FIELDS, SERVER_FIELDS } from "../../static/js/signaling/messages.js";
import { complaintAbout, complaintAboutClientMessage, parse, readServerMessage } from "../../static/js/signaling/shape.js";

const SAMPLES = new URL("../protocol/samples/", import.meta.url);
const read = (path) => JSON.parse(readFileSync(new URL(path, SAMPLES), "utf8"));

for (const [direction, table] of Object.entries({ client: CLIENT_FIELDS, server: SERVER_FIELDS })) {
  const files = readdirSync(new URL(direction, SAMPLES));

  test(`every ${direction} type has samples`, () => {
    assert.deepEqual(files.toSorted(), Object.keys(table).map((type) => `${type}.json`).toSorted());
  });

  for (const file of files) {
    const { valid, invalid } = read(`${direction}/${file}`);

    test(`${direction} ${file}: valid messages fit`, () => {
      for (const message of valid) assert.equal(complaintAbout(message, table, { strict: true }), null);
    });

    for (const { why, code, message } of invalid) {
      test(`${direction} ${file}: ${why} is ${code}`, () => {
        assert.equal(complaintAbout(message, table, { strict: true }), code);
      });
    }
  }
}

for (const { why, code, frame } of read("frames.json")) {
  test(`frame: ${why} is ${code}`, () => {
    assert.equal(complaintAboutClientMessage(parse(frame)), code);
    assert.equal(readServerMessage(frame), null);
  });
}

test("the page reads every message of the server", () => {
  for (const file of readdirSync(new URL("server", SAMPLES))) {
    for (const message of read(`server/${file}`).valid) {
      assert.deepEqual(readServerMessage(JSON.stringify(message)), message);
    }
  }
});

test("the page reads longer texts and more fields than it knows, but no other kinds", () => {
  const event = { type: "gone", seq: 0, pos: 0, code: "restart" };

  assert.ok(readServerMessage(JSON.stringify({ ...event, code: "x".repeat(99), since: 2027 })));
  assert.equal(readServerMessage(JSON.stringify({ ...event, code: 7 })), null);
  assert.equal(readServerMessage(JSON.stringify({ type: "gone", seq: 0, pos: 0 })), null);
});

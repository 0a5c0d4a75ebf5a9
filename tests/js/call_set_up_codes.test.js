/** Set-up reason codes from what the browser says. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { codeOfAnswer, codeOfCapture, codeOfPeer, codeOfSocket } from "../../static/js/call/set-up-codes.js";

const CAPTURE = [
  [{ name: "NotFoundError" }, "E11"], // nothing plugged in
  [{ name: "NotReadableError" }, "E12"], // another program holds the camera
  [{ name: "TimeoutError" }, "E12"], // the driver never answered
  [{ name: "NotAllowedError", message: "Permission denied" }, "E13"], // the person said no
  [{ name: "NotAllowedError", message: "Permission denied by system" }, "E14"], // the operating system said no
  [{ name: "SecurityError" }, "E14"], // a policy said no
  [{ name: "TypeError" }, "E15"], // no mediaDevices at all
];

for (const [error, code] of CAPTURE) {
  test(`a capture refused with ${error.name} ${error.message ?? ""} is ${code}`, () => {
    assert.equal(codeOfCapture(error), code);
  });
}

test("without https the address is the reason, whatever the browser says", () => {
  assert.equal(codeOfCapture({ name: "NotAllowedError" }, false), "E15");
});

const PEER = { gathering: "complete", candidates: 2, ice: "checking", dtls: "new", connection: "connecting" };

test("a connected peer has no code", () => {
  assert.equal(codeOfPeer({ ...PEER, connection: "connected" }), null);
});

test("no address of our own is E31", () => {
  assert.equal(codeOfPeer({ ...PEER, candidates: 0, ice: "new" }), "E31");
});

test("checks without an answer are E32", () => {
  assert.equal(codeOfPeer(PEER), "E32");
});

test("a path without a handshake is E41", () => {
  assert.equal(codeOfPeer({ ...PEER, ice: "connected", dtls: "connecting" }), "E41");
});

test("a failed handshake is E41 even when ICE has closed meanwhile", () => {
  assert.equal(codeOfPeer({ ...PEER, ice: "closed", dtls: "failed" }), "E41");
});

test("a refused section of the answer is E42", () => {
  assert.equal(codeOfAnswer("v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\nm=video 0 UDP/TLS/RTP/SAVPF 96\r\n"), "E42");
  assert.equal(codeOfAnswer("v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n"), null);
});

test("a socket closed on purpose has no code, any other loss has one", () => {
  assert.equal(codeOfSocket(4410), null);
  assert.equal(codeOfSocket(4401), "E24");
  assert.equal(codeOfSocket(1006), "E23");
});

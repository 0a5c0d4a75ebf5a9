/** Sentences of the page: places are filled, gaps are seen, refusals always say something. */

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { say, sayField, sayRefusal, useWords } from "../../static/js/lib/words.js";

beforeEach(() =>
  useWords({
    greeting: "第 {position} 位，约 {minutes} 分钟",
    "refusal.not_on_duty": "您现在没有上岗。",
    "refusal.unexpected": "这一步没有完成。",
    "field.required": "请填写这一项。",
    "field.wrong": "这一项填写有误。",
  }),
);

test("named places of a sentence are filled", () => {
  assert.equal(say("greeting", { position: 2, minutes: 14 }), "第 2 位，约 14 分钟");
});

test("a place without a value stays visible", () => {
  assert.equal(say("greeting", { position: 2 }), "第 2 位，约 {minutes} 分钟");
});

test("a code without a sentence shows as itself", () => {
  assert.equal(say("js.nowhere"), "js.nowhere");
});

test("a refusal speaks in our words, else in the server's, else generally", () => {
  assert.equal(sayRefusal({ code: "not_on_duty", message: "x" }), "您现在没有上岗。");
  assert.equal(sayRefusal({ code: "new_code", message: "服务器的话。" }), "服务器的话。");
  assert.equal(sayRefusal(new TypeError("boom")), "这一步没有完成。");
});

test("an unknown field code still says that the field is wrong", () => {
  assert.equal(sayField("required"), "请填写这一项。");
  assert.equal(sayField("odd"), "这一项填写有误。");
});

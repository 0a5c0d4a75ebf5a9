/** What a registration must hold before it is sent, and what is sent. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { matterErrors, registrationBody, visitorErrors } from "../../static/js/terminal/registration-rules.js";

const typed = (changes = {}) => ({
  anonymous: false,
  direct: false,
  visitor: { name: "王秀兰", id_number: "999999195803120024", phone: "138 0000 1234", address: "" },
  isGroup: false,
  headCount: "",
  representatives: [],
  matters: [{ kind: "grievance", summary: " 补偿款没有发 " }],
  ...changes,
});

test("a complete single visit has no errors", () => {
  assert.deepEqual(visitorErrors(typed()), {});
});

test("every wrong field is named at once", () => {
  const visitor = { name: " ", id_number: "1", phone: "12", address: "" };

  assert.deepEqual(visitorErrors(typed({ visitor })), {
    "visitor.name": "required",
    "visitor.id_number": "id_number_length",
    "visitor.phone": "phone_format",
  });
});

test("an anonymous visitor is asked for nothing and sends nothing personal", () => {
  const anonymous = typed({ anonymous: true, visitor: { name: "x", id_number: "x", phone: "x", address: "x" } });

  assert.deepEqual(visitorErrors(anonymous), {});
  assert.equal(registrationBody(anonymous).visitor, null);
});

test("a group has a number of people, and half-filled representatives are wrong", () => {
  const representatives = [{ name: "", id_number: "", phone: "13800005678" }];

  assert.deepEqual(visitorErrors(typed({ isGroup: true, headCount: "1", representatives })), {
    "group.head_count": "head_count",
    "group.representatives.0.name": "required",
  });
});

test("empty representative rows are not sent and full-width figures are read", () => {
  const representatives = [
    { name: "赵国强", id_number: "", phone: "" },
    { name: "", id_number: "", phone: "" },
  ];

  const { group } = registrationBody(typed({ isGroup: true, headCount: "６", representatives }));

  assert.deepEqual(group, { head_count: 6, representatives: [{ name: "赵国强", id_number: "", phone: "" }] });
});

test("phone and matters go out trimmed", () => {
  const body = registrationBody(typed());

  assert.equal(body.visitor?.phone, "13800001234");
  assert.equal(body.matters[0]?.summary, "补偿款没有发");
});

test("an empty draft is fine only when a matter is on the list", () => {
  const empty = { kind: "", summary: "" };

  assert.deepEqual(matterErrors(empty, []), { "matter.kind": "choose", "matter.summary": "required" });
  assert.deepEqual(matterErrors(empty, [{ kind: "other", summary: "x" }]), {});
});

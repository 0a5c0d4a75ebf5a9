/** Identity numbers: the check of GB 11643 as the form applies it. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { idNumberFault, normaliseIdNumber } from "../../static/js/lib/id-number.js";

test("a number with a real birthday and the right check character holds", () => {
  assert.equal(idNumberFault("999999195803120024"), null);
});

test("one wrong digit is found by the check character", () => {
  assert.equal(idNumberFault("999999195803120034"), "id_number_check_digit");
});

test("a birthday that no calendar has is refused", () => {
  assert.equal(idNumberFault("999999195802300024"), "id_number_date");
});

test("the old 15-digit form is refused", () => {
  assert.equal(idNumberFault("999999580312002"), "id_number_length");
});

test("full-width digits, spaces and a small x are read as people mean them", () => {
  assert.equal(normaliseIdNumber(" ９９９999 19580312 002x "), "99999919580312002X");
});

/** What a registration must hold before it is sent. Pure; the server checks the same and more. */

import { idNumberFault, normaliseIdNumber } from "../lib/id-number.js";

/** @typedef {{name: string, id_number: string, phone: string}} Representative */
/** @typedef {{kind: string, summary: string}} Matter */
/**
 * @typedef {{anonymous: boolean, direct: boolean,
 *   visitor: {name: string, id_number: string, phone: string, address: string},
 *   isGroup: boolean, headCount: string, representatives: Representative[], matters: Matter[]}} Typed as typed
 */

/** Beside the visitor: a joint visit sends at most five in all (信访工作条例 art. 20). */
export const MAX_REPRESENTATIVES = 4;
export const MAX_SUMMARY = 1000;
const MAX_HEAD_COUNT = 999;
/** Mobile, or landline with area code, because the county calls back. */
const PHONE = /^(1[3-9]\d{9}|0\d{2,3}\d{7,8})$/;

/**
 * Errors of the first step: who comes.
 *
 * @param {Typed} typed
 * @returns {Record<string, string>} field name to code; empty when all is well
 */
export function visitorErrors({ anonymous, visitor, isGroup, headCount, representatives }) {
  /** @type {Record<string, string>} */
  const errors = {};
  if (!anonymous) {
    if (!visitor.name.trim()) errors["visitor.name"] = "required";
    const fault = visitor.id_number.trim() ? idNumberFault(normaliseIdNumber(visitor.id_number)) : "required";
    if (fault) errors["visitor.id_number"] = fault;
    if (!isPhoneOrEmpty(visitor.phone)) errors["visitor.phone"] = "phone_format";
  }
  return isGroup ? { ...errors, ...groupErrors(headCount, anonymous ? [] : representatives) } : errors;
}

/** @param {string} headCount @param {Representative[]} representatives */
function groupErrors(headCount, representatives) {
  /** @type {Record<string, string>} */
  const errors = {};
  const count = Number(headCount.normalize("NFKC"));
  if (!Number.isInteger(count) || count < 2 || count > MAX_HEAD_COUNT) errors["group.head_count"] = "head_count";
  for (const [place, { name, id_number, phone }] of representatives.entries()) {
    const field = `group.representatives.${place}`;
    if (!name.trim() && (id_number.trim() || phone.trim())) errors[`${field}.name`] = "required";
    const fault = id_number.trim() ? idNumberFault(normaliseIdNumber(id_number)) : null;
    if (fault) errors[`${field}.id_number`] = fault;
    if (!isPhoneOrEmpty(phone)) errors[`${field}.phone`] = "phone_format";
  }
  return errors;
}

/**
 * Errors of the second step: what it is about.
 *
 * @param {Matter} draft the matter still in the fields; may be empty once one is on the list
 * @param {Matter[]} listed
 * @returns {Record<string, string>}
 */
export function matterErrors(draft, listed) {
  /** @type {Record<string, string>} */
  const errors = {};
  if (isEmptyMatter(draft) && listed.length > 0) return errors;
  if (!draft.kind) errors["matter.kind"] = "choose";
  if (!draft.summary.trim()) errors["matter.summary"] = "required";
  else if (draft.summary.length > MAX_SUMMARY) errors["matter.summary"] = "too_long";
  return errors;
}

/** @param {Matter} matter */
export function isEmptyMatter({ kind, summary }) {
  return !kind && !summary.trim();
}

/** The body of POST /api/v1/visits. @param {Typed} typed */
export function registrationBody({ anonymous, direct, visitor, isGroup, headCount, representatives, matters }) {
  return {
    anonymous,
    visitor: anonymous ? null : { ...person(visitor), address: visitor.address.trim() },
    group: isGroup
      ? {
          head_count: Number(headCount.normalize("NFKC")),
          // Who stays unnamed brings no named companions.
          representatives: (anonymous ? [] : representatives).filter(({ name }) => name.trim()).map(person),
        }
      : null,
    matters: matters.map(({ kind, summary }) => ({ kind, summary: summary.trim() })),
    direct,
  };
}

/** @param {Representative} typed */
function person({ name, id_number, phone }) {
  return { name: name.trim(), id_number: normaliseIdNumber(id_number), phone: plainPhone(phone) };
}

/** @param {string} phone */
function isPhoneOrEmpty(phone) {
  return !phone.trim() || PHONE.test(plainPhone(phone));
}

/** @param {string} phone */
function plainPhone(phone) {
  return phone.normalize("NFKC").replace(/[\s()-]+/g, "").replace(/^(\+86|0086)/, "");
}

/**
 * Reads frames: is this text a message of the protocol?  No DOM, no socket.
 * @import { Field, Fields, ServerMessage } from "./messages.js"
 */
import { CLIENT_FIELDS, SERVER_FIELDS } from "./messages.js";

/**
 * Read a frame of the server.
 *
 * A newer server may say more than this page knows: unknown types are null, unknown fields and
 * longer texts are let through.  What the page relies on, presence and kind of each field, is checked.
 *
 * @param {unknown} frame
 * @returns {ServerMessage | null} null when it is no message that this page understands
 */
export function readServerMessage(frame) {
  const message = parse(frame);
  if (complaintAbout(message, SERVER_FIELDS, { strict: false }) !== null) return null;
  return /** @type {ServerMessage} */ (message);
}

/**
 * What the server would refuse about a message of this page.
 *
 * @param {unknown} message
 * @returns {string | null} code of the refusal, null when there is none
 */
export function complaintAboutClientMessage(message) {
  return complaintAbout(message, CLIENT_FIELDS, { strict: true });
}

/**
 * What is wrong with a message, by the codes of the protocol.
 *
 * @param {unknown} message
 * @param {Readonly<Record<string, Fields>>} table
 * @param {{ strict: boolean }} how strict also refuses unknown fields and values out of bounds
 * @returns {"malformed" | "unknown_type" | "unknown_field" | "bad_value" | null}
 */
export function complaintAbout(message, table, { strict }) {
  if (!isRecord(message)) return "malformed";
  const fields = typeof message.type === "string" && Object.hasOwn(table, message.type) ? table[message.type] : undefined;
  if (fields === undefined) return "unknown_type";
  const { type: _, ...rest } = message;
  if (strict && Object.keys(rest).some((name) => !Object.hasOwn(fields, name))) return "unknown_field";
  return recordFits(rest, fields, strict) ? null : "bad_value";
}

/**
 * Parse JSON; undefined when it is none.
 *
 * @param {unknown} text
 * @returns {unknown}
 */
export function parse(text) {
  if (typeof text !== "string") return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * @param {unknown} value
 * @returns {value is Record<string, unknown>}
 */
function isRecord(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * @param {Record<string, unknown>} record
 * @param {Fields} fields
 * @param {boolean} strict
 * @returns {boolean}
 */
function recordFits(record, fields, strict) {
  if (strict && Object.keys(record).some((name) => !Object.hasOwn(fields, name))) return false;
  return Object.entries(fields).every(([name, field]) =>
    Object.hasOwn(record, name) ? fits(record[name], field, strict) : field.optional === true,
  );
}

/**
 * @param {unknown} value
 * @param {Field} field
 * @param {boolean} strict
 * @returns {boolean}
 */
function fits(value, field, strict) {
  if (value === null) return field.nullable === true;
  if (strict && field.only !== undefined) return field.only.some((allowed) => allowed === value);
  switch (field.kind) {
    case "string":
      return typeof value === "string" && (!strict || textFits(value, field));
    case "moment":
      return typeof value === "string" && MOMENT.test(value) && !Number.isNaN(Date.parse(value));
    case "integer":
      return Number.isInteger(value) && (!strict || isWithin(Number(value), field));
    case "number":
      return typeof value === "number" && Number.isFinite(value) && (!strict || isWithin(value, field));
    case "boolean":
      return typeof value === "boolean";
    case "list":
      return listFits(value, field, strict);
    case "record":
      return isRecord(value) && recordFits(value, field.fields ?? {}, strict);
  }
}

const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

/**
 * @param {string} text
 * @param {Field} field
 */
function textFits(text, field) {
  const isWritten = field.pattern === undefined || new RegExp(field.pattern, "u").test(text);
  return isWritten && isWithin([...text].length, field); // the limits count code points
}

/**
 * @param {unknown} list
 * @param {Field} field
 * @param {boolean} strict
 * @returns {boolean}
 */
function listFits(list, field, strict) {
  if (!Array.isArray(list) || (strict && !isWithin(list.length, field))) return false;
  const items = field.items;
  return items === undefined || list.every((item) => fits(item, items, strict));
}

/**
 * @param {number} amount
 * @param {Field} field
 */
function isWithin(amount, { least = -Infinity, most = Infinity }) {
  return least <= amount && amount <= most;
}

/** When a page comes back after its socket has ended: never, late, or after a pause with jitter.  Pure. */

import { CloseCode } from "./messages.js";

const FIRST_MS = 250;
const LATE_MS = 4_000;
const LONGEST_MS = 8_000;
/** While people talk, the line decides how soon they see each other again, and few pages talk at once. */
const LONGEST_IN_CALL_MS = 1_000;
const MESSAGE_TOO_BIG = 1009; // RFC 6455, for a frame that the server did not even read

/**
 * Nothing was wrong with the line: coming back would start a fight of two tabs or a refused login.
 * @type {ReadonlySet<number>}
 */
const FINAL_CODES = new Set([CloseCode.TAKEN_OVER, CloseCode.REVOKED]);
const FINAL_REASONS = new Set(["ticket_refused", "unsupported_version"]);
/** A newer socket of the same session is there already: only a late frame can bring this to a page that waits. */
const REPLACED = "replaced";
/**
 * The server found this page too loud: come back late.
 * @type {ReadonlySet<number>}
 */
const LATE_CODES = new Set([CloseCode.FLOOD, CloseCode.TOO_LARGE, CloseCode.PROTOCOL, MESSAGE_TOO_BIG]);

/**
 * Whether the page stays away until somebody asks for it.
 *
 * @param {number} code close code of the socket that ended
 * @param {string} reason the server's code for it
 */
export function isFinal(code, reason) {
  return (FINAL_CODES.has(code) && reason !== REPLACED) || FINAL_REASONS.has(reason);
}

/**
 * The pause before the next attempt: doubled each time, with full jitter, so that a restarted server is not met by all at once.
 *
 * @param {{ code: number, attempts: number, isInCall: boolean, random: () => number }} how
 *   code: close code of the socket that ended, 0 for none; attempts: before this one; random: from 0 to 1
 */
export function pauseMs({ code, attempts, isInCall, random }) {
  const longest = Math.min(isInCall ? LONGEST_IN_CALL_MS : LONGEST_MS, FIRST_MS * 2 ** attempts);
  const soonest = LATE_CODES.has(code) ? LATE_MS : FIRST_MS;
  return Math.max(soonest, random() * longest);
}

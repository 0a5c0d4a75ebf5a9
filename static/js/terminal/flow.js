/** Which screen a visit is on. Pure: the server's state decides, so a reload lands where the visit is. */

/**
 * @typedef {"registered" | "township_answered" | "closed_satisfied" | "waiting" | "in_call" | "suspended" | "wrap_up"
 *   | "outcome_logged" | "outcome_pending" | "cancelled"} VisitState
 *
 * @typedef {{visit: string, state: VisitState, ticket?: string | null, case_no?: string | null, direct?: boolean,
 *   room?: string | null, called?: string[], position?: number | null, expected_minutes?: number | null, officer_name?: string | null, officer_post?: string | null,
 *   callback_owner?: string | null, callback_by?: string | null, receipt?: string | null,
 *   suspended_reason?: string | null,
 *   chat?: {from_seat: string, role: string, who: string, text: string, at: string}[]}} Visit
 *
 * @typedef {"idle" | "choice" | "visitor" | "matters" | "answer" | "declaration" | "waiting" | "call" | "left"
 *   | "suspended" | "recording" | "receipt" | "cancelled"} Screen
 */

/** @param {Visit | null} visit @returns {Screen} */
export function screenOf(visit) {
  if (!visit) return "idle";
  switch (visit.state) {
    case "registered":
      return visit.direct ? "declaration" : "answer";
    case "township_answered":
      return "declaration";
    case "waiting":
      return "waiting";
    case "in_call":
      return "call";
    case "suspended":
      return "suspended";
    case "wrap_up":
      return "recording";
    case "cancelled":
      return "cancelled";
    default:
      return "receipt"; // closed_satisfied, outcome_logged, outcome_pending
  }
}

/** The step before, while nothing of it has been sent. @type {Partial<Record<Screen, Screen>>} */
const BEFORE = { choice: "idle", visitor: "choice", matters: "visitor" };

/** @param {Screen} screen @returns {Screen | null} null: what was sent is not taken back by a button */
export function screenBefore(screen) {
  return BEFORE[screen] ?? null;
}

/**
 * What the end button means here.
 *
 * @param {Screen} screen
 * @returns {"forget" | "cancel" | "leave" | "finish" | null} null: nothing to end
 */
export function endOf(screen) {
  switch (screen) {
    case "idle":
    case "suspended": // its own two buttons say what becomes of the visit
      return null;
    case "choice":
    case "visitor":
    case "matters":
      return "forget";
    case "answer":
    case "declaration":
    case "waiting":
      return "cancel";
    case "call":
      return "leave";
    default:
      return "finish";
  }
}

/** Screens on which an absent person's words stand and nothing is on the server yet. @param {Screen} screen */
export function holdsUnsentWords(screen) {
  return endOf(screen) === "forget";
}

/**
 * Later news of the same visit keep what they do not mention (ticket, case number, receipt).
 *
 * @param {Visit | null} known
 * @param {Partial<Visit> & {visit: string}} news
 * @returns {Visit}
 */
export function merge(known, news) {
  const said = Object.fromEntries(Object.entries(news).filter(([, value]) => value !== undefined));
  const kept = known?.visit === news.visit ? known : {};
  return /** @type {Visit} */ ({ ...kept, ...said });
}

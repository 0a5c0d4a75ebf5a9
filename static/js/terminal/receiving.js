/** The screens after registration: the township's answer, who is in the room, waiting, a lost line, and the receipt. Pure showing and reading. */

import { el, find, put, whileBusy } from "../lib/dom.js";
import { formatClock, formatMinutes, formatMoment } from "../lib/times.js";
import { say } from "../lib/words.js";

/** @typedef {import("./flow.js").Visit} Visit */
/** @typedef {{id: string, name: string, post: string}} Officer */
/** @typedef {{visit: string, ticket: string, since: string}} Parked */

/** @param {HTMLElement} root the answer screen @param {Officer[]} officers */
export function fillOfficers(root, officers) {
  const select = find(root, "#answered-by", HTMLSelectElement);
  const options = officers.map(({ id, name, post }) => el("option", { attrs: { value: id } }, say("js.terminal.officer", { name, post })));
  select.append(...options);
  if (officers.length === 1 && officers[0]) select.value = officers[0].id;
}

/** @param {HTMLElement} root @param {boolean} satisfied */
export function answerOf(root, satisfied) {
  const value = (/** @type {string} */ selector) => /** @type {HTMLTextAreaElement} */ (find(root, selector)).value;
  return {
    answer: value("#township-answer").trim(),
    satisfied,
    doubt: satisfied ? "" : value("#visitor-doubt").trim(),
    officer: value("#answered-by"),
  };
}

/** @param {{answer: string, satisfied: boolean, doubt: string, officer: string}} answer @returns {Record<string, string>} */
export function answerErrors({ answer, satisfied, doubt, officer }) {
  return {
    ...(answer ? {} : { answer: "required" }),
    ...(officer ? {} : { officer: "choose" }),
    ...(satisfied || doubt ? {} : { doubt: "required" }),
  };
}

/** Wire who is in the room; the direct way asks for the officer to be gone. @param {HTMLElement} root @param {boolean} direct */
export function wireDeclaration(root, direct) {
  find(root, "[data-direct]", HTMLElement).hidden = !direct;
  const officerHere = find(root, '[data-choice="township_officer"]', HTMLElement);
  officerHere.hidden = direct;
  const boxes = presentBoxes(root);
  for (const box of boxes) {
    box.addEventListener("change", () => {
      if (!box.checked) return;
      // "Only the visitor" and anybody else cannot both be true.
      for (const other of boxes) if (other !== box && (box.value === "visitor_only" || other.value === "visitor_only")) other.checked = false;
    });
  }
}

/** @param {HTMLElement} root */
export function declarationOf(root) {
  const isTicked = (/** @type {string} */ name) => find(root, `input[name="${name}"]`, HTMLInputElement).checked;
  return {
    present: presentBoxes(root).filter((box) => box.checked).map((box) => box.value),
    officer_left: isTicked("officer_left"),
    confirmed: isTicked("confirmed"),
  };
}

/** @param {{present: string[], officer_left: boolean, confirmed: boolean}} declaration @param {boolean} direct @returns {Record<string, string>} */
export function declarationErrors({ present, officer_left, confirmed }, direct) {
  return {
    ...(present.length ? {} : { "declaration.present": "choose" }),
    ...(direct && !officer_left ? { "declaration.officer_left": "officer_left" } : {}),
    ...(confirmed ? {} : { "declaration.confirmed": "confirm" }),
  };
}

/** @param {HTMLElement} root @param {Visit} visit */
export function showWaiting(root, visit) {
  put(root, '[data-put="position"]', visit.position == null ? say("js.terminal.unknown") : String(visit.position));
  const { expected_minutes: expected } = visit;
  put(root, '[data-put="expected"]', expected == null ? say("js.terminal.unknown") : formatMinutes(expected));
  put(root, '[data-put="called"]', calledWords(visit));
  const promise = find(root, "[data-callback]", HTMLElement);
  promise.hidden = !visit.callback_by;
  find(root, "[data-stay]", HTMLElement).hidden = !promise.hidden; // with a promise in hand one may go home
  if (!visit.callback_by) return;
  put(root, '[data-put="callback"]', say("js.terminal.callback", { owner: visit.callback_owner ?? "", by: formatMoment(visit.callback_by) }));
}

/** Who has been called, by post; the visitor learns a name only when somebody answers. @param {Visit} visit */
function calledWords({ officer_name, officer_post, called, callback_by, position }) {
  if (officer_name) return say("js.terminal.answered", { name: officer_name, post: officer_post ?? "" });
  if (callback_by) return say("js.terminal.kept");
  if (called?.length) return say("js.terminal.calling", { posts: [...new Set(called)].join(say("js.terminal.and")) });
  return say(position != null && position <= 1 ? "js.terminal.next" : "js.terminal.in_turn");
}

/** Why the call stopped, that the place is kept, and what is being done. @param {HTMLElement} root @param {Visit} visit */
export function showSuspended(root, { suspended_reason: reason, officer_name: name, position }) {
  root.dataset.reason = reason ?? "";
  put(root, '[data-put="suspended-why"]', reason ? say(`js.terminal.suspended.${reason}`) : "");
  put(root, '[data-put="suspended-kept"]', name ? say("js.terminal.suspended.same_first", { name }) : "");
  const words = position == null ? "away" : position <= 1 ? "calling" : "next";
  put(root, '[data-put="suspended-now"]', say(`js.terminal.suspended.${words}`, { position: position ?? 0 }));
}

/**
 * Visits that were put aside, by number alone: the first screen is read by whoever passes.
 *
 * @param {HTMLElement} root
 * @param {Parked[]} parked
 * @param {(visit: Parked) => Promise<void>} takeUp
 */
export function showParked(root, parked, takeUp) {
  const place = find(root, "[data-parked]", HTMLElement);
  const shown = parked.map(({ visit }) => visit).join(" ");
  if (place.dataset.shown === shown) return; // nothing moves under the finger
  place.dataset.shown = shown;
  place.hidden = parked.length === 0;
  find(place, "ul").replaceChildren(...parked.map((visit) => parkedRow(visit, takeUp)));
}

/** @param {Parked} visit @param {(visit: Parked) => Promise<void>} takeUp */
function parkedRow(visit, takeUp) {
  const { ticket, since } = visit;
  const button = el("button", { class: "button", testid: "take-up", attrs: { type: "button", "aria-label": say("js.terminal.parked.resume_ticket", { ticket }) } }, say("js.terminal.parked.resume"));
  button.addEventListener("click", () => void whileBusy(button, () => takeUp(visit)));
  return el(
    "li",
    { testid: "parked-visit", data: { visit: visit.visit, ticket } },
    el("strong", { class: "number", text: ticket }),
    el("span", { class: "soft", text: say("js.terminal.parked.since", { time: formatClock(since) }) }),
    button,
  );
}

/** @param {HTMLElement} root @param {Visit} visit */
export function showReceipt(root, visit) {
  const kind = visit.state === "closed_satisfied" || visit.state === "outcome_pending" ? visit.state : "outcome_logged";
  put(root, '[data-put="receipt-title"]', say(`js.terminal.receipt.${kind}.title`));
  put(root, '[data-put="receipt-text"]', say(`js.terminal.receipt.${kind}.text`));
  // The event that tells of the outcome comes without its receipt; meanwhile nobody must copy another number for it.
  const isLogged = kind === "outcome_logged";
  put(root, '[data-put="receipt-label"]', say(visit.receipt || isLogged ? "js.terminal.receipt.number" : "js.terminal.receipt.case"));
  put(root, '[data-put="receipt"]', visit.receipt ?? (isLogged ? "" : (visit.case_no ?? visit.ticket ?? "")));
}

/** @param {HTMLElement} root */
function presentBoxes(root) {
  return /** @type {HTMLInputElement[]} */ ([...root.querySelectorAll('input[name="present"]')]);
}

/**
 * `<suspended-visits>`: the visits that this officer received and whose line was lost. `show(list, mayEnd)` with every change.
 * Events: `end-suspended` (detail: visit id).
 */

import { el } from "../lib/dom.js";
import { since as counting } from "../desk/since.js";
import { say } from "../lib/words.js";

/** @typedef {import("../desk/types.js").Suspended} Suspended */

export class SuspendedVisits extends HTMLElement {
  #shown = "";

  /** @param {Suspended[]} suspended oldest first @param {boolean} mayEnd not while another visit is at hand */
  show(suspended, mayEnd) {
    const state = JSON.stringify([suspended, mayEnd]);
    if (state === this.#shown) return; // nothing moves under the pointer
    this.#shown = state;
    this.dataset.testid = "suspended-visits";
    this.hidden = suspended.length === 0;
    this.replaceChildren(
      el("p", { class: "pending-title" }, el("strong", { text: say("js.desk.suspended_title", { count: suspended.length }) }), el("span", { class: "small", text: say("js.desk.suspended_hint") })),
      el("ul", { class: "pending-list" }, ...suspended.map((line) => this.#row(line, mayEnd))),
    );
  }

  /** @param {Suspended} line @param {boolean} mayEnd */
  #row({ visit, ticket, case_no, reason, since, parked, offered }, mayEnd) {
    const now = parked ? "parked" : offered ? "offered" : "away";
    return el(
      "li",
      { testid: "suspended-visit", data: { visit, state: now, reason } },
      el("strong", { class: "number", text: ticket }),
      el("span", { class: "number soft", text: case_no }),
      el("span", { class: "pending-reason", text: say("js.desk.suspended_line", { reason: say(`suspended.${reason}`), now: say(`js.desk.suspended_${now}`) }) }),
      el("span", { class: "small soft" }, say("js.desk.cut_off"), " ", counting(since)),
      el("button", { class: "button", testid: "suspended-end", hidden: !mayEnd, attrs: { type: "button" }, on: { click: () => this.dispatchEvent(new CustomEvent("end-suspended", { detail: visit })) } }, say("js.desk.suspended_end")),
    );
  }
}

customElements.define("suspended-visits", SuspendedVisits);

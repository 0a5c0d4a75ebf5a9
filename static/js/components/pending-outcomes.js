/**
 * `<pending-outcomes>`: outcomes in 待补录, in amber on top of the desk until done. `show(list, opened)` with every change.
 * Events: `open-outcome` (detail: visit id).
 */

import { el } from "../lib/dom.js";
import { formatMoment } from "../lib/times.js";
import { say } from "../lib/words.js";

/** @typedef {import("../desk/types.js").Pending} Pending */

export class PendingOutcomes extends HTMLElement {
  #shown = "";

  /** @param {Pending[]} pending oldest first @param {string | null} opened visit whose form is open */
  show(pending, opened) {
    const state = JSON.stringify([pending, opened]);
    if (state === this.#shown) return; // nothing moves under the pointer
    this.#shown = state;
    this.dataset.testid = "pending-outcomes";
    this.hidden = pending.length === 0;
    this.replaceChildren(
      el("p", { class: "pending-title" }, el("strong", { text: say("js.desk.pending_title", { count: pending.length }) }), el("span", { class: "small", text: say("js.desk.pending_hint") })),
      el("ul", { class: "pending-list" }, ...pending.map((line) => this.#row(line, line.visit === opened))),
    );
  }

  /** @param {Pending} line @param {boolean} isOpen */
  #row({ visit, ticket, case_no, reason, since }, isOpen) {
    return el(
      "li",
      { testid: "pending-outcome", data: { visit } },
      el("strong", { class: "number", text: ticket }),
      el("span", { class: "number soft", text: case_no }),
      el("span", { class: "pending-reason", text: say(`pending.${reason}`) }),
      el("span", { class: "small soft number", text: formatMoment(since) }),
      el("button", { class: "button", testid: "pending-open", attrs: { type: "button", "aria-pressed": isOpen }, on: { click: () => this.dispatchEvent(new CustomEvent("open-outcome", { detail: visit })) } }, say(isOpen ? "js.desk.pending_opened" : "js.desk.pending_open")),
    );
  }
}

customElements.define("pending-outcomes", PendingOutcomes);

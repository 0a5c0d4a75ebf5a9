/**
 * `<visit-queue>`: who waits for the county, next one first. `show(rows, mayAccept)` with every change.
 * Events (bubbling): `accept-call` (detail: visit id).
 */

import { el } from "../lib/dom.js";
import { say } from "../lib/words.js";
import { since } from "../desk/since.js";
import { kindsOf } from "./incoming-ring.js";

/** @typedef {import("../desk/types.js").QueueRow} QueueRow */

export class VisitQueue extends HTMLElement {
  /** @type {Map<string, HTMLLIElement>} rows stay the same elements, so that focus stays where it is */
  #rows = new Map();
  #list = el("ol", { class: "queue-list" });
  #none = el("p", { class: "soft small", text: say("js.desk.queue_empty") });

  connectedCallback() {
    if (!this.firstChild) this.append(this.#none, this.#list);
  }

  /** @param {QueueRow[]} rows in calling order @param {(visit: string) => boolean} mayAccept */
  show(rows, mayAccept) {
    const wanted = new Set(rows.map((row) => row.visit));
    for (const [visit, item] of this.#rows) {
      if (wanted.has(visit)) continue;
      item.remove();
      this.#rows.delete(visit);
    }
    for (const [place, row] of rows.entries()) {
      const item = this.#rows.get(row.visit) ?? this.#add(row);
      item.dataset.state = row.state;
      for (const promise of item.querySelectorAll(".queue-promise")) /** @type {HTMLElement} */ (promise).hidden = row.state !== "promised";
      for (const kept of item.querySelectorAll(".queue-kept")) /** @type {HTMLElement} */ (kept).hidden = row.state !== "suspended";
      for (const before of item.querySelectorAll(".queue-before")) before.textContent = row.officer ? say("js.desk.received_by", { name: row.officer }) : "";
      for (const button of item.querySelectorAll("button")) button.hidden = !mayAccept(row.visit);
      if (this.#list.children[place] !== item) this.#list.insertBefore(item, this.#list.children[place] ?? null);
    }
    this.#none.hidden = rows.length > 0;
  }

  /** @param {QueueRow} row */
  #add({ visit, ticket, place, matter_kinds, direct, raised_at }) {
    const accept = () => this.dispatchEvent(new CustomEvent("accept-call", { detail: visit, bubbles: true }));
    const item = el(
      "li",
      { class: "queue-row", testid: "queue-row", data: { ticket, visit } },
      el("p", { class: "queue-head" }, el("strong", { text: ticket }), since(raised_at)),
      el("p", { class: "queue-place", text: place }),
      el("p", { class: "small soft", text: [kindsOf(matter_kinds), direct ? say("js.desk.direct") : ""].filter(Boolean).join(say("js.comma")) }),
      el("p", { class: "badge queue-promise", data: { tone: "wait" }, hidden: true, text: say("js.desk.promised") }),
      el("p", { class: "queue-kept", hidden: true }, el("span", { class: "badge", data: { tone: "wait" }, text: say("js.desk.to_be_continued") }), el("span", { class: "small soft queue-before" })),
      el("button", { class: "button", testid: "queue-accept", attrs: { type: "button", "aria-label": say("js.desk.accept_ticket", { ticket }) }, on: { click: accept } }, say("js.desk.accept")),
    );
    this.#rows.set(visit, item);
    return item;
  }
}

customElements.define("visit-queue", VisitQueue);

/**
 * `<incoming-ring>`: one ringing visit with number, place, kind and waiting time.
 * Made by `IncomingRing.of(ring)`. Events (bubbling): `accept-call`, `decline-call` (detail: visit id).
 */

import { el, icon } from "../lib/dom.js";
import { say } from "../lib/words.js";
import { since } from "../desk/since.js";

/** @typedef {import("../desk/types.js").Ring} Ring */
/** @typedef {{officer: string | null, isMine: boolean, since: string}} Before who received the visit until its line was lost, and when that was */

export class IncomingRing extends HTMLElement {
  #visit = "";
  #accept = el(
    "button",
    { class: "button button-action", testid: "accept-call", attrs: { type: "button", "aria-keyshortcuts": "A" } },
    icon("phone"),
    say("js.desk.accept"),
    el("kbd", { text: "A", attrs: { "aria-hidden": "true" } }),
  );
  #decline = el("button", { class: "button", testid: "decline-call", attrs: { type: "button" } }, say("js.desk.decline"));

  #kept = el("span", { class: "badge", data: { tone: "wait" }, text: say("js.desk.to_be_continued") });
  #officer = el("span");
  #before = el("p", { class: "ring-before", testid: "ring-before", hidden: true }, this.#kept, this.#officer);
  #waited = el("p", { class: "soft small" });

  /** @param {Ring} ring */
  static of(ring) {
    const card = /** @type {IncomingRing} */ (document.createElement("incoming-ring"));
    card.#show(ring);
    return card;
  }

  get visit() {
    return this.#visit;
  }

  /** The button is busy while the server decides who was first. @param {boolean} busy */
  set busy(busy) {
    this.#accept.setAttribute("aria-busy", String(busy));
  }

  /** It is a visit that goes on: said with the card, or a moment later. @param {Before | null} before */
  set received(before) {
    this.#before.hidden = before === null;
    if (!before) return;
    this.#officer.textContent = before.isMine ? say("js.desk.received_by_you") : before.officer ? say("js.desk.received_by", { name: before.officer }) : "";
    this.#waits("js.desk.cut_off", before.since);
  }

  accept() {
    if (this.#accept.getAttribute("aria-busy") !== "true") this.#say("accept-call");
  }

  /** @param {Ring} ring */
  #show({ visit, ticket, place, matter_kinds, direct, raised_at }) {
    this.#visit = visit;
    this.dataset.testid = "incoming-ring";
    this.dataset.visit = visit;
    this.setAttribute("role", "group");
    this.setAttribute("aria-label", say("js.desk.ring_title", { ticket }));
    this.#accept.addEventListener("click", () => this.accept());
    this.#decline.addEventListener("click", () => this.#say("decline-call"));
    this.#waits("js.desk.waited", raised_at);
    this.append(
      el("p", { class: "ring-word" }, icon("bell"), say("js.desk.ringing")),
      el("p", { class: "ring-ticket", text: ticket }),
      el("p", { class: "ring-place", text: place }),
      el("p", { class: "ring-kinds" }, kindsOf(matter_kinds), direct ? el("span", { class: "badge", data: { tone: "action" }, text: say("js.desk.direct") }) : null),
      this.#before,
      this.#waited,
      el("div", { class: "ring-deeds" }, this.#accept, this.#decline),
    );
  }

  /** @param {string} word @param {string} moment */
  #waits(word, moment) {
    if (this.#waited.dataset.since === moment) return;
    this.#waited.dataset.since = moment;
    this.#waited.replaceChildren(say(word), " ", since(moment));
  }

  /** @param {string} name */
  #say(name) {
    this.dispatchEvent(new CustomEvent(name, { detail: this.#visit, bubbles: true }));
  }
}

/** Kinds of matters in words, each once. @param {string[]} kinds */
export function kindsOf(kinds) {
  return [...new Set(kinds)].map((kind) => say(`matter_kind.${kind}`)).join(say("js.comma"));
}

customElements.define("incoming-ring", IncomingRing);

/** Short words at the top of the desk about what just happened. The newest replaces the one before. */

import { el, icon } from "../lib/dom.js";
import { say, sayRefusal } from "../lib/words.js";

export class Notices {
  /** @param {HTMLElement} place */
  constructor(place) {
    this.place = place;
  }

  /** @param {unknown} error @param {(() => void) | null} [again] */
  refused(error, again = null) {
    const code = /** @type {{code?: string}} */ (error ?? {}).code ?? "unexpected";
    this.#show("danger", sayRefusal(error), { code }, again);
  }

  /** @param {string} sentence */
  said(sentence) {
    this.#show("plain", sentence, {}, null);
  }

  /** The receipt that the server gave; nothing else says that an outcome is kept. @param {string} receipt */
  logged(receipt) {
    this.#show("ok", say("js.outcome.saved", { receipt }), { receipt }, null);
  }

  /** What was only said for information has had its time. */
  clearSaid() {
    this.place.querySelector(".notice-plain")?.remove();
  }

  clear() {
    this.place.replaceChildren();
  }

  /** @param {"plain" | "ok" | "danger"} tone @param {string} sentence @param {Record<string, string>} data @param {(() => void) | null} again */
  #show(tone, sentence, data, again) {
    const close = el("button", { class: "button button-quiet notice-close", testid: "notice-close", attrs: { type: "button", "aria-label": say("js.close") }, on: { click: () => this.clear() } }, icon("x"));
    const retry = again && el("button", { class: "button", testid: "notice-retry", attrs: { type: "button" }, on: { click: () => { this.clear(); again(); } } }, say("js.again"));
    this.place.replaceChildren(
      el("div", { class: `notice notice-${tone}`, testid: tone === "ok" ? "outcome-saved" : "desk-notice", data, attrs: { role: tone === "danger" ? "alert" : "status" } }, el("p", { text: sentence }), el("div", { class: "notice-deeds" }, retry, close)),
    );
  }
}

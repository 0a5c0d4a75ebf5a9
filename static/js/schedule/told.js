/** Words above the board about what just happened: moved and how to take it back, refused and what would go instead. */

import { el } from "../lib/dom.js";
import { formatClock, formatDay } from "../lib/times.js";
import { say, sayRefusal } from "../lib/words.js";

/** @import {Alternative} from "./types.js" */

/** How long a move may be taken back from here; afterwards it is a move like any other. */
const UNDO_MS = 15_000;

export class Told {
  #clearing = 0;

  /** @param {HTMLElement} place @param {(row: string) => string} nameOf the words for `room:…` or `person:…` */
  constructor(place, nameOf) {
    this.place = place;
    this.nameOf = nameOf;
  }

  /** @param {string} sentence @param {() => void} undo */
  moved(sentence, undo) {
    const button = el("button", { class: "button", testid: "schedule-undo", attrs: { type: "button" }, on: { click: () => { this.clear(); undo(); } } }, say("js.schedule.undo"));
    this.#show("notice-ok", "schedule-moved", "status", sentence, [button]);
    this.#clearing = window.setTimeout(() => this.clear(), UNDO_MS);
  }

  /** @param {string} sentence @param {"notice-ok" | "notice-wait"} [tone] */
  said(sentence, tone = "notice-ok") {
    this.#show(tone, "schedule-told", "status", sentence, []);
  }

  /**
   * @param {unknown} error
   * @param {Alternative[]} alternatives
   * @param {(chosen: Alternative) => void} take
   */
  refused(error, alternatives, take) {
    const buttons = alternatives.map((other) =>
      el("button", { class: "button", testid: "schedule-alternative", data: { startsAt: other.starts_at }, attrs: { type: "button" }, on: { click: () => { this.clear(); take(other); } } }, this.#words(other)));
    this.#show("notice-danger", "schedule-refused", "alert", sayRefusal(error), buttons);
    buttons[0]?.focus();
  }

  clear() {
    window.clearTimeout(this.#clearing);
    this.place.replaceChildren();
  }

  /** @param {Alternative} other */
  #words(other) {
    const when = `${formatDay(other.starts_at)} ${formatClock(other.starts_at)}`;
    return [when, this.nameOf(`room:${other.room}`), this.nameOf(`person:${other.official}`)].filter(Boolean).join(" · ");
  }

  /** @param {string} tone @param {string} testid @param {string} role @param {string} sentence @param {HTMLElement[]} deeds */
  #show(tone, testid, role, sentence, deeds) {
    this.clear();
    this.place.append(
      el("div", { class: `notice ${tone}`, testid, attrs: { role } }, el("p", { text: sentence }),
        deeds.length > 0 ? el("div", { class: "button-row" }, ...deeds) : null),
    );
  }
}

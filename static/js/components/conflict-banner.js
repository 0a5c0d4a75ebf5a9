/**
 * `<conflict-banner>`: what the host has to know of recusal: how many colleagues stay out, and what is to be entered first.
 * `show(conflicts)` fills it, null empties it. Never says who stays out or why: others can read along.
 */

import { el } from "../lib/dom.js";
import { say } from "../lib/words.js";

/** @typedef {import("../desk/conflicts.js").Conflicts} Conflicts */

export class ConflictBanner extends HTMLElement {
  connectedCallback() {
    this.setAttribute("role", "status");
    this.dataset.testid = "conflict-banner";
  }

  /** @param {Conflicts | null} conflicts */
  show(conflicts) {
    const lines = conflicts ? sentences(conflicts) : [];
    this.hidden = lines.length === 0;
    if (this.dataset.shown === lines.join()) return;
    this.dataset.shown = lines.join();
    this.replaceChildren(...(lines.length ? [el("div", { class: "notice notice-wait conflict-notice" }, ...lines.map((text) => el("p", { text })))] : []));
  }
}

/** @param {Conflicts} conflicts */
function sentences(conflicts) {
  return [
    conflicts.is_missing ? say("js.conflict.missing") : "",
    conflicts.taken_out ? say("js.conflict.taken_out", { count: conflicts.taken_out }) : "",
    conflicts.is_about_the_room ? say("js.conflict.about_the_room") : "",
  ].filter(Boolean);
}

customElements.define("conflict-banner", ConflictBanner);

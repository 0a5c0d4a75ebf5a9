/**
 * `<duty-panel>`: whether one is on duty, in a word, a shape and a sentence, and the button that changes it.
 * Events: `go-on` (inside a click: the page may sound from then on), `go-off`.
 */

import { el } from "../lib/dom.js";
import { say } from "../lib/words.js";

/** @typedef {import("../desk/types.js").Duty} Duty */

const TONES = { off: "plain", ready: "ok", busy: "action", blocked: "wait" };

export class DutyPanel extends HTMLElement {
  #state = el("p", { class: "duty-state badge", testid: "duty-state", attrs: { role: "status" } });
  #sentence = el("p", { class: "small soft" });
  #goOn = el("button", { class: "button button-action duty-on", testid: "go-on-duty", attrs: { type: "button" }, text: say("js.duty.go_on") });
  #goOff = el("button", { class: "button duty-off", testid: "go-off-duty", attrs: { type: "button" }, text: say("js.duty.go_off") });

  connectedCallback() {
    if (this.firstChild) return;
    this.#goOn.addEventListener("click", () => this.dispatchEvent(new CustomEvent("go-on")));
    this.#goOff.addEventListener("click", () => this.dispatchEvent(new CustomEvent("go-off")));
    this.append(this.#state, this.#sentence, this.#goOn, this.#goOff);
  }

  /** @param {Duty} duty @param {boolean} isGuest in a colleague's call: free for the roster, but not to leave */
  show({ state, pending }, isGuest) {
    this.#state.dataset.state = state;
    this.#state.dataset.tone = TONES[state];
    this.#state.textContent = say(`duty.${state}`);
    this.#sentence.textContent = say(isGuest ? "js.duty.guest" : `js.duty.${state}`, { count: pending });
    this.#goOn.hidden = state !== "off";
    this.#goOff.hidden = state === "off" || state === "busy" || isGuest;
  }

  /** @param {boolean} busy */
  set busy(busy) {
    for (const button of [this.#goOn, this.#goOff]) button.setAttribute("aria-busy", String(busy));
  }
}

customElements.define("duty-panel", DutyPanel);

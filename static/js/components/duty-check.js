/**
 * `<duty-check>`: the ritual before going on duty. One sees and hears oneself, then hears the test ring and says so.
 * Use: `const found = await check.start(capture)`: {camera, microphone}, or null when it was given up.
 */

import { Ring } from "../lib/sound.js";
import { el, find, icon } from "../lib/dom.js";
import { say } from "../lib/words.js";
import "./device-picker.js";

/** @typedef {{camera: boolean, microphone: boolean}} Found */

/** Three rounds: long enough to turn the loudspeaker up, short enough for the room next door. */
const TEST_RING_MS = 9000;

export class DutyCheck extends HTMLElement {
  #ring = new Ring();
  /** @type {import("../call/devices.js").LocalCapture | null} */
  #capture = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {(found: Found | null) => void} */
  #settle = () => undefined;
  #found = { camera: false, microphone: false };
  #picker = /** @type {import("./device-picker.js").DevicePicker} */ (document.createElement("device-picker"));
  #silent = el("p", { class: "notice notice-danger", hidden: true, attrs: { role: "alert" } }, el("span", { text: say("js.duty.silent") }));
  #heard = el("button", { class: "button button-action", testid: "test-ring-heard", attrs: { type: "button", disabled: true } }, icon("check"), say("js.duty.heard"));
  #again = el("button", { class: "button", testid: "test-ring-again", attrs: { type: "button" } }, icon("volume-2"), say("js.duty.again"));
  #dialog = el(
    "dialog",
    { class: "dialog duty-dialog", testid: "duty-check", attrs: { "aria-labelledby": "duty-check-title" } },
    el(
      "div",
      { class: "dialog-body" },
      el("h2", { id: "duty-check-title", text: say("js.duty.check_title") }),
      el("section", { class: "stack stack-tight" }, el("h3", { text: say("js.duty.check_devices") }), el("p", { class: "hint", text: say("js.duty.check_devices_hint") }), this.#picker),
      el("section", { class: "stack stack-tight" }, el("h3", { text: say("js.duty.check_ring") }), el("p", { class: "hint", text: say("js.duty.check_ring_hint") }), this.#silent),
      el("div", { class: "button-row" }, this.#heard, this.#again, el("button", { class: "button button-quiet", testid: "duty-check-cancel", attrs: { type: "button", value: "cancel" } }, say("js.duty.not_now"))),
    ),
  );

  connectedCallback() {
    if (this.firstChild) return;
    this.append(this.#dialog);
    this.#heard.addEventListener("click", () => this.#finish(this.#found));
    this.#again.addEventListener("click", () => void this.#play());
    find(this.#dialog, '[value="cancel"]').addEventListener("click", () => this.#finish(null));
    this.#dialog.addEventListener("cancel", (event) => {
      event.preventDefault();
      this.#finish(null);
    });
  }

  /**
   * Call inside the click that goes on duty: only then may the page sound.
   *
   * @param {import("../call/devices.js").LocalCapture} capture
   * @returns {Promise<Found | null>}
   */
  async start(capture) {
    this.#heard.disabled = true;
    this.#found = { camera: false, microphone: false };
    if (this.#capture !== capture) this.#picker.capture = this.#capture = capture;
    this.#dialog.showModal();
    /** @type {Promise<Found | null>} */
    const answer = new Promise((resolve) => (this.#settle = resolve));
    void this.#play();
    const { camera, microphone } = await this.#picker.check();
    this.#found = { camera, microphone };
    this.#heard.disabled = false;
    if (this.#dialog.open) this.#heard.focus();
    return answer;
  }

  async #play() {
    const sounds = await this.#ring.start();
    this.#silent.hidden = sounds;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#ring.stop(), TEST_RING_MS);
    if (!this.#dialog.open) this.#ring.stop();
  }

  /** @param {Found | null} found */
  #finish(found) {
    clearTimeout(this.#timer);
    this.#ring.stop();
    this.#dialog.close();
    this.#settle(found);
  }
}

customElements.define("duty-check", DutyCheck);

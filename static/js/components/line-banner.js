/**
 * `<line-banner note="...">`: says calmly that the line is down, for how long, what still works, and lets a person try now.
 * Use: `banner.follow(connection)`. The attribute `note` is the sentence about what still works.
 */

import { el } from "../lib/dom.js";
import { formatRunning } from "../lib/times.js";
import { say } from "../lib/words.js";

/** A reconnect after a blink of the network is nobody's business. */
const CALM_MS = 1500;

export class LineBanner extends HTMLElement {
  #running = el("span", { class: "number", attrs: { "aria-hidden": "true" } });
  #retry = el("button", { class: "button", testid: "line-retry", attrs: { type: "button" } }, say("js.line.retry"));
  #since = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #calm;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #clock;

  connectedCallback() {
    if (this.firstChild) return;
    this.hidden = true;
    this.dataset.testid = "line-lost";
    this.append(
      el(
        "div",
        { class: "notice notice-wait line-notice" },
        el("p", {}, el("strong", { attrs: { role: "status" } }, say("js.line.lost")), this.#running, " ", el("span", {}, this.getAttribute("note") ?? "")),
        this.#retry,
      ),
    );
  }

  /** @param {import("../signaling/connection.js").SignalingConnection} connection */
  follow(connection) {
    connection.addEventListener("state", (event) => this.#show(/** @type {CustomEvent} */ (event).detail.state));
    this.#retry.addEventListener("click", () => connection.retryNow());
  }

  /** @param {"open" | "waiting" | "closed"} state */
  #show(state) {
    if (state === "waiting" && this.#since) return; // one more attempt of the same loss
    clearTimeout(this.#calm);
    clearInterval(this.#clock);
    this.#since = state === "waiting" ? performance.now() : 0;
    this.hidden = true;
    if (state === "waiting") this.#calm = setTimeout(() => this.#appear(), CALM_MS);
  }

  #appear() {
    const tick = () => {
      this.#running.textContent = say("js.line.running", { time: formatRunning((performance.now() - this.#since) / 1000) });
    };
    tick();
    this.hidden = false;
    this.#clock = setInterval(tick, 1000);
  }
}

customElements.define("line-banner", LineBanner);

/**
 * `<lost-line side="desk|terminal">`: the other side of the call has no line, for how long already, and what is being
 * done about it. `follow(call, isMissed)`: isMissed says whose absence stops the visit; the terminal reads their name.
 * Shows nothing while all is well.
 */

import { el } from "../lib/dom.js";
import { formatRunning } from "../lib/times.js";
import { say } from "../lib/words.js";

/** @typedef {import("../call/types.js").Peer} Peer */

/** Somebody who is only just arriving, or a blink of the network, is nobody's business. */
const CALM_MS = 1500;
const TICK_MS = 500;
/** A place that no sentence contains: the running time stands there. */
const MARK = "\u0000";

export class LostLine extends HTMLElement {
  // A screen reader hears the sentence once, not every second.
  #time = el("span", { class: "number", testid: "lost-for", attrs: { role: "timer", "aria-live": "off" } });
  /** @type {number | null} */
  #since = null;
  #name = "";
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #timer;

  connectedCallback() {
    this.dataset.testid = "line-lost-peer";
    this.setAttribute("role", "status");
    this.hidden = true;
  }

  disconnectedCallback() {
    this.#stop();
  }

  /** @param {import("../call/call.js").Call} call @param {(peer: Peer) => boolean} isMissed */
  follow(call, isMissed) {
    call.addEventListener("room", (event) => {
      const { phase, peers } = /** @type {CustomEvent<import("../call/types.js").RoomState>} */ (event).detail;
      const missed = phase === "live" ? peers.find((peer) => isMissed(peer) && !peer.present) : undefined;
      if (missed) this.#start(missed.name);
      else this.#stop();
    });
    call.addEventListener("state", (event) => {
      if (["idle", "ended"].includes(/** @type {CustomEvent} */ (event).detail)) this.#stop();
    });
  }

  /** @param {string} name */
  #start(name) {
    if (this.#since !== null && name === this.#name) return;
    this.#stop();
    this.#name = name;
    this.#since = performance.now();
    this.#timer = setInterval(() => this.#show(), TICK_MS);
  }

  #stop() {
    clearInterval(this.#timer);
    this.#since = null;
    this.hidden = true;
    this.replaceChildren();
  }

  #show() {
    const away = performance.now() - (this.#since ?? performance.now());
    if (away < CALM_MS) return;
    this.#time.textContent = formatRunning(away / 1000);
    if (!this.hidden) return;
    const [before = "", after = ""] = say(`js.lost.${this.getAttribute("side")}`, { time: MARK, name: this.#name }).split(MARK);
    this.replaceChildren(el("p", {}, before, this.#time, after), el("p", { class: "small" }, say("js.lost.soon")));
    this.hidden = false;
  }
}

customElements.define("lost-line", LostLine);

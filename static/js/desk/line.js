/** How the line to the server is, in words: a calm banner while it comes back, a closed door when it will not. */

import { find, put } from "../lib/dom.js";
import { say } from "../lib/words.js";
import { CloseCode } from "../signaling/messages.js";

/** A reconnect after a blink of the network is nobody's business. */
const CALM_MS = 1500;

export class LineState {
  #banner = find(document, "[data-line]", HTMLElement);
  #door = find(document, "[data-door]", HTMLDialogElement);
  #takeBack = find(this.#door, '[data-testid="take-back"]', HTMLButtonElement);
  #signIn = find(this.#door, "[data-sign-in]", HTMLElement);
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {{takeBack: () => void}} listeners takeBack: this tab is to be the desk again */
  constructor({ takeBack }) {
    this.#takeBack.addEventListener("click", takeBack);
    this.#door.addEventListener("cancel", (event) => event.preventDefault());
  }

  /** @param {import("../signaling/connection.js").StateDetail} detail */
  show({ state, code, reason }) {
    clearTimeout(this.#timer);
    if (state === "waiting") this.#timer = setTimeout(() => (this.#banner.hidden = false), CALM_MS);
    else this.#banner.hidden = true;
    if (state === "closed") this.#close(code, reason);
    else if (this.#door.open) this.#door.close();
  }

  /** @param {number} code @param {string} reason */
  #close(code, reason) {
    const why = code === CloseCode.TAKEN_OVER ? "elsewhere" : reason === "unsupported_version" ? "version" : "signed_out";
    this.#door.dataset.why = why;
    put(this.#door, "h2", say(`js.line.${why}`));
    put(this.#door, "[data-words]", say(`js.line.${why}_hint`));
    this.#takeBack.hidden = why !== "elsewhere";
    this.#signIn.hidden = why === "elsewhere";
    if (!this.#door.open) this.#door.showModal();
  }
}

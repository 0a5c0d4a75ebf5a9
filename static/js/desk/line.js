/** A closed door in words, when the line will not come back by itself. */

import { find, put } from "../lib/dom.js";
import { say } from "../lib/words.js";
import { CloseCode } from "../signaling/messages.js";

export class LineState {
  #door = find(document, "[data-door]", HTMLDialogElement);
  #takeBack = find(this.#door, '[data-testid="take-back"]', HTMLButtonElement);
  #signIn = find(this.#door, "[data-sign-in]", HTMLElement);

  /** @param {{takeBack: () => void}} listeners takeBack: this tab is to be the desk again */
  constructor({ takeBack }) {
    this.#takeBack.addEventListener("click", takeBack);
    this.#door.addEventListener("cancel", (event) => event.preventDefault());
  }

  /** @param {import("../signaling/connection.js").StateDetail} detail */
  show({ state, code, reason }) {
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

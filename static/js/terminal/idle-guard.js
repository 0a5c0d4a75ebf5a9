/** Notices that nobody touches the form any more: asks, and if there is no answer either, says that the words must go. */

export class IdleGuard {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /**
   * @param {{quietMs: number, graceMs: number, onAsk: () => void, onGone: () => void}} rules
   *   quietMs: without a touch before asking; graceMs: for the answer
   */
  constructor({ quietMs, graceMs, onAsk, onGone }) {
    this.quietMs = quietMs;
    this.graceMs = graceMs;
    this.onAsk = onAsk;
    this.onGone = onGone;
  }

  /** Somebody is there: begin anew. Also arms the guard. */
  touch() {
    this.rest();
    this.#timer = setTimeout(() => {
      this.onAsk();
      this.#timer = setTimeout(() => this.onGone(), this.graceMs);
    }, this.quietMs);
  }

  /** Nothing to guard. */
  rest() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  get isArmed() {
    return this.#timer !== undefined;
  }
}

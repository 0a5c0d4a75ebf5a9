/**
 * Keeps what is typed: saves every few seconds and on demand, one save at a time, always with the version it started
 * from. Knows no DOM and no HTTP.
 */

/** @typedef {import("./types.js").Draft} Draft */

const EVERY_MS = 5000;

/**
 * Events: `saved` (detail: {saved_at: string}), `failed` (detail: error; it is tried again),
 * `conflict` (a newer draft was saved elsewhere: nothing is saved until `start()` or `overwrite()`).
 */
export class DraftKeeper extends EventTarget {
  #version = 0;
  /** @type {Draft | null} what was typed last */
  #typed = null;
  /** @type {string} what the server holds, as JSON */
  #stored = "";
  /** @type {Promise<void> | null} */
  #saving = null;
  #inConflict = false;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #timer;

  /**
   * @param {(draft: Draft, version: number) => Promise<{version: number, saved_at: string}>} save
   * @param {number} [everyMs]
   */
  constructor(save, everyMs = EVERY_MS) {
    super();
    this.save = save;
    this.everyMs = everyMs;
  }

  /** Something was typed that the server does not hold yet. */
  get isDirty() {
    return this.#typed !== null && JSON.stringify(this.#typed) !== this.#stored;
  }

  /** Begin with what the server holds. @param {Draft} draft @param {number} version 0 when nothing was saved yet */
  start(draft, version) {
    this.#typed = draft;
    this.#stored = JSON.stringify(draft);
    this.#version = version;
    this.#inConflict = false;
    clearInterval(this.#timer);
    this.#timer = setInterval(() => void this.flush(), this.everyMs);
  }

  /** Keep what is typed here although a newer draft exists. @param {number} version of the newer draft */
  async overwrite(version) {
    this.#version = version;
    this.#stored = "";
    this.#inConflict = false;
    await this.flush();
  }

  /** @param {Draft} draft */
  typed(draft) {
    this.#typed = draft;
  }

  /** Save now what is not saved yet, also what was typed while an earlier save was under way. */
  async flush() {
    while (this.#saving) await this.#saving;
    if (!this.isDirty || this.#inConflict || this.#timer === undefined) return;
    this.#saving = this.#saveOnce().finally(() => (this.#saving = null));
    await this.#saving;
  }

  stop() {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#typed = null;
  }

  async #saveOnce() {
    const draft = /** @type {Draft} */ (this.#typed);
    try {
      const { version, saved_at } = await this.save(draft, this.#version);
      this.#version = version;
      this.#stored = JSON.stringify(draft);
      this.dispatchEvent(new CustomEvent("saved", { detail: { saved_at } }));
    } catch (error) {
      this.#inConflict = /** @type {{code?: string}} */ (error).code === "draft_outdated";
      this.dispatchEvent(new CustomEvent(this.#inConflict ? "conflict" : "failed", { detail: error }));
    }
  }
}

/**
 * One idempotency key per content: the same form sent again after a lost answer is the same deed, a changed one is not.
 */
export class FormKey {
  #body = "";
  #key = "";

  /** @param {unknown} body */
  of(body) {
    const text = JSON.stringify(body);
    if (text !== this.#body) {
      this.#body = text;
      this.#key = crypto.randomUUID();
    }
    return this.#key;
  }
}

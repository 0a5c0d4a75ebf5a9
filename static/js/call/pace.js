/** How fast the pictures of the others come, so that a slow line is not taken for a fault or for rudeness. Pure. */

/** @typedef {"slow" | "sound_only"} Pace sound_only: the picture was slow and then ended */

const WINDOW_MS = 4000;
const SLOW_FPS = 4;
const FAST_FPS = 6;

/** Feed it about once a second. */
export class PaceJudge {
  /** @type {Map<number, {at: number, frames: number}[]>} */
  #seen = new Map();
  /** @type {Map<number, Pace>} */
  #paces = new Map();

  /**
   * @param {Map<number, {frames: number}>} slots frames decoded so far per slot
   * @param {Map<number, {video: boolean}>} expected who is there, and whether a picture should come
   * @param {number} at ms, any steady clock
   * @returns {Map<number, Pace>} slots that need a word
   */
  take(slots, expected, at) {
    for (const slot of this.#seen.keys()) if (!expected.has(slot)) this.#forget(slot);
    for (const [slot, { video }] of expected) {
      if (video) this.#look(slot, slots.get(slot)?.frames ?? 0, at);
      else this.#end(slot);
    }
    return new Map(this.#paces);
  }

  /** @param {number} slot @param {number} frames @param {number} at */
  #look(slot, frames, at) {
    const kept = (this.#seen.get(slot) ?? []).filter((one) => at - one.at <= WINDOW_MS && one.frames <= frames);
    const oldest = kept[0];
    this.#seen.set(slot, [...kept, { at, frames }]);
    if (this.#paces.get(slot) === "sound_only") this.#paces.delete(slot);
    if (!oldest || at - oldest.at < WINDOW_MS - 1000) return;
    const fps = ((frames - oldest.frames) * 1000) / (at - oldest.at);
    if (fps > 0 && fps < SLOW_FPS) this.#paces.set(slot, "slow");
    else if (fps >= FAST_FPS) this.#paces.delete(slot);
  }

  /** @param {number} slot */
  #end(slot) {
    this.#seen.set(slot, []);
    if (this.#paces.has(slot)) this.#paces.set(slot, "sound_only");
  }

  /** @param {number} slot */
  #forget(slot) {
    this.#seen.delete(slot);
    this.#paces.delete(slot);
  }
}

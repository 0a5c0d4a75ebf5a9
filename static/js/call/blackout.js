/** Whether anything still arrives over the path, long before the browser's own state names say so. Pure. */

/** A path that brought something at every look is late after this long: time to look for another, saying nothing. */
export const LATE_MS = 1000;
/** And dark after this long: time to say so. */
export const BUSY_PATIENCE_MS = 2000;
/** A quiet one still has consent checks every 2.5 s (RFC 7675). */
export const QUIET_PATIENCE_MS = 6000;
/** So many rises in a row make a path a busy one. */
const BUSY_AFTER = 3;

/**
 * Everything that has arrived: media, reports and answers to consent checks.
 *
 * @param {Iterable<Record<string, any>>} report values of an RTCStatsReport
 */
export function arrivalsOf(report) {
  let arrived = 0;
  for (const entry of report) {
    if (entry.type === "candidate-pair") arrived += (entry.bytesReceived ?? 0) + (entry.responsesReceived ?? 0);
  }
  return arrived;
}

/** @typedef {"flowing" | "late" | "dark"} Verdict */

/** Feed it about twice a second. */
export class Blackout {
  /** @type {number | null} */
  #arrived = null;
  #roseAt = 0;
  #rises = 0;
  /** Looks in a row without a rise: a page that was held up itself has looked only once. */
  #vain = 0;

  /**
   * @param {number} arrived from `arrivalsOf`
   * @param {boolean} expected somebody sends to us, or we send and are owed reports
   * @param {number} at ms, any steady clock
   * @returns {Verdict}
   */
  take(arrived, expected, at) {
    if (!expected) this.#rises = 0;
    this.#vain += 1;
    if (this.#arrived === null) this.#roseAt = at;
    else if (arrived > this.#arrived) {
      this.#roseAt = at;
      this.#rises += 1;
      this.#vain = 0;
    }
    this.#arrived = arrived; // a pair that was given up takes its counters along: less is no sign of life
    const quiet = at - this.#roseAt;
    const isBusy = this.#rises >= BUSY_AFTER;
    if (quiet >= (isBusy ? BUSY_PATIENCE_MS : QUIET_PATIENCE_MS)) return "dark";
    return isBusy && quiet >= LATE_MS && this.#vain > 1 ? "late" : "flowing";
  }
}

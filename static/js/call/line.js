/**
 * The line of one call from this side: at every look it says what to send, every five it tells the server how good the
 * line was. Knows no page and no room's rules; call.js starts and stops it.
 */

import { Ladder } from "./ladder.js";
import { lineSampleOf, REPORT_EVERY_MS, reportOf, snapshotOf } from "./quality.js";

/** @typedef {import("./ladder.js").Rung} Rung */
/** @typedef {import("./quality.js").Snapshot} Snapshot */
/** @typedef {import("./quality.js").Hint} Hint */

/** Loss is judged over this long: a single second has too few packets to say anything. */
const LOSS_OVER_MS = 3000;
/** The reports of so long after a path was dark count what the darkness took: they say nothing about the line that is back. */
const DISCARD_MS = 8000;
/** And the browser's estimate begins at nearly nothing: for so long it alone takes nothing away. */
const RECOVERY_MS = 30_000;
/** A path at its best is looked for over this long. */
const BEST_OVER_MS = 60_000;

export class Line {
  #ladder = new Ladder();
  /** @type {Snapshot[]} of the last few seconds */
  #recent = [];
  /** @type {Snapshot | null} of the last report */
  #told = null;
  #lagMs = 0;
  #resumes = 0;
  #hasBeenUp = false;
  #darkAt = -Infinity;
  /** Round trips of the last minute. @type {{at: number, rttMs: number}[]} */
  #trips = [];

  get rung() {
    return this.#ladder.rung;
  }

  /**
   * @param {object} look
   * @param {Record<string, any>[]} look.report values of an RTCStatsReport
   * @param {number} look.at ms, any steady clock
   * @param {number} look.lagMs how late this look came
   * @param {boolean} isUp media passes: a line that is dark says nothing about its width
   * @returns {Rung}
   */
  take({ report, at, lagMs }, isUp) {
    const now = snapshotOf(report, at);
    this.#lagMs = Math.max(this.#lagMs, lagMs);
    if (isUp) this.#hasBeenUp = true;
    else if (this.#hasBeenUp) this.#darkAt = at;
    if (!isUp || at - this.#darkAt < DISCARD_MS) {
      this.#recent = [];
      this.#trips = [];
      return this.rung;
    }
    this.#recent = [...this.#recent.filter((one) => at - one.at <= LOSS_OVER_MS), now];
    const isRecovering = at - this.#darkAt < RECOVERY_MS;
    return this.#ladder.take({ ...lineSampleOf(this.#recent[0] ?? null, now), queueMs: this.#queueMs(now), isRecovering }, at);
  }

  /** How long packets wait on the way: what a round trip takes above the best one. @param {Snapshot} now */
  #queueMs({ at, rttMs }) {
    if (rttMs > 0) this.#trips = [...this.#trips.filter((one) => at - one.at <= BEST_OVER_MS), { at, rttMs }];
    if (this.#trips.length === 0) return 0;
    return Math.min(...this.#trips.slice(-3).map((one) => one.rttMs)) - Math.min(...this.#trips.map((one) => one.rttMs));
  }

  /**
   * The heartbeat, when it is due.
   *
   * @param {Record<string, any>[]} report
   * @param {number} at
   * @param {{room: string, audio: boolean, video: boolean, resumes: number, hints: Hint[]}} page what statistics do not say;
   *   resumes: of the connection so far
   * @returns {import("../signaling/messages.js").Quality | null}
   */
  heartbeat(report, at, { room, audio, video, resumes, hints }) {
    const now = snapshotOf(report, at);
    if (this.#told === null) {
      this.#told = now;
      this.#resumes = resumes;
      return null;
    }
    // A look may come a little early or late: better a heartbeat at 4.8 s than one at 6.
    if (at - this.#told.at < REPORT_EVERY_MS - 300) return null;
    const message = {
      type: /** @type {const} */ ("quality"),
      room,
      rung: this.rung,
      ...reportOf(this.#told, now),
      mic_on: audio,
      camera_on: video,
      page_lag_ms: Math.round(this.#lagMs),
      resumes: Math.max(0, resumes - this.#resumes),
      hints: hints.slice(0, 5),
    };
    this.#told = now;
    this.#lagMs = 0;
    this.#resumes = resumes;
    return message;
  }
}

/**
 * What to send over a line of the moment: from a sharp picture down to sound, and at the very bottom to typed words.
 * Pure. Sound is never given up by itself: on the lowest rung it goes on as a trickle, because a bad line often lets
 * it through, and because its loss reports are what brings the picture back.
 */

/** @typedef {"video_high" | "video" | "video_low" | "stills" | "audio" | "text"} Rung */
/**
 * @typedef {{videoKbps: number, fps: number, height: number, audioKbps: number, isDoubled: boolean}} Shape videoKbps 0: no
 *   picture leaves; isDoubled: every packet of sound carries the one before along, else there are fewer of them (sound.js)
 */
/**
 * @typedef {object} LineSample
 * @property {number} availableKbps what the browser thinks the uplink bears; 0: not known
 * @property {number} sentKbps what left
 * @property {number} loss share of our packets that did not arrive, 0 to 1
 * @property {number} [queueMs] how much longer a packet takes than on this path at its best
 * @property {boolean} [isRecovering] the path was dark a moment ago: its estimate begins at nearly nothing
 */

/** Best first. @type {readonly Rung[]} */
export const RUNGS = ["video_high", "video", "video_low", "stills", "audio", "text"];

/**
 * Sound costs more than its bitrate: headers of 50 packets a second take 25 kbit/s, and redundant sound is carried twice.
 * On a line so narrow that it bears no moving picture the second copy would fill it, and leave nothing for the socket. On
 * no rung is speech wider than what, carried once, fits the way down of a receiver with 50 kbit/s: nobody tells its sender.
 *
 * @type {Readonly<Record<Rung, Shape>>}
 */
export const SHAPES = {
  video_high: { videoKbps: 1500, fps: 24, height: 720, audioKbps: 16, isDoubled: true },
  video: { videoKbps: 500, fps: 24, height: 360, audioKbps: 16, isDoubled: true },
  video_low: { videoKbps: 150, fps: 15, height: 240, audioKbps: 16, isDoubled: true },
  stills: { videoKbps: 30, fps: 1, height: 180, audioKbps: 16, isDoubled: false },
  audio: { videoKbps: 0, fps: 0, height: 180, audioKbps: 16, isDoubled: false },
  text: { videoKbps: 0, fps: 0, height: 180, audioKbps: 8, isDoubled: false },
};

/**
 * A rung is kept while the line has `keepKbps` and loses no more than `keepLoss` for long. Packets that are lost by chance
 * are repeated or concealed, and a thinner picture is lost as often: so loss counts when it is heavy, and later than width.
 * The next one is climbed to with less loss and a margin: between the two nothing changes, so that a line that stays as it
 * is does not make the picture come and go.
 *
 * @type {Readonly<Record<Rung, {keepKbps: number, keepLoss: number, climbLoss: number}>>}
 */
export const NEEDS = {
  video_high: { keepKbps: 600, keepLoss: 0.15, climbLoss: 0.06 },
  video: { keepKbps: 160, keepLoss: 0.36, climbLoss: 0.24 },
  video_low: { keepKbps: 75, keepLoss: 0.44, climbLoss: 0.36 },
  stills: { keepKbps: 42, keepLoss: 0.55, climbLoss: 0.45 },
  audio: { keepKbps: 24, keepLoss: 0.7, climbLoss: 0.56 },
  text: { keepKbps: 0, keepLoss: 1, climbLoss: 1 },
};
/** A queue on the way is a sign of its own that the line is full. */
const QUEUE_MS = 250;
const SOME_LOSS = 0.1;
/** Room above what a rung needs to be kept, before it is climbed to. */
const MARGIN = 1.25;
/** Room above what is sent: a line that is full bears no more, whatever was estimated. */
const FREE = 1.4;
/**
 * A browser finds room for about twice of what it sends and no more. An estimate of that size may hide a wide line, which
 * shows only when it is tried; a try that fails makes the next one wait longer.
 */
const UNTRIED = 1.7;

/** A rung that the line does not bear is left after this long: two samples of one second. */
export const DOWN_MS = 2000;
/** The same for loss that comes without a queue and with width enough. */
export const LOSSY_MS = 6000;
/** A better one is taken after the line has borne it for this long without a break: nothing but a try shows a wide line. */
export const UP_MS = 4000;
/** A rung that was lost so soon after climbing was a mistake: the next try waits much longer, and then twice as long. */
const REGRET_MS = 30_000;
const AFTER_REGRET_MS = 30_000;
const LONGEST_UP_MS = 480_000;

/** The ladder's judge. Feed it about once a second. */
export class Ladder {
  /** @type {Rung} */
  #rung;
  /** @type {number | null} since when the line does not bear the rung */
  #shortSince = null;
  /** @type {number | null} since when it loses too much for the rung */
  #lossySince = null;
  /** @type {number | null} since when it bears the next one */
  #roomySince = null;
  #climbedAt = -Infinity;
  #upMs = UP_MS;

  /** @param {Rung} [rung] where to begin */
  constructor(rung = "video") {
    this.#rung = rung;
  }

  get rung() {
    return this.#rung;
  }

  /**
   * @param {LineSample} sample
   * @param {number} at ms, any steady clock
   * @returns {Rung} where to stand from now on
   */
  take(sample, at) {
    const here = RUNGS.indexOf(this.#rung);
    const { availableKbps, sentKbps, loss, queueMs = 0, isRecovering = false } = sample;
    const isCongested = queueMs >= QUEUE_MS || loss >= SOME_LOSS;
    // An uplink that is not known takes nothing away, and adds nothing.
    const isKnown = availableKbps > 0 && (!isRecovering || isCongested);
    const borne = RUNGS.findIndex((rung) => !isKnown || availableKbps >= NEEDS[rung].keepKbps);
    const bearable = RUNGS.findIndex((rung) => loss <= NEEDS[rung].keepLoss);
    const above = RUNGS[here - 1];
    const isWide = above !== undefined && availableKbps >= MARGIN * NEEDS[above].keepKbps && availableKbps >= FREE * sentKbps;
    const isUntried = sentKbps > 0 && availableKbps >= UNTRIED * sentKbps;
    const isRoomy = above !== undefined && (isWide || isUntried) && loss <= NEEDS[above].climbLoss && queueMs < QUEUE_MS;
    this.#shortSince = borne > here ? (this.#shortSince ?? at) : null;
    this.#lossySince = bearable > here ? (this.#lossySince ?? at) : null;
    this.#roomySince = isRoomy ? (this.#roomySince ?? at) : null;
    const isShort = this.#shortSince !== null && at - this.#shortSince >= DOWN_MS;
    const isLossy = this.#lossySince !== null && at - this.#lossySince >= (queueMs >= QUEUE_MS ? DOWN_MS : LOSSY_MS);
    if (isShort || isLossy) this.#fall(RUNGS[Math.max(borne, bearable)] ?? "text", at);
    else if (above && this.#roomySince !== null && at - this.#roomySince >= this.#upMs) this.#climb(above, at);
    return this.#rung;
  }

  /** At once as far as needed: a thin line is no place for steps. @param {Rung} rung @param {number} at */
  #fall(rung, at) {
    const isRegret = at - this.#climbedAt <= REGRET_MS;
    this.#upMs = isRegret ? Math.min(LONGEST_UP_MS, Math.max(AFTER_REGRET_MS, this.#upMs * 2)) : UP_MS;
    this.#stand(rung);
  }

  /** One rung at a time. @param {Rung} rung @param {number} at */
  #climb(rung, at) {
    this.#climbedAt = at;
    this.#stand(rung);
  }

  /** @param {Rung} rung */
  #stand(rung) {
    this.#rung = rung;
    this.#shortSince = this.#lossySince = this.#roomySince = null;
  }
}

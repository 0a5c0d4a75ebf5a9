/**
 * Watches our own microphone and camera while they are let out: digital silence, a black or a standing picture.
 * What it finds goes to the officer with the line's quality; the visitor is not bothered.  Looks at levels and at
 * pictures of 16 x 9 grey dots that never leave this module: nobody is recognised.
 */

/** @typedef {"mic_silent" | "camera_frozen" | "camera_black"} DeviceHint */

/**
 * One look.
 *
 * @typedef {{at: number, mic: MicLook | null, picture: Uint8Array | null}} Look
 *   at: ms of a steady clock; mic: null while it is switched off or not sent; picture: luma of each dot, null while off
 * @typedef {{energy: number, seconds: number}} MicLook running totals of the sound source
 */

const EVERY_MS = 1000;
const WIDTH = 16;
const HEIGHT = 9;
/** Below this there is not even the noise of a quiet room. Root mean square of full scale, about one step of 16 bits. */
const SILENT_LEVEL = 0.00005;
/** Long enough for a pause in which somebody reads. */
export const SILENT_MS = 15_000;
export const FROZEN_MS = 10_000;
export const BLACK_MS = 5000;
/** Every dot darker than this: a covered lens; a dark room still has a window or a lamp. Luma, 0 to 255. */
const BLACK_LUMA = 20;

/** From looks to hints. Pure: no browser, no clock of its own. */
export class DeviceJudge {
  /** @type {MicLook | null} */
  #mic = null;
  /** @type {Uint8Array | null} */
  #picture = null;
  /** Since when each suspicion holds without a break. @type {Partial<Record<DeviceHint, number>>} */
  #since = {};

  /** @param {Look} look @returns {DeviceHint[]} */
  take({ at, mic, picture }) {
    const isStanding = mic !== null && mic.seconds === this.#mic?.seconds; // a busy page was given the same figures again
    if (!isStanding) this.#suspect("mic_silent", isSilent(this.#mic, mic), at);
    const isBlack = picture !== null && picture.every((luma) => luma < BLACK_LUMA);
    this.#suspect("camera_black", isBlack, at);
    // No camera gives the same picture twice: its noise moves at least one dot.
    this.#suspect("camera_frozen", !isBlack && isSame(this.#picture, picture), at);
    this.#mic = mic;
    this.#picture = picture;
    const after = { mic_silent: SILENT_MS, camera_frozen: FROZEN_MS, camera_black: BLACK_MS };
    return /** @type {DeviceHint[]} */ (Object.keys(after)).filter((hint) => at - (this.#since[hint] ?? Infinity) >= after[hint]);
  }

  /** @param {DeviceHint} hint @param {boolean} holds @param {number} at */
  #suspect(hint, holds, at) {
    if (holds) this.#since[hint] ??= at;
    else delete this.#since[hint];
  }
}

/** @param {MicLook | null} before @param {MicLook | null} now */
function isSilent(before, now) {
  if (!before || !now || now.seconds <= before.seconds) return false; // off or just begun
  const power = Math.max(0, now.energy - before.energy) / (now.seconds - before.seconds);
  return Math.sqrt(power) < SILENT_LEVEL;
}

/** @param {Uint8Array | null} before @param {Uint8Array | null} now */
function isSame(before, now) {
  return before !== null && now !== null && before.every((luma, dot) => luma === now[dot]);
}

/**
 * Runs the judge beside a call. Use: `watch.start()` when we are let out, `watch.stop()` afterwards.
 * Events: `hints` (detail: DeviceHint[]), each time they change.
 */
export class DeviceWatch extends EventTarget {
  #judge = new DeviceJudge();
  /** @type {readonly DeviceHint[]} */
  #hints = [];
  #video = document.createElement("video");
  #canvas = new OffscreenCanvas(WIDTH, HEIGHT);
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #timer;
  #isLooking = false;

  /**
   * @param {{peer: () => RTCPeerConnection | null, own: () => {audio: boolean, video: boolean}, stream: () => MediaStream | null}} call
   *   own: what is switched on and sent; stream: our capture
   */
  constructor(call) {
    super();
    this.call = call;
    this.#video.muted = true;
  }

  /** What is wrong now. */
  get hints() {
    return [...this.#hints];
  }

  start() {
    this.#timer ??= setInterval(() => void this.#look(), EVERY_MS);
  }

  stop() {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#judge = new DeviceJudge();
    this.#video.srcObject = null;
    this.#become([]);
  }

  async #look() {
    if (this.#isLooking) return;
    this.#isLooking = true;
    const judge = this.#judge;
    const { audio, video } = this.call.own();
    const mic = audio ? await micLook(this.call.peer()) : null;
    const hints = judge.take({ at: performance.now(), mic, picture: video ? this.#picture() : this.#rest() });
    if (judge === this.#judge) this.#become(hints);
    this.#isLooking = false;
  }

  /** @returns {Uint8Array | null} null until a picture is there */
  #picture() {
    const stream = this.call.stream();
    if (this.#video.srcObject !== stream) {
      this.#video.srcObject = stream;
      void this.#video.play().catch(() => undefined); // replaced before it ran
      return null;
    }
    const context = this.#canvas.getContext("2d", { willReadFrequently: true });
    if (!context || this.#video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return null;
    context.drawImage(this.#video, 0, 0, WIDTH, HEIGHT);
    return lumaOf(context.getImageData(0, 0, WIDTH, HEIGHT).data);
  }

  #rest() {
    this.#video.srcObject = null;
    return null;
  }

  /** @param {DeviceHint[]} hints */
  #become(hints) {
    if (hints.join() === this.#hints.join()) return;
    this.#hints = hints;
    this.dispatchEvent(new CustomEvent("hints", { detail: this.hints }));
  }
}

/** Totals of the sound source that we send. @param {RTCPeerConnection | null} peer @returns {Promise<MicLook | null>} */
async function micLook(peer) {
  const report = await peer?.getStats().catch(() => null);
  for (const entry of report?.values() ?? []) {
    if (entry.type !== "media-source" || entry.kind !== "audio") continue;
    return { energy: entry.totalAudioEnergy ?? 0, seconds: entry.totalSamplesDuration ?? 0 };
  }
  return null;
}

/** Brightness of each dot (ITU-R BT.601). @param {Uint8ClampedArray} rgba */
function lumaOf(rgba) {
  return Uint8Array.from({ length: rgba.length / 4 }, (_, dot) => {
    const [red = 0, green = 0, blue = 0] = rgba.subarray(dot * 4, dot * 4 + 3);
    return Math.round(0.299 * red + 0.587 * green + 0.114 * blue);
  });
}

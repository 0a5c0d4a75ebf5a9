/**
 * Camera and microphone of this page, each for itself: one that is missing, busy or slow never holds up the other, and
 * comes back by itself. The preferred device is asked for by id, because Chromium (156) takes no notice of an `ideal` one;
 * where it is missing or does not answer, another takes its place instead of failing the call.
 */

import { listDevices, matching, prefer, preferred } from "./device-memory.js";
import { codeOfCapture } from "./set-up-codes.js";

/** @typedef {"audio" | "video"} Part */
/** @typedef {import("./device-memory.js").DeviceKind} DeviceKind */

const PARTS = /** @type {const} */ (["audio", "video"]);
const KIND_OF = /** @type {const} */ ({ audio: "microphone", video: "camera" });
/** A camera held by a hanging program answers never; the call goes on without it. */
const OPEN_MS = 10_000;
/** A person may still be reading the question: then both are asked for again, and the answer counts for all. */
const ASKED_MS = 5000;
/** The quicker device waits this long for the slower one, so that a call usually begins with both. */
const PATIENCE_MS = 2000;
/** Nothing tells when another program lets a device go. */
const RETRY_MS = 5000;

/**
 * Our own capture. Opened at the countdown or for a device check, closed after the call.
 * Events: `change` (detail: MediaStream): a device was chosen, went or came back; attach the new stream.
 */
export class LocalCapture extends EventTarget {
  /** What is captured now; another object after each change. @type {MediaStream | null} */
  stream = null;
  /** Reason code of what could not be opened, e.g. {audio: null, video: "E12"}. @type {Record<Part, string | null>} */
  faults = { audio: null, video: null };
  /** @type {Record<Part, MediaStreamTrack | null>} */
  #tracks = { audio: null, video: null };
  /** @type {Promise<MediaStream> | null} */
  #opening = null;
  /** @type {Promise<void> | null} */
  #mending = null;
  #mendAgain = false;
  /** What began in an older round belongs to a capture that was closed since. */
  #round = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #retry;

  constructor() {
    super();
    navigator.mediaDevices?.addEventListener("devicechange", () => void this.#mend());
  }

  get hasAudio() {
    return isLive(this.#tracks.audio);
  }

  get hasVideo() {
    return isLive(this.#tracks.video);
  }

  /** Reason codes of what could not be opened, each once; empty when both are there. */
  get codes() {
    return [...new Set(PARTS.map((part) => this.faults[part]).filter((code) => code !== null))];
  }

  /**
   * Open camera and microphone, each without the other if need be. Never rejects: what failed is in `faults`,
   * and a call without own picture or sound is still a call. A device that answers late comes with `change`.
   */
  open() {
    if (this.stream) return Promise.resolve(this.stream);
    if (!this.#opening) {
      const opening = this.#openBoth(this.#round).finally(() => {
        if (this.#opening === opening) this.#opening = null; // another one began after a `close()`
      });
      this.#opening = opening;
    }
    return this.#opening;
  }

  close() {
    this.#round += 1;
    this.#opening = this.#mending = null;
    clearTimeout(this.#retry);
    for (const part of PARTS) this.#tracks[part]?.stop();
    this.#tracks = { audio: null, video: null };
    this.faults = { audio: null, video: null };
    this.stream = null;
  }

  /** Remember a device and, while open, change over to it. @param {DeviceKind} kind @param {import("./device-memory.js").Preference} device */
  async choose(kind, device) {
    prefer(kind, device);
    const part = PARTS.find((one) => KIND_OF[one] === kind);
    if (part && this.stream) await this.#renew([part], this.#round);
  }

  /** @param {number} round */
  async #openBoth(round) {
    const asked = (await isAllowed()) ? null : await this.#askForBoth(round);
    if (!asked) {
      // Two requests, not one: the slower or broken device must not hold up the other.
      const renewals = PARTS.map((part) => this.#take(part, round));
      const first = Promise.race(renewals);
      await Promise.race([Promise.all(renewals), first.then(() => pause(PATIENCE_MS))]);
      for (const [place, part] of PARTS.entries()) {
        const isLate = !this.#tracks[part] && !this.faults[part];
        if (isLate) void renewals[place]?.then(() => this.#changed(round));
      }
    }
    if (round !== this.#round) return new MediaStream();
    this.#watchForReturn();
    void this.#changeOver(round);
    return (this.stream = this.#compose());
  }

  /** Before the first capture of a profile no device has a name, so the preferred one could not be asked for. @param {number} round */
  async #changeOver(round) {
    /** @type {Part[]} */
    const standIns = [];
    for (const part of PARTS) if (isLive(this.#tracks[part]) && (await this.#isWanting(part))) standIns.push(part);
    if (standIns.length > 0 && round === this.#round) await this.#renew(standIns, round);
  }

  /** One question for both devices, where the browser asks. @param {number} round @returns {Promise<boolean>} both are there */
  async #askForBoth(round) {
    const stream = await capture(PLAIN, ASKED_MS).catch(() => null);
    if (!stream) return false;
    for (const track of stream.getTracks()) this.#keep(/** @type {Part} */ (track.kind), track, round);
    return true;
  }

  /** Open one device; the old track stays when there is no better one. @param {Part} part @param {number} round */
  async #take(part, round) {
    try {
      const stream = await captureBest(part);
      for (const track of stream.getTracks()) this.#keep(part, track, round);
    } catch (error) {
      if (round === this.#round && !isLive(this.#tracks[part])) this.faults[part] = codeOfCapture(/** @type {Error} */ (error), isSecureContext);
    }
  }

  /** @param {Part} part @param {MediaStreamTrack} track @param {number} round */
  #keep(part, track, round) {
    if (round !== this.#round) return track.stop();
    this.#tracks[part]?.stop();
    this.#tracks[part] = track;
    this.faults[part] = null;
    track.addEventListener("ended", () => void this.#mend());
  }

  /** A device went away or came back: open what is missing, one at a time, and again if more happened meanwhile. */
  #mend() {
    if (!this.stream) return;
    this.#mendAgain = true;
    this.#mending ??= this.#mendAll(this.#round);
    return this.#mending;
  }

  /** @param {number} round */
  async #mendAll(round) {
    while (this.#mendAgain && round === this.#round) {
      this.#mendAgain = false;
      /** @type {Part[]} */
      const wanting = [];
      for (const part of PARTS) if (await this.#isWanting(part)) wanting.push(part);
      await this.#renew(wanting, round);
    }
    if (round === this.#round) this.#mending = null;
  }

  /** Missing, or a stand-in for the preferred device, which is there again. @param {Part} part */
  async #isWanting(part) {
    const track = this.#tracks[part];
    if (!isLive(track)) return true;
    const wanted = matching(preferred(KIND_OF[part]), await listDevices(KIND_OF[part]));
    return wanted !== null && wanted.label !== track.label;
  }

  /** @param {Part[]} parts @param {number} round */
  async #renew(parts, round) {
    const before = { ...this.#tracks };
    await Promise.all(parts.map((part) => this.#take(part, round)));
    const isOther = parts.some((part) => this.#tracks[part] !== before[part] || (before[part] && !isLive(before[part])));
    if (isOther) this.#changed(round);
    else if (round === this.#round) this.#watchForReturn();
  }

  /** @param {number} round */
  #changed(round) {
    if (round !== this.#round || !this.stream) return;
    this.#watchForReturn();
    // A device that stays away is told once, not at every vain try.
    for (const part of PARTS) if (!isLive(this.#tracks[part])) this.#tracks[part] = null;
    this.stream = this.#compose();
    this.dispatchEvent(new CustomEvent("change", { detail: this.stream }));
  }

  #watchForReturn() {
    clearTimeout(this.#retry);
    const isRefused = this.codes.every((code) => code !== "E11" && code !== "E12");
    if (!isRefused) this.#retry = setTimeout(() => void this.#mend(), RETRY_MS);
  }

  #compose() {
    return new MediaStream(PARTS.map((part) => this.#tracks[part]).filter(isLive));
  }
}

/** @param {MediaStreamTrack | null} track @returns {track is MediaStreamTrack} */
function isLive(track) {
  return track?.readyState === "live";
}

/** Whether the browser opens both without asking anybody. */
async function isAllowed() {
  try {
    const names = /** @type {PermissionName[]} */ (/** @type {unknown} */ (["camera", "microphone"]));
    const states = await Promise.all(names.map((name) => navigator.permissions.query({ name })));
    return states.every(({ state }) => state !== "prompt");
  } catch {
    return false; // Firefox does not know these names
  }
}

/** The preferred device while it is plugged in and answers, else any other. @param {Part} part @returns {Promise<MediaStream>} */
async function captureBest(part) {
  const devices = await listDevices(KIND_OF[part]);
  const wanted = matching(preferred(KIND_OF[part]), devices);
  const any = () => capture({ [part]: PLAIN[part] }, OPEN_MS);
  if (!wanted) return any();
  return capture({ [part]: { ...PLAIN[part], deviceId: { exact: wanted.id } } }, OPEN_MS).catch((error) => {
    const mayBeAnother = devices.length > 1 || error.name === "OverconstrainedError"; // pulled out a moment ago
    if (mayBeAnother) return any();
    throw error;
  });
}

const PLAIN = {
  audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true },
  video: { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 24, max: 30 } },
};

/**
 * @param {MediaStreamConstraints} wish
 * @param {number} limitMs
 * @returns {Promise<MediaStream>}
 */
async function capture(wish, limitMs) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const late = new Promise((_resolve, reject) => {
    timer = setTimeout(() => reject(new DOMException("no answer", "TimeoutError")), limitMs);
  });
  const media = Promise.resolve().then(() => navigator.mediaDevices.getUserMedia(wish));
  try {
    return /** @type {MediaStream} */ (await Promise.race([media, late]));
  } catch (error) {
    media.then(stop, () => undefined); // granted after all: nobody waits for it any more
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** @param {MediaStream} stream */
function stop(stream) {
  for (const track of stream.getTracks()) track.stop();
}

/** @param {number} ms */
function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

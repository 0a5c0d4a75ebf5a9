/**
 * Camera, microphone and speaker of this page. Chosen devices are remembered by label, because ids change between
 * profiles and updates; never asked for with `exact`, so a missing device falls back instead of failing the call.
 */

import { codeOfCapture } from "./set-up-codes.js";

/** @typedef {"camera" | "microphone" | "speaker"} DeviceKind */
/** @typedef {{id: string, label: string}} Device */

const KINDS = /** @type {const} */ ({ camera: "videoinput", microphone: "audioinput", speaker: "audiooutput" });
/** A camera held by a hanging program answers never; the call goes on without it. */
const OPEN_MS = 10_000;

/** @param {DeviceKind} kind @returns {Promise<Device[]>} labels are empty until capture was allowed once */
export async function listDevices(kind) {
  const all = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
  return all.filter((device) => device.kind === KINDS[kind]).map(({ deviceId, label }) => ({ id: deviceId, label }));
}

/** @param {DeviceKind} kind @returns {string} label, "" when none was chosen */
export function chosenLabel(kind) {
  return localStorage.getItem(`device.${kind}`) ?? "";
}

/** @param {DeviceKind} kind @param {string} label */
export function rememberDevice(kind, label) {
  localStorage.setItem(`device.${kind}`, label);
}

/** Id of the chosen device if it is plugged in. @param {DeviceKind} kind */
export async function chosenId(kind) {
  const label = chosenLabel(kind);
  return label ? (await listDevices(kind)).find((device) => device.label === label)?.id : undefined;
}

/**
 * Our own capture. Opened at the countdown or for a device check, closed after the call.
 * Events: `change` (detail: MediaStream): a device was chosen, unplugged or came back; attach the new stream.
 */
export class LocalCapture extends EventTarget {
  /** @type {MediaStream | null} */
  stream = null;
  /** Reason codes of what could not be opened, e.g. ["E11"]; empty when both are there. @type {string[]} */
  codes = [];
  /** @type {Promise<MediaStream> | null} */
  #opening = null;
  #round = 0;

  constructor() {
    super();
    navigator.mediaDevices?.addEventListener("devicechange", () => void this.#mend());
  }

  get hasAudio() {
    return this.stream?.getAudioTracks().some((track) => track.readyState === "live") ?? false;
  }

  get hasVideo() {
    return this.stream?.getVideoTracks().some((track) => track.readyState === "live") ?? false;
  }

  /**
   * Open camera and microphone, each without the other if need be. Never rejects: what failed is in `codes`,
   * and a call without own picture or sound is still a call.
   */
  open() {
    if (this.stream) return Promise.resolve(this.stream);
    this.#opening ??= this.#openBoth(this.#round).finally(() => (this.#opening = null));
    return this.#opening;
  }

  close() {
    this.#round += 1;
    this.#opening = null;
    stop(this.stream);
    this.stream = null;
    this.codes = [];
  }

  /** Remember a device and, while open, change over to it. @param {DeviceKind} kind @param {string} label */
  async choose(kind, label) {
    rememberDevice(kind, label);
    if (kind !== "speaker" && this.stream) await this.#reopen();
  }

  /** @param {number} round */
  async #openBoth(round) {
    const wish = { video: await videoWish(), audio: await audioWish() };
    /** @type {string[]} */
    const codes = [];
    let stream = await capture(wish, codes);
    if (!stream) {
      // One missing device must not take the other with it.
      const parts = [await capture({ audio: wish.audio }, []), await capture({ video: wish.video }, [])];
      stream = new MediaStream(parts.flatMap((part) => part?.getTracks() ?? []));
    }
    if (round !== this.#round) {
      stop(stream);
      return new MediaStream();
    }
    this.stream = stream;
    this.codes = codes;
    for (const track of stream.getTracks()) track.addEventListener("ended", () => void this.#mend());
    return stream;
  }

  /** A device went away or came back: open anew if something is missing. */
  async #mend() {
    if (this.stream && !(this.hasAudio && this.hasVideo)) await this.#reopen();
  }

  async #reopen() {
    this.close();
    const stream = await this.open();
    if (this.stream === stream) this.dispatchEvent(new CustomEvent("change", { detail: stream }));
  }
}

/** @returns {Promise<MediaTrackConstraints>} */
async function videoWish() {
  const id = await chosenId("camera");
  return {
    width: { ideal: 640 },
    height: { ideal: 360 },
    frameRate: { ideal: 20, max: 25 },
    ...(id ? { deviceId: { ideal: id } } : {}),
  };
}

/** @returns {Promise<MediaTrackConstraints>} */
async function audioWish() {
  const id = await chosenId("microphone");
  return { echoCancellation: true, noiseSuppression: true, autoGainControl: true, ...(id ? { deviceId: { ideal: id } } : {}) };
}

/**
 * @param {MediaStreamConstraints} wish
 * @param {string[]} codes the reason is added here
 * @returns {Promise<MediaStream | null>}
 */
async function capture(wish, codes) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const late = new Promise((_resolve, reject) => {
    timer = setTimeout(() => reject(new DOMException("no answer", "TimeoutError")), OPEN_MS);
  });
  const media = Promise.resolve().then(() => navigator.mediaDevices.getUserMedia(wish));
  try {
    return /** @type {MediaStream} */ (await Promise.race([media, late]));
  } catch (error) {
    codes.push(codeOfCapture(/** @type {Error} */ (error), isSecureContext));
    media.then(stop, () => undefined); // granted after all: nobody waits for it any more
    return null;
  } finally {
    clearTimeout(timer);
  }
}

/** @param {MediaStream | null} stream */
function stop(stream) {
  for (const track of stream?.getTracks() ?? []) track.stop();
}

/**
 * Sounds made in the browser: the ring of the desk and the chime before the picture. No files, no network.
 * A browser lets a page sound only after a click, so `unlock()` belongs into the click that goes on duty or starts a visit.
 */

/** @type {AudioContext | null} */
let context = null;

/** Which loudspeaker was chosen; the page says where to ask. @type {() => Promise<string | undefined>} */
let findSpeaker = () => Promise.resolve(undefined);

/** Sound on the chosen loudspeaker from the next sound on. @param {() => Promise<string | undefined>} find its device id, undefined for the default */
export function soundOn(find) {
  findSpeaker = find;
}

/** Call inside a click. @returns {Promise<boolean>} whether the page may sound now */
export async function unlock() {
  context ??= new AudioContext();
  if (context.state !== "running") await context.resume().catch(() => undefined);
  await useSpeaker(context);
  return context.state === "running";
}

/** Let the next touch of the page free its sound: after a reload it may not ring before one. @param {() => void} then */
export function unlockByTouch(then) {
  for (const name of ["pointerdown", "keydown"]) {
    document.addEventListener(name, () => {
      if (!maySound()) void unlock().then(then);
    });
  }
}

/** A speaker that is gone, or a browser that cannot choose, leaves the default: a ring must sound. @param {AudioContext & {sinkId?: string, setSinkId?: (id: string) => Promise<void>}} audio */
async function useSpeaker(audio) {
  const id = (await findSpeaker().catch(() => undefined)) ?? "";
  if (audio.sinkId !== undefined && audio.sinkId !== id) await audio.setSinkId?.(id).catch(() => undefined);
}

/** Whether a ring would be heard (as far as the browser is concerned). */
export function maySound() {
  return context?.state === "running";
}

/**
 * The ring: two rising tones, a pause, again. One looping buffer, because a timer of a hidden page may fire once a minute.
 * `start()` and `stop()` may be called any number of times.
 */
export class Ring {
  /** @type {AudioBufferSourceNode | null} */
  #source = null;
  #wanted = false;

  /** @returns {Promise<boolean>} false when the browser refused to sound: show it, the officer must click */
  async start() {
    this.#wanted = true;
    if (!(await unlock()) || !context) return false;
    // Stopped while waiting for the click, or started by the call that waited beside this one.
    if (!this.#wanted || this.#source) return this.#source !== null;
    this.#source = new AudioBufferSourceNode(context, { buffer: ringBuffer(context), loop: true });
    this.#source.connect(context.destination);
    this.#source.start();
    return true;
  }

  stop() {
    this.#wanted = false;
    this.#source?.stop();
    this.#source = null;
  }

  /** One round of the ring, for the sound test before going on duty. */
  async once() {
    if (!(await unlock()) || !context) return false;
    const source = new AudioBufferSourceNode(context, { buffer: ringBuffer(context) });
    source.connect(context.destination);
    source.start();
    return true;
  }
}

/** A short soft tone; silent when the page may not sound. @param {number} [hertz] */
export function chime(hertz = 880) {
  if (context?.state !== "running") return;
  const now = context.currentTime;
  const gain = new GainNode(context, { gain: 0 });
  const tone = new OscillatorNode(context, { frequency: hertz });
  gain.gain.setValueAtTime(0, now);
  gain.gain.linearRampToValueAtTime(0.12, now + 0.02);
  gain.gain.exponentialRampToValueAtTime(0.001, now + 0.5);
  tone.connect(gain).connect(context.destination);
  tone.start(now);
  tone.stop(now + 0.55);
}

/** Tones as [start s, length s, hertz]; one round lasts three seconds. */
const TONES = /** @type {const} */ ([[0, 0.45, 660], [0.5, 0.7, 880]]);

/** @param {AudioContext} audio */
function ringBuffer(audio) {
  const buffer = audio.createBuffer(1, audio.sampleRate * 3, audio.sampleRate);
  const samples = buffer.getChannelData(0);
  for (const [from, length, hertz] of TONES) {
    const first = Math.round(from * audio.sampleRate);
    const count = Math.round(length * audio.sampleRate);
    for (let n = 0; n < count; n += 1) {
      const swell = Math.sin((Math.PI * n) / count); // no click at either end
      samples[first + n] = 0.5 * swell * Math.sin((2 * Math.PI * hertz * n) / audio.sampleRate);
    }
  }
  return buffer;
}

/** `<level-bar>` shows how loud our own microphone is. Set `stream`; null stops it. Only ever given the local capture. */

import { el } from "../lib/dom.js";
import { say } from "../lib/words.js";

const EVERY_MS = 80;

export class LevelBar extends HTMLElement {
  #meter = el("meter", { class: "level-meter", attrs: { min: 0, max: 1, value: 0, "aria-label": say("js.device.level") } });
  /** @type {AudioContext | null} */
  #context = null;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #timer;
  /** Loudest level since the stream was set, 0 to 1: a duty check reads it. */
  peak = 0;

  connectedCallback() {
    if (!this.firstChild) this.append(this.#meter);
  }

  disconnectedCallback() {
    this.stream = null;
  }

  /** @param {MediaStream | null} stream */
  set stream(stream) {
    clearInterval(this.#timer);
    void this.#context?.close();
    this.#context = null;
    this.#meter.value = this.peak = 0;
    if (stream?.getAudioTracks().length) this.#listen(stream);
  }

  /** @param {MediaStream} stream */
  #listen(stream) {
    const context = (this.#context = new AudioContext());
    const analyser = new AnalyserNode(context, { fftSize: 1024 });
    new MediaStreamAudioSourceNode(context, { mediaStream: stream }).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    this.#timer = setInterval(() => {
      analyser.getFloatTimeDomainData(samples);
      const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
      this.#meter.value = levelOf(Math.sqrt(power));
      this.peak = Math.max(this.peak, this.#meter.value);
    }, EVERY_MS);
  }
}

/** Root mean square to 0..1 over the 60 dB that ears care about. @param {number} rms */
function levelOf(rms) {
  return rms <= 0 ? 0 : Math.min(1, Math.max(0, 1 + (20 * Math.log10(rms)) / 60));
}

customElements.define("level-bar", LevelBar);

/**
 * `<device-picker>`: camera, microphone and speaker of this page, with own picture and level bar.
 * Use: `picker.capture = capture; await picker.check()`, which opens the capture and says in words what is missing.
 * Events: `checked` (detail: {camera: boolean, microphone: boolean, codes: string[]}), `chosen` (detail: DeviceKind).
 * The page closes the capture afterwards unless a call runs.
 */

import { KINDS, listDevices, preferred } from "../call/device-memory.js";
import { LocalCapture } from "../call/devices.js";
import { el } from "../lib/dom.js";
import { knows, say } from "../lib/words.js";
import "./level-bar.js";

/** @typedef {import("../call/device-memory.js").Device} Device */
/** @typedef {import("../call/device-memory.js").DeviceKind} DeviceKind */

let pickers = 0;

export class DevicePicker extends HTMLElement {
  #number = (pickers += 1);
  /** @type {LocalCapture} */
  #capture = new LocalCapture();
  #preview = el("video", { class: "device-preview", testid: "device-preview", attrs: { playsinline: true, autoplay: true } });
  #level = /** @type {import("./level-bar.js").LevelBar} */ (document.createElement("level-bar"));
  #faults = el("div", { class: "stack stack-tight", attrs: { role: "status" } });
  #selects = Object.fromEntries(KINDS.map((kind) => [kind, this.#select(kind)]));
  /** What each list offers, in its order. @type {Partial<Record<DeviceKind, Device[]>>} */
  #offered = {};

  connectedCallback() {
    if (this.firstChild) return;
    this.#preview.muted = true;
    const fields = KINDS.map((kind) =>
      el(
        "div",
        { class: "field" },
        el("label", { class: "label", attrs: { for: `device-${kind}-${this.#number}` } }, say(`js.device.${kind}`)),
        this.#selects[kind],
        kind === "microphone" ? this.#level : null,
      ),
    );
    this.append(this.#preview, el("div", { class: "stack" }, ...fields, this.#faults));
  }

  disconnectedCallback() {
    this.#level.stream = null;
    this.#preview.srcObject = null;
  }

  /** @param {LocalCapture} capture the page's one capture */
  set capture(capture) {
    this.#capture = capture;
    capture.addEventListener("change", () => void this.#show());
  }

  /** Open the devices and show what there is. @returns {Promise<{camera: boolean, microphone: boolean, codes: string[]}>} */
  async check() {
    await this.#capture.open();
    await this.#show();
    const { hasVideo: camera, hasAudio: microphone, codes } = this.#capture;
    const detail = { camera, microphone, codes };
    this.dispatchEvent(new CustomEvent("checked", { detail }));
    return detail;
  }

  async #show() {
    const { stream, faults } = this.#capture;
    this.#preview.srcObject = stream;
    this.#preview.play().catch(() => undefined);
    this.#level.stream = stream;
    const said = [faultWords("camera", faults.video), faultWords("microphone", faults.audio)].filter((words) => words !== null);
    this.#faults.replaceChildren(...said.map(({ code, words }) => el("p", { class: "notice notice-wait", data: { code } }, el("span", {}, words))));
    for (const kind of KINDS) await this.#fill(kind);
  }

  /** @param {DeviceKind} kind */
  async #fill(kind) {
    const select = this.#selects[kind];
    const devices = (this.#offered[kind] = await listDevices(kind));
    const track = kind === "camera" ? this.#capture.stream?.getVideoTracks()[0] : this.#capture.stream?.getAudioTracks()[0];
    const current = (kind === "speaker" ? undefined : track?.label) ?? preferred(kind)?.label;
    const options = devices.map(({ label }, index) => {
      const shown = label || say("js.device.numbered", { number: index + 1 });
      return el("option", { attrs: { value: index, selected: label === current } }, shown);
    });
    select?.replaceChildren(...(options.length ? options : [el("option", { attrs: { value: "" } }, say("js.device.none"))]));
  }

  /** @param {DeviceKind} kind */
  #select(kind) {
    return el("select", {
      class: "input",
      id: `device-${kind}-${this.#number}`,
      testid: `device-${kind}`,
      on: { change: (event) => void this.#choose(kind, Number(event.target.value)) },
    });
  }

  /** @param {DeviceKind} kind @param {number} place in the list */
  async #choose(kind, place) {
    const device = this.#offered[kind]?.[place];
    if (!device) return;
    await this.#capture.choose(kind, device);
    this.dispatchEvent(new CustomEvent("chosen", { detail: kind }));
  }
}

/** What is wrong with one device and what to do, where there are words for just this one. @param {"camera" | "microphone"} kind @param {string | null} code */
function faultWords(kind, code) {
  if (code === null) return null;
  const own = `js.device.fault.${kind}.${code}`;
  return { code, words: say(knows(own) ? own : `reason.${code}`) };
}

customElements.define("device-picker", DevicePicker);

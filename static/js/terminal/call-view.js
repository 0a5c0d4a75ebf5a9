/** The call on the terminal: the county's picture over the whole screen and four large buttons below it. */

import { LostLine } from "../components/lost-line.js";
import { find, put } from "../lib/dom.js";
import { say } from "../lib/words.js";

/** @typedef {import("../call/call.js").Call} Call */

/** Until this long after the last press, 听不清 is not sent again. */
const ONCE_PER_MS = 5000;

export class CallView {
  #view = find(document, "[data-call-view]", HTMLElement);
  #controls = find(document, "[data-bar-call]", HTMLElement);
  #mute = find(this.#controls, '[data-testid="mute-toggle"]', HTMLButtonElement);
  #camera = find(this.#controls, '[data-testid="camera-toggle"]', HTMLButtonElement);
  #complainedAt = -Infinity;
  stage = /** @type {import("../components/call-stage.js").CallStage} */ (find(document, "call-stage"));
  lost = find(document, "lost-line", LostLine);
  chat = /** @type {import("../components/chat-panel.js").ChatPanel} */ (find(document, "chat-panel"));

  /**
   * @param {Call} call
   * @param {import("../call/transport.js").MediaTransport} transport
   * @param {string} seat our own
   */
  constructor(call, transport, seat) {
    this.call = call;
    this.stage.follow(call, transport, seat);
    this.lost.follow(call, ({ lead }) => lead === true); // a colleague who leaves is no lost line
    this.chat.seat = seat;
    this.chat.send = (text) => call.say(text);
    find(this.#controls, "[data-chat-toggle]").append(this.chat.toggle);
    const on = (/** @type {string} */ name, /** @type {(detail: any) => void} */ show) =>
      call.addEventListener(name, (event) => show(/** @type {CustomEvent} */ (event).detail));
    on("chat", (line) => this.chat.add(line));
    on("room", (room) => (this.chat.names = room.peers));
    on("own", () => this.#showSwitches());
    this.#mute.addEventListener("click", () => void this.#switch("audio"));
    this.#camera.addEventListener("click", () => void this.#switch("video"));
    find(this.#controls, '[data-testid="cannot-hear"]').addEventListener("click", () => this.#cannotHear());
  }

  /** @param {boolean} shown */
  set shown(shown) {
    this.#view.hidden = this.#controls.hidden = !shown;
    if (shown) this.#showSwitches();
  }

  /** Nothing of the call stays in the page. */
  wipe() {
    this.chat.clear();
    this.chat.fold(true);
    this.stage.clear();
  }

  /** @param {"audio" | "video"} kind */
  async #switch(kind) {
    const on = !this.call.wants[kind];
    if (kind === "audio") await this.call.setAudio(on);
    else await this.call.setVideo(on);
    this.#showSwitches();
  }

  #showSwitches() {
    const { audio, video } = this.call.wants;
    showSwitch(this.#mute, { on: audio, icons: ["mic", "mic-off"], words: ["mute", "unmute"] });
    showSwitch(this.#camera, { on: video, icons: ["video", "video-off"], words: ["camera_off", "camera_on"] });
  }

  /** Tell the officer in writing, because a shout may not arrive either. */
  #cannotHear() {
    if (performance.now() - this.#complainedAt < ONCE_PER_MS) return;
    this.#complainedAt = performance.now();
    this.chat.say(say("js.terminal.cannot_hear"));
    this.chat.fold(false);
  }
}

/**
 * @param {HTMLButtonElement} button
 * @param {{on: boolean, icons: [string, string], words: [string, string]}} look first of each: while it is on
 */
function showSwitch(button, { on, icons, words }) {
  button.setAttribute("aria-pressed", String(!on));
  put(button, "[data-word]", say(`js.call.${words[on ? 0 : 1]}`));
  const icon = button.querySelector(".icon");
  if (icon) icon.className = `icon icon-${icons[on ? 0 : 1]}`;
}

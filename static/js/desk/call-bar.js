/** The bar under the picture: microphone, camera, chat, invite, end. Pressed states follow what the call really does. */

import { find, put } from "../lib/dom.js";
import { say } from "../lib/words.js";

/** @typedef {import("../call/call.js").Call} Call */

export class CallBar {
  #bar = find(document, "[data-call-bar]", HTMLElement);
  #mute = find(this.#bar, '[data-testid="mute-toggle"]', HTMLButtonElement);
  #camera = find(this.#bar, '[data-testid="camera-toggle"]', HTMLButtonElement);
  chat = find(this.#bar, '[data-testid="chat-open"]', HTMLButtonElement);
  invite = find(this.#bar, '[data-testid="invite-open"]', HTMLButtonElement);
  end = find(this.#bar, '[data-testid="end-visit"]', HTMLButtonElement);
  leave = find(this.#bar, '[data-testid="leave-call"]', HTMLButtonElement);

  /** @param {Call} call */
  constructor(call) {
    this.call = call;
    this.#mute.addEventListener("click", () => void call.setAudio(!call.own.audio));
    this.#camera.addEventListener("click", () => void call.setVideo(!call.own.video));
    for (const name of ["own", "local", "state"]) call.addEventListener(name, () => this.#show());
  }

  /** @param {boolean} isHost who answered may invite and ends the visit; a colleague leaves */
  set isHost(isHost) {
    this.invite.hidden = this.end.hidden = !isHost;
    this.leave.hidden = isHost;
  }

  #show() {
    const { audio, video } = this.call.own;
    const { hasAudio, hasVideo } = this.call.capture;
    this.#mute.disabled = !hasAudio;
    this.#camera.disabled = !hasVideo;
    turn(this.#mute, hasAudio && !audio, "mic", say(audio ? "js.bar.mute" : "js.bar.unmute"));
    turn(this.#camera, hasVideo && !video, "video", say(video ? "js.bar.camera_off" : "js.bar.camera_on"));
  }
}

/** @param {HTMLButtonElement} button @param {boolean} isOff @param {"mic" | "video"} name @param {string} words */
function turn(button, isOff, name, words) {
  button.setAttribute("aria-pressed", String(isOff));
  find(button, ".icon").className = `icon icon-${name}${isOff ? "-off" : ""}`;
  put(button, "[data-word]", words);
}

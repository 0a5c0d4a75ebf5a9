/** Microphone and camera: two buttons that show what the call really does. */

import { find, put } from "../lib/dom.js";
import { say } from "../lib/words.js";

export class Switches {
  /** @param {HTMLElement} bar @param {import("../call/call.js").Call} call */
  constructor(bar, call) {
    const mute = find(bar, '[data-testid="mute-toggle"]', HTMLButtonElement);
    const camera = find(bar, '[data-testid="camera-toggle"]', HTMLButtonElement);
    mute.addEventListener("click", () => void call.setAudio(!call.own.audio));
    camera.addEventListener("click", () => void call.setVideo(!call.own.video));
    const show = () => {
      const { audio, video } = call.own;
      const { hasAudio, hasVideo } = call.capture;
      mute.disabled = !hasAudio;
      camera.disabled = !hasVideo;
      turn(mute, hasAudio && !audio, "mic", say(audio ? "js.bar.mute" : "js.bar.unmute"));
      turn(camera, hasVideo && !video, "video", say(video ? "js.bar.camera_off" : "js.bar.camera_on"));
    };
    for (const name of ["own", "local", "state"]) call.addEventListener(name, show);
  }
}

/** @param {HTMLButtonElement} button @param {boolean} isOff @param {"mic" | "video"} name @param {string} words */
function turn(button, isOff, name, words) {
  button.setAttribute("aria-pressed", String(isOff));
  find(button, ".icon").className = `icon icon-${name}${isOff ? "-off" : ""}`;
  put(button, "[data-word]", words);
}

/** One other participant on the stage: picture, name and post under it, and in words why there is no picture. */

import { el, icon } from "../lib/dom.js";
import { say } from "../lib/words.js";

/** @typedef {import("../call/types.js").Peer} Peer */

export class PeerTile {
  #video = el("video", { testid: "remote-video", attrs: { autoplay: true, playsinline: true } });
  #name = el("strong");
  #post = el("span", { class: "tile-post" });
  #muted = el("span", { class: "tile-muted", hidden: true }, icon("mic-off"), say("js.call.peer_muted"));
  #away = el("p", { class: "tile-away" });
  #pick = el("button", { class: "tile-pick", attrs: { type: "button" } }, say("js.call.enlarge"));
  place = 0;

  /** @param {{onBlocked: () => void, onPick: () => void}} listeners onBlocked: the browser wants a click before sound */
  constructor({ onBlocked, onPick }) {
    this.onBlocked = onBlocked;
    this.element = el(
      "figure",
      { class: "peer-tile", testid: "peer-tile" },
      this.#video,
      el("div", { class: "tile-blank", attrs: { "aria-hidden": "true" } }, icon("user")),
      this.#away,
      el("figcaption", {}, this.#name, this.#post, this.#muted, this.#pick),
    );
    this.#pick.addEventListener("click", onPick);
  }

  /** @param {boolean} isMain */
  set isMain(isMain) {
    this.element.classList.toggle("is-main", isMain);
  }

  /** @param {Peer} peer @param {{isMain: boolean, place: number, stream: MediaStream | null}} where */
  show(peer, { isMain, place, stream }) {
    this.place = place;
    this.isMain = isMain;
    Object.assign(this.element.dataset, {
      seat: peer.seat,
      role: peer.role,
      name: peer.name,
      present: String(peer.present),
      video: String(peer.present && peer.video),
      audio: String(peer.audio),
    });
    this.#name.textContent = peer.name;
    this.#post.textContent = peer.post;
    this.#pick.setAttribute("aria-label", say("js.call.enlarge_name", { name: peer.name }));
    this.#muted.hidden = !peer.present || peer.audio;
    this.#away.textContent = peer.present ? say("js.call.peer_camera_off") : say("js.call.peer_away");
    if (this.#video.srcObject !== stream) {
      this.#video.srcObject = stream;
      if (stream) void this.play();
    }
  }

  /** Play with sound; a browser may want a click first. */
  async play() {
    try {
      await this.#video.play();
    } catch (error) {
      if (/** @type {Error} */ (error).name === "NotAllowedError") this.onBlocked();
    }
  }

  /** @param {string} id device id, "" for the default */
  async useSpeaker(id) {
    // Firefox before 116 has no setSinkId; the default speaker then stays.
    if ("setSinkId" in this.#video) await this.#video.setSinkId(id).catch(() => undefined);
  }

  close() {
    this.#video.srcObject = null;
    this.element.remove();
  }
}

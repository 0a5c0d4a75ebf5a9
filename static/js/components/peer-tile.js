/** One other participant on the stage: picture, name and post under it, and in words why there is no picture. */

import { el, icon } from "../lib/dom.js";
import { say } from "../lib/words.js";

/** @typedef {import("../call/types.js").Peer} Peer */

/** Whoever is back sooner was never away: after a restart of the server everybody joins again. */
const CALM_MS = 1500;

export class PeerTile {
  #video = el("video", { testid: "remote-video", attrs: { autoplay: true, playsinline: true } });
  // Of its own: Chromium (156) plays no sound in a video element before the first frame, and a camera may never bring one.
  #sound = el("audio", { attrs: { autoplay: true } });
  #name = el("strong");
  #post = el("span", { class: "tile-post" });
  #muted = el("span", { class: "tile-muted", hidden: true }, icon("mic-off"), el("span", { class: "tile-word", text: say("js.call.peer_muted") }));
  #slow = el("span", { class: "tile-slow", testid: "peer-slow", hidden: true, text: say("js.line.peer.slow") });
  #marks = el("span", { class: "tile-marks", testid: "peer-marks" });
  #away = el("p", { class: "tile-away" });
  /** @type {Peer | null} */
  #peer = null;
  /** @type {import("../call/pace.js").Pace | undefined} */
  #pace;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #calm;
  #pick = el("button", { class: "tile-pick", attrs: { type: "button" } }, say("js.call.enlarge"));

  /** @param {{onBlocked: () => void, onPick: () => void}} listeners onBlocked: the browser wants a click before sound */
  constructor({ onBlocked, onPick }) {
    this.onBlocked = onBlocked;
    this.#video.muted = true; // the attribute alone counts only for parsed pages
    this.element = el(
      "figure",
      { class: "peer-tile", testid: "peer-tile" },
      this.#video,
      this.#sound,
      el("div", { class: "tile-blank", attrs: { "aria-hidden": "true" } }, icon("user")),
      this.#away,
      el("figcaption", {}, this.#name, this.#muted, this.#post, this.#marks, this.#slow),
      this.#pick,
    );
    this.#pick.addEventListener("click", onPick);
  }

  /** @param {import("../call/layout.js").Place} place */
  set place(place) {
    this.element.dataset.place = place;
    this.element.classList.toggle("is-main", place === "main");
  }

  /** @param {Peer} peer @param {MediaStream | null} stream */
  show(peer, stream) {
    const isBlink = !peer.present && this.element.dataset.present === "true";
    this.#peer = peer;
    if (!isBlink) this.#paint(peer);
    else this.#calm ??= setTimeout(() => this.#peer && this.#paint(this.#peer), CALM_MS);
    if (this.#video.srcObject !== stream) {
      this.#video.srcObject = this.#sound.srcObject = stream;
      if (stream) void this.play();
    }
  }

  /** @param {Peer} peer */
  #paint(peer) {
    clearTimeout(this.#calm);
    this.#calm = undefined;
    Object.assign(this.element.dataset, {
      seat: peer.seat,
      role: peer.role,
      name: peer.name,
      present: String(peer.present),
      video: String(peer.present && peer.video),
      audio: String(peer.audio),
      held: String(peer.held ?? false),
    });
    const { lead, held, hand } = peer;
    const marks = [lead ? say("js.conduct.leads") : "", held ? say("js.conduct.is_held") : "", hand ? say("js.conduct.hand", { turn: hand }) : ""];
    this.#marks.textContent = marks.filter(Boolean).join(" · ");
    this.#name.textContent = peer.name;
    this.#post.textContent = peer.post;
    this.#pick.setAttribute("aria-label", say("js.call.enlarge_name", { name: peer.name }));
    this.#muted.hidden = !peer.present || peer.audio;
    this.#showPace();
  }

  /** A thin line is neither a fault nor a closed camera. @param {import("../call/pace.js").Pace | undefined} pace */
  set pace(pace) {
    if (pace === this.#pace) return;
    this.#pace = pace;
    this.#showPace();
  }

  #showPace() {
    const isPresent = this.element.dataset.present === "true";
    const why = this.#pace === "sound_only" ? "js.line.peer.sound_only" : "js.call.peer_camera_off";
    const isHeld = this.element.dataset.held === "true";
    this.#away.textContent = say(!isPresent ? "js.call.peer_away" : isHeld ? "js.conduct.is_held" : why);
    this.#slow.hidden = !isPresent || this.#pace !== "slow";
  }

  /** Play with sound; a browser may want a click first. */
  async play() {
    this.#video.play().catch(() => undefined); // waits for a first frame, or is interrupted by a new stream
    try {
      await this.#sound.play();
    } catch (error) {
      if (/** @type {Error} */ (error).name === "NotAllowedError") this.onBlocked();
    }
  }

  /** @param {string} id device id, "" for the default */
  async useSpeaker(id) {
    // Firefox before 116 has no setSinkId; the default speaker then stays.
    if ("setSinkId" in this.#sound) await this.#sound.setSinkId(id).catch(() => undefined);
  }

  close() {
    clearTimeout(this.#calm);
    this.#video.srcObject = this.#sound.srcObject = null;
    this.element.remove();
  }
}

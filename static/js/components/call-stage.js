/**
 * `<call-stage>` shows a call: one large picture, the others in fixed places of a strip, our own small and mirrored, the
 * countdown, the call state and the reason code. It decides nothing; call/call.js does.
 *
 * Attributes: `main-role` (space-separated roles that are large), `fill` (the large picture fills the element, the
 * others stand beside it: the terminal), `plain` (reason without its code: visitors), `phone` (to call when all else fails).
 * Use: `const stage = document.querySelector("call-stage"); stage.follow(call, transport, mySeat);`
 * Alone: set `state`, `code`, `local`, call `show(roomState, slot)`.
 */

import { arrange, frameOf, numeral } from "../call/layout.js";
import { chosenId } from "../call/device-memory.js";
import { el, icon } from "../lib/dom.js";
import { chime } from "../lib/sound.js";
import { say } from "../lib/words.js";
import { PeerTile } from "./peer-tile.js";

/** @typedef {import("../call/types.js").CallState} CallState */
/** @typedef {import("../call/types.js").RoomState} RoomState */
/** @typedef {import("../call/types.js").Peer} Peer */
/** @typedef {import("../call/quality.js").Hint} Hint */

/** Rungs of our own line that deserve a word; above them there is nothing to explain. */
const TOLD_RUNGS = new Set(["video_low", "stills", "audio", "text"]);

export class CallStage extends HTMLElement {
  /** @type {Map<string, PeerTile>} */
  #tiles = new Map();
  /** @type {string | null} */
  #pinned = null;
  /** Who has which place of the strip, so that nobody moves. @type {Map<string, import("../call/layout.js").Place>} */
  #homes = new Map();
  #seat = "";
  /** @type {number | undefined} */
  #frame;
  #ends = 0;

  #word = el("span");
  #stateBadge = el("p", { class: "stage-state", testid: "call-state", data: { state: "idle" }, attrs: { role: "status" } }, this.#word);
  #reason = el("p", { class: "stage-reason", testid: "reason-code", hidden: true, attrs: { role: "status" } });
  #rung = el("p", { class: "stage-note", testid: "own-line", hidden: true });
  #hints = el("div", { class: "stage-hints" });
  /** What the far side cannot notice itself, while it lasts; null once it was read. @type {Map<string, HTMLElement | null>} */
  #hinted = new Map();
  /** @type {Peer[]} */
  #peers = [];
  #frameWords = el("p", { class: "stage-frame", testid: "stage-frame", hidden: true, attrs: { role: "status" } });
  #notes = el("div", { class: "stage-notes", attrs: { role: "status" } }, this.#rung, this.#hints);
  #pictures = el("div", { class: "stage-pictures" });
  #own = el("video", { testid: "local-video", attrs: { playsinline: true, autoplay: true } });
  #ownTile = el(
    "figure",
    { class: "own-tile", hidden: true },
    this.#own,
    el("p", { class: "tile-away" }, say("js.call.own_camera_off")),
    el("figcaption", {}, say("js.call.you")),
  );
  #numeral = el("p", { class: "countdown-numeral", testid: "countdown" });
  #countdown = el(
    "div",
    { class: "countdown", hidden: true, attrs: { role: "timer", "aria-live": "assertive" } },
    this.#numeral,
    el("p", { class: "countdown-words" }, say("js.call.countdown")),
  );
  #unmute = el(
    "button",
    { class: "button button-action button-large stage-unmute", testid: "enable-sound", hidden: true, attrs: { type: "button" } },
    icon("volume-2"),
    say("js.call.enable_sound"),
  );

  connectedCallback() {
    if (this.firstChild) return;
    this.dataset.testid ||= "stage";
    this.#own.muted = true;
    this.#unmute.addEventListener("click", () => this.#playAll());
    this.append(this.#pictures, this.#countdown, this.#stateBadge, this.#reason, this.#frameWords, this.#notes, this.#unmute);
    this.#pictures.append(this.#ownTile);
    this.state = "idle";
  }

  disconnectedCallback() {
    this.clear();
  }

  /**
   * Show this call from now on.
   *
   * @param {import("../call/call.js").Call} call
   * @param {import("../call/transport.js").MediaTransport} transport
   * @param {string} seat our own
   */
  follow(call, transport, seat) {
    this.#seat = seat;
    /** @param {string} name @param {(detail: any) => void} show */
    const on = (name, show) => call.addEventListener(name, (event) => show(/** @type {CustomEvent} */ (event).detail));
    on("state", (state) => (this.state = state));
    on("code", (code) => (this.code = code));
    on("local", (stream) => (this.local = stream));
    on("own", ({ video }) => (this.#ownTile.dataset.video = String(video)));
    on("room", (room) => this.show(room, (slot) => transport.slot(slot)));
    on("rung", (rung) => (this.rung = rung));
    on("pace", (pace) => this.#showPace(pace));
    on("line", ({ of_seat, hints }) => this.#showHints(of_seat, hints));
  }

  /** @param {CallState} state */
  set state(state) {
    this.#stateBadge.dataset.state = state;
    this.dataset.state = state;
    this.#word.textContent = say(`call_state.${state}`);
    if (state !== "countdown") this.#stopCountdown();
    if (state === "ended" || state === "idle" || state === "suspended") this.clear();
  }

  /** @param {string | null} code a set-up reason code; null clears it */
  set code(code) {
    this.#reason.hidden = code === null;
    if (code === null) delete this.#reason.dataset.code;
    else this.#reason.dataset.code = code;
    const sentence = code ? say(`reason.${code}`) : "";
    this.#reason.textContent = code && !this.hasAttribute("plain") ? say("js.call.reason", { sentence, code }) : sentence;
  }

  /** How much our own line lets through, in words where it is little. @param {import("../call/ladder.js").Rung} rung */
  set rung(rung) {
    this.dataset.rung = rung;
    this.#rung.hidden = !TOLD_RUNGS.has(rung);
    this.#rung.textContent = TOLD_RUNGS.has(rung) ? say(`js.line.own.${rung}`, { phone: this.getAttribute("phone") ?? "" }) : "";
  }

  /** Own picture. @param {MediaStream | null} stream */
  set local(stream) {
    if (this.#own.srcObject !== stream) this.#own.srcObject = stream;
    this.#ownTile.hidden = !stream;
    this.#ownTile.dataset.video = String(Boolean(stream?.getVideoTracks().length));
    if (stream) this.#own.play().catch(() => undefined);
  }

  /**
   * The whole room as this seat sees it.
   *
   * @param {RoomState} room
   * @param {(slot: number) => MediaStream} slot
   */
  show(room, slot) {
    this.#peers = room.peers;
    const others = room.peers.filter(({ seat }) => seat !== this.#seat);
    for (const [seat, tile] of this.#tiles) if (!others.some((peer) => peer.seat === seat)) this.#remove(seat, tile);
    for (const peer of others) {
      const tile = this.#tiles.get(peer.seat) ?? this.#add(peer.seat);
      tile.show(peer, peer.slot === null ? null : slot(peer.slot));
    }
    this.#arrange();
    this.#showFrame(frameOf(room, this.#seat));
    if (room.phase === "countdown") this.#startCountdown(room.countdown_ms);
    else this.#stopCountdown();
  }

  /** Places are style only: a moved video element would stop. */
  #arrange() {
    const mainRoles = (this.getAttribute("main-role") ?? "").split(" ");
    const { places, homes } = arrange(this.#peers, this.#seat, mainRoles, { pinned: this.#pinned, before: this.#homes });
    this.#homes = homes;
    for (const [seat, tile] of this.#tiles) tile.place = places.get(seat) ?? "4";
    this.dataset.others = String(homes.size);
  }

  /** Words round the stage; on hold they stand where the pictures were. @param {{kind: string, names: string[]}} frame */
  #showFrame({ kind, names }) {
    this.dataset.frame = kind;
    this.#frameWords.hidden = kind === "none";
    this.#frameWords.textContent = kind === "none" ? "" : say(`js.frame.${kind}`, { names: names.join("、") });
  }

  /** Forget everybody: after a call nothing of it stays in the page. */
  clear() {
    this.#stopCountdown();
    for (const [seat, tile] of this.#tiles) this.#remove(seat, tile);
    this.#pinned = null;
    this.#homes = new Map();
    this.#showFrame({ kind: "none", names: [] });
    this.#unmute.hidden = true;
    this.local = null;
    this.rung = "video";
    this.#peers = [];
    this.#hinted.clear();
    this.#hints.replaceChildren();
  }

  /** Play on the chosen speaker, from now on and at once. */
  async useChosenSpeaker() {
    const id = await chosenId("speaker");
    for (const tile of this.#tiles.values()) await tile.useSpeaker(id ?? "");
  }

  /** @param {Map<number, import("../call/pace.js").Pace>} pace by slot */
  #showPace(pace) {
    for (const { seat, slot } of this.#peers) {
      const tile = this.#tiles.get(seat);
      if (tile) tile.pace = slot === null ? undefined : pace.get(slot);
    }
  }

  /**
   * To the officer, because the visitor can do little about it alone: once while it lasts, gone when it is over.
   *
   * @param {string} seat
   * @param {readonly Hint[]} hints
   */
  #showHints(seat, hints) {
    if (this.#peers.find((peer) => peer.seat === seat)?.role !== "terminal") return;
    for (const [hint, note] of this.#hinted) {
      if (hints.includes(/** @type {Hint} */ (hint))) continue;
      note?.remove();
      this.#hinted.delete(hint);
    }
    for (const hint of hints) if (!this.#hinted.has(hint)) this.#hint(hint);
  }

  /** @param {Hint} hint */
  #hint(hint) {
    const read = el("button", { class: "button", attrs: { type: "button" } }, say("js.hint.seen"));
    const note = el("p", { class: "stage-note", testid: "line-hint", data: { hint } }, el("span", { text: say(`js.hint.${hint}`) }), read);
    read.addEventListener("click", () => {
      note.remove();
      this.#hinted.set(hint, null);
    });
    this.#hinted.set(hint, note);
    this.#hints.append(note);
  }

  /** @param {string} seat */
  #add(seat) {
    const tile = new PeerTile({
      onBlocked: () => this.#onBlocked(),
      onPick: () => this.#pick(seat),
    });
    this.#tiles.set(seat, tile);
    this.#pictures.insertBefore(tile.element, this.#ownTile);
    void this.useChosenSpeaker();
    return tile;
  }

  /** @param {string} seat @param {PeerTile} tile */
  #remove(seat, tile) {
    tile.close();
    this.#tiles.delete(seat);
  }

  /** Make a picture of the strip large. @param {string} seat */
  #pick(seat) {
    this.#pinned = seat;
    this.#arrange();
  }

  /** The browser wants a click before sound: any one will do. */
  #onBlocked() {
    this.#unmute.hidden = false;
    document.addEventListener("click", () => this.#playAll(), { once: true });
  }

  #playAll() {
    this.#unmute.hidden = true;
    for (const tile of this.#tiles.values()) void tile.play();
  }

  /** @param {number} remainingMs */
  #startCountdown(remainingMs) {
    this.#ends = performance.now() + remainingMs;
    this.#countdown.hidden = false;
    if (this.#frame === undefined) this.#tick();
  }

  #tick() {
    const shown = String(Math.max(1, numeral(this.#ends - performance.now())));
    if (this.#numeral.textContent !== shown) {
      this.#numeral.textContent = shown;
      chime(shown === "1" ? 880 : 660);
    }
    this.#frame = requestAnimationFrame(() => this.#tick());
  }

  #stopCountdown() {
    if (this.#frame !== undefined) cancelAnimationFrame(this.#frame);
    this.#frame = undefined;
    this.#countdown.hidden = true;
    this.#numeral.textContent = "";
  }
}

customElements.define("call-stage", CallStage);

/**
 * Makes a ring impossible to miss: sound, flashing title and page icon, a notification of the system.
 * `ringing(list)` may be called with every change; an empty list is silence at once.
 */

import { maySound, Ring as Bell } from "../lib/sound.js";
import { say } from "../lib/words.js";

/** @typedef {import("./types.js").Ring} Ring */

const FLASH_MS = 1000;

/** Events: `silent` (the browser would not sound: the officer must click once). */
export class Alarm extends EventTarget {
  #bell = new Bell();
  /** @type {Promise<void> | null} */
  #starting = null;
  #title = document.title;
  #icon = /** @type {HTMLLinkElement | null} */ (document.querySelector('link[rel="icon"]'));
  #calm = this.#icon?.getAttribute("href") ?? "";
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #flash;
  /** @type {Map<string, Notification>} */
  #notes = new Map();

  /** @param {Ring[]} rings */
  ringing(rings) {
    const visits = new Set(rings.map((ring) => ring.visit));
    for (const [visit, note] of this.#notes) if (!visits.has(visit)) this.#close(visit, note);
    for (const ring of rings) this.#notify(ring);
    if (rings.length === 0) this.#silence();
    else this.#sound(rings[0]);
  }

  /** Ask for notifications; belongs into a click. A refusal leaves sound, title and icon. */
  static askToNotify() {
    if ("Notification" in window && Notification.permission === "default") void Notification.requestPermission();
  }

  /** @param {Ring | undefined} ring */
  #sound(ring) {
    this.#startFlash(ring?.ticket ?? "");
    if (!maySound()) this.dispatchEvent(new CustomEvent("silent"));
    // Without a click the browser lets start() wait; two waiting starts would be two sounds.
    this.#starting ??= this.#bell.start().then(() => {
      this.#starting = null;
      if (this.#flash === undefined) this.#bell.stop(); // the ring ended meanwhile
    });
  }

  #silence() {
    this.#bell.stop();
    clearInterval(this.#flash);
    this.#flash = undefined;
    document.title = this.#title;
    this.#icon?.setAttribute("href", this.#calm);
  }

  /** @param {string} ticket */
  #startFlash(ticket) {
    if (this.#flash !== undefined) return;
    let isOn = false;
    const turn = () => {
      isOn = !isOn;
      document.title = isOn ? say("js.desk.ring_title", { ticket }) : this.#title;
      this.#icon?.setAttribute("href", (isOn && this.#icon.dataset.ringing) || this.#calm);
    };
    turn();
    this.#flash = setInterval(turn, FLASH_MS);
  }

  /** Number and place only: a notification may be read over a shoulder or kept by the system. @param {Ring} ring */
  #notify({ visit, ticket, place }) {
    if (this.#notes.has(visit) || !("Notification" in window) || Notification.permission !== "granted") return;
    const note = new Notification(say("js.desk.ring_title", { ticket }), { body: place, tag: visit, requireInteraction: true });
    note.addEventListener("click", () => window.focus());
    this.#notes.set(visit, note);
  }

  /** @param {string} visit @param {Notification} note */
  #close(visit, note) {
    note.close();
    this.#notes.delete(visit);
  }
}

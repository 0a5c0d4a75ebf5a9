/** Recusal at the desk: keeps banner and form beside the visit that is hosted here, and sends what is entered. */

import { AccusedForm } from "../components/accused-form.js";
import { ConflictBanner } from "../components/conflict-banner.js";
import { api } from "../lib/api.js";
import { sayRefusal } from "../lib/words.js";

/**
 * @typedef {{
 *   lines: {id: string, kind: string, label: string}[], taken_out: number, is_missing: boolean,
 *   is_about_the_room: boolean, units: {id: string, name: string, depth: number}[], staff: string[],
 * }} Conflicts
 */

/** Whoever hosts the visit, or writes its outcome, may enter whom it is about. */
const HOSTING = new Set(["host", "form"]);

export class ConflictDesk {
  #banner = new ConflictBanner();
  #form = new AccusedForm();
  #panel;
  /** @type {string | null} */
  #visit = null;

  /**
   * @param {import("../components/case-panel.js").CasePanel} panel
   * @param {EventTarget} connection what is said there of the visit renews the banner
   */
  constructor(panel, connection) {
    this.#panel = panel;
    this.#banner.hidden = this.#form.hidden = true;
    panel.banners.append(this.#banner);
    panel.handlingPlace.append(this.#form);
    new MutationObserver(() => void this.#follow()).observe(panel, { attributeFilter: ["data-visit", "data-use"] });
    connection.addEventListener("message", (event) => {
      const { type, visit, room } = /** @type {CustomEvent} */ (event).detail;
      if (this.#visit && (visit ?? room) === this.#visit && (type === "visit" || type === "room_state")) void this.#refresh();
    });
    this.#form.addEventListener("enter", (event) => void this.#send("", /** @type {CustomEvent} */ (event).detail));
    this.#form.addEventListener("take-back", (event) => void this.#send(`/${/** @type {CustomEvent} */ (event).detail}/remove`, {}));
  }

  async #follow() {
    const { visit, use } = this.#panel.dataset;
    const next = visit && HOSTING.has(use ?? "") ? visit : null;
    if (next === this.#visit) return;
    this.#visit = next;
    this.#show(null);
    await this.#refresh();
  }

  async #refresh() {
    const visit = this.#visit;
    if (!visit) return;
    try {
      const conflicts = await api("GET", `/api/v1/visits/${visit}/accused`);
      if (visit === this.#visit) this.#show(conflicts);
    } catch {
      // Handed over, or out of reach: what is not known is not shown.
      if (visit === this.#visit) this.#show(null);
    }
  }

  /** @param {string} what @param {unknown} body */
  async #send(what, body) {
    try {
      await api("POST", `/api/v1/visits/${this.#visit}/accused${what}`, body);
      this.#form.clear();
    } catch (error) {
      this.#form.fail(sayRefusal(error));
    }
    await this.#refresh();
  }

  /** @param {Conflicts | null} conflicts */
  #show(conflicts) {
    this.#banner.show(conflicts);
    this.#form.show(conflicts);
  }
}

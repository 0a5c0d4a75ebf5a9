/** The visit at hand: fills the case panel, puts the outcome form where it belongs and keeps the chat together. */

import { readSnapshot, readVisit } from "./deeds.js";
import { say } from "../lib/words.js";

/** @typedef {{visit: string | null, use: import("../components/case-panel.js").Use, isOwed: boolean}} Shown
 *   isOwed: the form of the visit just ended, which cannot be put aside */

export class CaseDesk {
  /** @type {Shown} */
  #shown = { visit: null, use: "preview", isOwed: false };

  /**
   * @param {{panel: import("../components/case-panel.js").CasePanel, form: import("../components/outcome-form.js").OutcomeForm,
   *   notices: import("./notices.js").Notices, formPlace: HTMLElement, me: import("./types.js").Me,
   *   call: import("../call/call.js").Call}} parts formPlace: where the form stands after the call
   */
  constructor({ panel, form, notices, formPlace, me, call }) {
    this.panel = panel;
    this.form = form;
    this.notices = notices;
    this.formPlace = formPlace;
    this.me = me;
    panel.chat.seat = me.seat;
    panel.chat.send = (text) => call.say(text);
    panel.addEventListener("repeats-refused", (event) => notices.refused(/** @type {CustomEvent} */ (event).detail));
    // Who has to take part, and why they did not, stands beside the form.
    form.addEventListener("refused", (event) => /** @type {CustomEvent} */ (event).detail === "rung_unmet" && panel.select("handling"));
  }

  /** @param {Shown} next */
  show(next) {
    const before = this.#shown;
    this.#shown = next;
    this.panel.hidden = next.visit === null;
    this.panel.uses = next.use;
    this.form.mayLog = next.use === "form";
    this.form.mayClose = next.use === "form" && !next.isOwed;
    this.#place(next.use === "form" ? this.formPlace : this.panel.outcomePlace);
    if (next.visit !== before.visit) this.#change();
    else if (next.use !== before.use) void this.#load(next.use === "form");
  }

  /** @param {import("../call/types.js").Peer[]} peers */
  peers(peers) {
    this.panel.chat.names = peers.map((peer) => (peer.role === "terminal" ? { ...peer, name: say("js.panel.visitor_side") } : peer));
  }

  /** @param {import("../call/types.js").ChatLine} line */
  line(line) {
    this.panel.chat.add(line);
    if (line.from_seat !== this.me.seat) this.panel.lineArrived();
  }

  /** Something may have been missed: show the conversation as the server has it. */
  async refill() {
    const { visit, use } = this.#shown;
    if (!visit || !isInCall(use)) return;
    const { chat } = await readSnapshot(visit).catch(() => ({ chat: [] })); // the line fell again: its return asks again
    if (this.#shown.visit !== visit) return;
    const named = chat.map((line) => (line.role === "terminal" ? { ...line, name: say("js.panel.visitor_side") } : line));
    this.panel.chat.refill(visit, named);
  }

  openChat() {
    this.panel.select("chat");
    this.panel.chat.querySelector("textarea")?.focus();
  }

  /** A moved element keeps what is typed; focus must not be thrown away for nothing. @param {HTMLElement} place */
  #place(place) {
    if (this.form.parentElement !== place) place.append(this.form);
  }

  #change() {
    this.panel.clear();
    this.form.close();
    void this.#load(this.#shown.use === "form");
  }

  /** @param {boolean} isWriting focus goes to the form */
  async #load(isWriting) {
    const { visit, use } = this.#shown;
    if (!visit) return;
    try {
      const view = await readVisit(visit);
      if (this.#shown.visit !== visit) return;
      this.panel.show(view);
      if (isInCall(use)) void this.refill();
      if (use === "host" || use === "form") await this.form.open({ visit, view, me: this.me });
      if (isWriting && this.#shown.use === "form") this.form.focusFirst();
    } catch (error) {
      // A ring may be over before its preview came: nobody misses it.
      if (this.#shown.visit === visit && use !== "preview") this.notices.refused(error, () => void this.#load(isWriting));
    }
  }
}

/** @param {import("../components/case-panel.js").Use} use */
function isInCall(use) {
  return use === "host" || use === "guest";
}

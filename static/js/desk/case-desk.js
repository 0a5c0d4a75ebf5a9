/** The visit at hand: fills the case panel, puts the outcome form where it belongs and keeps the chat together. */

import { readVisit } from "./deeds.js";
import { say } from "../lib/words.js";

/** @typedef {import("./types.js").VisitView} VisitView */
/** @typedef {{visit: string | null, use: import("../components/case-panel.js").Use, isOwed: boolean}} Shown
 *   isOwed: the form of the visit just ended, which cannot be put aside */

export class CaseDesk {
  /** @type {Shown} */
  #shown = { visit: null, use: "preview", isOwed: false };
  /** @type {VisitView | null} */
  #view = null;

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

  openChat() {
    this.panel.select("chat");
    this.panel.chat.querySelector("textarea")?.focus();
  }

  /** A moved element keeps what is typed; focus must not be thrown away for nothing. @param {HTMLElement} place */
  #place(place) {
    if (this.form.parentElement !== place) place.append(this.form);
  }

  #change() {
    this.#view = null;
    this.panel.clear();
    this.form.close();
    void this.#load(this.#shown.use === "form");
  }

  /** @param {boolean} isWriting focus goes to the form */
  async #load(isWriting) {
    const { visit, use } = this.#shown;
    if (!visit) return;
    try {
      const isNew = this.#view === null;
      const view = await readVisit(visit);
      if (this.#shown.visit !== visit) return;
      this.#view = view;
      this.panel.show(view);
      if (isNew) this.#showEarlierLines(view);
      if (use === "host" || use === "form") await this.form.open({ visit, view, me: this.me });
      if (isWriting && this.#shown.use === "form") this.form.focusFirst();
    } catch (error) {
      // A ring may be over before its preview came: nobody misses it.
      if (this.#shown.visit === visit && use !== "preview") this.notices.refused(error, () => void this.#load(isWriting));
    }
  }

  /** Lines from before a reload know a name, not a seat. @param {VisitView} view */
  #showEarlierLines({ visit, chat }) {
    const mine = this.me.name;
    for (const { who, role, text, at } of chat) {
      const name = who || (role === "terminal" ? say("js.panel.visitor_side") : say(`role.${role}`));
      const seat = who === mine ? this.me.seat : `earlier ${name}`;
      this.panel.chat.names = [{ seat, role, name, post: "", present: false, audio: false, video: false, slot: null }];
      this.panel.chat.add({ room: visit, from_seat: seat, text, at });
    }
  }
}

/** The ringing corner of the desk: a card per ring and invitation, the alarm, and words for those who do not look. */

import { IncomingRing } from "../components/incoming-ring.js";
import { InvitationCard } from "../components/invitation-card.js";
import { say } from "../lib/words.js";
import { Alarm } from "./alarm.js";

/** @typedef {import("./types.js").Ring} Ring */
/** @typedef {import("./types.js").Invitation} Invitation */
/** @typedef {import("../components/incoming-ring.js").Before} Before */

export class Ringing {
  alarm = new Alarm();
  /** @type {Map<string, IncomingRing>} */
  #cards = new Map();
  /** @type {Map<string, InvitationCard>} */
  #invitations = new Map();

  /** @param {HTMLElement} place where the cards stand @param {HTMLElement} live a region that screen readers speak */
  constructor(place, live) {
    this.place = place;
    this.live = live;
  }

  /** @param {Ring[]} rings in order of arrival @param {Invitation[]} invitations @param {(visit: string) => Before | null} before */
  show(rings, invitations, before) {
    this.#drop(this.#cards, rings);
    this.#drop(this.#invitations, invitations);
    for (const ring of rings) {
      if (this.#cards.has(ring.visit)) continue;
      this.#add(this.#cards, ring.visit, IncomingRing.of(ring));
      this.live.textContent = say("js.desk.ring_spoken", { ticket: ring.ticket, place: ring.place });
    }
    for (const invitation of invitations) {
      if (this.#invitations.has(invitation.visit)) continue;
      this.#add(this.#invitations, invitation.visit, InvitationCard.of(invitation));
      this.live.textContent = say("js.invite.spoken", { name: invitation.from_name });
    }
    for (const [visit, card] of this.#cards) card.received = before(visit);
    if (rings.length + invitations.length === 0) this.live.textContent = "";
    this.alarm.ringing(rings);
  }

  /** Answer the ring that came first, as if its button had been pressed. */
  acceptFirst() {
    this.#cards.values().next().value?.accept();
  }

  /** The A key answers the first ring, unless somebody is writing. @param {() => boolean} mayAnswer */
  answerByKey(mayAnswer) {
    document.addEventListener("keydown", (event) => {
      const typing = event.target instanceof Element && event.target.closest("input, textarea, select, [contenteditable]");
      if (event.key.toLowerCase() !== "a" || event.repeat || event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
      if (!typing && !document.querySelector("dialog[open]") && mayAnswer()) this.acceptFirst();
    });
  }

  /** @param {string} visit @param {boolean} busy */
  busy(visit, busy) {
    const card = this.#cards.get(visit) ?? this.#invitations.get(visit);
    if (card) card.busy = busy;
  }

  /** @param {Map<string, HTMLElement>} cards @param {{visit: string}[]} wanted */
  #drop(cards, wanted) {
    for (const [visit, card] of cards) {
      if (wanted.some((one) => one.visit === visit)) continue;
      card.remove();
      cards.delete(visit);
    }
  }

  /** @template {HTMLElement} T @param {Map<string, T>} cards @param {string} visit @param {T} card */
  #add(cards, visit, card) {
    cards.set(visit, card);
    this.place.append(card);
  }
}

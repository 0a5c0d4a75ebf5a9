/**
 * `<invitation-card>`: a colleague asks into a running call. Made by `InvitationCard.of(invitation)`.
 * Events (bubbling): `join-call`, `dismiss-call` (detail: visit id).
 */

import { api } from "../lib/api.js";
import { el, icon } from "../lib/dom.js";
import { say } from "../lib/words.js";

/** @typedef {import("../desk/types.js").Invitation} Invitation */

export class InvitationCard extends HTMLElement {
  #join = el("button", { class: "button button-action", testid: "invitation-join", attrs: { type: "button" } }, icon("phone"), say("js.invite.join"));

  /** @param {Invitation} invitation */
  static of({ visit, ticket, place, from_name, from_post }) {
    const card = /** @type {InvitationCard} */ (document.createElement("invitation-card"));
    card.dataset.testid = "invitation";
    card.dataset.visit = visit;
    card.setAttribute("role", "group");
    const tell = (/** @type {string} */ name) => card.dispatchEvent(new CustomEvent(name, { detail: visit, bubbles: true }));
    card.#join.addEventListener("click", () => tell("join-call"));
    const dismiss = () => {
      // The host waits for an answer; when it gets lost, the ring runs out there.
      api("POST", `/api/v1/visits/${visit}/decline-invitation`, {}).catch(() => undefined);
      tell("dismiss-call");
    };
    card.append(
      el("p", { class: "ring-word" }, icon("user-plus"), say("js.invite.asked")),
      el("p", {}, el("strong", { text: from_name }), el("span", { class: "soft small invitation-post", text: from_post })),
      el("p", { class: "soft", text: `${ticket} ${place}` }),
      el("div", { class: "ring-deeds" }, card.#join, el("button", { class: "button", testid: "invitation-dismiss", attrs: { type: "button" }, on: { click: dismiss } }, say("js.invite.dismiss"))),
    );
    return card;
  }

  /** @param {boolean} busy */
  set busy(busy) {
    this.#join.setAttribute("aria-busy", String(busy));
  }
}

customElements.define("invitation-card", InvitationCard);

/**
 * `<invite-panel>`: a dialog to ask a colleague on duty into the call.
 * Use: `await panel.open(colleagues, (person) => invite(visit, person))`; it stays open when the invitation failed.
 */

import { el, find, whileBusy } from "../lib/dom.js";
import { say, sayRefusal } from "../lib/words.js";
import { nameOf, presenceOf } from "./colleague-list.js";

/** @typedef {import("../desk/types.js").Colleague} Colleague */

export class InvitePanel extends HTMLElement {
  /** @type {(person: string) => Promise<void>} */
  #invite = () => Promise.resolve();
  #shown = "";
  #list = el("div", { class: "choices", attrs: { role: "radiogroup", "aria-labelledby": "invite-title" } });
  #failure = el("p", { class: "notice notice-danger", hidden: true, attrs: { role: "alert" } });
  #send = el("button", { class: "button button-action", testid: "invite-send", attrs: { type: "submit" }, text: say("js.invite.send") });
  #form = el(
    "form",
    { attrs: { novalidate: true } },
    el("h2", { id: "invite-title", text: say("js.invite.title") }),
    el("p", { class: "hint", text: say("js.invite.hint") }),
    this.#list,
    this.#failure,
    el("div", { class: "button-row" }, this.#send, el("button", { class: "button", attrs: { type: "button", value: "cancel" }, text: say("js.invite.cancel") })),
  );
  #dialog = el("dialog", { class: "dialog", testid: "invite-panel", attrs: { "aria-labelledby": "invite-title" } }, this.#form);

  connectedCallback() {
    if (this.firstChild) return;
    this.append(this.#dialog);
    find(this.#form, '[value="cancel"]').addEventListener("click", () => this.#dialog.close());
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      void whileBusy(this.#send, () => this.#submit());
    });
  }

  /** @param {Colleague[]} colleagues @param {(person: string) => Promise<void>} invite rejects when the server refused */
  open(colleagues, invite) {
    this.#invite = invite;
    this.#failure.hidden = true;
    this.#shown = "";
    this.#form.reset();
    this.show(colleagues);
    this.#dialog.showModal();
  }

  close() {
    this.#dialog.close();
  }

  /** Newer presence while the dialog is open; the choice stays. @param {Colleague[]} colleagues */
  show(colleagues) {
    const state = JSON.stringify(colleagues);
    if (state === this.#shown) return; // focus stays where it is
    this.#shown = state;
    const chosen = String(new FormData(this.#form).get("person") ?? "");
    this.#list.replaceChildren(...colleagues.map((colleague) => choiceOf(colleague, colleague.person === chosen)));
    if (colleagues.length === 0) this.#list.append(el("p", { class: "soft", text: say("js.invite.nobody") }));
    this.#send.disabled = !colleagues.some(({ present }) => present);
  }

  async #submit() {
    const person = new FormData(this.#form).get("person");
    if (!person) return this.#fail(say("js.invite.choose"));
    try {
      await this.#invite(String(person));
      this.#dialog.close();
    } catch (error) {
      this.#fail(sayRefusal(error));
    }
  }

  /** @param {string} sentence */
  #fail(sentence) {
    this.#failure.replaceChildren(el("span", { text: sentence }));
    this.#failure.hidden = false;
  }
}

/** @param {Colleague} colleague @param {boolean} isChosen */
function choiceOf(colleague, isChosen) {
  const { person, present } = colleague;
  return el(
    "label",
    { class: "choice", testid: "invite-person", data: { person } },
    el("input", { attrs: { type: "radio", name: "person", value: person, disabled: !present, checked: isChosen && present } }),
    ...nameOf(colleague),
    presenceOf(colleague),
  );
}

customElements.define("invite-panel", InvitePanel);

/** One case: printing, and the unseal that shows who came for one minute and then forgets it. */

import "../components/line-graph.js";
import { api, ApiError } from "../lib/api.js";
import { el, find, whileBusy } from "../lib/dom.js";
import { clearErrors, showErrors } from "../lib/forms.js";
import { say, sayRefusal } from "../lib/words.js";

/** @typedef {{role: string, name: string, id_number: string, phone: string, address: string}} Person */

const SHOWN = /** @type {const} */ (["name", "id_number", "phone", "address"]);

class Unseal {
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #timer;

  /** @param {HTMLDialogElement} dialog @param {HTMLElement} place where the people are shown */
  constructor(dialog, place) {
    this.dialog = dialog;
    this.place = place;
    this.form = find(dialog, "form", HTMLFormElement);
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      void whileBusy(find(this.form, '[type="submit"]', HTMLButtonElement), () => this.#ask());
    });
    find(dialog, "[data-cancel]").addEventListener("click", () => dialog.close());
    find(place, "[data-hide]").addEventListener("click", () => this.hide());
    // A page kept for the back button must not bring the names back.
    window.addEventListener("pagehide", () => this.hide());
  }

  open() {
    this.form.reset();
    clearErrors(this.form);
    this.#fail("");
    this.dialog.showModal();
  }

  async #ask() {
    const { reason, note } = Object.fromEntries(new FormData(this.form));
    clearErrors(this.form);
    this.#fail("");
    if (!reason) {
      showErrors(this.form, { reason: "choose" });
      return;
    }
    try {
      const answer = await api("POST", `/api/v1/cases/${this.form.dataset.number}/unseal`, { reason, note });
      this.dialog.close();
      this.#show(answer.people, answer.expires_s);
    } catch (error) {
      const homeless = error instanceof ApiError ? showErrors(this.form, error.fields) : [];
      const isAtFields = error instanceof ApiError && Object.keys(error.fields).length > homeless.length;
      if (!isAtFields) this.#fail(sayRefusal(error));
    }
  }

  /** @param {string} sentence empty hides the notice */
  #fail(sentence) {
    const notice = find(this.form, "[data-failure]", HTMLElement);
    find(notice, "p").textContent = sentence;
    notice.hidden = !sentence;
  }

  /** @param {Person[]} people @param {number} seconds */
  #show(people, seconds) {
    const until = performance.now() + seconds * 1000;
    const shown = people.map((person) =>
      el("dl", { class: "unsealed-person", testid: "unsealed-person" },
        el("div", {}, el("dt", { text: say("js.case.role") }), el("dd", { text: say(`role.${person.role}`) })),
        ...SHOWN.map((field) =>
          el("div", {}, el("dt", { text: say(`js.case.${field}`) }), el("dd", { text: person[field] || say("js.case.not_given") })),
        ),
      ),
    );
    find(this.place, "[data-people]").replaceChildren(
      ...(shown.length > 0 ? shown : [el("p", { class: "soft", text: say("js.case.nobody_named") })]),
    );
    this.place.hidden = false;
    find(this.place, "h2", HTMLElement).focus();
    clearInterval(this.#timer);
    const tick = () => {
      const left = Math.ceil((until - performance.now()) / 1000);
      if (left <= 0) this.hide();
      else find(this.place, "[data-countdown]").textContent = say("js.case.hides_in", { seconds: left });
    };
    tick();
    this.#timer = setInterval(tick, 250);
  }

  hide() {
    clearInterval(this.#timer);
    find(this.place, "[data-people]").replaceChildren();
    this.place.hidden = true;
  }
}

find(document, "[data-print]").addEventListener("click", () => window.print());

const opener = document.querySelector("[data-unseal-open]");
if (opener) {
  const unseal = new Unseal(
    find(document, "[data-unseal]", HTMLDialogElement),
    find(document, "[data-unsealed]", HTMLElement),
  );
  opener.addEventListener("click", () => unseal.open());
}

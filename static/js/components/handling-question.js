/**
 * `<handling-question>`: three fixed questions and free words, asked while those who handle the case are out of the media.
 * Made by `HandlingQuestion.of(link, place, isRunning, before)`; `before` is the element of the last round, which keeps what is typed.
 * Events (bubbling): `repeats-changed`, `repeats-refused` (detail: the error).
 */

import { beAlone, keepHandling } from "../desk/repeats.js";
import { el, whileBusy } from "../lib/dom.js";
import { ApiError } from "../lib/api.js";
import { showErrors } from "../lib/forms.js";
import { say } from "../lib/words.js";

/** @typedef {import("../desk/repeats.js").HandlingPlace} HandlingPlace */

const QUESTIONS = /** @type {const} */ (["contacted", "explained", "satisfied"]);
const REPLIES = /** @type {const} */ (["yes", "partly", "no", "no_answer"]);

export class HandlingQuestion extends HTMLElement {
  #link = "";
  #isAlone = false;
  #words = el("textarea", { class: "input", testid: "handling-words", attrs: { rows: 2, maxlength: 2000 } });
  #alone = el("button", { class: "button", testid: "handling-alone", attrs: { type: "button" } });
  #hint = el("p", { class: "small soft", testid: "handling-hint", attrs: { role: "status" } });
  #submit = el("button", { class: "button button-action", testid: "handling-submit", attrs: { type: "submit" } }, say("js.handling.submit"));
  #form = el("form", { class: "form", attrs: { novalidate: true } });

  /** @param {string} link @param {HandlingPlace} place @param {boolean} isRunning @param {Element} [before] */
  static of(link, place, isRunning, before) {
    const one = before instanceof HandlingQuestion ? before : /** @type {HandlingQuestion} */ (document.createElement("handling-question"));
    one.#show(link, place, isRunning);
    return one;
  }

  /** @param {string} link @param {HandlingPlace} place @param {boolean} isRunning */
  #show(link, { is_asked, is_alone, in_the_way }, isRunning) {
    if (!this.firstChild) this.#build(link);
    this.#isAlone = is_alone;
    this.dataset.state = is_asked ? "asked" : in_the_way.length > 0 ? "in_the_way" : "open";
    this.#form.hidden = is_asked;
    this.#submit.disabled = in_the_way.length > 0;
    this.#alone.hidden = !isRunning || (is_asked && !is_alone);
    this.#alone.textContent = say(is_alone ? "js.handling.come_back" : "js.handling.be_alone");
    this.#hint.textContent = say(is_asked ? "js.handling.asked" : in_the_way.length > 0 ? "js.handling.in_the_way" : "js.handling.hint", { names: in_the_way.join(say("js.comma")) });
  }

  /** @param {string} link */
  #build(link) {
    this.#link = link;
    this.dataset.link = link;
    this.dataset.testid = "handling-question";
    this.#words.id = `handling-words-${link}`;
    this.#form.append(
      ...QUESTIONS.map((question) => this.#question(question)),
      el("div", { class: "field", data: { field: "words" } }, el("label", { class: "label", attrs: { for: this.#words.id }, text: say("js.handling.words") }), this.#words, el("p", { class: "field-error", hidden: true })),
      el("div", { class: "button-row" }, this.#submit),
    );
    this.append(el("h3", { text: say("js.handling.title") }), this.#hint, el("div", { class: "button-row" }, this.#alone), this.#form);
    this.#alone.addEventListener("click", () => void whileBusy(this.#alone, () => this.#run(() => beAlone(this.#link, !this.#isAlone))));
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      void whileBusy(this.#submit, () => this.#run(() => keepHandling(this.#link, this.#read())));
    });
  }

  /** @param {typeof QUESTIONS[number]} question */
  #question(question) {
    const name = `${question}-${this.#link}`;
    return el(
      "fieldset",
      { class: "field handling-field", data: { field: question } },
      el("legend", { class: "label", text: say(`js.handling.${question}`) }),
      el("div", { class: "handling-replies" }, ...REPLIES.map((reply) => el("label", {}, el("input", { testid: `handling-${question}-${reply}`, attrs: { type: "radio", name, value: reply } }), " ", say(`js.handling.reply_${reply}`)))),
      el("p", { class: "field-error", hidden: true }),
    );
  }

  #read() {
    const [contacted = "", explained = "", satisfied = ""] = QUESTIONS.map((question) => /** @type {HTMLInputElement | null} */ (this.#form.querySelector(`[name="${question}-${this.#link}"]:checked`))?.value ?? "");
    return { contacted, explained, satisfied, words: this.#words.value };
  }

  /** @param {() => Promise<unknown>} deed */
  async #run(deed) {
    try {
      await deed();
      this.dispatchEvent(new CustomEvent("repeats-changed", { bubbles: true }));
    } catch (error) {
      const fields = error instanceof ApiError ? { ...error.fields } : {};
      for (const question of QUESTIONS) if (fields[question]) fields[question] = "choose";
      if (Object.keys(fields).length > 0) showErrors(this.#form, fields);
      else this.dispatchEvent(new CustomEvent("repeats-refused", { detail: error, bubbles: true }));
    }
  }
}

customElements.define("handling-question", HandlingQuestion);

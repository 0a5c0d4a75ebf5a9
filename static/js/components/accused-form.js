/**
 * `<accused-form>`: whom the case complains about, as a short list and one row to add to it.
 * `show(conflicts)` fills it; fires `enter` (detail: {unit, name}) and `take-back` (detail: id).
 * Names are suggested from the staff: a typing error would let somebody through.
 */

import { el } from "../lib/dom.js";
import { say } from "../lib/words.js";

/** @typedef {import("../desk/conflicts.js").Conflicts} Conflicts */

export class AccusedForm extends HTMLElement {
  #shown = "";
  #list = el("ul", { class: "accused-list", testid: "accused-list" });
  #unit = el("select", { class: "input", id: "accused-unit", testid: "accused-unit", attrs: { required: true } });
  #names = el("datalist", { id: "accused-names" });
  #name = el("input", { class: "input", id: "accused-name", testid: "accused-name", attrs: { list: "accused-names", maxlength: "40", autocomplete: "off" } });
  #failure = el("p", { class: "field-error", hidden: true, attrs: { role: "alert" } });
  #form = el(
    "form",
    { class: "accused-row", attrs: { novalidate: true } },
    el("div", { class: "field" }, el("label", { class: "label", attrs: { for: "accused-unit" } }, say("js.conflict.unit")), this.#unit),
    el("div", { class: "field" }, el("label", { class: "label", attrs: { for: "accused-name" } }, say("js.conflict.name")), this.#name),
    el("button", { class: "button", testid: "accused-enter", attrs: { type: "submit" }, text: say("js.conflict.enter") }),
  );

  connectedCallback() {
    if (this.firstChild) return;
    this.append(el("h3", { text: say("js.conflict.title") }), el("p", { class: "small soft", text: say("js.conflict.hint") }), this.#list, this.#form, this.#failure, this.#names);
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      const unit = this.#unit.value;
      if (!unit) return this.fail(say("js.conflict.unit_needed"));
      this.fail("");
      this.dispatchEvent(new CustomEvent("enter", { detail: { unit, name: this.#name.value.trim() } }));
    });
  }

  /** @param {Conflicts | null} conflicts */
  show(conflicts) {
    this.hidden = conflicts === null;
    if (!conflicts) return this.clear();
    this.#list.replaceChildren(...conflicts.lines.map((line) => this.#line(line)));
    this.#list.hidden = conflicts.lines.length === 0;
    const shown = JSON.stringify([conflicts.units, conflicts.staff]);
    if (shown === this.#shown) return; // what is being chosen stays chosen
    this.#shown = shown;
    this.#unit.replaceChildren(
      el("option", { attrs: { value: "" }, text: say("js.conflict.choose") }),
      ...conflicts.units.map((unit) => el("option", { attrs: { value: unit.id }, text: `${"\u3000".repeat(unit.depth)}${unit.name}` })),
    );
    this.#names.replaceChildren(...conflicts.staff.map((name) => el("option", { attrs: { value: name } })));
  }

  /** The entry was kept: the next one starts empty. */
  clear() {
    this.#form.reset();
    this.fail("");
  }

  /** @param {string} text empty for no failure */
  fail(text) {
    this.#failure.hidden = text === "";
    this.#failure.textContent = text;
  }

  /** @param {Conflicts["lines"][number]} line */
  #line(line) {
    return el(
      "li",
      { data: { accused: line.id } },
      el("span", { text: line.label }),
      el("button", {
        class: "button",
        testid: "accused-remove",
        attrs: { type: "button", "aria-label": say("js.conflict.take_back_of", { label: line.label }) },
        on: { click: () => this.dispatchEvent(new CustomEvent("take-back", { detail: line.id })) },
        text: say("js.conflict.take_back"),
      }),
    );
  }
}

customElements.define("accused-form", AccusedForm);

/** The two registration screens: who comes, and what it is about. Holds what is typed; sends nothing itself. */

import { el, find } from "../lib/dom.js";
import { showErrors } from "../lib/forms.js";
import { say } from "../lib/words.js";
import { isEmptyMatter, matterErrors, MAX_REPRESENTATIVES, registrationBody, visitorErrors } from "./registration-rules.js";

/** @typedef {import("./registration-rules.js").Matter} Matter */

const VISITOR_FIELDS = /** @type {const} */ (["name", "id_number", "phone", "address"]);

export class Registration {
  /** @type {Matter[]} */
  #matters = [];
  /** One key per registration: sending the same form again cannot register a second visit. */
  idempotencyKey = crypto.randomUUID();
  direct = false;
  /** What the visitor came for by agreement. @type {string | null} */
  appointment = null;

  /** @param {import("./screens.js").Screens} screens */
  constructor(screens) {
    this.screens = screens;
  }

  /**
   * Wire the first screen.
   *
   * @param {HTMLElement} root
   * @param {() => void} onNext all fields hold
   */
  wireVisitor(root, onNext) {
    const named = find(root, "[data-named]", HTMLElement);
    const group = find(root, "[data-group]", HTMLElement);
    const refresh = () => {
      named.hidden = input(root, "anonymous").checked;
      group.hidden = !input(root, "is_group").checked;
      find(root, "[data-named-group]", HTMLElement).hidden = input(root, "anonymous").checked;
    };
    input(root, "anonymous").addEventListener("change", refresh);
    input(root, "is_group").addEventListener("change", refresh);
    find(root, '[data-testid="representative-add"]').addEventListener("click", () => this.#addRepresentative(root));
    this.#addRepresentative(root);
    find(root, "form", HTMLFormElement).addEventListener("submit", (event) => {
      event.preventDefault();
      const errors = visitorErrors(this.#typed());
      showErrors(root, errors);
      if (Object.keys(errors).length === 0) onNext();
    });
  }

  /**
   * Wire the second screen.
   *
   * @param {HTMLElement} root
   * @param {() => Promise<void>} onDone at least one matter is there and all fields hold
   */
  wireMatters(root, onDone) {
    find(root, '[data-testid="matter-add"]').addEventListener("click", () => {
      if (this.#takeDraft(root, { mayBeEmpty: false })) find(root, "#matter-kind", HTMLSelectElement).focus();
    });
    find(root, "form", HTMLFormElement).addEventListener("submit", (event) => {
      event.preventDefault();
      if (this.#takeDraft(root, { mayBeEmpty: true })) void onDone();
    });
  }

  /** The notices of the direct way, on both screens. */
  showDirect() {
    for (const name of ["visitor", "matters"]) find(this.screens.get(name), "[data-direct]", HTMLElement).hidden = !this.direct;
  }

  body() {
    return registrationBody(this.#typed());
  }

  /**
   * Put the server's field errors to their fields, on whichever screen they stand.
   *
   * @param {Record<string, string>} fields
   * @returns {"visitor" | "matters" | null} the screen to show
   */
  showRefused(fields) {
    /** @type {Record<string, string>} */
    const named = {};
    for (const [name, code] of Object.entries(fields)) named[this.#reopenMatter(name)] = code;
    const onVisitor = Object.keys(named).some((name) => !name.startsWith("matter"));
    const screen = onVisitor ? "visitor" : "matters";
    this.screens.show(screen);
    return showErrors(this.screens.get(screen), named).length < Object.keys(named).length ? screen : null;
  }

  /** A refused matter goes back from the list into the fields. @param {string} name e.g. "matters.1.summary" @returns {string} */
  #reopenMatter(name) {
    const [, place, field] = /^matters\.(\d+)\.(\w+)$/.exec(name) ?? [];
    if (place === undefined || field === undefined) return name === "matters" ? "matter.summary" : name;
    const [matter] = this.#matters.splice(Number(place), 1);
    const root = this.screens.get("matters");
    if (matter) fillDraft(root, matter);
    this.#showMatters(root);
    return `matter.${field}`;
  }

  #typed() {
    const root = this.screens.get("visitor");
    const value = (/** @type {string} */ name) => input(root, name).value;
    const visitor = Object.fromEntries(VISITOR_FIELDS.map((field) => [field, value(`visitor.${field}`)]));
    return {
      anonymous: input(root, "anonymous").checked,
      direct: this.direct,
      visitor: /** @type {Record<typeof VISITOR_FIELDS[number], string>} */ (visitor),
      isGroup: input(root, "is_group").checked,
      headCount: value("group.head_count"),
      representatives: rowsOf(root).map((row) => ({
        name: input(row, "name").value,
        id_number: input(row, "id_number").value,
        phone: input(row, "phone").value,
      })),
      matters: this.#matters,
    };
  }

  /** @param {HTMLElement} root */
  #addRepresentative(root) {
    const template = find(document, 'template[data-part="representative"]', HTMLTemplateElement);
    const row = /** @type {HTMLElement} */ (document.importNode(template.content, true).firstElementChild);
    find(root, "[data-representatives]").append(row);
    find(row, '[data-testid="representative-remove"]').addEventListener("click", () => {
      row.remove();
      numberRows(root);
    });
    numberRows(root);
  }

  /** Move the matter in the fields to the list. @param {HTMLElement} root @param {{mayBeEmpty: boolean}} rule @returns {boolean} all is well */
  #takeDraft(root, { mayBeEmpty }) {
    const draft = draftOf(root);
    const errors = matterErrors(draft, mayBeEmpty ? this.#matters : []);
    showErrors(root, errors);
    if (Object.keys(errors).length > 0) return false;
    if (!isEmptyMatter(draft)) {
      this.#matters.push(draft);
      fillDraft(root, { kind: "", summary: "" });
      this.#showMatters(root);
    }
    return true;
  }

  /** @param {HTMLElement} root */
  #showMatters(root) {
    const list = find(root, "[data-matters]", HTMLElement);
    list.hidden = this.#matters.length === 0;
    const rows = this.#matters.map((matter, place) =>
      el(
        "li",
        {},
        el("span", { class: "badge" }, say(`matter_kind.${matter.kind}`)),
        el("span", { class: "matter-text" }, matter.summary),
        el(
          "button",
          { class: "button", testid: "matter-edit", attrs: { type: "button" }, on: { click: () => this.#edit(root, place) } },
          say("js.terminal.edit"),
        ),
      ),
    );
    list.replaceChildren(...rows);
  }

  /** @param {HTMLElement} root @param {number} place */
  #edit(root, place) {
    if (!isEmptyMatter(draftOf(root)) && !this.#takeDraft(root, { mayBeEmpty: false })) return;
    const [matter] = this.#matters.splice(place, 1);
    if (matter) fillDraft(root, matter);
    this.#showMatters(root);
    find(root, "#matter-summary", HTMLElement).focus();
  }
}

/** @param {ParentNode} root @param {string} name */
function input(root, name) {
  return find(root, `input[name="${CSS.escape(name)}"]`, HTMLInputElement);
}

/** @param {HTMLElement} root @returns {Matter} */
function draftOf(root) {
  return {
    kind: find(root, "#matter-kind", HTMLSelectElement).value,
    summary: find(root, "#matter-summary", HTMLTextAreaElement).value,
  };
}

/** @param {HTMLElement} root @param {Matter} matter */
function fillDraft(root, { kind, summary }) {
  find(root, "#matter-kind", HTMLSelectElement).value = kind;
  find(root, "#matter-summary", HTMLTextAreaElement).value = summary;
}

/** @param {HTMLElement} root @returns {HTMLElement[]} */
function rowsOf(root) {
  return [...root.querySelectorAll(".representative-row")].filter((row) => row instanceof HTMLElement);
}

/** Field names follow the rows' places, and no more rows than the rule allows. @param {HTMLElement} root */
function numberRows(root) {
  const rows = rowsOf(root);
  for (const [place, row] of rows.entries()) {
    for (const field of row.querySelectorAll(".field")) {
      const name = field.querySelector("input")?.name;
      field.setAttribute("data-field", `group.representatives.${place}.${name}`);
    }
  }
  find(root, '[data-testid="representative-add"]', HTMLButtonElement).hidden = rows.length >= MAX_REPRESENTATIVES;
}

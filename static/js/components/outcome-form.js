/**
 * `<outcome-form>`: the one short page that ends a visit: coded outcome, three sentences, owner, date.
 * It keeps a draft on the server while something is typed and never loses what is typed here.
 *
 * Use: `await form.open({visit, view, me})`; `form.mayLog = true` once the call has ended; `form.mayClose`: a pending one
 * may be put aside. Events: `logged` (detail: {visit, receipt}), `exists` (somebody logged it before),
 * `refused` (detail: code), `put-aside`.
 */

import { logOutcome, readDraft, saveDraft } from "../desk/deeds.js";
import { DraftKeeper, FormKey } from "../desk/drafts.js";
import { clockWithSeconds, officeDate } from "../desk/office-time.js";
import { ApiError } from "../lib/api.js";
import { el, whileBusy } from "../lib/dom.js";
import { clearErrors, showErrors } from "../lib/forms.js";
import { say, sayRefusal } from "../lib/words.js";

/** @typedef {import("../desk/types.js").Draft} Draft */
/** @typedef {import("../desk/types.js").VisitView} VisitView */

const SENTENCES = /** @type {const} */ (["asked", "answer", "next"]);
const TEXT_LIMIT = 4000;

export class OutcomeForm extends HTMLElement {
  #visit = "";
  /** @type {Set<string>} */
  #needsDue = new Set();
  #key = new FormKey();
  #keeper = new DraftKeeper((draft, version) => saveDraft(this.#visit, draft, version));

  #code = el("select", { class: "input", id: "outcome-code", testid: "outcome-code" });
  #texts = Object.fromEntries(SENTENCES.map((name) => [name, el("textarea", { class: "input", id: `outcome-${name}`, testid: `outcome-${name}`, attrs: { rows: 2, maxlength: TEXT_LIMIT } })]));
  #due = el("input", { class: "input", id: "outcome-due", testid: "outcome-due", attrs: { type: "date" } });
  #owner = el("select", { class: "input", id: "outcome-owner", testid: "outcome-owner" });
  #ticket = el("span", { class: "outcome-ticket soft" });
  #dueWord = el("span", { class: "soft" });
  #saved = el("p", { class: "small soft draft-state", testid: "draft-state", attrs: { role: "status" } });
  #failure = el("p", { class: "notice notice-danger", testid: "outcome-failure", hidden: true, attrs: { role: "alert" } });
  #conflict = el(
    "div",
    { class: "notice notice-wait", testid: "draft-conflict", hidden: true, attrs: { role: "alert" } },
    el("p", { text: say("js.outcome.conflict") }),
    el("div", { class: "button-row" },
      el("button", { class: "button button-action", testid: "draft-load-newer", attrs: { type: "button" }, on: { click: (event) => void whileBusy(event.currentTarget, () => this.#takeNewer()) } }, say("js.outcome.load_newer")),
      el("button", { class: "button", testid: "draft-keep-mine", attrs: { type: "button" }, on: { click: (event) => void whileBusy(event.currentTarget, () => this.#keepMine()) } }, say("js.outcome.keep_mine")),
    ),
  );
  #submit = el("button", { class: "button button-action outcome-submit", testid: "outcome-submit", attrs: { type: "submit" } }, say("js.outcome.submit"));
  #close = el("button", { class: "button", testid: "outcome-put-aside", attrs: { type: "button" }, on: { click: () => void this.#putAside() } }, say("js.outcome.put_aside"));
  #later = el("p", { class: "hint", text: say("js.outcome.after_call") });
  #form = el(
    "form",
    { class: "form outcome-form", testid: "outcome-form", attrs: { novalidate: true, "aria-label": say("js.outcome.title"), autocomplete: "off" } },
    el("h2", { class: "outcome-title" }, say("js.outcome.title"), " ", this.#ticket),
    this.#conflict,
    field("code", "outcome-code", say("js.outcome.code"), this.#code),
    ...SENTENCES.map((name) => field(name, `outcome-${name}`, say(`js.outcome.${name}`), /** @type {HTMLElement} */ (this.#texts[name]))),
    el("div", { class: "field-pair" }, field("due_on", "outcome-due", say("js.outcome.due"), this.#due, this.#dueWord), field("owner", "outcome-owner", say("js.outcome.owner"), this.#owner)),
    el("div", { class: "outcome-foot" }, this.#failure, el("div", { class: "button-row" }, this.#submit, this.#close), this.#later, this.#saved),
  );

  connectedCallback() {
    if (this.firstChild) return;
    this.append(this.#form);
    this.#form.hidden = true;
    this.#form.addEventListener("input", () => this.#onTyped());
    this.#form.addEventListener("focusout", () => void this.#keeper.flush());
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      void whileBusy(this.#submit, () => this.#log());
    });
    this.#keeper.addEventListener("saved", (event) => this.#onSaved(/** @type {CustomEvent} */ (event).detail.saved_at));
    this.#keeper.addEventListener("failed", (event) => this.#onUnsaved(/** @type {CustomEvent} */ (event).detail));
    this.#keeper.addEventListener("conflict", () => (this.#conflict.hidden = false));
  }

  get visit() {
    return this.#visit;
  }

  /** Something is typed that the server does not hold yet. */
  get isDirty() {
    return this.#visit !== "" && this.#keeper.isDirty;
  }

  /** The call has ended: the form may be sent. @param {boolean} may */
  set mayLog(may) {
    this.#submit.hidden = !may;
    this.#later.hidden = may;
  }

  /** @param {boolean} may */
  set mayClose(may) {
    this.#close.hidden = !may;
  }

  /**
   * Fill the form with the newest draft. Opening the visit that is open already changes nothing.
   *
   * @param {{visit: string, view: VisitView, me: import("../desk/types.js").Me}} what
   */
  async open({ visit, view, me }) {
    if (this.#visit === visit) return;
    this.close();
    this.#visit = visit;
    this.#ticket.textContent = view.ticket;
    this.#offer(view);
    const blank = { code: "", asked: "", answer: "", next: "", due_on: null, owner: me.person };
    this.#fill(blank);
    const { draft, version, saved_at } = await this.#readDraft(visit);
    if (this.#visit !== visit) return;
    const kept = { ...draft, owner: draft.owner || me.person };
    if (version > 0) this.#fill(kept);
    this.#keeper.start(version > 0 ? kept : blank, version);
    if (saved_at) this.#onSaved(saved_at);
    this.#form.hidden = false; // not before: the draft would take the place of what is typed meanwhile
  }

  /** Focus where writing goes on. */
  focusFirst() {
    const empty = [this.#code, ...SENTENCES.map((name) => this.#texts[name])].find((control) => control && !control.value);
    (empty ?? this.#code).focus();
  }

  /** Save what is typed now, e.g. before the form moves away. */
  keep() {
    return this.#keeper.flush();
  }

  /** Forget everything of this visit. */
  close() {
    this.#visit = "";
    this.#form.hidden = true;
    this.#keeper.stop();
    this.#fill({ code: "", asked: "", answer: "", next: "", due_on: null, owner: "" });
    clearErrors(this.#form);
    this.#conflict.hidden = this.#failure.hidden = true;
    this.#saved.textContent = "";
  }

  /** @param {VisitView} view */
  #offer({ outcome_codes, owners }) {
    this.#needsDue = new Set(outcome_codes.filter((option) => option.needs_due).map((option) => option.code));
    this.#code.replaceChildren(
      el("option", { attrs: { value: "" }, text: say("js.outcome.choose") }),
      ...outcome_codes.map(({ code }) => el("option", { attrs: { value: code }, text: say(`outcome.${code}`) })),
    );
    this.#owner.replaceChildren(
      el("option", { attrs: { value: "" }, text: say("js.outcome.choose") }),
      ...owners.map(({ person, name, post }) => el("option", { attrs: { value: person }, text: `${name}  ${post}` })),
    );
    this.#due.min = officeDate();
  }

  /** A draft that could not be read must not be overwritten: the form is not this visit's then. @param {string} visit */
  async #readDraft(visit) {
    try {
      return await readDraft(visit);
    } catch (error) {
      if (this.#visit === visit) this.close();
      throw error;
    }
  }

  /** @param {Draft} draft */
  #fill(draft) {
    this.#code.value = draft.code;
    for (const name of SENTENCES) /** @type {HTMLTextAreaElement} */ (this.#texts[name]).value = draft[name];
    this.#due.value = draft.due_on ?? "";
    this.#owner.value = draft.owner;
    this.#showDue();
  }

  /** @returns {Draft} */
  #read() {
    const [asked = "", answer = "", next = ""] = SENTENCES.map((name) => this.#texts[name]?.value);
    return { code: this.#code.value, asked, answer, next, due_on: this.#due.value || null, owner: this.#owner.value };
  }

  #onTyped() {
    this.#keeper.typed(this.#read());
    this.#showDue();
  }

  #showDue() {
    this.#dueWord.textContent = say(this.#needsDue.has(this.#code.value) ? "js.outcome.due_needed" : "js.outcome.due_free");
  }

  /** @param {string} moment */
  #onSaved(moment) {
    this.#saved.textContent = say("js.outcome.draft_saved", { time: clockWithSeconds(moment) });
    this.#saved.dataset.state = "saved";
  }

  /** @param {{code?: string}} error */
  #onUnsaved(error) {
    this.#saved.textContent = error.code === "network" ? say("js.outcome.draft_unsaved") : sayRefusal(error);
    this.#saved.dataset.state = "failed";
  }

  async #log() {
    const visit = this.#visit;
    const outcome = this.#read();
    this.#failure.hidden = true;
    clearErrors(this.#form);
    await this.#keeper.flush(); // a refused outcome leaves its draft; a logged one takes no draft any more
    try {
      const { receipt } = await logOutcome(visit, outcome, this.#key.of({ visit, outcome }));
      this.close();
      this.dispatchEvent(new CustomEvent("logged", { detail: { visit, receipt } }));
    } catch (error) {
      this.#refused(error);
    }
  }

  /** @param {unknown} error */
  #refused(error) {
    const fields = error instanceof ApiError ? { ...error.fields } : {};
    for (const name of ["code", "owner"]) if (fields[name] === "required") fields[name] = "choose";
    const homeless = showErrors(this.#form, fields);
    if (Object.keys(fields).length > homeless.length) return;
    this.#failure.replaceChildren(el("span", { text: sayRefusal(error) }));
    this.#failure.hidden = false;
    this.dispatchEvent(new CustomEvent("refused", { detail: /** @type {{code?: string}} */ (error).code }));
    if (/** @type {{code?: string}} */ (error).code === "outcome_exists") this.dispatchEvent(new CustomEvent("exists", { detail: this.#visit }));
  }

  async #takeNewer() {
    try {
      const { draft, version, saved_at } = await readDraft(this.#visit);
      this.#fill(draft);
      this.#keeper.start(this.#read(), version);
      this.#conflict.hidden = true;
      if (saved_at) this.#onSaved(saved_at);
    } catch (error) {
      this.#onUnsaved(/** @type {{code?: string}} */ (error));
    }
  }

  async #keepMine() {
    try {
      const { version } = await readDraft(this.#visit);
      this.#conflict.hidden = true;
      await this.#keeper.overwrite(version);
    } catch (error) {
      this.#onUnsaved(/** @type {{code?: string}} */ (error));
    }
  }

  async #putAside() {
    await this.#keeper.flush();
    this.dispatchEvent(new CustomEvent("put-aside", { detail: this.#visit }));
  }
}

/** @param {string} name @param {string} id @param {string} label @param {HTMLElement} control @param {HTMLElement} [word] */
function field(name, id, label, control, word) {
  return el("div", { class: "field", data: { field: name } }, el("label", { class: "label", attrs: { for: id } }, label, word ? " " : null, word), control, el("p", { class: "field-error", hidden: true }));
}

customElements.define("outcome-form", OutcomeForm);

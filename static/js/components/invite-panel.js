/**
 * `<invite-panel>`: whom the host asks into the call: a colleague, whoever holds a post now, or somebody by one-time link.
 * Use: `panel.follow(connection)` once, `panel.watch(visit)` while hosting (null otherwise), and
 * `panel.open(colleagues, (person) => invite(visit, person))`; it stays open when the invitation failed.
 */

import { el, find, whileBusy } from "../lib/dom.js";
import { knows, say, sayRefusal } from "../lib/words.js";
import { AskedList } from "./asked-list.js";
import { nameOf, presenceOf } from "./colleague-list.js";
import { GuestLink } from "./guest-link.js";
import * as inviting from "../desk/inviting.js";

/** @typedef {import("../desk/types.js").Colleague} Colleague */
/** @typedef {import("../desk/inviting.js").Candidate} Candidate */

const POSTS = ["department_liaison", "section_director", "branch_leader", "main_leader"];
const ROLES = ["colleague", ...POSTS, "guest"];

export class InvitePanel extends HTMLElement {
  /** @type {(person: string) => Promise<void>} */
  #invite = () => Promise.resolve();
  #shown = "";
  /** @type {string | null} */
  #visit = null;
  /** @type {Colleague[]} */
  #colleagues = [];
  /** @type {import("../desk/inviting.js").Post[]} */
  #posts = [];
  #asked = new AskedList();
  #link = new GuestLink();
  #roles = el("div", { class: "invite-roles", attrs: { role: "radiogroup", "aria-label": say("js.invite.who") } }, ...ROLES.map(roleChoice));
  #unit = el("select", { class: "input", id: "invite-unit", testid: "invite-unit" });
  #unitField = el("div", { class: "field", hidden: true }, el("label", { class: "label", attrs: { for: "invite-unit" } }, say("js.invite.unit")), this.#unit);
  #list = el("div", { class: "choices", attrs: { role: "radiogroup", "aria-label": say("js.invite.now") } });
  #summary = el("input", { testid: "invite-summary", attrs: { type: "checkbox", name: "summary" } });
  #summaryField = el("label", { class: "choice", hidden: true }, this.#summary, el("span", { text: say("js.invite.summary") }));
  #heldNote = el("p", { class: "hint", hidden: true, text: say("js.invite.held_note") });
  #failure = el("p", { class: "notice notice-danger", hidden: true, attrs: { role: "alert" } });
  #send = el("button", { class: "button button-action", testid: "invite-send", attrs: { type: "submit" }, text: say("js.invite.send") });
  #form = el(
    "form",
    { class: "invite-form", attrs: { novalidate: true } },
    el("h2", { id: "invite-title", text: say("js.invite.title") }),
    el(
      "div",
      { class: "invite-columns" },
      el("section", { class: "stack stack-tight" }, el("h3", { text: say("js.invite.who") }), this.#roles),
      el("section", { class: "stack stack-tight invite-now" }, this.#unitField, this.#list, this.#summaryField, this.#heldNote, this.#link.element),
    ),
    this.#asked.element,
    this.#failure,
    el("div", { class: "button-row" }, this.#send, el("button", { class: "button", attrs: { type: "button", value: "cancel" }, text: say("js.invite.cancel") })),
  );
  #dialog = el("dialog", { class: "dialog invite-dialog", testid: "invite-panel", attrs: { "aria-labelledby": "invite-title" } }, this.#form);

  connectedCallback() {
    if (this.firstChild) return;
    this.append(this.#dialog, this.#asked.toasts);
    find(this.#form, '[value="cancel"]').addEventListener("click", () => this.#dialog.close());
    this.#roles.addEventListener("change", () => void this.#chooseRole());
    this.#unit.addEventListener("change", () => void this.#showCandidates());
    this.#link.addEventListener("failed", (event) => this.#fail(sayRefusal(/** @type {CustomEvent} */ (event).detail)));
    this.#link.addEventListener("changed", () => void this.#asked.refresh());
    this.#asked.addEventListener("failed", (event) => this.#fail(sayRefusal(/** @type {CustomEvent} */ (event).detail)));
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      void whileBusy(this.#send, () => this.#submit());
    });
  }

  /** What is said on the line about this visit renews the list. @param {EventTarget} connection */
  follow(connection) {
    connection.addEventListener("message", (event) => {
      const { type, visit } = /** @type {CustomEvent} */ (event).detail;
      if (visit === this.#visit && (type === "visit" || type === "room_state")) void this.#asked.refresh();
    });
  }

  /** @param {string | null} visit the call that is hosted here */
  watch(visit) {
    if (visit === this.#visit) return;
    this.#visit = visit;
    this.#link.visit = visit;
    this.#asked.watch(visit);
  }

  /** @param {Colleague[]} colleagues @param {(person: string) => Promise<void>} invite rejects when the server refused */
  open(colleagues, invite) {
    this.#invite = invite;
    this.#failure.hidden = true;
    this.#shown = "";
    this.#form.reset();
    this.#link.clear();
    this.show(colleagues);
    void this.#chooseRole();
    void this.#asked.refresh();
    this.#dialog.showModal();
  }

  close() {
    this.#dialog.close();
  }

  /** Newer presence while the dialog is open; the choice stays. @param {Colleague[]} colleagues */
  show(colleagues) {
    this.#colleagues = colleagues;
    if (this.#role === "colleague") this.#showColleagues();
  }

  get #role() {
    return String(new FormData(this.#form).get("role") ?? "colleague");
  }

  async #chooseRole() {
    const role = this.#role;
    const isPost = POSTS.includes(role);
    this.#failure.hidden = true;
    this.#shown = "";
    this.#summaryField.hidden = this.#heldNote.hidden = role !== "department_liaison";
    this.#link.element.hidden = role !== "guest";
    this.#send.hidden = role === "guest";
    this.#list.hidden = role === "guest";
    this.#unitField.hidden = true;
    this.#send.textContent = say(role === "colleague" ? "js.invite.send" : "js.invite.ring");
    this.#list.replaceChildren();
    if (role === "colleague") this.#showColleagues();
    if (isPost) await this.#showPosts(role);
  }

  #showColleagues() {
    const state = JSON.stringify(this.#colleagues);
    if (state === this.#shown) return; // focus stays where it is
    this.#shown = state;
    const chosen = this.#person;
    this.#list.replaceChildren(...this.#colleagues.map((colleague) => choiceOf(colleague, colleague.person === chosen)));
    if (this.#colleagues.length === 0) this.#list.append(el("p", { class: "soft", text: say("js.invite.nobody") }));
    this.#send.disabled = !this.#colleagues.some(({ present }) => present);
  }

  /** @param {string} role */
  async #showPosts(role) {
    this.#send.disabled = true;
    try {
      if (this.#posts.length === 0) this.#posts = await inviting.readPosts();
    } catch (error) {
      this.#fail(sayRefusal(error));
      return;
    }
    const units = this.#posts.filter((post) => post.role === role);
    this.#unit.replaceChildren(...units.map(({ unit, name }) => el("option", { attrs: { value: unit } }, name)));
    this.#unitField.hidden = units.length < 2;
    await this.#showCandidates();
  }

  async #showCandidates() {
    const [role, unit, visit] = [this.#role, this.#unit.value, this.#visit];
    if (!visit || !unit) return;
    try {
      const found = await inviting.readCandidates(visit, role, unit);
      if (role !== this.#role || unit !== this.#unit.value) return;
      const first = found.find(({ barred }) => !barred);
      this.#list.replaceChildren(...found.map((one) => candidateOf(one, one === first)));
      if (found.length === 0) this.#list.append(el("p", { class: "notice notice-wait", text: say("js.invite.nobody_in_post") }));
      this.#send.disabled = first === undefined;
    } catch (error) {
      this.#fail(sayRefusal(error));
    }
  }

  get #person() {
    return String(new FormData(this.#form).get("person") ?? "");
  }

  async #submit() {
    const [role, person, visit] = [this.#role, this.#person, this.#visit];
    if (!person) return this.#fail(say("js.invite.choose"));
    try {
      if (role === "colleague") await this.#invite(person);
      else if (visit) await inviting.inviteRole(visit, { role, unit: this.#unit.value, person, summary: this.#summary.checked });
      this.#dialog.close();
      void this.#asked.refresh();
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

/** @param {string} role @param {number} place */
function roleChoice(role, place) {
  return el(
    "label",
    { class: "choice", testid: "invite-role", data: { role } },
    el("input", { attrs: { type: "radio", name: "role", value: role, checked: place === 0 } }),
    el("span", { text: say(`js.invite.role.${role}`) }),
  );
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

/** Somebody of the chain, with the reason for it; who is not connected may be asked, too, and that is then on record. @param {Candidate} one @param {boolean} isChosen */
function candidateOf({ person, name, post, why, instead_of, reachable, barred }, isChosen) {
  const reason = knows(`js.why.${why}`) ? say(`js.why.${why}`) : "";
  const acting = instead_of ? say("js.invite.acting", { name: instead_of }) : "";
  const state = barred ? "barred" : reachable ? "reachable" : "unreachable";
  return el(
    "label",
    { class: "choice invite-candidate", testid: "invite-person", data: { person, why, reachable } },
    el("input", { attrs: { type: "radio", name: "person", value: person, disabled: barred, checked: isChosen } }),
    el("span", { class: "invite-who" }, el("strong", { text: name }), el("span", { class: "small soft", text: [post, acting, reason].filter(Boolean).join(" · ") })),
    el("span", { class: "badge", data: { tone: { barred: "danger", reachable: "ok", unreachable: "plain" }[state] }, text: say(`js.invite.${state}`) }),
  );
}

customElements.define("invite-panel", InvitePanel);

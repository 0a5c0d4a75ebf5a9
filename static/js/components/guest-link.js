/**
 * The part of the invite dialog that makes a one-time link: role and title, then link, QR code and the code to say aloud.
 * Events: `changed` (a link was made or withdrawn), `failed` (detail: the error).
 */

import { el, icon, whileBusy } from "../lib/dom.js";
import { say } from "../lib/words.js";
import * as inviting from "../desk/inviting.js";

const ROLES = ["interpreter", "expert", "department", "other"];
const TICK_MS = 1000;

export class GuestLink extends EventTarget {
  /** The call that is hosted here. @type {string | null} */
  visit = null;
  /** @type {import("../desk/inviting.js").MadeLink | null} */
  #made = null;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #clock;
  #role = el("select", { class: "input", testid: "guest-role", attrs: { "aria-label": say("js.invite.role.guest") } }, ...ROLES.map((role) => el("option", { attrs: { value: role } }, say(`js.guest.role.${role}`))));
  #title = el("input", { class: "input", id: "guest-title", testid: "guest-title", attrs: { maxlength: 40, autocomplete: "off" } });
  #make = el("button", { class: "button button-action", testid: "invite-link", attrs: { type: "button" } }, icon("plus"), say("js.guest.make"));
  #address = el("input", { class: "input guest-address", testid: "guest-address", attrs: { readonly: true, "aria-label": say("js.guest.link_label") } });
  #qr = el("img", { class: "guest-qr", testid: "guest-qr", attrs: { alt: say("js.guest.qr") } });
  #code = el("output", { class: "guest-code", testid: "guest-code" });
  #expiry = el("p", { class: "small soft", testid: "guest-expiry", attrs: { role: "timer" } });
  #copy = el("button", { class: "button", testid: "guest-copy", attrs: { type: "button" } }, say("js.guest.copy"));
  #revoke = el("button", { class: "button button-danger", testid: "guest-revoke", attrs: { type: "button" } }, say("js.guest.revoke"));
  #form = el(
    "div",
    { class: "stack stack-tight" },
    this.#role,
    el("div", { class: "field" }, el("label", { class: "label", attrs: { for: "guest-title" } }, say("js.guest.title")), el("p", { class: "hint", text: say("js.guest.title_hint") }), this.#title),
    el("div", { class: "button-row" }, this.#make),
  );
  #result = el(
    "div",
    { class: "guest-made", hidden: true },
    this.#qr,
    el(
      "div",
      { class: "stack stack-tight" },
      el("p", { text: say("js.guest.made") }),
      el("p", { class: "label", text: say("js.guest.code") }),
      this.#code,
      this.#address,
      this.#expiry,
      el("div", { class: "button-row" }, this.#copy, this.#revoke),
    ),
  );
  element = el("div", { class: "guest-link", hidden: true }, this.#form, this.#result);

  constructor() {
    super();
    this.#make.addEventListener("click", () => void whileBusy(this.#make, () => this.#try(() => this.#create())));
    this.#revoke.addEventListener("click", () => void whileBusy(this.#revoke, () => this.#try(() => this.#withdraw())));
    this.#copy.addEventListener("click", () => void this.#copyLink());
    this.#title.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault(); // the dialog's own form rings somebody
      this.#make.click();
    });
  }

  /** Forget a link: it is shown once. */
  clear() {
    clearInterval(this.#clock);
    this.#made = null;
    this.#title.value = "";
    this.#form.hidden = false;
    this.#result.hidden = true;
    this.#address.value = this.#code.textContent = "";
    this.#qr.removeAttribute("src");
  }

  async #create() {
    if (!this.visit) return;
    const made = await inviting.makeGuestLink(this.visit, { role: this.#role.value, title: this.#title.value });
    this.#made = made;
    this.#qr.src = made.qr;
    this.#address.value = made.link;
    this.#code.textContent = `${made.code.slice(0, 3)} ${made.code.slice(3)}`;
    this.#form.hidden = true;
    this.#result.hidden = false;
    this.#copy.textContent = say("js.guest.copy");
    this.#tick();
    this.#clock = setInterval(() => this.#tick(), TICK_MS);
    this.dispatchEvent(new CustomEvent("changed"));
  }

  #tick() {
    const left_s = Math.ceil((Date.parse(this.#made?.expires_at ?? "") - Date.now()) / 1000);
    this.#expiry.dataset.state = left_s > 0 ? "open" : "expired";
    this.#expiry.textContent =
      left_s > 0 ? say("js.guest.expires", { minutes: Math.floor(left_s / 60), seconds: left_s % 60 }) : say("js.guest.expired");
  }

  async #withdraw() {
    if (!this.visit || !this.#made) return;
    await inviting.revokeGuest(this.visit, this.#made.guest);
    this.clear();
    this.dispatchEvent(new CustomEvent("changed"));
  }

  async #copyLink() {
    this.#address.select();
    await navigator.clipboard?.writeText(this.#address.value).catch(() => undefined); // selected: Ctrl+C works anyway
    this.#copy.textContent = say("js.guest.copied");
  }

  /** @param {() => Promise<void>} deed */
  async #try(deed) {
    try {
      await deed();
    } catch (error) {
      this.dispatchEvent(new CustomEvent("failed", { detail: error }));
    }
  }
}

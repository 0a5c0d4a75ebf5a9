/**
 * Who has been asked into this call and what became of it: a list in the invite dialog, and over the desk whatever waits
 * for the host: a guest in the lobby, a liaison on hold, the next of a chain.
 * Events: `failed` (detail: the error).
 */

import { el, whileBusy } from "../lib/dom.js";
import { say, sayRefusal } from "../lib/words.js";
import * as inviting from "../desk/inviting.js";

/** @typedef {import("../desk/inviting.js").Asked} Asked */
/** @typedef {import("../desk/inviting.js").GuestLine} GuestLine */

const POLL_MS = 3000;
const GIVES_WAY = new Set(["unreached", "no_answer", "declined"]);
const ABSENT = new Set([...GIVES_WAY, "passed_on", "withdrawn"]);
const ABSENCES = ["on_leave", "other_duty", "no_channel", "not_informed", "refused", "not_needed"];
/** @type {Record<string, string>} */
const TONES = { ringing: "wait", accepted: "action", present: "ok", lobby: "wait", admitted: "ok" };

export class AskedList extends EventTarget {
  /** @type {string | null} */
  #visit = null;
  #shown = "";
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #clock;
  #rows = el("ul", { class: "asked" });
  element = el("section", { class: "asked-list", hidden: true }, el("h3", { text: say("js.invite.asked_list") }), this.#rows);
  #failure = el("p", { class: "notice notice-danger", testid: "asked-failure", hidden: true, attrs: { role: "alert" } });
  #toasts = el("div", { class: "stack stack-tight", attrs: { role: "status" } });
  toasts = el("div", { class: "asked-toasts" }, this.#failure, this.#toasts);

  /** @param {string | null} visit */
  watch(visit) {
    this.#visit = visit;
    this.#shown = "";
    clearInterval(this.#clock);
    this.#failure.hidden = true;
    this.#show([], []);
    if (visit === null) return;
    this.#clock = setInterval(() => void this.refresh(), POLL_MS);
    void this.refresh();
  }

  async refresh() {
    const visit = this.#visit;
    if (!visit) return;
    try {
      const { asked, guests } = await inviting.readAttendance(visit);
      if (visit === this.#visit) this.#show(asked, guests);
    } catch {
      // The line is down, or the call is over: the next look says.
    }
  }

  /** @param {Asked[]} asked @param {GuestLine[]} guests */
  #show(asked, guests) {
    const state = JSON.stringify([asked, guests]);
    if (state === this.#shown) return; // focus stays where it is
    this.#shown = state;
    const links = new Map(guests.map((line) => [line.guest, line]));
    this.element.hidden = asked.length === 0;
    this.#rows.replaceChildren(...asked.map((one) => this.#row(one, links.get(one.guest ?? ""))));
    this.#toasts.replaceChildren(...asked.map((one) => this.#toast(one, asked, links.get(one.guest ?? ""))).filter((toast) => toast !== null));
  }

  /** @param {Asked} one @param {GuestLine | undefined} link */
  #row(one, link) {
    const state = link && link.state !== "admitted" ? link.state : one.presence;
    const words = link && link.state !== "admitted" ? `js.guest.state.${link.state}` : `presence.${one.presence}`;
    return el(
      "li",
      { testid: "asked", data: { person: one.person ?? "", guest: one.guest ?? "", state } },
      el("span", { class: "invite-who" }, el("strong", { text: one.name }), el("span", { class: "small soft", text: [one.unit, one.post, link?.name && say("js.guest.says", { name: link.name })].filter(Boolean).join(" · ") })),
      el("span", { class: "badge", data: { tone: TONES[state] ?? "plain" }, text: say(words) }),
      this.#deed(one, link),
      ABSENT.has(one.presence) && !link ? this.#absence(one) : null,
    );
  }

  /** @param {Asked} one @param {Asked[]} asked @param {GuestLine | undefined} link */
  #toast(one, asked, link) {
    const isOvertaken = asked.some((other) => other !== one && other.role === one.role && other.unit_id === one.unit_id && !ABSENT.has(other.presence));
    const isWaiting = link?.state === "lobby" || one.is_held || (!link && GIVES_WAY.has(one.presence) && one.unit_id && !isOvertaken && !one.absence);
    if (!isWaiting) return null;
    const said = link || one.is_held ? say("js.guest.state.lobby") : say(`presence.${one.presence}`);
    return el(
      "div",
      { class: "asked-toast card", testid: "asked-toast", data: { state: one.is_held ? "held" : (link?.state ?? one.presence) } },
      el("p", {}, el("strong", { text: one.name }), ` ${said}`, link?.name ? el("span", { class: "small soft", text: ` ${say("js.guest.says", { name: link.name })}` }) : null),
      this.#deed(one, link),
    );
  }

  /** What the host can do about somebody with one press. @param {Asked} one @param {GuestLine | undefined} link */
  #deed(one, link) {
    const visit = this.#visit ?? "";
    if (link?.state === "lobby") return this.#button("guest-admit", say("js.invite.admit"), () => inviting.admitGuest(visit, link.guest), "button-action");
    if (link && link.state !== "over" && link.state !== "admitted") return this.#button("asked-revoke", say("js.guest.revoke"), () => inviting.revokeGuest(visit, link.guest));
    if (one.is_held) return this.#button("held-admit", say("js.invite.admit"), () => inviting.letIn(visit, `p-${one.person}`), "button-action");
    if (link || !one.unit_id || !GIVES_WAY.has(one.presence)) return null;
    const unit = one.unit_id;
    return this.#button("invite-next", say("js.invite.next_of"), () => inviting.inviteRole(visit, { role: one.role, unit }));
  }

  /** @param {string} testid @param {string} words @param {() => Promise<unknown>} deed @param {string} [look] */
  #button(testid, words, deed, look = "") {
    const button = el("button", { class: `button ${look}`, testid, attrs: { type: "button" } }, words);
    button.addEventListener("click", () => void whileBusy(button, () => this.#try(deed)));
    return button;
  }

  /** @param {Asked} one */
  #absence(one) {
    const reasons = ABSENCES.map((reason) => el("option", { attrs: { value: reason, selected: reason === one.absence } }, say(`absence.${reason}`)));
    return el("select", { class: "input asked-absence", testid: "absence", attrs: { "aria-label": say("js.invite.absent") }, on: { change: (event) => void this.#try(() => inviting.confirmAbsence(one.id, event.target.value)) } }, el("option", { attrs: { value: "", disabled: true, selected: !one.absence } }, say("js.invite.absent")), ...reasons);
  }

  /** @param {() => Promise<unknown>} deed */
  async #try(deed) {
    this.#failure.hidden = true;
    try {
      await deed();
    } catch (error) {
      this.dispatchEvent(new CustomEvent("failed", { detail: error }));
      this.#failure.textContent = sayRefusal(error);
      this.#failure.hidden = false;
    }
    await this.refresh();
  }
}

/**
 * `<ladder-steps>`: tab 办理. Who handles the linked cases, whom a rung of the ladder asks for and who came, why nobody came,
 * the hearing, and the question that is asked without the handlers. `show(repeats, isRunning)` fills it; what is typed stays.
 * Events (bubbling): `repeats-changed`, `repeats-refused` (detail: the error).
 */

import { excuse, ring } from "../desk/repeats.js";
import { el, whileBusy } from "../lib/dom.js";
import { ApiError } from "../lib/api.js";
import { showErrors } from "../lib/forms.js";
import { formatClock, formatDay } from "../lib/times.js";
import { officeDate } from "../desk/office-time.js";
import { say } from "../lib/words.js";
import { HandlingQuestion } from "./handling-question.js";

/** @typedef {import("../desk/repeats.js").Link} Link */
/** @typedef {import("../desk/repeats.js").Required} Required */
/** @typedef {import("../desk/repeats.js").Repeats} Repeats */

export class LadderSteps extends HTMLElement {
  #shown = "";

  /** @param {Repeats} repeats @param {boolean} isRunning the call goes on, so somebody may be asked in */
  show(repeats, isRunning) {
    const state = JSON.stringify([repeats, isRunning]);
    if (state === this.#shown) return; // what is being typed must not vanish
    this.#shown = state;
    const confirmed = repeats.links.filter((link) => link.state === "confirmed");
    const kept = new Map([...this.querySelectorAll("handling-question")].map((one) => [/** @type {HTMLElement} */ (one).dataset.link, one]));
    this.replaceChildren(
      ...(confirmed.length > 0 ? confirmed.map((link) => this.#step(repeats, link, isRunning, kept.get(link.id))) : [el("p", { class: "soft", text: say("js.ladder.none") })]),
    );
  }

  /** Nothing of the visit stays. */
  clear() {
    this.#shown = "";
    this.replaceChildren();
  }

  /** @param {Repeats} repeats @param {Link} link @param {boolean} isRunning @param {Element | undefined} question */
  #step({ visit, is_host, absence_reasons }, link, isRunning, question) {
    const { assignment, rung, required, hearing, handling } = link;
    const isMet = required.every(({ came_at }) => came_at !== null);
    return el(
      "section",
      { class: "ladder-step", testid: "ladder-step", data: { rung: rung ?? "", met: rung ? isMet || link.excuse !== null : true } },
      el("h3", {}, el("span", { class: "number", text: link.case_number }), " ", say("js.repeat.count", { count: link.count ?? 2 })),
      el("p", { class: "small", testid: "handled-by", text: assignment ? say("js.ladder.handled_by", { section: assignment.section_name, owner: assignment.owner_name }) : say("js.ladder.unassigned") }),
      rung ? el("p", { class: "ladder-rule", text: say(`js.ladder.asks_${rung}`) }) : null,
      required.length > 0 ? el("ul", { class: "ladder-people" }, ...required.map((one) => this.#person(visit, one, is_host && isRunning))) : null,
      rung && is_host && !isMet ? this.#excuse(link, absence_reasons) : null,
      rung && !is_host && link.excuse ? el("p", { class: "small", text: sayExcuse(link.excuse) }) : null,
      hearing ? el("p", { class: "small", testid: "hearing-brief", data: { state: hearing.state }, text: sayHearing(hearing) }) : null,
      handling ? HandlingQuestion.of(link.id, handling, isRunning, question) : null,
    );
  }

  /** @param {string} visit @param {Required} one @param {boolean} mayRing */
  #person(visit, { role, unit, name, post, instead_of, is_reachable, came_at }, mayRing) {
    const state = came_at ? "came" : name === null ? "nobody" : is_reachable ? "reachable" : "away";
    const button = mayRing && !came_at && name !== null ? el("button", { class: "button button-small", testid: "ladder-ring", data: { role }, attrs: { type: "button" } }, say("js.ladder.ring")) : null;
    button?.addEventListener("click", () => void whileBusy(button, () => this.#run(() => ring(visit, role, unit))));
    return el(
      "li",
      { class: "ladder-person", testid: "ladder-person", data: { role, state } },
      el("span", { class: "ladder-mark", data: { state }, attrs: { "aria-hidden": "true" } }),
      el("span", { class: "ladder-who" },
        el("span", { class: "small soft", text: say(`role.${role}`) }),
        el("span", {}, el("strong", { text: name ?? say("js.ladder.nobody") }), ` ${post}`),
        el("span", { class: "small soft", text: [instead_of ? say("js.ladder.instead_of", { name: instead_of }) : "", came_at ? say("js.ladder.came", { time: formatClock(came_at) }) : say(`js.ladder.${state}`)].filter(Boolean).join("  ") }),
      ),
      button,
    );
  }

  /** @param {Link} link @param {string[]} reasons */
  #excuse(link, reasons) {
    const kept = link.excuse;
    const id = `excuse-${link.id}`;
    const kind = el("select", { class: "input", id: `${id}-kind`, testid: "excuse-kind" }, option("", "js.ladder.choose"), option("rescheduled", "js.ladder.rescheduled"), option("excused", "js.ladder.excused"));
    const day = el("input", { class: "input", id: `${id}-day`, testid: "excuse-day", attrs: { type: "date", min: officeDate() } });
    const reason = el("select", { class: "input", id: `${id}-reason`, testid: "excuse-reason" }, option("", "js.ladder.choose"), ...reasons.map((code) => option(code, `absence.${code}`)));
    const note = el("textarea", { class: "input", id: `${id}-note`, testid: "excuse-note", attrs: { rows: 2, maxlength: 500 } });
    [kind.value, day.value, reason.value, note.value] = [kept?.kind ?? "", kept?.resumes_on ?? "", kept?.reason ?? "", kept?.note ?? ""];
    const dayField = field("resumes_on", day, "js.ladder.resumes_on");
    const reasonField = field("reason", reason, "js.ladder.reason");
    const choose = () => {
      dayField.hidden = kind.value !== "rescheduled";
      reasonField.hidden = kind.value !== "excused";
    };
    kind.addEventListener("change", choose);
    choose();
    const submit = el("button", { class: "button", testid: "excuse-submit", attrs: { type: "submit" } }, say("js.ladder.excuse_submit"));
    const form = el(
      "form",
      { class: "form ladder-excuse", testid: "excuse-form", attrs: { novalidate: true } },
      el("p", { class: "small soft", text: kept ? sayExcuse(kept) : say("js.ladder.excuse_hint") }),
      field("kind", kind, "js.ladder.kind"), dayField, reasonField, field("note", note, "js.ladder.note"),
      el("div", { class: "button-row" }, submit),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const said = { kind: kind.value, resumes_on: day.value || null, reason: reason.value, note: note.value };
      void whileBusy(submit, () => this.#run(() => excuse(link.id, said), form));
    });
    return form;
  }

  /** @param {() => Promise<unknown>} deed @param {HTMLFormElement} [form] where wrong fields are shown */
  async #run(deed, form) {
    try {
      await deed();
      this.dispatchEvent(new CustomEvent("repeats-changed", { bubbles: true }));
    } catch (error) {
      const fields = error instanceof ApiError ? error.fields : {};
      if (form && Object.keys(fields).length > 0) showErrors(form, { ...fields, ...(fields.kind ? { kind: "choose" } : {}), ...(fields.reason ? { reason: "choose" } : {}) });
      else this.dispatchEvent(new CustomEvent("repeats-refused", { detail: error, bubbles: true }));
    }
  }
}

/** @param {string} value @param {string} words */
function option(value, words) {
  return el("option", { attrs: { value }, text: say(words) });
}

/** @param {string} name @param {HTMLElement} control @param {string} words */
function field(name, control, words) {
  return el("div", { class: "field", data: { field: name } }, el("label", { class: "label", attrs: { for: control.id }, text: say(words) }), control, el("p", { class: "field-error", hidden: true }));
}

/** @param {import("../desk/repeats.js").Excuse} said */
function sayExcuse({ kind, resumes_on, reason }) {
  if (kind === "rescheduled") return say("js.ladder.said_rescheduled", { day: resumes_on ? formatDay(resumes_on) : "" });
  return say("js.ladder.said_excused", { reason: say(`absence.${reason}`) });
}

/** @param {import("../desk/repeats.js").HearingBrief} hearing */
function sayHearing({ state, due_on, planned_on, order_due_on }) {
  if (state === "heard") return say("js.ladder.heard", { day: order_due_on ? formatDay(order_due_on) : "" });
  return planned_on ? say("js.ladder.hearing_planned", { day: formatDay(planned_on) }) : say("js.ladder.hearing_due", { day: formatDay(due_on) });
}

customElements.define("ladder-steps", LadderSteps);

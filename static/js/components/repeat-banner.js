/**
 * `<repeat-banner>`: on top of the case panel, before anything is accepted: how often somebody came about this, what they
 * were told last, who owns it and until when; or that it may be so. `show(links)` fills it. Event: `open-repeats`.
 */

import { el, icon } from "../lib/dom.js";
import { formatDay } from "../lib/times.js";
import { say } from "../lib/words.js";

/** @typedef {import("../desk/repeats.js").Link} Link */

export class RepeatBanner extends HTMLElement {
  /** @param {Link[]} links */
  show(links) {
    const confirmed = links.filter(({ state }) => state === "confirmed");
    const proposed = links.filter(({ state }) => state === "proposed");
    this.dataset.testid = "repeat-banner";
    this.dataset.state = confirmed.length > 0 ? "confirmed" : "proposed";
    this.hidden = links.length === 0;
    this.replaceChildren(
      ...confirmed.map((link) => this.#confirmed(link)),
      ...(proposed.length > 0 ? [this.#proposed(proposed)] : []),
    );
  }

  /** @param {Link} link */
  #confirmed(link) {
    const { count, rung, last, case_number } = link;
    return el(
      "section",
      { class: "repeat-card", data: { rung: rung ?? "", count: count ?? "" } },
      el("p", { class: "repeat-title" }, icon("refresh-cw"), el("strong", { text: say("js.repeat.count", { count: count ?? 2 }) }), el("span", { class: "small number soft", text: case_number })),
      last ? lastAnswer(last) : el("p", { class: "small", text: say("js.repeat.no_answer_yet") }),
    );
  }

  /** @param {Link[]} links */
  #proposed(links) {
    return el(
      "section",
      { class: "repeat-card", data: { rung: "" } },
      el("p", { class: "repeat-title" }, icon("refresh-cw"), el("strong", { text: say("js.repeat.maybe") })),
      el("p", { class: "small", text: say("js.repeat.maybe_hint", { count: links.length }) }),
      el("button", { class: "button button-small", testid: "repeat-look", attrs: { type: "button" }, on: { click: () => this.dispatchEvent(new CustomEvent("open-repeats", { bubbles: true })) } }, say("js.repeat.look")),
    );
  }
}

/** The last answer with its owner and date. @param {import("../desk/repeats.js").LastAnswer} last */
export function lastAnswer(last) {
  const due = last.due_on ? say(last.is_overdue ? "js.repeat.was_due" : "js.repeat.due", { day: formatDay(last.due_on) }) : say("js.repeat.no_due");
  const mark = last.is_provisional ? [" ", el("span", { class: "badge", data: { tone: "wait" }, testid: "due-provisional", text: say("calendar.provisional") })] : [];
  return el(
    "div",
    { class: "last-answer", testid: "last-answer" },
    el("p", { class: "small soft", text: say("js.repeat.last", { day: formatDay(last.visited_on), outcome: say(`outcome.${last.code}`) }) }),
    el("p", { class: "last-answer-text", text: last.answer }),
    el("p", { class: "small", data: { overdue: last.is_overdue } }, el("span", { text: `${say("js.repeat.owner")} ` }), el("strong", { text: last.owner }), ` ${last.owner_post}  `, el("span", { class: last.is_overdue ? "overdue" : "", text: due }), ...mark),
  );
}

customElements.define("repeat-banner", RepeatBanner);

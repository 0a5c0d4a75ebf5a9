/**
 * `<hearing-list>`: what the main leader is to hear, with its day, and what visitors said of the sections, as totals.
 * It asks once when the page opens, so that nothing moves under the pointer.
 */

import { api } from "../lib/api.js";
import { el } from "../lib/dom.js";
import { formatDay } from "../lib/times.js";
import { officeDate } from "../desk/office-time.js";
import { say } from "../lib/words.js";

/** @typedef {{id: string, case_number: string, township: string, count: number, section: string | null, owner: string | null,
 *   due_on: string, planned_on: string | null}} Hearing */

/** @typedef {{section: string, answers: number | null, counts: Record<string, Record<string, number>>}} Total answers: null while there are too few */

const QUESTIONS = ["contacted", "explained", "satisfied"];
const REPLIES = ["yes", "partly", "no", "no_answer"];

export class HearingList extends HTMLElement {
  connectedCallback() {
    void this.refresh();
  }

  async refresh() {
    // Without an answer the list stays away: the case's page says the same.
    const [{ hearings }, { told_from, totals }] = await Promise.all([
      api("GET", "/api/v1/hearings").catch(() => ({ hearings: [] })),
      api("GET", "/api/v1/handling").catch(() => ({ told_from: 0, totals: [] })),
    ]);
    this.dataset.testid = "hearing-list";
    this.hidden = hearings.length === 0 && totals.length === 0;
    this.replaceChildren(
      el("h2", { text: say("js.hearing.title", { count: hearings.length }) }),
      el("ul", { class: "hearing-rows" }, .../** @type {Hearing[]} */ (hearings).map((hearing) => row(hearing))),
      el("details", { class: "hearing-totals" }, el("summary", { text: say("js.hearing.totals") }), el("ul", { class: "hearing-rows" }, .../** @type {Total[]} */ (totals).map((total) => totalRow(total, told_from)))),
    );
  }
}

/** @param {Total} total @param {number} toldFrom */
function totalRow({ section, answers, counts }, toldFrom) {
  return el(
    "li",
    { testid: "handling-total", data: { answers: answers ?? "too_few" } },
    el("strong", { text: section }),
    ...(answers === null
      ? [el("span", { class: "small soft", text: say("js.hearing.too_few", { count: toldFrom }) })]
      : QUESTIONS.map((question) => el("span", { class: "small", text: `${say(`js.handling.short_${question}`)} ${REPLIES.map((reply) => `${say(`js.handling.reply_${reply}`)} ${counts[question]?.[reply] ?? 0}`).join("  ")}` }))),
  );
}

/** @param {Hearing} hearing */
function row({ id, case_number, township, count, section, due_on, planned_on }) {
  const isLate = due_on < officeDate();
  const when = planned_on ? say("js.hearing.planned", { day: formatDay(planned_on) }) : say(isLate ? "js.hearing.late" : "js.hearing.due", { day: formatDay(due_on) });
  return el(
    "li",
    { testid: "hearing-row", data: { hearing: id } },
    el("a", { class: "number", attrs: { href: `/cases/${case_number}` }, text: case_number }),
    el("span", { text: say("js.hearing.line", { township, count, section: section ?? "—" }) }),
    el("span", { class: isLate && !planned_on ? "small overdue" : "small soft", text: when }),
  );
}

customElements.define("hearing-list", HearingList);

/**
 * `<case-panel>`: the visit beside the call, in tabs 来访 / 往次 / 笔录 / 办理 / 结果.
 * `show(view)` fills it; `uses` says which tabs there are: "preview" before accepting, "host" and "guest" in the call,
 * "form" while the outcome form stands in the middle. `chat` is its `<chat-panel>`, `outcomePlace` where the form may stand,
 * `banners` a place above the tabs, `handlingPlace` one at the end of 办理. `refreshRepeats()` asks again for what others may
 * have changed. Event: `repeats-refused` (detail: the error).
 */

import { el } from "../lib/dom.js";
import { formatClock } from "../lib/times.js";
import { readRepeats } from "../desk/repeats.js";
import { say } from "../lib/words.js";
import { since } from "../desk/since.js";
import "./chat-panel.js";
import { LadderSteps } from "./ladder-steps.js";
import { RepeatBanner } from "./repeat-banner.js";
import { RepeatList } from "./repeat-list.js";

/** @typedef {import("../desk/types.js").VisitView} VisitView */
/** @typedef {"visit" | "repeats" | "chat" | "handling" | "outcome"} Tab */
/** @typedef {"preview" | "host" | "guest" | "form"} Use */

const TABS = /** @type {const} */ (["visit", "repeats", "chat", "handling", "outcome"]);
/** @type {Record<Use, readonly Tab[]>} */
const USES = {
  preview: ["visit", "repeats"],
  host: ["visit", "repeats", "chat", "handling", "outcome"],
  guest: ["visit", "repeats", "chat", "handling"],
  form: ["visit", "repeats", "chat", "handling"],
};

export class CasePanel extends HTMLElement {
  chat = /** @type {import("./chat-panel.js").ChatPanel} */ (document.createElement("chat-panel"));
  outcomePlace = el("div", { class: "panel-form" });
  banners = el("div", { class: "panel-banners" });
  handlingPlace = el("div", { class: "panel-handling" });
  #banner = /** @type {RepeatBanner} */ (document.createElement("repeat-banner"));
  #repeats = /** @type {RepeatList} */ (document.createElement("repeat-list"));
  #ladder = /** @type {LadderSteps} */ (document.createElement("ladder-steps"));
  #maybe = el("span", { class: "chat-unread", testid: "repeats-undecided", hidden: true });
  #isAnonymous = false;
  #record = el("ol", { class: "panel-record", hidden: true });
  #visit = el("div", { class: "panel-visit" });
  #unread = el("span", { class: "chat-unread", hidden: true });
  #tabs = Object.fromEntries(TABS.map((tab) => [tab, this.#tab(tab)]));
  /** @type {Record<Tab, HTMLElement>} */
  #panels = {
    visit: this.#panel("visit", this.#visit),
    repeats: this.#panel("repeats", this.#repeats),
    chat: this.#panel("chat", this.chat, this.#record),
    handling: this.#panel("handling", this.#ladder, this.handlingPlace),
    outcome: this.#panel("outcome", this.outcomePlace),
  };
  #list = el("div", { class: "tabs", attrs: { role: "tablist", "aria-label": say("js.panel.tabs") }, on: { keydown: (event) => this.#onKey(event) } }, ...TABS.map((tab) => this.#tabs[tab]));
  /** @type {Tab} */
  #selected = "visit";
  /** @type {Use} */
  #use = "preview";

  connectedCallback() {
    if (this.firstChild) return;
    this.chat.setAttribute("always", "");
    this.#banner.hidden = true;
    this.banners.append(this.#banner);
    this.append(this.banners, this.#list, ...TABS.map((tab) => this.#panels[tab]));
    this.addEventListener("repeats-changed", () => void this.refreshRepeats());
    this.addEventListener("open-repeats", () => this.select("repeats"));
    this.uses = "preview";
  }

  /** @param {Use} use */
  set uses(use) {
    if (this.dataset.use === use) return;
    this.dataset.use = this.#use = use;
    for (const tab of TABS) /** @type {HTMLElement} */ (this.#tabs[tab]).hidden = !USES[use].includes(tab);
    this.chat.hidden = use === "form";
    this.#record.hidden = use !== "form";
    this.select("visit");
    void this.refreshRepeats(); // who may be asked in depends on it
  }

  /** @param {Tab} tab */
  select(tab) {
    this.#selected = USES[this.#use].includes(tab) ? tab : "visit";
    for (const other of TABS) {
      const isSelected = other === this.#selected;
      this.#tabs[other]?.setAttribute("aria-selected", String(isSelected));
      this.#tabs[other]?.setAttribute("tabindex", isSelected ? "0" : "-1");
      this.#panels[other].hidden = !isSelected;
    }
    if (this.#selected === "chat") this.#count(0);
  }

  get selected() {
    return this.#selected;
  }

  /** A line came; the tab counts what is not seen yet. */
  lineArrived() {
    if (this.#selected !== "chat") this.#count(Number(this.#unread.dataset.count ?? 0) + 1);
  }

  /** @param {VisitView} view */
  show(view) {
    this.dataset.visit = view.visit;
    this.#isAnonymous = view.anonymous;
    void this.refreshRepeats();
    this.#visit.replaceChildren(...visitParts(view));
    this.#record.replaceChildren(
      ...view.chat.map((line) =>
        el("li", {}, el("p", { class: "chat-who" }, el("strong", { text: line.who || say("js.panel.visitor_side") }), " ", el("span", { class: "number", text: formatClock(line.at) })), el("p", { class: "chat-text", text: line.text })),
      ),
    );
    if (view.chat.length === 0) this.#record.append(el("li", { class: "soft", text: say("js.panel.no_lines") }));
  }

  /** Ask for the earlier cases again: an officer, a director who came in, or the server may have changed them. */
  async refreshRepeats() {
    const { visit } = this.dataset;
    if (!visit) return;
    // A panel without them is still a panel: the next event asks again.
    const repeats = await readRepeats(visit).catch(() => null);
    if (!repeats || this.dataset.visit !== visit) return;
    const undecided = repeats.links.filter(({ state }) => state === "proposed").length;
    this.#banner.show(repeats.links);
    this.#repeats.show(repeats, this.#isAnonymous);
    this.#ladder.show(repeats, this.#use === "host");
    this.#maybe.hidden = undecided === 0;
    this.#maybe.textContent = String(undecided);
  }

  /** Nothing of the visit stays in the page. */
  clear() {
    delete this.dataset.visit;
    this.#banner.show([]);
    this.#repeats.replaceChildren();
    this.#ladder.clear();
    this.#maybe.hidden = true;
    this.#visit.replaceChildren();
    this.#record.replaceChildren();
    this.chat.clear();
    this.#count(0);
  }

  /** @param {number} count */
  #count(count) {
    this.#unread.dataset.count = String(count);
    this.#unread.hidden = count === 0;
    this.#unread.textContent = String(count);
    this.#tabs.chat?.setAttribute("aria-label", count ? `${say("js.panel.chat")} ${say("js.chat.unread", { count })}` : say("js.panel.chat"));
  }

  /** Arrow keys move between tabs, as in every tab list. @param {KeyboardEvent} event */
  #onKey(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const tabs = USES[this.#use];
    const next = tabs[(tabs.indexOf(this.#selected) + step + tabs.length) % tabs.length] ?? "visit";
    this.select(next);
    this.#tabs[next]?.focus();
  }

  /** @param {Tab} tab */
  #tab(tab) {
    return el(
      "button",
      { id: `tab-${tab}`, testid: `tab-${tab}`, attrs: { type: "button", role: "tab", "aria-controls": `panel-${tab}` }, on: { click: () => this.select(tab) } },
      say(`js.panel.${tab}`),
      tab === "chat" ? this.#unread : tab === "repeats" ? this.#maybe : null,
    );
  }

  /** @param {Tab} tab @param {...Node} children */
  #panel(tab, ...children) {
    return el("div", { class: "tab-panel", id: `panel-${tab}`, attrs: { role: "tabpanel", "aria-labelledby": `tab-${tab}`, tabindex: "0" } }, ...children);
  }
}

/** What the officer needs first comes first: the last answer and the doubt about it. @param {VisitView} view */
function visitParts(view) {
  const { township_answer: township, declaration } = view;
  return [
    el("header", { class: "panel-head" },
      el("p", { class: "panel-ticket", testid: "panel-ticket", text: view.ticket }),
      el("div", {}, el("p", { text: view.place }), el("p", { class: "small soft number" }, el("a", { attrs: { href: `/cases/${view.case_no}`, target: "_blank", rel: "noopener" }, text: view.case_no }), view.raised_at ? " · " : null, view.raised_at ? say("js.panel.raised", { time: formatClock(view.raised_at) }) : null)),
      view.direct ? el("span", { class: "badge", data: { tone: "action" }, text: say("js.desk.direct") }) : null,
    ),
    township ? quote("js.panel.township_answer", township.answer, township.by) : null,
    township?.doubt ? quote("js.panel.doubt", township.doubt, "", "panel-doubt") : null,
    view.direct ? el("p", { class: "notice" }, el("span", { text: say("js.panel.direct_hint") })) : null,
    part("js.panel.matters", el("ol", { class: "panel-matters" }, ...view.matters.map(({ kind, summary }) => el("li", {}, el("span", { class: "badge", text: say(`matter_kind.${kind}`) }), el("p", { text: summary }))))),
    part("js.panel.people", ...peopleParts(view)),
    declaration ? part("js.panel.present", el("p", { text: declaration.present.map((code) => say(`declaration.${code}`)).join(say("js.comma")) }), declaration.officer_left ? el("p", { class: "small soft", text: say("js.panel.officer_left") }) : null) : null,
    el("p", { class: "small soft panel-waited", hidden: view.state !== "waiting" || !view.raised_at }, say("js.desk.waited"), " ", view.raised_at ? since(view.raised_at) : null),
  ].filter((child) => child !== null);
}

/** @param {VisitView} view */
function peopleParts({ people, anonymous, head_count }) {
  const words = say(anonymous ? "js.panel.anonymous" : "js.panel.named") + (head_count > 1 ? say("js.panel.head_count", { count: head_count }) : "");
  return [
    el("p", { text: words }),
    ...people.map((person) => el("p", { class: "panel-person" }, el("strong", { text: person.name }), el("span", { class: "small soft number", text: [person.id_number, person.phone].filter(Boolean).join("  ") }))),
  ];
}

/** @param {string} title @param {string} text @param {string} by @param {string} [className] */
function quote(title, text, by, className = "") {
  return part(title, el("blockquote", { class: `panel-quote ${className}`, text }), by ? el("p", { class: "small soft", text: by }) : null);
}

/** @param {string} title @param {...(Node | null)} children */
function part(title, ...children) {
  return el("section", { class: "panel-part" }, el("h3", { text: say(title) }), ...children);
}

customElements.define("case-panel", CasePanel);

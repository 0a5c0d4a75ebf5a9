/** `<colleague-list>`: who else is on duty, and whether free. `show(colleagues)` with every change. */

import { el } from "../lib/dom.js";
import { say } from "../lib/words.js";

/** @typedef {import("../desk/types.js").Colleague} Colleague */

export class ColleagueList extends HTMLElement {
  /** @param {Colleague[]} colleagues */
  show(colleagues) {
    this.replaceChildren(
      colleagues.length === 0
        ? el("p", { class: "soft small", text: say("js.desk.no_colleagues") })
        : el("ul", { class: "colleagues" }, ...colleagues.map((colleague) => el("li", {}, ...nameOf(colleague), presenceOf(colleague)))),
    );
  }
}

/** @param {Colleague} colleague */
export function nameOf({ name, post }) {
  return [el("span", { class: "colleague-name", text: name }), el("span", { class: "small soft colleague-post", text: post })];
}

/** A word and a shape for whether somebody can be reached. @param {Colleague} colleague */
export function presenceOf({ present, free }) {
  const state = !present ? "away" : free ? "free" : "busy";
  return el("span", { class: "badge", data: { tone: { away: "plain", free: "ok", busy: "action" }[state] }, text: say(`js.desk.${state}`) });
}

customElements.define("colleague-list", ColleagueList);

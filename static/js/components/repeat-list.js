/**
 * `<repeat-list>`: tab 往次. Earlier cases that the visit is, or may be, about; somebody decides, nothing is merged by itself.
 * `show(repeats)` fills it. Events (bubbling): `repeats-changed`, `repeats-refused` (detail: the error).
 */

import { decide, searchAgain } from "../desk/repeats.js";
import { el, whileBusy } from "../lib/dom.js";
import { formatDay } from "../lib/times.js";
import { say } from "../lib/words.js";
import { lastAnswer } from "./repeat-banner.js";

/** @typedef {import("../desk/repeats.js").Link} Link */
/** @typedef {import("../desk/repeats.js").Repeats} Repeats */

export class RepeatList extends HTMLElement {
  #found = el("p", { class: "small soft", attrs: { role: "status" } });

  /** @param {Repeats} repeats @param {boolean} isAnonymous */
  show({ visit, may_judge, links }, isAnonymous) {
    this.replaceChildren(
      ...(links.length > 0 ? [el("ol", { class: "repeat-list" }, ...links.map((link) => this.#row(link, may_judge)))] : [el("p", { class: "soft", text: say(isAnonymous ? "js.repeat.anonymous" : "js.repeat.none") })]),
      ...(may_judge && !isAnonymous ? [el("div", { class: "row" }, this.#button("repeat-search", "js.repeat.search", "", () => this.#search(visit)), this.#found)] : []),
    );
  }

  /** @param {Link} link @param {boolean} mayJudge */
  #row(link, mayJudge) {
    const { id, state, case_number, township, opened_at, summary, before, last } = link;
    return el(
      "li",
      { class: "repeat-row", testid: "repeat-link", data: { link: id, state, count: link.count ?? "" } },
      el("p", { class: "row row-apart" },
        el("a", { class: "number", attrs: { href: `/cases/${case_number}`, target: "_blank", rel: "noopener" }, text: case_number }),
        el("span", { class: "badge", data: { tone: state === "confirmed" ? "action" : "wait" }, text: state === "confirmed" ? say("js.repeat.count", { count: link.count ?? 2 }) : say("js.repeat.maybe") }),
      ),
      el("p", { class: "small soft", text: say("js.repeat.opened", { township, day: formatDay(opened_at), count: before }) }),
      el("p", { class: "repeat-summary", text: summary }),
      last ? lastAnswer(last) : null,
      link.evidence.length > 0 ? el("p", { class: "small" }, el("span", { class: "soft", text: say("js.repeat.because") }), ...link.evidence.map((code) => el("span", { class: "badge", testid: "evidence", data: { code }, text: say(`evidence.${code}`) }))) : null,
      mayJudge ? this.#deeds(id, state) : null,
    );
  }

  /** @param {string} id @param {string} state */
  #deeds(id, state) {
    if (state === "confirmed") return el("div", { class: "button-row" }, this.#button("repeat-unlink", "js.repeat.unlink", "", () => decide(id, "unlink")));
    return el(
      "div",
      { class: "button-row" },
      this.#button("repeat-confirm", "js.repeat.same", "button-action", () => decide(id, "confirm")),
      this.#button("repeat-reject", "js.repeat.other", "", () => decide(id, "reject")),
    );
  }

  /** @param {string} visit */
  async #search(visit) {
    const { found } = await searchAgain(visit);
    this.#found.textContent = say(found > 0 ? "js.repeat.found" : "js.repeat.found_none", { count: found });
  }

  /** @param {string} testid @param {string} words @param {string} tone @param {() => Promise<unknown>} deed */
  #button(testid, words, tone, deed) {
    const button = el("button", { class: `button ${tone}`, testid, attrs: { type: "button" } }, say(words));
    button.addEventListener("click", () => void whileBusy(button, () => this.#run(deed)));
    return button;
  }

  /** @param {() => Promise<unknown>} deed */
  async #run(deed) {
    try {
      await deed();
    } catch (error) {
      this.dispatchEvent(new CustomEvent("repeats-refused", { detail: error, bubbles: true }));
    }
    // Also after a refusal: somebody else may have decided.
    this.dispatchEvent(new CustomEvent("repeats-changed", { bubbles: true }));
  }
}

customElements.define("repeat-list", RepeatList);

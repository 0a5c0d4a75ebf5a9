/** One invitation as a liaison sees it: who asks, the visitor's alias, the kind of matter, one big accept. */

import { el, icon } from "../lib/dom.js";
import { say } from "../lib/words.js";
import { kindsOf } from "../components/incoming-ring.js";

/**
 * @param {import("./state.js").Brief} brief
 * @param {{accept: (button: HTMLButtonElement) => void, decline: () => void}} deeds
 */
export function briefCard({ visit, ticket, matter_kinds, summaries, from_name, from_post }, deeds) {
  const accept = el("button", { class: "button button-action button-large", testid: "liaison-accept", attrs: { type: "button" } }, icon("phone"), say("js.liaison.accept"));
  accept.addEventListener("click", () => deeds.accept(accept));
  return el(
    "article",
    { class: "card liaison-brief", testid: "liaison-ring", data: { visit }, attrs: { role: "group" } },
    el("p", { class: "ring-word" }, icon("bell"), say("js.liaison.asked", { name: from_name, post: from_post })),
    el(
      "div",
      { testid: "liaison-brief" },
      el("h2", { text: say("js.liaison.alias", { ticket }) }),
      el(
        "dl",
        {},
        el("dt", { text: say("js.liaison.kinds") }),
        el("dd", { text: kindsOf(matter_kinds) }),
        ...summaries.flatMap((summary) => [el("dt", { text: say("js.liaison.summary") }), el("dd", { text: summary })]),
      ),
    ),
    el("p", { class: "small soft", text: say("js.liaison.hold_first") }),
    el("div", { class: "button-row" }, accept, el("button", { class: "button", testid: "liaison-decline", attrs: { type: "button" }, on: { click: deeds.decline } }, say("js.liaison.decline"))),
  );
}

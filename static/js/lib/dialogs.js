/** Questions before deeds that cannot be undone: one native dialog, focus kept inside, Escape means no. */

import { el } from "./dom.js";

/**
 * @param {{title: string, text?: string, yes: string, no: string, danger?: boolean}} question
 * @returns {Promise<boolean>} true only when the person pressed yes
 */
export function ask({ title, text, yes, no, danger = false }) {
  const answer = (/** @type {string} */ value) => () => dialog.close(value);
  const dialog = el(
    "dialog",
    { class: "dialog", testid: "ask", attrs: { "aria-labelledby": "ask-title" } },
    el(
      "div",
      { class: "dialog-body" },
      el("h2", { id: "ask-title" }, title),
      text ? el("p", {}, text) : null,
      el(
        "div",
        { class: "button-row" },
        el("button", { class: danger ? "button button-danger" : "button button-action", testid: "ask-yes", attrs: { type: "button" }, on: { click: answer("yes") } }, yes),
        el("button", { class: "button", testid: "ask-no", attrs: { type: "button", autofocus: true }, on: { click: answer("no") } }, no),
      ),
    ),
  );
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
  });
}

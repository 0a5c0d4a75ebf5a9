/** The demonstration's form that lets a rehearsed visitor call. */

import { find, whileBusy } from "../lib/dom.js";
import { say } from "../lib/words.js";
import { startRobot } from "./deeds.js";

/** @param {Element} form @param {import("./notices.js").Notices} notices */
export function wireRehearsal(form, notices) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const button = find(form, "button", HTMLButtonElement);
    void whileBusy(button, () =>
      startRobot(find(form, "select", HTMLSelectElement).value).then(
        () => notices.said(say("js.desk.robot_coming")),
        (error) => notices.refused(error),
      ),
    );
  });
}

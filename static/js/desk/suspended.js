/** Leaving a call whose line is lost, going on with it, and ending it from the desk: nothing that is typed may be lost on the way. */

import { ask } from "../lib/dialogs.js";
import { say } from "../lib/words.js";
import { end } from "./deeds.js";

/** What is typed is saved before the form moves away, but nobody waits for that for ever. */
const KEEP_MS = 1500;

export class SuspendedCalls {
  /** @param {{form: import("../components/outcome-form.js").OutcomeForm, notices: import("./notices.js").Notices}} parts */
  constructor({ form, notices }) {
    this.form = form;
    this.notices = notices;
  }

  /** The line is lost for too long; afterwards the desk may leave the call. */
  async suspended() {
    await this.#keep();
    this.notices.said(say("js.desk.suspended"));
  }

  /** Both sides are there again; afterwards the desk may show the call. */
  async resumed() {
    await this.#keep();
    this.notices.said(say("js.desk.resumed"));
  }

  /** End a visit from the desk, after asking; true when its form is to be opened. @param {string} visit */
  async end(visit) {
    const word = (/** @type {string} */ part) => say(`js.desk.suspended_ask.${part}`);
    if (!(await ask({ title: word("title"), text: word("text"), yes: word("yes"), no: word("no") }))) return false;
    this.notices.clear();
    try {
      await Promise.all([this.form.keep(), end(visit)]);
      return true;
    } catch (error) {
      this.notices.refused(error);
      return false;
    }
  }

  #keep() {
    return Promise.race([this.form.keep(), new Promise((resolve) => setTimeout(resolve, KEEP_MS))]);
  }
}

/**
 * The visit that a message suspends, said by its room or by its state, whichever comes first.
 *
 * @param {any} message
 * @returns {string | null}
 */
export function suspendedBy(message) {
  if (message.type === "room_state" && message.phase === "closed" && message.why === "suspended") return message.room;
  return message.type === "visit" && message.state === "suspended" ? message.visit : null;
}

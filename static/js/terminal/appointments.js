/** Today's appointments on the first screen: a number and an hour, nobody's name. 到达 notes that the visitor is in the room. */

import { el, find, whileBusy } from "../lib/dom.js";
import { formatClock } from "../lib/times.js";
import { say } from "../lib/words.js";

/**
 * @typedef {object} Expected
 * @property {string} appointment
 * @property {string} ticket
 * @property {string} starts_at
 * @property {"approved" | "arrived"} state
 */

/** As many as the screen can show beside everything else. */
const SHOWN = 4;
/** Whoever is later than this is not looked for on the screen any more. */
const LATE_MS = 2 * 3_600_000;

/**
 * The ones to show: whoever is here, then whoever comes next; nobody who is hours late.
 *
 * @param {Expected[]} appointments earliest first
 * @param {number} now
 */
export function toShow(appointments, now) {
  const here = appointments.filter(({ state }) => state === "arrived");
  const coming = appointments.filter(({ state, starts_at }) => state !== "arrived" && Date.parse(starts_at) > now - LATE_MS);
  return [...here, ...coming].slice(0, SHOWN);
}

export class ExpectedToday {
  /** @type {Expected[]} */
  #appointments = [];

  /**
   * @param {{client: {call: (method: "GET" | "POST", path: string, body?: unknown, options?: {idempotencyKey?: string}) => Promise<any>},
   *   onChosen: (appointment: Expected) => Promise<void>}} parts
   */
  constructor({ client, onChosen }) {
    this.client = client;
    this.onChosen = onChosen;
  }

  /** Ask anew and show it; what cannot be asked for stays as it was. @param {HTMLElement} root the first screen */
  async refresh(root) {
    try {
      this.#appointments = (await this.client.call("GET", "/api/v1/terminal/appointments")).appointments;
    } catch {
      return;
    }
    this.show(root);
  }

  /** @param {HTMLElement} root */
  show(root) {
    const place = find(root, "[data-expected]", HTMLElement);
    const appointments = toShow(this.#appointments, Date.now());
    const shown = JSON.stringify(appointments);
    if (place.dataset.shown === shown) return; // nothing moves under the finger
    place.dataset.shown = shown;
    place.hidden = appointments.length === 0;
    find(place, "ul").replaceChildren(...appointments.map((one) => this.#row(one)));
  }

  /** The visitor has arrived. @param {Expected} appointment */
  async arrive({ appointment }) {
    // One key per appointment: pressed again after a lost answer it is the same arrival.
    await this.client.call("POST", `/api/v1/appointments/${appointment}/arrive`, {}, { idempotencyKey: `arrive-${appointment}` });
  }

  /** @param {Expected} one */
  #row(one) {
    const { ticket, starts_at, state, appointment } = one;
    const word = state === "arrived" ? "register" : "arrive";
    const button = el(
      "button",
      { class: "button", testid: "appointment-arrive", attrs: { type: "button", "aria-label": say(`js.terminal.expected.${word}_ticket`, { ticket }) } },
      say(`js.terminal.expected.${word}`),
    );
    button.addEventListener("click", () => void whileBusy(button, () => this.onChosen(one)));
    return el(
      "li",
      { testid: "expected-appointment", data: { appointment, ticket, state } },
      el("strong", { class: "number", text: ticket }),
      el("span", { class: "soft", text: state === "arrived" ? say("js.terminal.expected.here") : formatClock(starts_at) }),
      button,
    );
  }
}

/**
 * `<chat-panel>`: typed talk of a call, good enough to be its only channel. Each own line shows whether it arrived.
 *
 * Use: `panel.send = (text) => call.say(text)`; `panel.seat = mySeat`; `panel.names = peers` (from room_state);
 * `panel.add(chatLine)` for each `chat` event, `panel.refill(room, lines)` after something was missed. The open button is `panel.toggle` (data-testid chat-open): it stands
 * first in the panel, a page may put it anywhere else. Attribute `open`: unfolded, `always`: no button, never folded.
 * Events: `fold` (detail: boolean, open).
 */

import { el, icon } from "../lib/dom.js";
import { formatClock } from "../lib/times.js";
import { say, sayRefusal } from "../lib/words.js";

/** @typedef {import("../call/types.js").ChatLine} ChatLine */
/** @typedef {{seat: string, role: string, name: string, text: string, at: string}} SaidLine */
/** @typedef {{visit: string, state: string, pos: number, chat: SaidLine[]}} Snapshot what GET /api/v1/visits/{visit}/snapshot says */

const MAX_CHARACTERS = 2000;
let panels = 0;

export class ChatPanel extends HTMLElement {
  /** @type {(text: string) => Promise<{at?: string} | void>} */
  send = () => Promise.reject(Object.assign(new Error("no call"), { code: "room_closed" }));
  /** Our own seat: lines of it stand on our side. */
  seat = "";
  /** @type {Map<string, {name: string, post: string}>} */
  #names = new Map();
  #unread = 0;

  #count = el("span", { class: "chat-unread", hidden: true });
  toggle = el(
    "button",
    { class: "button chat-toggle", testid: "chat-open", attrs: { type: "button", "aria-expanded": "false" } },
    icon("message-square"),
    el("span", {}, say("js.chat.open")),
    this.#count,
  );
  #log = el("div", { class: "chat-log", attrs: { role: "log", "aria-label": say("js.chat.log"), tabindex: "0" } });
  #input = el("textarea", {
    class: "input chat-input",
    testid: "chat-input",
    attrs: { rows: 2, maxlength: MAX_CHARACTERS, "aria-label": say("js.chat.input"), placeholder: say("js.chat.input"), autocomplete: "off" },
  });
  #body = el(
    "div",
    { class: "chat-body", hidden: true, id: `chat-body-${(panels += 1)}` },
    this.#log,
    el(
      "form",
      { class: "chat-form", on: { submit: (event) => this.#submit(event) } },
      this.#input,
      el("button", { class: "button button-action", testid: "chat-send", attrs: { type: "submit" } }, icon("send"), say("js.chat.send")),
    ),
  );

  connectedCallback() {
    if (this.firstChild) return;
    this.toggle.setAttribute("aria-controls", this.#body.id);
    this.toggle.addEventListener("click", () => this.fold(!this.#body.hidden));
    this.#input.addEventListener("keydown", (event) => {
      // Enter sends, as people expect; an input method composing Chinese uses Enter for itself.
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) this.#submit(event);
    });
    if (!this.hasAttribute("always")) this.append(this.toggle);
    this.append(this.#body);
    this.fold(!(this.hasAttribute("always") || this.hasAttribute("open")));
  }

  /** Names for the lines. @param {import("../call/types.js").Peer[]} peers */
  set names(peers) {
    for (const { seat, name, post } of peers) this.#names.set(seat, { name, post });
  }

  /** @param {boolean} closed */
  fold(closed) {
    this.#body.hidden = closed;
    this.toggle.setAttribute("aria-expanded", String(!closed));
    this.dataset.open = String(!closed);
    if (!closed) {
      this.#setUnread(0);
      this.#scrollDown();
      if (this.isConnected && !this.hasAttribute("always")) this.#input.focus();
    }
    this.dispatchEvent(new CustomEvent("fold", { detail: !closed }));
  }

  /** A line that the server sent, also one of ours from before a reload. A line already shown is not shown twice. @param {ChatLine} line */
  add(line) {
    const id = lineId(line.from_seat, line.at, line.text);
    if ([...this.#log.children].some((row) => /** @type {HTMLElement} */ (row).dataset.line === id)) return;
    if (line.from_seat === this.seat && this.#settleOwn(line.text, line.at)) return;
    const row = this.#row(line.from_seat, line.text, line.at);
    row.dataset.line = id;
    row.dataset.at = line.at;
    this.#log.append(row);
    this.#scrollDown();
    if (this.#body.hidden) this.#setUnread(this.#unread + 1);
  }

  /**
   * The conversation as the server has it, after something may have been missed. Lines on their way stay below it.
   *
   * @param {string} room
   * @param {SaidLine[]} lines
   */
  refill(room, lines) {
    for (const { seat, name } of lines) if (!this.#names.has(seat)) this.#names.set(seat, { name, post: "" });
    for (const { seat, text, at } of lines) this.add({ room, from_seat: seat, text, at });
    const order = (/** @type {Element} */ row) => Date.parse(/** @type {HTMLElement} */ (row).dataset.at ?? "") || Infinity;
    this.#log.append(...[...this.#log.children].sort((a, b) => (order(a) === order(b) ? 0 : order(a) - order(b))));
    this.#scrollDown();
  }

  /** Forget every line. */
  clear() {
    this.#log.replaceChildren();
    this.#input.value = "";
    this.#names.clear();
    this.#setUnread(0);
  }

  /** @param {Event} event */
  #submit(event) {
    event.preventDefault();
    const text = this.#input.value.trim();
    if (!text) return;
    this.#input.value = "";
    this.say(text);
  }

  /** Send a line as if it had been typed. @param {string} text */
  say(text) {
    const row = this.#row(this.seat, text, "");
    row.dataset.pending = text;
    this.#log.append(row);
    this.#scrollDown();
    void this.#deliver(row, text);
  }

  /** @param {HTMLElement} row @param {string} text */
  async #deliver(row, text) {
    const state = row.querySelector(".chat-when");
    if (state) state.replaceChildren(say("js.chat.sending"));
    row.classList.remove("is-unsent");
    try {
      const answer = await this.send(text);
      if (row.dataset.pending !== undefined) this.#settle(row, answer?.at ?? new Date().toISOString());
    } catch (error) {
      if (row.dataset.pending === undefined) return;
      row.classList.add("is-unsent");
      const again = el("button", { class: "button", attrs: { type: "button" }, on: { click: () => this.#deliver(row, text) } }, say("js.chat.again"));
      state?.replaceChildren(say("js.chat.unsent", { why: sayRefusal(error) }), again);
    }
  }

  /** The first own line still on its way with this text has arrived. @param {string} text @param {string} at @returns {boolean} */
  #settleOwn(text, at) {
    const row = /** @type {HTMLElement[]} */ ([...this.#log.children]).find((child) => child.dataset.pending === text);
    if (row) this.#settle(row, at);
    return Boolean(row);
  }

  /** @param {HTMLElement} row @param {string} at */
  #settle(row, at) {
    row.dataset.line = lineId(this.seat, at, row.dataset.pending ?? "");
    row.dataset.at = at;
    delete row.dataset.pending;
    row.classList.remove("is-unsent");
    row.querySelector(".chat-when")?.replaceChildren(formatClock(at));
  }

  /** @param {string} seat @param {string} text @param {string} at */
  #row(seat, text, at) {
    const own = seat === this.seat;
    const who = own ? say("js.chat.me") : (this.#names.get(seat)?.name ?? say("js.chat.someone"));
    return el(
      "div",
      { class: own ? "chat-line is-own" : "chat-line", testid: "chat-line" },
      el("p", { class: "chat-who" }, el("strong", {}, who), " ", el("span", { class: "chat-when number" }, at ? formatClock(at) : "")),
      el("p", { class: "chat-text" }, text),
    );
  }

  /** @param {number} unread */
  #setUnread(unread) {
    this.#unread = unread;
    this.#count.hidden = unread === 0;
    this.#count.textContent = say("js.chat.unread", { count: unread });
  }

  #scrollDown() {
    this.#log.scrollTop = this.#log.scrollHeight;
  }
}

/** The same line may come as an event and in a snapshot, its moment written in two ways. @param {string} seat @param {string} at @param {string} text */
function lineId(seat, at, text) {
  return `${seat}|${Date.parse(at)}|${text}`;
}

customElements.define("chat-panel", ChatPanel);

/**
 * `<schedule-board>`: the week as a grid of rows and half hours. Draws what the server sent, asks the server for every
 * move, and puts a card back where it was when the server says no. Without this script the list below says the same.
 */

import { api, ApiError } from "../lib/api.js";
import { find } from "../lib/dom.js";
import { formatClock, formatDay, pageLanguage } from "../lib/times.js";
import { say } from "../lib/words.js";
import { createCalendar } from "./calendar.js";
import { cardSentence, dayLabel, dayOf, eventBody, rowLabel } from "./drawing.js";
import { backTo, eventsOf, halfHours, hiddenWeekdays, momentOf, moveOf, resourcesOf, split, wholeHour } from "./model.js";
import { Panel } from "./panel.js";
import { Told } from "./told.js";

/** @import {Calendar, Drop, Selection, ShownEvent} from "./calendar.js" */
/** @import {Alternative, Board, Card} from "./types.js" */

const REFRESH_MS = 20_000;
/** Width of half an hour: a week shows shape and word, a day all of a card and as wide as there is room. */
const HALF_HOUR_PX = { week: 34, day: 54 };
const ROW_HEADS_PX = 200;

export class ScheduleBoard extends HTMLElement {
  /** @type {Calendar | null} */
  #calendar = null;
  /** @type {Board} */
  #board = JSON.parse(document.getElementById("schedule-data")?.textContent ?? "{}");
  #shown = "";
  #isBusy = false;
  #told = new Told(find(document, "[data-told]", HTMLElement), (row) => this.#nameOf(row));
  #panel = new Panel(() => this.#told.said(say("refusal.network"), "notice-wait"));

  connectedCallback() {
    const place = find(this, "[data-grid]", HTMLElement);
    this.#calendar = createCalendar(place, this.#options());
    this.dataset.ready = String(this.#calendar !== null);
    // The widget draws with its first frame; before that there is nothing to scroll.
    requestAnimationFrame(() => {
      this.#scrollToToday();
      this.#markChosen(new URLSearchParams(globalThis.location.search).get("appointment"));
    });
    this.#draw();
    globalThis.setInterval(() => this.refresh(), REFRESH_MS);
    document.addEventListener("visibilitychange", () => this.refresh());
  }

  /** The week opens where the work is. */
  #scrollToToday() {
    const heads = [...this.querySelectorAll('[data-testid="schedule-day"]')].map((label) => /** @type {HTMLElement} */ (label));
    const today = heads.findIndex((label) => label.dataset.day === this.#board.today);
    const column = heads[today]?.closest(".ec-col-head");
    const first = heads[0]?.closest(".ec-col-head");
    const pane = this.querySelector(".ec-main");
    if (column && first && pane) pane.scrollLeft = column.getBoundingClientRect().left - first.getBoundingClientRect().left;
  }

  /** @param {string | null} appointment whose panel stands beside the board */
  #markChosen(appointment) {
    for (const card of this.querySelectorAll('[data-testid="schedule-card"]')) {
      const isChosen = appointment !== null && /** @type {HTMLElement} */ (card).dataset.card === appointment;
      card.classList.toggle("is-chosen", isChosen);
      if (isChosen) card.scrollIntoView({ block: "nearest", inline: "nearest" });
    }
  }

  get #view() {
    return this.dataset.view === "day" ? "day" : "week";
  }

  #options() {
    const board = this.#board;
    return {
      view: this.#view === "day" ? "resourceTimelineDay" : "resourceTimelineWeek",
      date: this.dataset.day || (board.from <= board.today && board.today < board.until ? board.today : board.from),
      firstDay: 1,
      hiddenDays: this.#view === "day" ? [] : hiddenWeekdays(board),
      locale: pageLanguage(),
      headerToolbar: { start: "", center: "", end: "" },
      height: "100%",
      slotDuration: "00:30",
      snapDuration: "00:15",
      slotWidth: this.#halfHour(),
            slotMinTime: wholeHour(board.opens),
      slotMaxTime: board.closes,
      scrollTime: wholeHour(board.opens),
      selectable: board.may.includes("book"),
      unselectAuto: true,
      slotLabelFormat: (/** @type {Date} */ time) => momentOf(time).slice(11, 16),
      dayHeaderFormat: (/** @type {Date} */ date) => this.#dayHeader(date),
      resourceLabelContent: (/** @type {any} */ { resource }) => rowLabel(resource.extendedProps.row, this.dataset.day || this.#board.today),
      eventContent: (/** @type {{event: ShownEvent}} */ { event }) => eventBody(event),
      eventDidMount: (/** @type {{el: HTMLElement, event: ShownEvent}} */ shown) => this.#dress(shown),
      eventClick: (/** @type {{event: ShownEvent}} */ { event }) => this.#openCard(event.extendedProps.card),
      // Nothing is drawn anew under somebody's hand.
      eventDragStart: () => { this.#isBusy = true; },
      eventDragStop: () => { this.#isBusy = false; },
      eventDrop: (/** @type {Drop} */ drop) => void this.#dropped(drop),
      select: (/** @type {Selection} */ chosen) => this.#book(chosen),
      resources: resourcesOf(board),
      events: eventsOf(board),
    };
  }

  #halfHour() {
    if (this.#view === "week") return HALF_HOUR_PX.week;
    const slots = halfHours(wholeHour(this.#board.opens), this.#board.closes);
    return Math.max(HALF_HOUR_PX.day, Math.floor((this.clientWidth - ROW_HEADS_PX) / slots));
  }

  /** @param {Date} date */
  #dayHeader(date) {
    const on = momentOf(date).slice(0, 10);
    const label = new Intl.DateTimeFormat(pageLanguage(), { month: "long", day: "numeric", weekday: "short", timeZone: "UTC" }).format(new Date(`${on}T00:00Z`));
    const day = dayOf(this.#board, on) ?? { on, kind: "workday", name: null, is_provisional: false };
    return dayLabel(day, { label, isToday: on === this.#board.today });
  }

  /** @param {{el: HTMLElement, event: ShownEvent}} shown */
  #dress({ el, event }) {
    const card = /** @type {Card | undefined} */ (event.extendedProps.card);
    if (!card) return;
    el.dataset.testid = "schedule-card";
    el.dataset.card = card.key;
    el.dataset.state = card.state;
    el.dataset.startsAt = card.starts_at;
    el.title = cardSentence(card);
    el.setAttribute("aria-label", cardSentence(card));
    if (card.appointment === null) return;
    el.tabIndex = 0;
    el.setAttribute("role", "button");
  }

  /** @param {Card | undefined} card */
  #openCard(card) {
    const appointment = card?.appointment;
    if (appointment) this.#panel.open(new URLSearchParams({ appointment }), () => this.#markChosen(appointment));
  }

  /** @param {Selection} chosen */
  #book(chosen) {
    const [kind, ident] = split(chosen.resource.id);
    const starts = momentOf(chosen.start).slice(0, 16);
    const minutes = Math.max(30, Math.round((chosen.end.getTime() - chosen.start.getTime()) / 60_000));
    this.#calendar?.unselect();
    if (kind === "post") return;
    this.#panel.open(new URLSearchParams({ form: "book", [kind === "room" ? "room" : "official"]: ident, starts, minutes: String(minutes) }));
  }

  /** @param {Drop} drop */
  async #dropped({ event, oldEvent, revert, oldResource, newResource }) {
    const card = /** @type {Card} */ (oldEvent.extendedProps.card);
    const moved = moveOf(card, { starts_at: momentOf(event.start), from: oldResource?.id ?? null, to: newResource?.id ?? null });
    if ("refused" in moved) {
      revert();
      this.#told.said(say(`js.schedule.refused_${moved.refused}`), "notice-wait");
      return;
    }
    if (!(await this.#move(card, moved.body, { undo: true }))) revert();
  }

  /**
   * @param {Card} card as it was before
   * @param {Record<string, unknown>} body
   * @param {{undo: boolean}} options
   * @returns {Promise<boolean>} whether it is saved
   */
  async #move(card, body, { undo }) {
    this.#isBusy = true;
    try {
      const saved = await api("POST", `/api/v1/appointments/${card.appointment}/move`, body);
      const words = { when: this.#when(String(body.starts_at)) };
      if (undo) this.#told.moved(say("js.schedule.moved", words), () => void this.#move(card, backTo(card, saved.version), { undo: false }));
      else this.#told.said(say("js.schedule.moved_back", words));
      return true;
    } catch (error) {
      this.#refused(card, body, error);
      return false;
    } finally {
      this.#isBusy = false;
      await this.refresh();
    }
  }

  /** @param {Card} card @param {Record<string, unknown>} body @param {unknown} error */
  #refused(card, body, error) {
    const others = error instanceof ApiError ? /** @type {Alternative[]} */ (error.alternatives) : [];
    this.#told.refused(error, others, ({ starts_at, room, official, liaison }) =>
      void this.#move(card, { ...body, starts_at, room, official, liaison }, { undo: true }));
  }

  /** Show what the others have done meanwhile. */
  async refresh() {
    if (this.#isBusy || document.hidden) return;
    const query = new URLSearchParams({ from: this.#board.from, until: this.#board.until, show: this.dataset.show ?? "", township: this.dataset.township ?? "" });
    try {
      this.#board = await api("GET", `/api/v1/schedule?${query}`, undefined, { retryAfterMs: [] });
      this.dataset.stale = "false";
      this.#draw();
    } catch {
      this.dataset.stale = "true"; // said in words by the style sheet's companion below the board
    }
  }

  /** Only what changed is given to the calendar: it draws everything that it is given anew. */
  #draw() {
    const { now: _now, ...rest } = this.#board;
    const shown = JSON.stringify(rest);
    if (shown !== this.#shown && this.#shown !== "") {
      this.#calendar?.setOption("resources", resourcesOf(this.#board));
      this.#calendar?.setOption("events", eventsOf(this.#board));
    }
    this.#shown = shown;
    this.dataset.drawn = String(Number(this.dataset.drawn ?? 0) + 1);
  }

  /** @param {string} moment */
  #when(moment) {
    return `${formatDay(moment)} ${formatClock(moment)}`;
  }

  /** @param {string} row */
  #nameOf(row) {
    return this.#board.rows.find(({ id }) => id === row)?.title ?? "";
  }
}

customElements.define("schedule-board", ScheduleBoard);

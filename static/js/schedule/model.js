/** From the answer of the schedule to what the calendar draws. Pure: no DOM, no clock, no sentence. */

/** @import {CalendarEvent, CalendarResource} from "./calendar.js" */
/** @import {Band, Board, Card, Day} from "./types.js" */

/** Office time is UTC+8 throughout the year. */
const OFFICE_MS = 8 * 3_600_000;
/** Up to this length a card of the week has no room for more than its state. */
const SHORT_MS = 45 * 60_000;

/** A moment as the office's wall clock, `2026-03-02T09:00`. @param {string} moment ISO 8601 with a zone */
export function wallClock(moment) {
  return new Date(Date.parse(moment) + OFFICE_MS).toISOString().slice(0, 16);
}

/** The moment that a wall clock of the widget means. @param {Date} shown its local fields are office time */
export function momentOf(shown) {
  const two = (/** @type {number} */ n) => String(n).padStart(2, "0");
  const day = `${shown.getFullYear()}-${two(shown.getMonth() + 1)}-${two(shown.getDate())}`;
  return `${day}T${two(shown.getHours())}:${two(shown.getMinutes())}:00+08:00`;
}

/** Shape of a state beside its word: round stands, diamond waits, square is over, triangle went wrong. @param {string} state */
export function shapeOf(state) {
  return SHAPES.get(state) ?? "○";
}

const SHAPES = new Map([
  ["held", "○"],
  ["requested", "◆"],
  ["approved", "●"],
  ["arrived", "●"],
  ["in_visit", "●"],
  ["done", "■"],
  ["no_show", "▲"],
  ["occupied", "■"],
]);

/** @param {Board} board @returns {CalendarResource[]} */
export function resourcesOf(board) {
  return board.rows.map((row) => ({ id: row.id, title: row.title, extendedProps: { row } }));
}

/** @param {Board} board @returns {CalendarEvent[]} */
export function eventsOf(board) {
  return [
    ...wholeDays(board),
    ...board.bands.map(bandEvent),
    ...board.blocks.map((block) => ({
      ...span(block),
      id: `block ${block.key}`,
      resourceIds: [block.row],
      display: /** @type {const} */ ("background"),
      classNames: ["blocked"],
      extendedProps: { block },
    })),
    ...board.cards.flatMap((card) => [...edges(card), cardEvent(card)]),
    ...nowLine(board),
  ];
}

/** @param {{starts_at: string, ends_at: string}} thing */
function span(thing) {
  return { start: wallClock(thing.starts_at), end: wallClock(thing.ends_at) };
}

/** @param {Band} band @param {number} index @returns {CalendarEvent} */
function bandEvent(band, index) {
  return {
    ...span(band),
    id: `band ${index}`,
    resourceIds: [band.row],
    display: "background",
    classNames: ["band", `band-${band.kind}`],
    extendedProps: { band },
  };
}

/** @param {Card} card @returns {CalendarEvent} */
function cardEvent(card) {
  return {
    ...span(card),
    id: card.key,
    resourceIds: card.rows,
    startEditable: card.may.includes("move"),
    durationEditable: false,
    classNames: ["visit-card", `visit-${card.state}`, ...(isShort(card) ? ["is-short"] : [])],
    extendedProps: { card },
  };
}

/** @param {Card} card */
function isShort(card) {
  return Date.parse(card.ends_at) - Date.parse(card.starts_at) <= SHORT_MS;
}

/** Briefing before and wrap-up after: the officials are bound, the room is not. @param {Card} card @returns {CalendarEvent[]} */
function edges(card) {
  const people = card.rows.filter((row) => row.startsWith("person:"));
  const parts = [
    { name: "briefing", starts_at: card.busy_from, ends_at: card.starts_at },
    { name: "wrap_up", starts_at: card.ends_at, ends_at: card.busy_until },
  ];
  return parts
    .filter((part) => people.length > 0 && Date.parse(part.starts_at) < Date.parse(part.ends_at))
    .map((part) => ({
      ...span(part),
      id: `${part.name} ${card.key}`,
      resourceIds: people,
      display: "background",
      classNames: ["edge"],
      extendedProps: { edge: part.name },
    }));
}

/** Days of rest and the office's today are shaded in every row. @param {Board} board @returns {CalendarEvent[]} */
function wholeDays(board) {
  const shaded = board.days.filter((day) => !isWorked(day) || day.on === board.today);
  return shaded.map((day) => ({
    id: `day ${day.on}`,
    resourceIds: board.rows.map((row) => row.id),
    start: `${day.on}T00:00`,
    end: `${day.on}T23:59`,
    display: "background",
    classNames: [isWorked(day) ? "today" : "closed"],
    extendedProps: {},
  }));
}

/** How many half hours lie between two clocks. @param {string} opens @param {string} closes */
export function halfHours(opens, closes) {
  const minutes = (/** @type {string} */ clock) => Number(clock.slice(0, 2)) * 60 + Number(clock.slice(3));
  return (minutes(closes) - minutes(opens)) / 30;
}

/** A clock's whole hour, `08:00` of `08:30`: the grid's labels stand on whole hours. @param {string} clock */
export function wholeHour(clock) {
  return `${clock.slice(0, 2)}:00`;
}

/** Where the day stands, in every row. @param {Board} board @returns {CalendarEvent[]} */
function nowLine(board) {
  const now = wallClock(board.now);
  if (now.slice(11) < board.opens || now.slice(11) >= board.closes) return [];
  const start = Date.parse(board.now);
  return [{
    id: "now",
    resourceIds: board.rows.map((row) => row.id),
    start: now,
    end: wallClock(new Date(start + 60_000).toISOString()),
    display: "background",
    classNames: ["now-line"],
    extendedProps: {},
  }];
}

/** @param {Day} day */
export function isWorked(day) {
  return day.kind === "workday" || day.kind === "make_up";
}

/**
 * Weekdays (0 is Sunday) that need no column: nobody works then, nothing lies there.
 *
 * @param {Board} board
 * @returns {number[]}
 */
export function hiddenWeekdays(board) {
  const used = new Set(board.cards.map((card) => wallClock(card.starts_at).slice(0, 10)));
  for (const band of board.bands) if (band.kind !== "away") used.add(wallClock(band.starts_at).slice(0, 10));
  return board.days
    .map((day) => ({ day, weekday: new Date(`${day.on}T00:00Z`).getUTCDay() }))
    .filter(({ day, weekday }) => (weekday === 0 || weekday === 6) && !isWorked(day) && !used.has(day.on))
    .map(({ weekday }) => weekday);
}

/**
 * What a drop asks for. A card is drawn in the row of its room and in those of its people; dropping it in another
 * row of the same kind changes that one.
 *
 * @param {Card} card
 * @param {{starts_at: string, from: string | null, to: string | null}} drop rows, null when the row stayed
 * @returns {{body: Record<string, unknown>} | {refused: string}} a body of `move`, or a code why it can not be meant
 */
export function moveOf(card, { starts_at, from, to }) {
  const body = { starts_at, version: card.version };
  if (from === null || to === null || from === to) return { body };
  const [kind, ident = ""] = split(to);
  if (kind === "room" && from === `room:${card.room}`) return { body: { ...body, room: ident } };
  if (kind === "person" && from === `person:${card.official}`) return { body: { ...body, official: ident } };
  if (kind === "person" && from === `person:${card.liaison}`) return { body: { ...body, liaison: ident } };
  return { refused: "row" };
}

/** @param {string} row `room:abc` @returns {[string, string]} */
export function split(row) {
  const at = row.indexOf(":");
  return [row.slice(0, at), row.slice(at + 1)];
}

/** The body that undoes a move. @param {Card} before @param {number} version after the move */
export function backTo(before, version) {
  return { starts_at: before.starts_at, room: before.room, official: before.official, liaison: before.liaison, version };
}

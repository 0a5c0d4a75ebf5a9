/** What stands inside the calendar's boxes: nodes only, no strings of markup. */

import { el, icon } from "../lib/dom.js";
import { formatClock } from "../lib/times.js";
import { say } from "../lib/words.js";
import { shapeOf, split, wallClock } from "./model.js";

/** @import {Content, ShownEvent} from "./calendar.js" */
/** @import {Band, Block, Board, Card, Day, Row} from "./types.js" */

/** @param {Row} row @param {string} on the day of the sheet that is offered @returns {Content} */
export function rowLabel(row, on) {
  const isGap = row.kind === "post";
  const note = isGap ? say(`role.${row.note}`) : row.note;
  return {
    domNodes: [
      el("span", { class: `row-label row-${row.kind}`, testid: "schedule-row", data: { row: row.id } },
        el("span", { class: "row-words" },
          el("span", { class: "row-title", text: isGap ? `${say("js.schedule.gap_mark")} ${row.title}` : row.title }),
          el("span", { class: "row-note", text: note })),
        row.has_sheet ? sheetLink(row, on) : null),
    ],
  };
}

/** @param {Row} row @param {string} on */
function sheetLink(row, on) {
  const [, room] = split(row.id);
  const words = say("js.schedule.sheet_of", { room: row.title });
  return el("a", { class: "row-sheet", testid: "row-sheet", attrs: { href: `/schedule/day-sheet/${room}?date=${on}`, title: words, "aria-label": words } }, icon("printer"));
}

/** @param {Day} day @param {{label: string, isToday: boolean}} shown @returns {Content} */
export function dayLabel(day, { label, isToday }) {
  const marks = [
    isToday ? el("span", { class: "day-mark day-today", text: say("js.schedule.today") }) : null,
    day.kind === "make_up" ? el("span", { class: "day-mark", text: say("day_kind.make_up") }) : null,
    day.kind === "holiday" ? el("span", { class: "day-mark", text: day.name ? say(`holiday.${day.name}`) : say("day_kind.holiday") }) : null,
    day.is_provisional ? el("span", { class: "day-mark day-provisional", testid: "day-provisional", text: say("calendar.provisional") }) : null,
  ].filter((mark) => mark !== null);
  return { domNodes: [el("span", { class: "day-label", testid: "schedule-day", data: { day: day.on } }, label, ...marks)] };
}

/** @param {ShownEvent} shown @returns {Content} */
export function eventBody({ extendedProps }) {
  const { card, band, block, edge } = /** @type {{card?: Card, band?: Band, block?: Block, edge?: string}} */ (extendedProps);
  if (card) return { domNodes: cardBody(card) };
  if (band) return label("band-label", bandWords(band));
  if (block) return label("blocked-label", `${say("js.schedule.blocked")} ${say(`room_block.${block.reason}`)}`);
  if (edge) return label("edge-label", say(`js.schedule.${edge}`));
  return { domNodes: [] };
}

/** @param {string} name @param {string} text @returns {Content} */
function label(name, text) {
  return { domNodes: [el("span", { class: name, text, attrs: { title: text } })] };
}

/** @param {Band} band */
function bandWords(band) {
  if (band.kind === "gap") return say("js.schedule.gap");
  if (band.kind === "leader_day") return say("js.schedule.leader_day");
  if (band.kind === "away") return say("js.schedule.away");
  const post = [band.unit_name, band.role ? say(`role.${band.role}`) : ""].filter(Boolean).join(" ");
  return band.why === "acting" ? say("js.schedule.acting", { post }) : say("js.schedule.shift", { post });
}

/** State, ticket, what for: the word beside the shape, so that nothing hangs on the colour. @param {Card} card @returns {Node[]} */
function cardBody(card) {
  const state = stateWord(card);
  return [
    el("span", { class: "card-state" }, el("span", { class: "card-shape", text: shapeOf(card.state), attrs: { "aria-hidden": "true" } }), el("span", { class: "card-word", text: state })),
    el("span", { class: "card-facts", text: [card.ticket, card.kind ? say(`appointment.kind.${card.kind}`) : null].filter(Boolean).join(" ") }),
  ];
}

/** @param {Card} card */
export function stateWord(card) {
  return card.state === "occupied" ? say("js.schedule.occupied") : say(`appointment.state.${card.state}`);
}

/** The whole card as one sentence, for who cannot see where it lies. @param {Card} card */
export function cardSentence(card) {
  const when = `${wallClock(card.starts_at).slice(0, 10)} ${formatClock(card.starts_at)}–${formatClock(card.ends_at)}`;
  const kind = card.kind ? say(`appointment.kind.${card.kind}`) : "";
  return [stateWord(card), card.ticket, kind, when, card.where, card.who].filter(Boolean).join("，");
}

/** @param {Board} board @param {string} on */
export function dayOf(board, on) {
  return board.days.find((day) => day.on === on);
}

/**
 * How good lines were, as small graphs.
 *
 * `<line-graph label="…">` is one participant: it draws what `show()` gets, or, in the record, the rows of the table inside
 * it, which stays its text alternative. `<line-strip>` is the desk's: the last two minutes of everybody in the call;
 * `strip.follow(call)`.
 */

import { el } from "../lib/dom.js";
import { say } from "../lib/words.js";

/** @typedef {{from: number, to: number, score: number}} Point ms; the seconds that a score speaks of */

/** The lowest score of each word; reception/domain/line_quality.py says what a score is. */
export const LOWEST = { good: 80, fair: 55, poor: 30, bad: 0 };
const SHOWN_MS = 120_000;
/** A heartbeat speaks of the seconds before it. */
const EVERY_MS = 5000;
const WIDTH = 600;
const HEIGHT = 60;
const SVG = "http://www.w3.org/2000/svg";

/** @param {number} score @returns {keyof typeof LOWEST} */
export function verdictOf(score) {
  const verdicts = /** @type {(keyof typeof LOWEST)[]} */ (Object.keys(LOWEST));
  return verdicts.find((verdict) => score >= LOWEST[verdict]) ?? "bad";
}

/** @param {string} tag @param {Record<string, string | number>} attributes @param {...Node} children */
function shape(tag, attributes, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.append(...children);
  return element;
}

export class LineGraph extends HTMLElement {
  #bars = shape("g", {});
  #svg = shape(
    "svg",
    { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img", class: "line-svg" },
    ...[LOWEST.good, LOWEST.fair, LOWEST.poor].map((score) =>
      shape("line", { x1: 0, x2: WIDTH, y1: y(score), y2: y(score), class: "line-limit" }),
    ),
    this.#bars,
  );

  connectedCallback() {
    if (this.#svg.isConnected) return;
    const rows = [.../** @type {NodeListOf<HTMLTableRowElement>} */ (this.querySelectorAll("tr[data-score]"))];
    const details = this.querySelector("details");
    this.insertBefore(this.#svg, details);
    if (rows.length === 0) return;
    const points = rows.map(({ dataset }) => ({
      from: Date.parse(dataset.from ?? ""),
      to: Date.parse(dataset.to ?? ""),
      score: Number(dataset.score),
    }));
    const [first, last] = [rows[0], rows.at(-1)].map((row) => row?.cells[0]?.textContent ?? "");
    this.insertBefore(el("p", { class: "line-hours" }, el("span", { text: first }), el("span", { text: last })), details);
    this.show(points, points[0]?.from ?? 0, points.at(-1)?.to ?? 0);
  }

  /**
   * @param {Point[]} points what lies between two of them is a gap, and drawn as one
   * @param {number} from ms at the left edge
   * @param {number} to ms at the right edge
   */
  show(points, from, to) {
    const x = (/** @type {number} */ at) => (WIDTH * (Math.min(to, Math.max(from, at)) - from)) / Math.max(1, to - from);
    const bars = points.map((point, index) => {
      // Heartbeats a little apart belong together; a real gap is longer than one that is missing.
      const before = points[index - 1];
      const left = before && point.from - before.to < EVERY_MS ? before.to : point.from;
      return shape("rect", {
        x: x(left).toFixed(1),
        width: Math.max(1, x(point.to) - x(left)).toFixed(1),
        y: y(Math.max(4, point.score)),
        height: HEIGHT - y(Math.max(4, point.score)),
        class: `line-bar line-${verdictOf(point.score)}`,
      });
    });
    const holes = points.slice(1).flatMap((point, index) => {
      const end = points[index]?.to ?? point.from;
      if (point.from - end < EVERY_MS) return [];
      return [shape("rect", { x: x(end).toFixed(1), width: (x(point.from) - x(end)).toFixed(1), y: 0, height: HEIGHT, class: "line-hole" })];
    });
    this.#bars.replaceChildren(...holes, ...bars);
    const worst = Math.min(100, ...points.map(({ score }) => score));
    const words = { who: this.getAttribute("label") ?? "", verdict: say(`js.line.verdict.${verdictOf(worst)}`), count: holes.length };
    this.#svg.setAttribute("aria-label", say("js.line.described", words));
  }
}

/** @param {number} score */
function y(score) {
  return HEIGHT * (1 - score / 100);
}

/** One participant's row on the desk. */
class StripRow {
  /** @type {Point[]} */
  #points = [];
  #graph = /** @type {LineGraph} */ (document.createElement("line-graph"));
  #name = el("strong");
  #word = el("span", { class: "strip-word", testid: "line-word" });
  #detail = el("span", { class: "strip-detail soft" });
  element = el("div", { class: "strip-row", testid: "line-row" }, el("p", {}, this.#name, this.#word, this.#detail), this.#graph);

  /** @param {import("../call/types.js").Peer} peer slot null: oneself */
  set peer({ slot, role, name }) {
    const shown = slot === null ? say("js.line.you") : role === "terminal" ? say("js.panel.visitor_side") : name;
    this.element.dataset.own = String(slot === null);
    this.#name.textContent = shown;
    this.#graph.setAttribute("label", shown);
  }

  /** @param {import("../signaling/messages.js").LineQuality} line */
  add(line) {
    const to = Date.parse(line.at);
    this.#points = [...this.#points.filter((point) => point.to > to - SHOWN_MS), { from: to - EVERY_MS, to, score: line.score }];
    const verdict = verdictOf(line.score);
    Object.assign(this.element.dataset, { seat: line.of_seat, verdict, rung: line.rung });
    this.#word.textContent = say(`js.line.verdict.${verdict}`);
    this.#detail.textContent = say("js.line.detail", {
      rung: say(`js.rung.${line.rung}`),
      rtt: Math.round(line.rtt_ms),
      loss: Math.round(100 * line.loss),
    });
    this.#graph.show(this.#points, to - SHOWN_MS, to);
  }
}

export class LineStrip extends HTMLElement {
  /** @type {Map<string, StripRow>} */
  #rows = new Map();
  /** @type {import("../call/types.js").Peer[]} */
  #peers = [];

  /** @param {import("../call/call.js").Call} call */
  follow(call) {
    this.dataset.testid ||= "line-strip";
    call.addEventListener("room", (event) => this.#enter(/** @type {CustomEvent} */ (event).detail.peers));
    call.addEventListener("line", (event) => this.#add(/** @type {CustomEvent} */ (event).detail));
    call.addEventListener("state", () => {
      if (call.room === null) this.clear();
    });
  }

  clear() {
    this.#rows.clear();
    this.replaceChildren();
  }

  /** @param {import("../call/types.js").Peer[]} peers */
  #enter(peers) {
    this.#peers = peers;
    for (const [seat, row] of this.#rows) {
      const peer = peers.find((one) => one.seat === seat);
      if (peer) row.peer = peer;
      else this.#remove(seat, row);
    }
  }

  /** @param {import("../signaling/messages.js").LineQuality} line */
  #add(line) {
    const peer = this.#peers.find(({ seat }) => seat === line.of_seat);
    if (!peer) return;
    const row = this.#rows.get(line.of_seat) ?? new StripRow();
    if (!this.#rows.has(line.of_seat)) {
      this.#rows.set(line.of_seat, row);
      this.append(row.element);
    }
    row.peer = peer;
    row.add(line);
  }

  /** @param {string} seat @param {StripRow} row */
  #remove(seat, row) {
    row.element.remove();
    this.#rows.delete(seat);
  }
}

customElements.define("line-graph", LineGraph);
customElements.define("line-strip", LineStrip);

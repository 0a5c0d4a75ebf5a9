/** "3 分钟" that grows by itself: one clock for every waiting time on the page. */

import { el } from "../lib/dom.js";
import { say } from "../lib/words.js";

/** @type {Set<{element: HTMLElement, from: number}>} */
const running = new Set();
/** @type {ReturnType<typeof setInterval> | undefined} */
let timer;

/**
 * A `<time>` that shows how long ago this was and goes on counting while it is in the page.
 *
 * @param {string} moment
 * @param {string} [className]
 */
export function since(moment, className = "since") {
  const element = el("time", { class: `${className} number`, attrs: { datetime: moment } });
  const row = { element, from: Date.parse(moment) };
  show(row);
  running.add(row);
  timer ??= setInterval(tick, 1000);
  return element;
}

/** Seconds while they matter to somebody who waits, then minutes. @param {number} seconds */
export function sayLength(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 60) return say("js.desk.seconds", { seconds: whole });
  if (whole < 600) return say("js.desk.minutes_seconds", { minutes: Math.floor(whole / 60), seconds: whole % 60 });
  if (whole < 6000) return say("js.minutes", { minutes: Math.floor(whole / 60) });
  return say("js.desk.hours", { hours: Math.floor(whole / 3600) });
}

function tick() {
  for (const row of running) {
    if (row.element.isConnected) show(row);
    else running.delete(row);
  }
}

/** @param {{element: HTMLElement, from: number}} row */
function show({ element, from }) {
  const words = sayLength((Date.now() - from) / 1000);
  if (element.textContent !== words) element.textContent = words;
}

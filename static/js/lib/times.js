/** Dates, clocks and durations in the page's language: `2026年3月2日 09:00`, `12 分钟`. */

import { say } from "./words.js";

/** Office time: a promise made at the county means the same hour at every terminal. */
const timeZone = "Asia/Shanghai";

/** @returns {"en" | "zh-CN"} */
export function pageLanguage() {
  return globalThis.document?.documentElement.lang.startsWith("en") ? "en" : "zh-CN";
}

/** @param {string | number | Date} moment @param {"en" | "zh-CN"} [language] */
export function formatDay(moment, language = pageLanguage()) {
  return new Intl.DateTimeFormat(language, { year: "numeric", month: "long", day: "numeric", timeZone }).format(new Date(moment));
}

/** Weekday alone, for the idle screen. @param {string | number | Date} moment @param {"en" | "zh-CN"} [language] */
export function formatWeekday(moment, language = pageLanguage()) {
  return new Intl.DateTimeFormat(language, { weekday: "long", timeZone }).format(new Date(moment));
}

/** 24-hour clock. @param {string | number | Date} moment */
export function formatClock(moment) {
  return new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", hour12: false, timeZone }).format(new Date(moment));
}

/** @param {string | number | Date} moment @param {"en" | "zh-CN"} [language] */
export function formatMoment(moment, language = pageLanguage()) {
  return `${formatDay(moment, language)} ${formatClock(moment)}`;
}

/** Whole minutes, at least one while anything is left. @param {number} minutes */
export function formatMinutes(minutes) {
  return say("js.minutes", { minutes: Math.max(1, Math.round(minutes)) });
}

/** `4:05`, for running durations. @param {number} seconds */
export function formatRunning(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

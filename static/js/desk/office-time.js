/** Office time with seconds, and the office's date: the desk and the server agree on both whatever the computer's zone is. */

const timeZone = "Asia/Shanghai";

/** `09:00:12` @param {string | number | Date} moment */
export function clockWithSeconds(moment) {
  return new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false, timeZone }).format(new Date(moment));
}

/** Today as a date field writes it: `2026-03-02`. @param {Date} [now] */
export function officeDate(now = new Date()) {
  return new Intl.DateTimeFormat("en-CA", { year: "numeric", month: "2-digit", day: "2-digit", timeZone }).format(now);
}

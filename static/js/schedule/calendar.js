/**
 * The typed door to @event-calendar/build, which is loaded before as a plain script and leaves one global.
 *
 * The page's policy holds for it: its styles go through the CSSOM, its markup through a trusted-types policy that it
 * makes for itself (`svelte-trusted-html`, for templates that are part of its own code), and what we give it are nodes.
 * The widget reckons in wall-clock times without a zone: it gets office time and gives office time back.
 */

/** @typedef {{domNodes: Node[]}} Content */

/**
 * @typedef {{
 *   id: string, resourceIds: string[], start: string, end: string,
 *   display?: "auto" | "background", startEditable?: boolean, durationEditable?: boolean,
 *   classNames?: string[], extendedProps?: Record<string, unknown>,
 * }} CalendarEvent `start` and `end`: wall clock, `2026-03-02T09:00`
 */

/** @typedef {{id: string, title: string, extendedProps?: Record<string, unknown>}} CalendarResource */

/**
 * @typedef {{
 *   id: string, resourceIds: string[], start: Date, end: Date, display: string, extendedProps: Record<string, any>,
 * }} ShownEvent `start` and `end`: their local fields are the wall clock
 */

/**
 * @typedef {{
 *   event: ShownEvent, oldEvent: ShownEvent, revert: () => void,
 *   oldResource?: CalendarResource, newResource?: CalendarResource,
 * }} Drop
 */

/** @typedef {{start: Date, end: Date, resource: CalendarResource}} Selection */

/**
 * @typedef {{
 *   setOption: (name: string, value: unknown) => void,
 *   getEventById: (id: string) => ShownEvent | null,
 *   unselect: () => void,
 * }} Calendar
 */

/**
 * @param {HTMLElement} place
 * @param {Record<string, unknown>} options
 * @returns {Calendar | null} null when the library did not load: the list below the board says the same
 */
export function createCalendar(place, options) {
  const library = /** @type {{create: (place: HTMLElement, options: object) => Calendar} | undefined} */ (
    /** @type {any} */ (globalThis).EventCalendar
  );
  if (!library) return null;
  const calendar = library.create(place, options);
  withoutTableRoles(place);
  new MutationObserver(() => withoutTableRoles(place)).observe(place, { childList: true, subtree: true });
  return calendar;
}

const TABLE_PARTS = ["table", "rowgroup", "row", "rowheader", "columnheader", "cell"].map((role) => `[role="${role}"]`).join();

/**
 * The widget calls itself a table but lays cards beside cells, so a reader would count cells that are not there.
 * Its cards say whole sentences instead, and the list below the board is the table.
 *
 * @param {HTMLElement} place
 */
function withoutTableRoles(place) {
  for (const part of place.querySelectorAll(TABLE_PARTS)) {
    for (const name of ["role", "aria-colindex", "aria-rowindex", "aria-colspan", "aria-rowspan", "aria-colcount", "aria-rowcount"]) part.removeAttribute(name);
  }
}

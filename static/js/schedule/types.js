/** Shapes of `GET /api/v1/schedule`; no code. */

/** @typedef {{on: string, kind: "workday" | "rest" | "holiday" | "make_up", name: string | null, is_provisional: boolean}} Day */

/** @typedef {{id: string, kind: "room" | "person" | "post", title: string, note: string, has_sheet: boolean}} Row */

/**
 * @typedef {{row: string, kind: "shift" | "leader_day" | "gap" | "away", starts_at: string, ends_at: string, role: string, unit_name: string, why: string}} Band
 */

/**
 * @typedef {{
 *   key: string, appointment: string | null, rows: string[], state: string, kind: string | null, ticket: string | null,
 *   starts_at: string, ends_at: string, busy_from: string, busy_until: string,
 *   room: string | null, official: string | null, liaison: string | null,
 *   where: string, who: string, version: number, may: string[],
 * }} Card `appointment` null: another township's, of which only "occupied" is known
 */

/** @typedef {{key: string, block: string | null, row: string, reason: string, starts_at: string, ends_at: string}} Block */

/**
 * @typedef {{
 *   from: string, until: string, today: string, now: string, opens: string, closes: string,
 *   days: Day[], rows: Row[], bands: Band[], cards: Card[], blocks: Block[], may: string[],
 * }} Board all moments UTC, days office dates, `until` exclusive, `opens` and `closes` office time
 */

/** @typedef {{room: string, official: string, liaison: string | null, starts_at: string, where: string, who: string}} Alternative */

export {};

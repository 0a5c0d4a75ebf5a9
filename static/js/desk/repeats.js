/** What the server says of a visit's earlier cases, and the deeds on them: one function per route. */

import { api } from "../lib/api.js";

/**
 * @typedef {{visited_on: string, code: string, answer: string, next: string, owner: string, owner_post: string,
 *   due_on: string | null, is_overdue: boolean, is_provisional: boolean}} LastAnswer
 * @typedef {{section: string, section_name: string, owner: string, owner_name: string, owner_post: string}} Assignment
 * @typedef {{role: string, unit: string, name: string | null, post: string, why: string, instead_of: string | null,
 *   is_reachable: boolean, came_at: string | null}} Required came_at: null while nobody in that post was in the call
 * @typedef {{kind: string, resumes_on: string | null, reason: string | null, note: string}} Excuse
 * @typedef {{state: string, due_on: string, planned_on: string | null, order_due_on: string | null}} HearingBrief
 * @typedef {{is_asked: boolean, is_alone: boolean, in_the_way: string[]}} HandlingPlace
 * @typedef {{id: string, state: "proposed" | "confirmed", evidence: string[], matter: number, case_number: string,
 *   township: string, opened_at: string, summary: string, before: number, count: number | null,
 *   last: LastAnswer | null, assignment: Assignment | null, rung: string | null, met: string | null,
 *   required: Required[], excuse: Excuse | null, hearing: HearingBrief | null, handling?: HandlingPlace}} Link
 *   handling: absent for everybody who must not know of the question
 * @typedef {{visit: string, may_judge: boolean, is_host: boolean, links: Link[], absence_reasons: string[]}} Repeats
 */

/** @param {string} visit @returns {Promise<Repeats>} */
export const readRepeats = (visit) => api("GET", `/api/v1/visits/${visit}/repeats`);

/** @param {string} visit @returns {Promise<{found: number}>} */
export const searchAgain = (visit) => api("POST", `/api/v1/visits/${visit}/repeats/search`, {});

/** @param {string} link @param {"confirm" | "reject" | "unlink"} decision */
export const decide = (link, decision) => api("POST", `/api/v1/repeat-links/${link}/${decision}`, {});

/** @param {string} link @param {{kind: string, resumes_on: string | null, reason: string, note: string}} excuse */
export const excuse = (link, excuse) => api("POST", `/api/v1/repeat-links/${link}/excuse`, excuse);

/** Ask whoever holds a post into the call. @param {string} visit @param {string} role @param {string} unit */
export const ring = (visit, role, unit) => api("POST", `/api/v1/visits/${visit}/invite-role`, { role, unit });

/** The handlers leave the media, or come back. @param {string} link @param {boolean} on */
export const beAlone = (link, on) => api("POST", `/api/v1/repeat-links/${link}/alone`, { on });

/** @param {string} link @param {{contacted: string, explained: string, satisfied: string, words: string}} answers */
export const keepHandling = (link, answers) => api("POST", `/api/v1/repeat-links/${link}/handling`, answers);

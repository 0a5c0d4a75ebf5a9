/** What a host can ask of the server to bring people in, one function each.  The answers are the API's. */

import { api } from "../lib/api.js";

/**
 * @typedef {{role: string, unit: string, name: string}} Post
 * @typedef {{person: string, name: string, post: string, why: string, instead_of: string | null, reachable: boolean,
 *   barred: boolean, asked: boolean}} Candidate
 * @typedef {{id: string, role: string, unit_id: string | null, unit: string, person: string | null, guest: string | null,
 *   name: string, post: string, presence: string, is_held: boolean, absence: string | null, left_at: string | null}} Asked
 * @typedef {{guest: string, role: string, title: string, state: string, end: string | null, name: string,
 *   expires_at: string}} GuestLine
 * @typedef {{guest: string, link: string, qr: string, code: string, expires_at: string}} MadeLink
 */

/** @returns {Promise<Post[]>} */
export const readPosts = async () => (await api("GET", "/api/v1/posts")).posts;

/** @param {string} visit @param {string} role @param {string} unit @returns {Promise<Candidate[]>} */
export async function readCandidates(visit, role, unit) {
  const asked = new URLSearchParams({ role, unit });
  return (await api("GET", `/api/v1/visits/${visit}/candidates?${asked}`)).candidates;
}

/** @param {string} visit @param {{role: string, unit: string, person?: string, summary?: boolean}} whom */
export const inviteRole = (visit, whom) => api("POST", `/api/v1/visits/${visit}/invite-role`, whom);

/** @param {string} visit @returns {Promise<{asked: Asked[], guests: GuestLine[]}>} */
export const readAttendance = (visit) => api("GET", `/api/v1/visits/${visit}/attendance`);

/** @param {string} attendance @param {string} reason */
export const confirmAbsence = (attendance, reason) => api("POST", `/api/v1/attendance/${attendance}/absence`, { reason });

/** @param {string} visit @param {{role: string, title: string}} whom @returns {Promise<MadeLink>} */
export const makeGuestLink = (visit, whom) => api("POST", `/api/v1/visits/${visit}/guests`, whom);

/** @param {string} visit @param {string} guest */
export const revokeGuest = (visit, guest) => api("POST", `/api/v1/visits/${visit}/guests/${guest}/revoke`, {});

/** @param {string} visit @param {string} guest */
export const admitGuest = (visit, guest) => api("POST", `/api/v1/visits/${visit}/guests/${guest}/admit`, {});

/** Take somebody off hold: whoever arrived on it is in the call from now on. @param {string} visit @param {string} seat */
export const letIn = (visit, seat) => api("POST", `/api/v1/visits/${visit}/hold`, { seat, on: false });

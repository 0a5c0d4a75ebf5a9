/** What a duty officer can ask of the server, one function each. The answers are the API's. */

import { api } from "../lib/api.js";

/** @typedef {import("./types.js").Draft} Draft */

/** @returns {Promise<import("./types.js").DeskAnswer>} */
export const readDesk = () => api("GET", "/api/v1/desk");

/** @param {{camera: boolean, microphone: boolean}} found by the device check */
export const goOnDuty = ({ camera, microphone }) => api("POST", "/api/v1/duty/on", { camera, microphone, ring_heard: true });

export const goOffDuty = () => api("POST", "/api/v1/duty/off", {});

/** @param {string} visit @returns {Promise<{visit: string, room: string, state: string}>} */
export const answer = (visit) => api("POST", `/api/v1/visits/${visit}/answer`, {});

/** @param {string} visit */
export const decline = (visit) => api("POST", `/api/v1/visits/${visit}/decline`, {});

/** @param {string} visit @param {string} person */
export const invite = (visit, person) => api("POST", `/api/v1/visits/${visit}/invite`, { person });

/** Accept an invitation. @param {string} visit @returns {Promise<{visit: string, room: string, state: string}>} */
export const join = (visit) => api("POST", `/api/v1/visits/${visit}/join`, {});

/** @param {string} visit @returns {Promise<{visit: string, state: string}>} */
export const end = (visit) => api("POST", `/api/v1/visits/${visit}/end`, {});

/** A call as its participants find it when they come back. @param {string} visit @returns {Promise<import("../components/chat-panel.js").Snapshot>} */
export const readSnapshot = (visit) => api("GET", `/api/v1/visits/${visit}/snapshot`);

/** @param {string} visit @returns {Promise<import("./types.js").VisitView>} */
export const readVisit = (visit) => api("GET", `/api/v1/visits/${visit}`);

/** @param {string} visit @returns {Promise<import("./types.js").SavedDraft>} */
export async function readDraft(visit) {
  const { version, saved_at, ...draft } = await api("GET", `/api/v1/visits/${visit}/draft`);
  return { draft, version, saved_at };
}

/** One attempt only: the keeper comes again by itself. @param {string} visit @param {Draft} draft @param {number} version @returns {Promise<{version: number, saved_at: string}>} */
export const saveDraft = (visit, draft, version) =>
  api("PUT", `/api/v1/visits/${visit}/draft`, { ...draft, version }, { retryAfterMs: [] });

/** @param {string} visit @param {Draft} outcome @param {string} idempotencyKey @returns {Promise<{visit: string, receipt: string, state: string}>} */
export const logOutcome = (visit, outcome, idempotencyKey) =>
  api("POST", `/api/v1/visits/${visit}/outcome`, outcome, { idempotencyKey });

/** Demo only: a rehearsed visitor comes to this room. @param {string} room code of the place */
export const startRobot = (room) => api("POST", "/api/v1/demo/robot", { room });

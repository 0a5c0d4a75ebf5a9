/** What a guest's page asks of the server, and the token in its own address. Knows no DOM. */

import { api } from "../lib/api.js";

/**
 * @typedef {"none" | "issued" | "code" | "name" | "lobby" | "admitted" | "over"} GuestState
 * @typedef {{state: GuestState, end: string | null, seat: string, room: string, title: string, host_name: string,
 *   host_post: string, tries: number, live: boolean}} GuestView what GET /api/v1/guest says
 */

const GUEST = "/api/v1/guest";
const BROWSER = "join-browser";
const TOKEN = "join-token";

/** Take the token out of the address, where others may read it; a reload before the click still knows it. @returns {string} */
export function takeToken() {
  const token = location.hash.slice(1);
  if (token) {
    sessionStorage.setItem(TOKEN, token);
    sessionStorage.removeItem(BROWSER);
    history.replaceState(null, "", location.pathname);
  }
  return sessionStorage.getItem(TOKEN) ?? "";
}

export function forgetToken() {
  sessionStorage.removeItem(TOKEN);
}

/** @returns {Promise<GuestView>} */
export const readGuest = () => api("GET", GUEST);

/** Bind the link to this browser; a lost answer is asked for again with what only this browser knows. @param {string} token */
export const redeem = (token) => api("POST", `${GUEST}/redeem`, { token, browser: browserKey() });

/** @param {string} code @returns {Promise<GuestView>} */
export const prove = (code) => api("POST", `${GUEST}/code`, { code: code.replace(/\D/g, "") });

/** @param {string} name @returns {Promise<GuestView>} */
export const wait = (name) => api("POST", `${GUEST}/wait`, { name });

/** @param {AbortSignal} signal @returns {Promise<string>} */
export const getTicket = async (signal) => (await api("POST", `${GUEST}/ws-ticket`, {}, { retryAfterMs: [], signal })).ticket;

export const askForRelays = () => api("POST", `${GUEST}/ice-servers`, {}, { retryAfterMs: [] });

function browserKey() {
  const known = sessionStorage.getItem(BROWSER);
  if (known) return known;
  const key = Array.from(crypto.getRandomValues(new Uint8Array(32)), (byte) => byte.toString(16).padStart(2, "0")).join("");
  sessionStorage.setItem(BROWSER, key);
  return key;
}

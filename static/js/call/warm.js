/** The page's one media transport, set up as soon as the socket is open and kept warm while nobody calls. */

import { api } from "../lib/api.js";
import { MediaTransport } from "./transport.js";

/** Close codes after which this page has no seat: taken over by another, revoked. */
const OVER = new Set([4409, 4410]);
/** An answer that came later would belong to a network of before. */
const OFFER_MS = 6000;

/** A last answer that is still good is taken when the new one is not there by then: over a dead path it never comes. */
const PROMPT_MS = 400;

/** @typedef {{ice_servers: RTCIceServer[], relay_only: boolean, ttl_s: number}} IceAnswer what POST /api/v1/ice-servers says */

/**
 * Asks for relays each time they are needed, and falls back on the last answer only while its credentials are good:
 * a page that stays open for days never uses old ones. Where only relays may be used, no answer never means the direct way.
 *
 * @param {() => Promise<IceAnswer>} ask
 * @param {() => number} now ms, any steady clock
 * @returns {() => Promise<RTCConfiguration>} rejects when nobody answers and nothing good is known
 */
export function iceServersBy(ask, now = () => performance.now()) {
  /** @type {RTCConfiguration | null} */
  let known = null;
  let goodUntil = -Infinity;
  const fresh = async () => {
    const { ice_servers, relay_only, ttl_s } = await ask();
    goodUntil = now() + 1000 * ttl_s;
    return (known = { iceServers: ice_servers, iceTransportPolicy: relay_only ? "relay" : "all" });
  };
  return async () => {
    const answer = fresh();
    if (known === null || now() >= goodUntil) return answer;
    const last = known;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let timer;
    /** @type {Promise<RTCConfiguration>} */
    const late = new Promise((resolve) => (timer = setTimeout(() => resolve(last), PROMPT_MS)));
    return Promise.race([answer.catch(() => last), late]).finally(() => clearTimeout(timer));
  };
}

/** As somebody signed in by cookie. The transport asks again by itself: no second row of attempts below it. @returns {Promise<IceAnswer>} */
const askAsStaff = () => api("POST", "/api/v1/ice-servers", {}, { retryAfterMs: [] });

/**
 * @param {import("./types.js").Connection} connection before or after `open()`
 * @param {() => Promise<IceAnswer>} [askForRelays] as whom the server is asked
 * @returns {MediaTransport}
 */
export function keepWarm(connection, askForRelays = askAsStaff) {
  const transport = new MediaTransport({
    sendOffer: async (sdp) => {
      const answer = connection.command({ type: "transport_offer", sdp }, { withinMs: OFFER_MS });
      if (transport.isAiling) connection.doubt?.();
      return (await answer).sdp;
    },
    iceServers: iceServersBy(askForRelays),
    isOnline: () => connection.state === "open",
  });
  let hasMoved = false;
  globalThis.addEventListener("online", () => (hasMoved = true));
  connection.addEventListener("state", (event) => {
    const { state, code } = /** @type {CustomEvent} */ (event).detail;
    if (state === "closed" && OVER.has(code)) transport.close();
    if (state !== "open") return; // a gap in the socket does nothing to media that flows
    transport.connect();
    transport.nudge(hasMoved);
    hasMoved = false;
  });
  return transport;
}

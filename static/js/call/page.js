/** What every page with a call is made of, wired together: the socket, media, capture, the call, the watch over our devices. */

import { api } from "../lib/api.js";
import { SignalingConnection, TicketDenied } from "../signaling/connection.js";
import { Call } from "./call.js";
import { DeviceWatch } from "./device-watch.js";
import { LocalCapture } from "./devices.js";
import { keepWarm } from "./warm.js";

/**
 * As whom a page is on the line; by default as somebody signed in by cookie.
 *
 * @typedef {object} As
 * @property {(signal: AbortSignal) => Promise<string>} [getTicket] throws TicketDenied when asking again is no use
 * @property {() => Promise<import("./warm.js").IceAnswer>} [askForRelays]
 */

/** Nothing is opened yet: `connection.resume()` does. @param {As} [as] */
export function partsOfCall({ getTicket = getStaffTicket, askForRelays } = {}) {
  const connection = new SignalingConnection({ url: `${location.origin.replace(/^http/, "ws")}/ws`, getTicket });
  const transport = keepWarm(connection, askForRelays);
  const capture = new LocalCapture();
  const call = new Call({ connection, transport, capture, hints: () => watch.hints });
  const watch = new DeviceWatch({ peer: () => transport.peer, own: () => call.own, stream: () => capture.stream });
  call.addEventListener("state", () => {
    connection.isInCall = call.room !== null;
    if (call.room) watch.start();
    else watch.stop();
  });
  return { connection, transport, capture, call };
}

/** @param {AbortSignal} signal @returns {Promise<string>} */
async function getStaffTicket(signal) {
  try {
    // The connection itself tries again; a second row of attempts below it would only come late.
    return (await api("POST", "/api/v1/ws-ticket", {}, { retryAfterMs: [], signal })).ticket;
  } catch (error) {
    if (/** @type {{status?: number}} */ (error).status === 401) throw new TicketDenied("signed_out");
    throw error;
  }
}

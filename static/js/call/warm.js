/** The page's one media transport, set up as soon as the socket is open and kept warm while nobody calls. */

import { MediaTransport } from "./transport.js";

/** Close codes after which this page has no seat: taken over by another, revoked. */
const OVER = new Set([4409, 4410]);

/**
 * @param {import("./types.js").Connection} connection before or after `open()`
 * @returns {MediaTransport}
 */
export function keepWarm(connection) {
  const transport = new MediaTransport({
    sendOffer: async (sdp) => (await connection.command({ type: "transport_offer", sdp })).sdp,
  });
  connection.addEventListener("state", (event) => {
    const { state, code } = /** @type {CustomEvent} */ (event).detail;
    if (state === "closed" && OVER.has(code)) transport.close();
    if (state !== "open") return; // a gap in the socket does nothing to media that flows
    if (transport.state === "waiting") transport.rebuild();
    else transport.connect();
  });
  return transport;
}

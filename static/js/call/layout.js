/** Who is large on the stage. Pure. */

/** @typedef {import("./types.js").Peer} Peer */

/**
 * The others in fixed places: no jumping when somebody speaks or comes later.
 *
 * @param {Peer[]} peers
 * @param {string} seat our own
 * @param {string[]} mainRoles roles that are large, first match wins
 * @param {string | null} [pinned] seat that the person chose by hand
 * @returns {{main: Peer | null, strip: Peer[]}} strip in slot order
 */
export function arrange(peers, seat, mainRoles, pinned = null) {
  const others = peers.filter((peer) => peer.seat !== seat).sort((a, b) => (a.slot ?? 99) - (b.slot ?? 99));
  const main =
    others.find((peer) => peer.seat === pinned) ??
    mainRoles.map((role) => others.find((peer) => peer.role === role)).find(Boolean) ??
    others[0] ??
    null;
  return { main, strip: others.filter((peer) => peer !== main) };
}

/** Numeral of the countdown: 3, 2, 1, then 0. @param {number} remainingMs */
export function numeral(remainingMs) {
  return Math.max(0, Math.ceil(remainingMs / 1000));
}

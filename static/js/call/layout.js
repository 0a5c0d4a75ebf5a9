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
  const isVisitor = peers.some((peer) => peer.seat === seat && peer.role === "terminal");
  const main =
    others.find((peer) => peer.seat === pinned) ??
    (isVisitor ? others.find((peer) => peer.lead) : undefined) ??
    mainRoles.map((role) => others.find((peer) => peer.role === role)).find(Boolean) ??
    others[0] ??
    null;
  const strip = others.filter((peer) => peer !== main);
  return { main, strip: [...strip.filter(isInterpreter), ...strip.filter((peer) => !isInterpreter(peer))] };
}

/** Pinned to the first place of the strip, whoever else comes. @param {Peer} peer */
const isInterpreter = (peer) => peer.role === "interpreter";

/**
 * What stands round the stage: nothing, that we are on hold and who has the floor, or between whom a private part is.
 *
 * @param {import("./types.js").RoomState} room
 * @param {string} seat our own
 * @returns {{kind: "none" | "held" | "private", names: string[]}}
 */
export function frameOf(room, seat) {
  const me = room.peers.find((peer) => peer.seat === seat);
  if (!me || room.phase !== "live") return { kind: "none", names: [] };
  const group = room.peers.filter((peer) => peer.private).map(({ name }) => name);
  const floor = room.private ? group : room.peers.filter((peer) => peer.lead).map(({ name }) => name);
  if (me.held || (room.private && !me.private)) return { kind: "held", names: floor };
  return room.private ? { kind: "private", names: group } : { kind: "none", names: [] };
}

/** Numeral of the countdown: 3, 2, 1, then 0. @param {number} remainingMs */
export function numeral(remainingMs) {
  return Math.max(0, Math.ceil(remainingMs / 1000));
}

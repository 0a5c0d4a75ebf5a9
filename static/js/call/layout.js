/** Who stands where on the stage. Pure. */

/** @typedef {import("./types.js").Peer} Peer */
/** @typedef {"main" | "first" | "1" | "2" | "3" | "4"} Place the large picture, the interpreter's own, then the others' in order of coming */

/**
 * The others in fixed places: nobody moves when somebody speaks, comes later or goes.
 *
 * @param {Peer[]} peers
 * @param {string} seat our own
 * @param {string[]} mainRoles roles that are large, first match wins
 * @param {{pinned?: string | null, before?: Map<string, Place>}} [kept] pinned: seat whose picture the person made large by
 *   hand, it trades places with the large one; before: `homes` of the last time
 * @returns {{main: Peer | null, places: Map<string, Place>, homes: Map<string, Place>}} places by seat as shown; homes
 *   without what was pinned
 */
export function arrange(peers, seat, mainRoles, { pinned = null, before = new Map() } = {}) {
  const others = peers.filter((peer) => peer.seat !== seat).sort((a, b) => (a.slot ?? 99) - (b.slot ?? 99));
  const isVisitor = peers.some((peer) => peer.seat === seat && peer.role === "terminal");
  const large =
    (isVisitor ? others.find((peer) => peer.lead) : undefined) ??
    mainRoles.map((role) => others.find((peer) => peer.role === role)).find(Boolean) ??
    others[0];
  if (!large) return { main: null, places: new Map(), homes: new Map() };
  const homes = settle(others.filter((peer) => peer !== large), before);
  const chosen = others.find((peer) => peer.seat === pinned) ?? large;
  const places = new Map(homes).set(large.seat, homes.get(chosen.seat) ?? "main").set(chosen.seat, "main");
  return { main: chosen, places, homes };
}

/**
 * Whoever had a place keeps it, whoever is new takes the lowest that is free. The interpreter has a place of its own. On a
 * strip of five that is the fourth one's too: six people never need both, and whoever stood there when an interpreter
 * comes takes the place that has become free.
 *
 * @param {Peer[]} strip in slot order
 * @param {Map<string, Place>} before
 * @returns {Map<string, Place>}
 */
function settle(strip, before) {
  const interpreter = strip.find((peer) => peer.role === "interpreter");
  /** @type {Place[]} */
  const free = interpreter ? ["first", "1", "2", "3"] : ["1", "2", "3", "4"];
  /** @type {Map<string, Place>} */
  const homes = new Map();
  /** @param {Peer} peer @param {Place} [place] */
  const take = (peer, place) => {
    const at = place ? free.indexOf(place) : 0;
    const [taken] = at < 0 ? [] : free.splice(at, 1);
    if (taken) homes.set(peer.seat, taken);
  };
  if (interpreter) take(interpreter);
  for (const peer of strip) if (peer !== interpreter && before.has(peer.seat)) take(peer, before.get(peer.seat));
  for (const peer of strip) if (!homes.has(peer.seat)) take(peer);
  return homes;
}

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

/** What the desk knows, as one value: the server's snapshot, brought forward by its events. Pure. */

/** @typedef {import("./types.js").Desk} Desk */
/** @typedef {import("./types.js").DeskAnswer} DeskAnswer */
/** @typedef {"off" | "ready" | "ringing" | "blocked" | "call" | "wrap_up" | "pending"} Mode */

/** @param {DeskAnswer} answer @returns {Desk} */
export function opened(answer) {
  return { ...snapshot(answer), current: currentOf(answer), rings: [], invitations: [] };
}

/**
 * A newer snapshot: it wins over what events said, except for what no snapshot holds.
 *
 * @param {Desk} desk
 * @param {DeskAnswer} answer
 * @returns {Desk}
 */
export function refreshed(desk, answer) {
  const waiting = new Set(answer.queue.map((row) => row.visit));
  // The server names the call that one answered oneself; a colleague's call is known here only.
  const guest = desk.current && !desk.current.isHost ? desk.current : null;
  return {
    ...snapshot(answer),
    current: currentOf(answer) ?? guest,
    rings: desk.rings.filter((ring) => waiting.has(ring.visit)),
    invitations: desk.invitations,
  };
}

/**
 * The desk after one message of the socket; messages that say nothing about the desk leave it as it is.
 *
 * @param {Desk} desk
 * @param {any} message
 * @returns {Desk}
 */
export function follow(desk, message) {
  switch (message.type) {
    case "ring":
      // In order of arrival here: a card never moves away under the hand that answers it.
      return { ...desk, rings: desk.rings.some((ring) => ring.visit === message.visit) ? desk.rings : [...desk.rings, message] };
    case "ring_stopped":
      return { ...desk, rings: without(desk.rings, message.visit), invitations: without(desk.invitations, message.visit) };
    case "queue":
      return { ...desk, queue: message.rows.map((/** @type {import("./types.js").QueueRow} */ row) => ({ ...row, officer: officerOf(desk, row.visit) })) };
    case "duty":
      return { ...desk, duty: { state: message.state, reason: message.reason ?? null, pending: message.pending ?? 0 } };
    case "invite":
      return { ...desk, invitations: [...without(desk.invitations, message.visit), message] };
    case "visit":
      return afterVisit(desk, message);
    default:
      return desk;
  }
}

/** This officer answered, or joined a colleague: every bell is over. @param {Desk} desk @param {import("./types.js").Current} current @returns {Desk} */
export function entered(desk, current) {
  return { ...desk, current, rings: [], invitations: without(desk.invitations, current.visit) };
}

/** The call or its form is over. @param {Desk} desk @returns {Desk} */
export function left(desk) {
  return { ...desk, current: null };
}

/** A suspended visit is in the queue, and nobody has said yet who received it: a new snapshot will. @param {Desk} desk */
export function lacksOfficer(desk) {
  return desk.queue.some((row) => row.state === "suspended" && !row.officer);
}

/** What the middle of the page shows. @param {Desk} desk @param {string | null} opened a pending outcome that was opened @returns {Mode} */
export function modeOf(desk, opened) {
  if (desk.current) return desk.current.state === "wrap_up" ? "wrap_up" : "call";
  if (opened) return "pending";
  if (desk.duty.state === "off" || desk.duty.state === "blocked") return desk.duty.state;
  return desk.rings.length > 0 ? "ringing" : "ready";
}

/** Whether a waiting visit may be taken from the queue now; one that rings here has its own card. @param {Desk} desk @param {string} visit */
export function mayAccept(desk, visit) {
  return desk.duty.state === "ready" && desk.current === null && !desk.rings.some((ring) => ring.visit === visit);
}

/** @param {DeskAnswer} answer */
function snapshot({ me, duty, queue, pending, suspended, colleagues }) {
  return {
    me,
    duty: { state: duty.state, reason: duty.reason ?? null, pending: duty.pending ?? pending.length },
    queue,
    pending,
    suspended,
    colleagues,
  };
}

/** The wire does not name who received a suspended visit before; a snapshot has. @param {Desk} desk @param {string} visit */
function officerOf(desk, visit) {
  return desk.queue.find((row) => row.visit === visit)?.officer ?? null;
}

/** @param {DeskAnswer} answer @returns {import("./types.js").Current | null} */
function currentOf({ current }) {
  if (!current || (current.state !== "in_call" && current.state !== "wrap_up")) return null;
  return { visit: current.visit, room: current.room, state: current.state, isHost: current.is_host ?? true };
}

/** @param {Desk} desk @param {{visit: string, state: string}} message @returns {Desk} */
function afterVisit(desk, { visit, state }) {
  const invitations = state === "in_call" ? desk.invitations : without(desk.invitations, visit);
  if (desk.current?.visit !== visit) return { ...desk, invitations };
  if (state === "in_call") return { ...desk, invitations };
  if (state === "wrap_up" && desk.current.isHost) {
    return { ...desk, invitations, current: { ...desk.current, state: "wrap_up" } };
  }
  return { ...desk, invitations, current: null };
}

/** @template {{visit: string}} T @param {T[]} rows @param {string} visit @returns {T[]} */
function without(rows, visit) {
  return rows.filter((row) => row.visit !== visit);
}

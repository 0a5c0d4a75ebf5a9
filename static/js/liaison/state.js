/** What a liaison's page knows, as one value: the server's snapshot, brought forward by its events. Pure. */

/**
 * @typedef {{visit: string, ticket: string, matter_kinds: string[], summaries: string[], from_name: string, from_post: string,
 *   asked_at: string}} Brief
 * @typedef {{person: string, name: string, post: string, unit: string, seat: string, state: "off" | "ready" | "busy" | "blocked",
 *   invitations: Brief[], current: {visit: string, room: string} | null}} Liaison what GET /api/v1/liaison says
 * @typedef {"off" | "ready" | "ringing" | "call"} Mode
 */

/** @param {Liaison} liaison @param {Set<string>} left rooms that one has left or that are over @returns {Mode} */
export function modeOf(liaison, left) {
  if (liaison.current && !left.has(liaison.current.room)) return "call";
  if (liaison.invitations.length > 0) return "ringing";
  return liaison.state === "off" ? "off" : "ready";
}

/** The liaison after one message; an invitation is read anew, because the wire does not carry the brief. @param {Liaison} liaison @param {any} message @returns {Liaison} */
export function follow(liaison, message) {
  if (message.type === "duty") return { ...liaison, state: message.state };
  if (message.type === "ring_stopped" || (message.type === "visit" && message.state !== "in_call")) {
    return { ...liaison, invitations: liaison.invitations.filter(({ visit }) => visit !== message.visit) };
  }
  return liaison;
}

/** Whether a message says that the snapshot is out of date. @param {any} message */
export function isNews(message) {
  return ["invite", "visit", "duty"].includes(message.type) || (message.type === "room_state" && message.phase === "closed");
}

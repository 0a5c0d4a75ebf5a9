/** Which step a guest's page shows, from what the server says and what was pressed here. Pure. */

/** @typedef {import("./door.js").GuestView} GuestView */
/** @typedef {"loading" | "open" | "none" | "code" | "name" | "lobby" | "admitted" | "left" | "over"} Step */

/**
 * @param {GuestView | null} view null before the server was asked
 * @param {{token: string, hasLeft: boolean}} here a token that was not opened yet; whether the guest left the call
 * @returns {Step}
 */
export function stepOf(view, { token, hasLeft }) {
  if (token) return "open"; // a new link counts more than what this browser was bound to before
  if (view === null) return "loading";
  if (view.state === "admitted" && hasLeft) return "left";
  if (view.state === "issued") return "none";
  return view.state;
}

/** A refusal that ends the link for this browser. @param {unknown} error */
export function isOver(error) {
  const { status, code } = /** @type {{status?: number, code?: string}} */ (error ?? {});
  return status === 410 || code === "guest_link_unknown";
}

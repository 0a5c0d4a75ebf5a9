/** In which room the page is: the one that the desk says, unless that is over for us or its lost line has closed it. */

/** Right after answering, the room may open a moment later than the answer comes. */
const RETRY_MS = 500;
const ATTEMPTS = 10;

/** Events: `refused` (detail: error): the room does not let us in, and no further attempt will. */
export class RoomKeeper extends EventTarget {
  /** Rooms that are over for us, although an older snapshot may still name them. @type {Set<string>} */
  #over = new Set();
  /** What its lost line has closed, while what is typed is being saved. @type {string | null} */
  #cutOff = null;
  /** @type {string | null} */
  #wanted = null;
  #attempts = 0;

  /** @param {import("../call/call.js").Call} call @param {import("../signaling/connection.js").SignalingConnection} connection */
  constructor(call, connection) {
    super();
    this.call = call;
    this.connection = connection;
    call.addEventListener("refused", (event) => this.#onRefused(/** @type {CustomEvent} */ (event).detail));
  }

  /** @param {import("./types.js").Current | null} current */
  follow(current) {
    const wanted = current?.state === "in_call" ? current.room : null;
    this.#wanted = wanted && wanted !== this.#cutOff && !this.isOver(wanted) ? wanted : null;
    this.#enter();
  }

  /** We come in, perhaps once more. @param {string} room */
  open(room) {
    this.#over.delete(room);
    this.#attempts = 0;
  }

  /** We left it, or it is closed. @param {string} room */
  end(room) {
    this.#over.add(room);
  }

  /** @param {string} room */
  isOver(room) {
    return this.#over.has(room);
  }

  /**
   * Stay out while something is saved.
   *
   * @param {string} room
   * @param {() => Promise<void>} save
   * @returns {Promise<boolean>} false: it is being saved already
   */
  async cutOff(room, save) {
    if (this.#cutOff === room) return false; // the room said so, now the visit does
    this.#cutOff = room;
    await save();
    this.#cutOff = null;
    return true;
  }

  #enter() {
    if (this.#wanted && this.call.room !== this.#wanted && this.connection.state !== "closed") this.call.enter(this.#wanted);
    if (!this.#wanted && this.call.room) void this.call.leave().catch(() => undefined);
  }

  /** @param {{code?: string}} [error] */
  #onRefused(error) {
    this.#attempts += 1;
    if (error?.code !== "unknown_room" || this.#attempts > ATTEMPTS) {
      this.dispatchEvent(new CustomEvent("refused", { detail: error }));
      return;
    }
    setTimeout(() => {
      void this.call.leave().catch(() => undefined);
      this.#enter();
    }, RETRY_MS);
  }
}

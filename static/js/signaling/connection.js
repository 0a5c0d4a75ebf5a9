/**
 * The page's one signalling socket.  Knows the protocol, not the page: no DOM, no text.
 * docs/protocol.md is normative; messages.js has the types.
 *
 * @import { ClientMessage, Result, Welcome } from "./messages.js"
 */
import { CloseCode, PROTOCOL_VERSION } from "./messages.js";
import { readServerMessage } from "./shape.js";

const FIRST_RETRY_MS = 250;
const LATE_RETRY_MS = 4_000;
const LONGEST_RETRY_MS = 8_000;
const DEAD_AFTER_MS = 25_000; // the server pings every 10 s
const WELCOME_WITHIN_MS = 10_000;
const COMMAND_WITHIN_MS = 10_000;
const MOST_UNANSWERED = 64;
const MESSAGE_TOO_BIG = 1009; // RFC 6455, for a frame that the server did not even read

/**
 * Nothing was wrong with the line: coming back would start a fight of two tabs or a refused login.
 * @type {ReadonlySet<number>}
 */
const FINAL_CODES = new Set([CloseCode.TAKEN_OVER, CloseCode.REVOKED]);
const FINAL_REASONS = new Set(["ticket_refused", "unsupported_version"]);
/**
 * The server found this page too loud: come back late.
 * @type {ReadonlySet<number>}
 */
const LATE_CODES = new Set([CloseCode.FLOOD, CloseCode.TOO_LARGE, CloseCode.PROTOCOL, MESSAGE_TOO_BIG]);

/**
 * @template T
 * @typedef {T extends { id: string } ? Omit<T, "id"> : never} WithoutId
 */

/**
 * @typedef {WithoutId<ClientMessage>} Command a command as the page says it; the connection gives the id
 *
 * @typedef {object} StateDetail
 * @property {"open" | "waiting" | "closed"} state
 * @property {number} code close code of the socket that ended, 0 when there is none
 * @property {string} reason the server's code for it, "" when it gave none
 * @property {Welcome | null} welcome what the server said on opening; a new `epoch` means it lost its memory
 *
 * @typedef {object} Unanswered
 * @property {string} frame
 * @property {(result: Result) => void} resolve
 * @property {(refusal: CommandRefused) => void} reject
 * @property {ReturnType<typeof setTimeout>} timer
 *
 * @typedef {object} Surroundings what the connection needs of the browser
 * @property {(url: string) => WebSocket} open
 * @property {() => number} random from 0 to 1
 * @property {EventTarget} network fires `online`
 * @property {EventTarget} visibility fires `visibilitychange`
 */

/** The server refused a command, or `timeout`: nobody answered. `code` is stable. */
export class CommandRefused extends Error {
  /** @param {string} code */
  constructor(code) {
    super(code);
    this.name = "CommandRefused";
    this.code = code;
  }
}

/** Thrown by `getTicket` when asking again is of no use, e.g. after the session has ended. */
export class TicketDenied extends Error {}

/**
 * One signalling socket, reopened until `close()` or until the server says that it is over.
 *
 * Events: `message` (detail: ServerMessage, everything but ping, welcome and answers to commands),
 * `state` (detail: StateDetail).  On `open` the page joins its rooms again at once, in the listener:
 * commands that were not answered before are repeated after that, with their old ids.
 */
export class SignalingConnection extends EventTarget {
  #url;
  #getTicket;
  #surroundings;
  /** @type {WebSocket | null} */
  #socket = null;
  /** @type {"open" | "waiting" | "closed"} */
  #state = "closed";
  #attempts = 0;
  #round = 0; // an older attempt that is still waiting for its ticket belongs to an older round
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #retryTimer;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #silenceTimer;
  /** @type {Map<string, Unanswered>} by command id, in the order of saying */
  #unanswered = new Map();
  /** @type {string} the code of the last `gone` */
  #farewell = "";

  /**
   * @param {object} options
   * @param {string} options.url e.g. "wss://host/ws"
   * @param {() => Promise<string>} options.getTicket a new ticket for each socket
   * @param {Partial<Surroundings>} [options.surroundings] replaced in tests
   */
  constructor({ url, getTicket, surroundings = {} }) {
    super();
    this.#url = url;
    this.#getTicket = getTicket;
    this.#surroundings = { ...browser(), ...surroundings };
    const wake = () => this.#wake();
    this.#surroundings.network.addEventListener("online", wake);
    this.#surroundings.visibility.addEventListener("visibilitychange", wake);
  }

  get state() {
    return this.#state;
  }

  /** Open, or open again after `closed`; nothing happens when the connection is at work already. */
  resume() {
    if (this.#state !== "closed") return;
    this.#attempts = 0;
    this.#farewell = "";
    this.#become("waiting");
    void this.#connect();
  }

  /** End it from this side: what is unanswered is refused with `closed`. */
  close() {
    this.#stop(1000, "");
  }

  /**
   * Say a command and wait for its answer, over reconnects if need be.
   *
   * @param {Command} command
   * @param {{ withinMs?: number }} [options]
   * @returns {Promise<Result>}
   * @throws {CommandRefused} the server's code, or `timeout`, `closed`, `too_many`
   */
  command(command, { withinMs = COMMAND_WITHIN_MS } = {}) {
    if (this.#state === "closed") return Promise.reject(new CommandRefused("closed"));
    if (this.#unanswered.size >= MOST_UNANSWERED) return Promise.reject(new CommandRefused("too_many"));
    const id = crypto.randomUUID();
    const frame = JSON.stringify({ ...command, id });
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#settle(id)?.reject(new CommandRefused("timeout")), withinMs);
      this.#unanswered.set(id, { frame, resolve, reject, timer });
      if (this.#state === "open") this.#socket?.send(frame);
    });
  }

  async #connect() {
    clearTimeout(this.#retryTimer);
    const round = ++this.#round;
    let ticket;
    try {
      ticket = await this.#getTicket();
    } catch (error) {
      if (round !== this.#round || this.#state === "closed") return;
      if (error instanceof TicketDenied) this.#stop(CloseCode.TICKET, "ticket_refused");
      else this.#retryLater(0, "");
      return;
    }
    if (round === this.#round && this.#state === "waiting") this.#open(ticket);
  }

  /** @param {string} ticket */
  #open(ticket) {
    const socket = this.#surroundings.open(this.#url);
    this.#socket = socket;
    this.#expectFrameWithin(WELCOME_WITHIN_MS);
    socket.addEventListener("open", () =>
      socket.send(JSON.stringify({ type: "hello", ticket, proto: PROTOCOL_VERSION })),
    );
    socket.addEventListener("message", ({ data }) => {
      if (socket === this.#socket) this.#onFrame(data);
    });
    socket.addEventListener("close", ({ code, reason }) => {
      if (socket === this.#socket) this.#onClose(code, reason || this.#farewell);
    });
  }

  /** @param {unknown} frame */
  #onFrame(frame) {
    const message = readServerMessage(frame);
    if (this.#state === "open") this.#expectFrameWithin(DEAD_AFTER_MS);
    switch (message?.type) {
      case undefined:
        return;
      case "welcome":
        return this.#onWelcome(message);
      case "ping":
        return this.#socket?.send(JSON.stringify({ type: "pong", n: message.n }));
      case "result":
        return this.#settle(message.re)?.resolve(message);
      case "refused":
        return message.re && this.#settle(message.re)?.reject(new CommandRefused(message.code));
      case "gone":
        this.#farewell = message.code;
    }
    this.dispatchEvent(new CustomEvent("message", { detail: message }));
  }

  /** @param {Welcome} welcome */
  #onWelcome(welcome) {
    const socket = this.#socket;
    const repeated = [...this.#unanswered.values()];
    this.#attempts = 0;
    this.#farewell = "";
    this.#expectFrameWithin(DEAD_AFTER_MS);
    this.#become("open", { welcome });
    // The page's own joins went out in the listener: now a repeated chat line finds its room.
    for (const { frame } of repeated) if (socket === this.#socket) socket?.send(frame);
  }

  /**
   * @param {number} code
   * @param {string} reason
   */
  #onClose(code, reason) {
    this.#socket = null;
    clearTimeout(this.#silenceTimer);
    if (FINAL_CODES.has(code) || FINAL_REASONS.has(reason)) {
      this.#stop(code, reason);
      return;
    }
    this.#retryLater(code, reason);
  }

  /**
   * @param {number} code
   * @param {string} reason
   */
  #retryLater(code, reason) {
    const longest = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** this.#attempts);
    this.#attempts += 1;
    // Full jitter above the soonest, so that a restarted server is not met by all at once.
    const soonest = LATE_CODES.has(code) ? LATE_RETRY_MS : FIRST_RETRY_MS;
    const delay = Math.max(soonest, this.#surroundings.random() * longest);
    clearTimeout(this.#retryTimer);
    this.#retryTimer = setTimeout(() => void this.#connect(), delay);
    this.#become("waiting", { code, reason });
  }

  /** The network or the screen is back: do not wait for the timer. */
  #wake() {
    if (this.#state !== "waiting" || this.#socket !== null) return;
    this.#attempts = 0;
    void this.#connect();
  }

  /**
   * A half-open socket fires no event for minutes: after this silence it is given up.
   *
   * @param {number} ms
   */
  #expectFrameWithin(ms) {
    clearTimeout(this.#silenceTimer);
    this.#silenceTimer = setTimeout(() => {
      const silent = this.#socket;
      this.#onClose(CloseCode.SILENT, "silent"); // first, so that its own close event is nobody's
      silent?.close();
    }, ms);
  }

  /**
   * @param {number} code
   * @param {string} reason
   */
  #stop(code, reason) {
    const socket = this.#socket;
    this.#socket = null;
    this.#round += 1;
    clearTimeout(this.#retryTimer);
    clearTimeout(this.#silenceTimer);
    socket?.close();
    for (const id of [...this.#unanswered.keys()]) this.#settle(id)?.reject(new CommandRefused("closed"));
    this.#become("closed", { code, reason });
  }

  /**
   * Take a command off the list of the unanswered.
   *
   * @param {string} id
   */
  #settle(id) {
    const waiting = this.#unanswered.get(id);
    this.#unanswered.delete(id);
    if (waiting) clearTimeout(waiting.timer);
    return waiting;
  }

  /**
   * @param {StateDetail["state"]} state
   * @param {Partial<StateDetail>} [detail]
   */
  #become(state, { code = 0, reason = "", welcome = null } = {}) {
    this.#state = state;
    /** @type {StateDetail} */
    const detail = { state, code, reason, welcome };
    this.dispatchEvent(new CustomEvent("state", { detail }));
  }
}

/** @returns {Surroundings} */
function browser() {
  return {
    open: (url) => new WebSocket(url),
    random: Math.random,
    network: globalThis,
    visibility: globalThis.document ?? new EventTarget(),
  };
}

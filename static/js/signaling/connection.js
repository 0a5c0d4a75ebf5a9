/**
 * The page's one signalling connection, over any number of sockets.  Knows the protocol, not the page: no DOM, no text.
 * docs/protocol.md is normative; messages.js has the types.
 *
 * @import { Gone, Quality, Result, Resumed, ServerMessage, Welcome } from "./messages.js"
 * @import { Command } from "./unanswered.js"
 */
import { within } from "../lib/within.js";
import { CloseCode, PROTOCOL_VERSION } from "./messages.js";
import { isFinal, pauseMs } from "./retry.js";
import { Session } from "./session.js";
import { readServerMessage } from "./shape.js";
import { CommandRefused, Unanswered } from "./unanswered.js";

export { CommandRefused };

const STEADY_AFTER_MS = 5_000; // a server that lets in and drops at once is not asked again at once
const DEAD_AFTER_MS = 25_000; // the server pings every 10 s
const DOUBTED_WITHIN_MS = 3_000; // an answer that is owed, over a network on which something else has just stopped
const TICKET_WITHIN_MS = 5_000;
const WELCOME_WITHIN_MS = 5_000;
const COMMAND_WITHIN_MS = 10_000;
const ACK_WITHIN_MS = 1_000;

/**
 * @typedef {object} StateDetail
 * @property {"open" | "waiting" | "closed"} state
 * @property {number} code close code of the socket that ended, 0 when there is none
 * @property {string} reason the server's code for it, "" when it gave none
 * @property {boolean} isNew open as a new session: what was said meanwhile was missed, ask for everything again
 * @property {boolean} isNewEpoch open at a server that lost its memory: it says again what passes, and forgot the rooms
 *
 * @typedef {object} Surroundings what the connection needs of the browser
 * @property {(url: string) => WebSocket} open
 * @property {() => number} random from 0 to 1
 * @property {EventTarget} network fires `online`
 * @property {EventTarget} visibility fires `visibilitychange`
 */

/** Thrown by `getTicket` when asking again is of no use, e.g. after the login has ended. */
export class TicketDenied extends Error {}

/**
 * One connection, resumed on a new socket until `close()` or until the server says that it is over.
 *
 * Events: `message` (detail: ServerMessage, each event once and in order, never ping, openings or answers to
 * commands), `state` (detail: StateDetail).  On `open` the page joins its rooms again at once, in the listener:
 * commands that were not answered before are repeated after that, with their old ids.
 */
export class SignalingConnection extends EventTarget {
  #url;
  #getTicket;
  #surroundings;
  /** @type {WebSocket | null} */
  #socket = null;
  /** @type {WebSocket | null} given up while it may still live: closed once its successor is in its place */
  #former = null;
  /** @type {Session | null} */
  #session = null;
  /** @type {"open" | "waiting" | "closed"} */
  #state = "closed";
  #attempts = 0;
  #round = 0; // an older attempt that is still waiting for its ticket belongs to an older round
  #stuckAt = -1; // `lastSeq` at which the last gap was found
  #resumes = 0;
  #build = "";
  /** @type {AbortController} ends a ticket request that nobody waits for any more */
  #asking = new AbortController();
  /** @type {Partial<Record<"retry" | "silence" | "steady" | "ack", ReturnType<typeof setTimeout>>>} */
  #timers = {};
  #unanswered = new Unanswered();
  #farewell = ""; // the code of the last `gone`
  /** People talk over this line: come back sooner. */
  isInCall = false;

  /**
   * @param {object} options
   * @param {string} options.url e.g. "wss://host/ws"
   * @param {(signal: AbortSignal) => Promise<string>} options.getTicket a new ticket for each socket, asked for once:
   *   the connection itself tries again; `signal` ends it when it takes too long
   * @param {Partial<Surroundings>} [options.surroundings] replaced in tests
   */
  constructor({ url, getTicket, surroundings = {} }) {
    super();
    this.#url = url;
    this.#getTicket = getTicket;
    this.#surroundings = { ...browser(), ...surroundings };
    this.#surroundings.network.addEventListener("online", () => this.retryNow());
    this.#surroundings.visibility.addEventListener("visibilitychange", () => {
      if (this.#socket === null) this.retryNow();
    });
  }

  get state() {
    return this.#state;
  }

  /** Which scripts the server serves, as it said last. */
  get build() {
    return this.#build;
  }

  /** How often the session went on after a loss. */
  get resumes() {
    return this.#resumes;
  }

  /** Open, or open again after `closed`; nothing happens when the connection is at work already. */
  resume() {
    if (this.#state !== "closed") return;
    this.#attempts = 0;
    this.#farewell = "";
    this.#become("waiting");
    void this.#connect();
  }

  /** Do not wait for the pause, nor for an attempt that hangs: the network is said to be back, or a person asks. */
  retryNow() {
    if (this.#state === "closed") return;
    this.#attempts = 0;
    if (this.#state === "open") {
      // After a change of networks the old socket says nothing for minutes.  Closing it here would show us as gone.
      this.#former = this.#lose();
      this.#become("waiting");
    }
    void this.#connect();
  }

  /** Media on this network stopped and an answer is owed: without any frame soon the socket is replaced, not closed before. */
  doubt() {
    if (this.#state !== "open") return;
    clearTimeout(this.#timers.silence);
    this.#timers.silence = setTimeout(() => this.retryNow(), DOUBTED_WITHIN_MS);
  }

  /** End it from this side: what is unanswered is refused with `closed`. */
  close() {
    this.#stop(1000, "");
  }

  /**
   * Say a command and wait for its answer, over reconnects if need be.
   *
   * @param {Command} command
   * @param {{ withinMs?: number }} [options] withinMs: for the answer, counted while the line is open
   * @returns {Promise<Result>}
   * @throws {CommandRefused} the server's code, or `timeout`, `closed`, `too_many`
   */
  command(command, { withinMs = COMMAND_WITHIN_MS } = {}) {
    if (this.#state === "closed") return Promise.reject(new CommandRefused("closed"));
    const { id, answer } = this.#unanswered.add(command, withinMs);
    if (this.#state === "open") this.#say(id);
    return answer;
  }

  /** Send a report that may be lost: it is neither answered nor kept. @param {Quality} report */
  report(report) {
    if (this.#state === "open") this.#send(report);
  }

  async #connect() {
    this.#lose()?.close();
    const round = this.#round;
    this.#asking = new AbortController();
    try {
      const ticket = await within(TICKET_WITHIN_MS, this.#asking.signal, this.#getTicket);
      if (round === this.#round) this.#open(ticket);
    } catch (error) {
      if (round !== this.#round) return;
      if (error instanceof TicketDenied) this.#stop(CloseCode.TICKET, "ticket_refused");
      else this.#retryLater(0, "");
    }
  }

  /** @param {string} ticket */
  #open(ticket) {
    const socket = this.#surroundings.open(this.#url);
    this.#socket = socket;
    this.#expectFrameWithin(WELCOME_WITHIN_MS);
    socket.addEventListener("open", () => {
      if (socket === this.#socket) socket.send(JSON.stringify(this.#firstFrame(ticket)));
    });
    socket.addEventListener("message", ({ data }) => {
      if (socket === this.#socket) this.#onFrame(data);
    });
    socket.addEventListener("close", ({ code, reason }) => {
      if (socket === this.#socket) this.#onClose(code, reason || this.#farewell);
    });
  }

  /** @param {string} ticket */
  #firstFrame(ticket) {
    if (this.#session === null) return { type: "hello", ticket, proto: PROTOCOL_VERSION };
    return { type: "resume", proto: PROTOCOL_VERSION, ...this.#session.resumeFrame(ticket, this.#unanswered.oldest) };
  }

  /** @param {unknown} frame */
  #onFrame(frame) {
    const message = readServerMessage(frame);
    if (this.#state === "open") this.#expectFrameWithin(DEAD_AFTER_MS);
    if (message === null) return;
    switch (message.type) {
      case "welcome":
        return this.#onWelcome(message);
      case "resumed":
        return this.#onResumed(message);
      case "resume_failed":
        return this.#onResumeFailed();
      case "ping":
        return this.#send({ type: "pong", n: message.n });
      case "result":
        return this.#unanswered.resolve(message);
      case "refused":
        return this.#unanswered.refuse(message.re ?? "", message.code);
      case "gone":
        return this.#onGone(message);
      default:
        return this.#onEvent(message);
    }
  }

  /** @param {Welcome} welcome */
  #onWelcome(welcome) {
    if (this.#state !== "waiting") return; // a frame that came twice
    this.#session = new Session(welcome);
    this.#stuckAt = -1;
    this.#unanswered.forgetNumbers();
    this.#begin(welcome.build, { isNew: true });
  }

  /** @param {Resumed} resumed */
  #onResumed(resumed) {
    if (this.#state !== "waiting" || this.#session === null) return;
    const { isWhole, isNewEpoch } = this.#session.goOn(resumed);
    if (!isWhole) return this.#startAnew("gap");
    this.#resumes += 1;
    this.#begin(resumed.build, { isNewEpoch });
  }

  /** The welcome of a new session follows on this socket, or its end does. */
  #onResumeFailed() {
    if (this.#state === "waiting") this.#session = null;
  }

  /**
   * @param {string} build
   * @param {Partial<StateDetail>} how
   */
  #begin(build, how) {
    const socket = this.#socket;
    const repeated = this.#unanswered.ids;
    this.#former?.close();
    this.#former = null;
    this.#farewell = "";
    this.#build = build;
    this.#expectFrameWithin(DEAD_AFTER_MS);
    this.#timers.steady = setTimeout(() => (this.#attempts = 0), STEADY_AFTER_MS);
    this.#become("open", how);
    // The page's own joins went out in the listener: now a repeated chat line finds its room.
    for (const id of repeated) if (socket === this.#socket) this.#say(id);
  }

  /** @param {Gone} gone */
  #onGone(gone) {
    this.#farewell = gone.code;
    this.dispatchEvent(new CustomEvent("message", { detail: gone }));
  }

  /** @param {ServerMessage & { seq: number }} event */
  #onEvent(event) {
    const taken = this.#state === "open" ? this.#session?.take(event) : "gap";
    if (taken === "gap") return this.#onGap();
    this.#owe();
    if (taken === "new") this.dispatchEvent(new CustomEvent("message", { detail: event }));
  }

  /** Something before this event is missing: a resume brings it, or shows that the session cannot be mended. */
  #onGap() {
    const { lastSeq = -1 } = this.#session ?? {};
    if (lastSeq === this.#stuckAt) return this.#startAnew("gap");
    this.#stuckAt = lastSeq;
    return this.#giveUp("gap");
  }

  /** Acknowledge soon, or at once when much was heard: the server keeps what is not acknowledged. */
  #owe() {
    if (!this.#session?.owesAck) return;
    if (this.#session.owesAckNow) this.#acknowledge();
    else this.#timers.ack ??= setTimeout(() => this.#acknowledge(), ACK_WITHIN_MS);
  }

  #acknowledge() {
    clearTimeout(this.#timers.ack);
    delete this.#timers.ack;
    if (this.#state === "open" && this.#session?.owesAck) this.#send(this.#session.ack());
  }

  /** @param {string} id */
  #say(id) {
    const frame = this.#unanswered.frame(id, () => this.#session?.nextCseq() ?? 0);
    if (frame) this.#send(frame);
  }

  /** @param {object} message */
  #send(message) {
    this.#socket?.send(JSON.stringify(message));
  }

  /**
   * @param {number} code
   * @param {string} reason
   */
  #onClose(code, reason) {
    this.#lose();
    if (reason === "conflict") this.#session = null; // also when its `resume_failed` got lost
    if (isFinal(code, reason)) this.#stop(code, reason);
    else this.#retryLater(code, reason);
  }

  /** This socket is of no use any more; the session may go on over another. @param {string} reason */
  #giveUp(reason) {
    this.#lose()?.close(); // its own close event is nobody's
    this.#retryLater(CloseCode.SILENT, reason);
  }

  /** @param {string} reason */
  #startAnew(reason) {
    this.#session = null;
    this.#giveUp(reason);
  }

  /**
   * Let go of the present attempt or socket with everything that waits on it.
   *
   * @returns the socket, not closed
   */
  #lose() {
    this.#round += 1;
    this.#asking.abort();
    for (const timer of Object.values(this.#timers)) clearTimeout(timer);
    this.#timers = {};
    this.#unanswered.rest();
    const socket = this.#socket;
    this.#socket = null;
    return socket;
  }

  /**
   * @param {number} code
   * @param {string} reason
   */
  #retryLater(code, reason) {
    const { random } = this.#surroundings;
    const pause = pauseMs({ code, attempts: this.#attempts++, isInCall: this.isInCall, random });
    this.#timers.retry = setTimeout(() => void this.#connect(), pause);
    this.#become("waiting", { code, reason });
  }

  /**
   * A half-open socket fires no event for minutes: after this silence it is given up.
   *
   * @param {number} ms
   */
  #expectFrameWithin(ms) {
    clearTimeout(this.#timers.silence);
    this.#timers.silence = setTimeout(() => this.#giveUp("silent"), ms);
  }

  /**
   * @param {number} code
   * @param {string} reason
   */
  #stop(code, reason) {
    this.#lose()?.close();
    this.#former?.close();
    this.#session = this.#former = null;
    this.#unanswered.refuseAll("closed");
    this.#become("closed", { code, reason });
  }

  /** @param {StateDetail["state"]} state @param {Partial<StateDetail>} [detail] */
  #become(state, { code = 0, reason = "", isNew = false, isNewEpoch = false } = {}) {
    this.#state = state;
    /** @type {StateDetail} */
    const detail = { state, code, reason, isNew, isNewEpoch };
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

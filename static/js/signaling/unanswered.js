/**
 * The commands of a page that have no answer yet, in the order of saying.  No socket: what is to be sent is given back.
 *
 * @import { ClientMessage, Result } from "./messages.js"
 */

const MOST = 64;

/**
 * @template T
 * @typedef {T extends { id: string } ? Omit<T, "id" | "cseq"> : never} WithoutId
 */

/**
 * @typedef {WithoutId<ClientMessage>} Command a command as the page says it; the connection gives id and number
 *
 * @typedef {object} Waiting
 * @property {Command & { id: string }} command
 * @property {number} cseq 0 until it was said in the present session
 * @property {number} withinMs
 * @property {(result: Result) => void} resolve
 * @property {(refusal: CommandRefused) => void} reject
 * @property {ReturnType<typeof setTimeout> | undefined} timer runs only while the line is open
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

export class Unanswered {
  /** @type {Map<string, Waiting>} */
  #byId = new Map();

  /** Their ids, the oldest first. */
  get ids() {
    return [...this.#byId.keys()];
  }

  /** The smallest number among them, null when none has been said in this session. */
  get oldest() {
    const numbers = [...this.#byId.values()].map(({ cseq }) => cseq).filter((cseq) => cseq > 0);
    return numbers.length > 0 ? Math.min(...numbers) : null;
  }

  /**
   * Keep a command until it is answered.
   *
   * @param {Command} command
   * @param {number} withinMs for the answer, counted from each saying
   * @returns {{ id: string, answer: Promise<Result> }}
   */
  add(command, withinMs) {
    const id = crypto.randomUUID();
    if (this.#byId.size >= MOST) return { id, answer: Promise.reject(new CommandRefused("too_many")) };
    const answer = new Promise((resolve, reject) => {
      this.#byId.set(id, { command: { ...command, id }, cseq: 0, withinMs, resolve, reject, timer: undefined });
    });
    return { id, answer };
  }

  /**
   * The frame of a command that is said now; its time begins.
   *
   * @param {string} id
   * @param {() => number} nextCseq asked when it has no number in this session yet
   * @returns {object | null} null when it has its answer
   */
  frame(id, nextCseq) {
    const waiting = this.#byId.get(id);
    if (!waiting) return null;
    waiting.cseq ||= nextCseq();
    clearTimeout(waiting.timer);
    waiting.timer = setTimeout(() => this.refuse(id, "timeout"), waiting.withinMs);
    return { ...waiting.command, cseq: waiting.cseq };
  }

  /** The line is down: nobody can answer, so no time passes. */
  rest() {
    for (const { timer } of this.#byId.values()) clearTimeout(timer);
  }

  /** Numbers belong to a session. */
  forgetNumbers() {
    for (const waiting of this.#byId.values()) waiting.cseq = 0;
  }

  /** @param {Result} result */
  resolve(result) {
    this.#settle(result.re)?.resolve(result);
  }

  /**
   * @param {string} id
   * @param {string} code
   */
  refuse(id, code) {
    this.#settle(id)?.reject(new CommandRefused(code));
  }

  /** @param {string} code */
  refuseAll(code) {
    for (const id of this.ids) this.refuse(id, code);
  }

  /** @param {string} id */
  #settle(id) {
    const waiting = this.#byId.get(id);
    this.#byId.delete(id);
    if (waiting) clearTimeout(waiting.timer);
    return waiting;
  }
}

/**
 * What a page knows of its session with the server: who it is there, what it has heard, what it has said.
 * Page memory only, never stored: a reload is a new session.  No socket, no clock.
 *
 * @import { Resumed, Welcome } from "./messages.js"
 */

/** Events after which an acknowledgement is owed even before its second is over. */
export const ACK_EVERY = 16;

export class Session {
  #token;
  #epoch;
  #lastPos;
  #lastSeq = 0;
  #lastAcked = 0;
  #lastCseq = 0;

  /** @param {Welcome} welcome */
  constructor({ sid, resume_token, epoch, pos }) {
    this.sid = sid;
    this.#token = resume_token;
    this.#epoch = epoch;
    this.#lastPos = pos;
  }

  get lastSeq() {
    return this.#lastSeq;
  }

  /** Something was heard that the server does not know to have arrived. */
  get owesAck() {
    return this.#lastSeq > this.#lastAcked;
  }

  get owesAckNow() {
    return this.#lastSeq - this.#lastAcked >= ACK_EVERY;
  }

  /** The number of the next command. */
  nextCseq() {
    return (this.#lastCseq += 1);
  }

  /**
   * Count an event: each is taken once and in order, whatever the way here does to frames.
   *
   * @param {{ seq: number, pos?: number }} event
   * @returns {"new" | "seen" | "gap"} gap: one before it is missing, nothing was counted
   */
  take({ seq, pos = 0 }) {
    if (seq <= this.#lastSeq) return "seen";
    if (seq > this.#lastSeq + 1) return "gap";
    this.#lastSeq = seq;
    // A fact has two numbers: after a crash of the server it may come again under a new `seq`.
    if (pos > 0 && pos <= this.#lastPos) return "seen";
    this.#lastPos = Math.max(this.#lastPos, pos);
    return "new";
  }

  /** @returns {{ type: "ack", seq: number }} */
  ack() {
    this.#lastAcked = this.#lastSeq;
    return { type: "ack", seq: this.#lastSeq };
  }

  /**
   * The frame that continues this session.
   *
   * @param {string} ticket
   * @param {number | null} oldestUnanswered `cseq` of the oldest command without an answer, null when all have one
   */
  resumeFrame(ticket, oldestUnanswered) {
    return {
      ticket,
      sid: this.sid,
      token: this.#token,
      last_seq: this.#lastSeq,
      last_pos: this.#lastPos,
      last_result_cseq: (oldestUnanswered ?? this.#lastCseq + 1) - 1,
    };
  }

  /**
   * The server goes on with this session.
   *
   * @param {Resumed} resumed
   * @returns {{ isWhole: boolean, isNewEpoch: boolean }} isWhole: nothing is left out between what was heard and what follows
   */
  goOn({ sid, resume_token, epoch, replay_from }) {
    const isNewEpoch = epoch !== this.#epoch;
    this.#token = resume_token;
    this.#epoch = epoch;
    this.#lastAcked = this.#lastSeq; // the resume frame has said it
    return { isWhole: sid === this.sid && replay_from <= this.#lastSeq + 1, isNewEpoch };
  }
}

/**
 * `<call-conduct>`: who may be heard in the call, and who leads it. Hold, private part, removal and its end, lead for
 * whoever conducts the call; the raised hand and the answer to an offered lead for everybody.
 *
 * Use: `conduct.follow(call, mySeat, () => ({visit, isHost}))`; events: `left` (we went, the call goes on), `failed` (detail: error).
 * `conduct.leads` says whether we lead.
 */

import { api } from "../lib/api.js";
import { el, whileBusy } from "../lib/dom.js";
import { say } from "../lib/words.js";

/** @typedef {import("../call/types.js").Peer} Peer */
/** @typedef {import("../call/types.js").RoomState} RoomState */
/** @typedef {{seat: string, name: string, role: string, reason: string}} PutOut */

const REASONS = ["disturbs", "not_needed", "wrong_person", "unknown_person", "conflict"];

export class CallConduct extends HTMLElement {
  leads = false;
  #seat = "";
  #shown = "";
  /** @type {RoomState | null} */
  #room = null;
  /** Who was put out and is not let in again; only whoever conducts the call is told. @type {PutOut[]} */
  #putOut = [];
  /** Seats that were in the call when that was asked last. */
  #askedWith = "";
  /** @type {() => {visit: string, isHost: boolean} | null} */
  #current = () => null;
  /** @type {import("../call/call.js").Call | null} */
  #call = null;

  /** @param {import("../call/call.js").Call} call @param {string} seat our own @param {() => {visit: string, isHost: boolean} | null} current */
  follow(call, seat, current) {
    this.#call = call;
    this.#seat = seat;
    this.#current = current;
    call.addEventListener("room", (event) => this.#show(/** @type {CustomEvent<RoomState>} */ (event).detail));
  }

  /** @param {RoomState} room */
  #show(room) {
    this.#room = room;
    const me = room.peers.find((peer) => peer.seat === this.#seat);
    this.leads = me?.lead ?? false;
    const isHost = this.#current()?.isHost ?? false;
    const seats = (isHost || this.leads) && room.phase !== "closed" ? room.peers.map(({ seat }) => seat).join(" ") : "";
    if (seats !== this.#askedWith) {
      this.#askedWith = seats;
      this.#putOut = seats ? this.#putOut : [];
      if (seats) void this.#readPutOut();
    }
    this.#draw(room, me, isHost);
  }

  async #readPutOut() {
    const visit = this.#current()?.visit;
    if (!visit) return;
    try {
      const { removed } = await api("GET", `/api/v1/visits/${visit}/removed`);
      this.#putOut = this.#askedWith ? removed : [];
      if (this.#room) this.#show(this.#room);
    } catch {
      // The line is down, or somebody else leads by now: the next change of the room asks again.
    }
  }

  /** @param {RoomState} room @param {Peer | undefined} me @param {boolean} isHost */
  #draw(room, me, isHost) {
    const said = room.peers.map(({ seat, name, present, held, hand, lead, offered, private: isIn }) => [seat, name, present, held, hand, lead, offered, isIn]);
    const shown = JSON.stringify([said, room.private, isHost, this.#putOut]);
    // Drawn anew only when something here changed: a choice that is being made must not jump away.
    if (shown === this.#shown) return;
    this.#shown = shown;
    if (!me || room.phase === "closed") this.replaceChildren();
    else this.replaceChildren(...this.#parts(me, isHost));
  }

  /** @param {Peer} me @param {boolean} isHost */
  #parts(me, isHost) {
    const others = (this.#room?.peers ?? []).filter(({ seat }) => seat !== this.#seat);
    const conducts = isHost || me.lead;
    /** @type {HTMLElement[]} */
    const parts = [el("div", { class: "conduct-own" }, ...this.#own(me, isHost, others))];
    if (!conducts) return parts;
    const people = [...others.map((peer) => this.#person(peer)), ...this.#putOut.map((one) => this.#out(one))];
    return [...parts, el("ul", { class: "conduct-people" }, ...people), this.#private(others, me)];
  }

  /** @param {Peer} me @param {boolean} isHost @param {Peer[]} others */
  #own(me, isHost, others) {
    const parts = [];
    if (!isHost && !me.lead) {
      const up = (me.hand ?? 0) > 0;
      const hand = this.#button(say(up ? "js.conduct.hand_down" : "js.conduct.hand_up"), "hand-toggle", () => this.#call?.raiseHand(!up) ?? Promise.resolve());
      hand.setAttribute("aria-pressed", String(up));
      parts.push(hand);
    }
    const queue = others.filter(({ hand }) => hand).sort((a, b) => (a.hand ?? 0) - (b.hand ?? 0));
    if (queue.length) parts.push(el("p", { class: "conduct-hands", testid: "raised-hands", text: say("js.conduct.hands", { names: queue.map(({ name }) => name).join("、") }) }));
    if (me.offered) parts.push(el("p", { class: "conduct-offer", text: say("js.conduct.offered") }), this.#button(say("js.conduct.take_lead"), "lead-take", () => this.#takeLead(me)));
    if (me.lead && others.some(isStaff)) parts.push(el("p", { class: "small soft", testid: "lead-hint", text: leadHint(others) }));
    if (isHost && !me.lead) {
      if (!me.offered) parts.push(this.#button(say("js.conduct.take_back"), "lead-take", () => this.#ask("take-lead")));
      parts.push(this.#button(say("js.conduct.leave"), "lead-leave", () => this.#leave()));
    }
    return parts;
  }

  /** @param {Peer} peer */
  #person(peer) {
    const { seat, name } = peer;
    const hold = this.#button(say(peer.held ? "js.conduct.release" : "js.conduct.hold"), "hold-toggle", () => this.#ask("hold", { seat, on: !peer.held }));
    hold.dataset.seat = seat;
    hold.setAttribute("aria-pressed", String(peer.held ?? false));
    hold.setAttribute("aria-label", `${name} ${hold.textContent}`);
    const marks = [peer.lead ? say("js.conduct.leads") : "", peer.held ? say("js.conduct.is_held") : "", peer.hand ? say("js.conduct.hand", { turn: peer.hand }) : ""];
    const row = el("li", { class: "conduct-person", testid: "conduct-person", data: { seat, name } }, el("strong", { text: name }), el("span", { class: "small soft", text: marks.filter(Boolean).join(" · ") }), hold);
    if (peer.role !== "terminal") row.append(...this.#staff(peer));
    return row;
  }

  /** Somebody who was put out: a member of staff may be asked again once that is allowed, a guest by a new link. @param {PutOut} one */
  #out({ seat, name, reason }) {
    const why = el("span", { class: "small soft", text: say("js.conduct.put_out", { reason: say(`js.remove_reason.${reason}`) }) });
    const row = el("li", { class: "conduct-person", testid: "put-out", data: { seat, reason } }, el("strong", { text: name }), why);
    if (!isStaff({ seat })) row.append(el("span", { class: "small soft", text: say("js.conduct.new_link") }));
    else row.append(this.#button(say("js.conduct.readmit"), "readmit", () => this.#ask("readmit", { seat }).finally(() => this.#readPutOut())));
    return row;
  }

  /** @param {Peer} peer */
  #staff({ seat, lead, offered }) {
    const parts = [];
    if (isStaff({ seat }) && !lead) {
      const words = say(offered ? "js.conduct.withdraw_lead" : "js.conduct.offer_lead");
      parts.push(this.#button(words, "lead-offer", () => this.#ask("offer-lead", { seat: offered ? null : seat })));
    }
    const reasons = el("select", { class: "input", testid: "remove-reason", attrs: { "aria-label": say("js.conduct.reason") } }, ...REASONS.map((code) => el("option", { attrs: { value: code }, text: say(`js.remove_reason.${code}`) })));
    const remove = this.#button(say("js.conduct.remove_now"), "remove-confirm", () => this.#ask("remove", { seat, reason: reasons.value }));
    parts.push(el("details", { class: "conduct-remove" }, el("summary", { testid: "remove-open", text: say("js.conduct.remove") }), reasons, remove));
    return parts;
  }

  /** @param {Peer[]} others @param {Peer} me */
  #private(others, me) {
    if (this.#room?.private) return this.#button(say("js.conduct.private_end"), "private-toggle", () => this.#ask("private", { seats: null }));
    const boxes = [me, ...others].map(({ seat, name }) => el("input", { testid: "private-pick", attrs: { type: "checkbox", value: seat, "aria-label": name } }));
    const begin = this.#button(say("js.conduct.private_begin"), "private-begin", () => this.#ask("private", { seats: boxes.filter(({ checked }) => checked).map(({ value }) => value) }));
    begin.disabled = true;
    for (const box of boxes) box.addEventListener("change", () => (begin.disabled = boxes.filter(({ checked }) => checked).length < 2));
    const names = [say("js.conduct.you"), ...others.map(({ name }) => name)];
    return el(
      "details",
      { class: "conduct-private" },
      el("summary", { testid: "private-toggle", text: say("js.conduct.private") }),
      el("p", { class: "small soft", text: say("js.conduct.private_hint") }),
      ...boxes.map((box, at) => el("label", { class: "conduct-pick" }, box, names[at])),
      begin,
    );
  }

  /** @param {string} words @param {string} testid @param {() => Promise<unknown>} act */
  #button(words, testid, act) {
    const button = el("button", { class: "button", testid, attrs: { type: "button" }, text: words });
    button.addEventListener("click", () => void whileBusy(button, () => act().then(() => undefined, (error) => this.#failed(error))));
    return button;
  }

  /** @param {string} deed @param {Record<string, unknown>} [body] */
  async #ask(deed, body = {}) {
    const visit = this.#current()?.visit;
    if (visit) await api("POST", `/api/v1/visits/${visit}/${deed}`, body);
  }

  /** Whoever leads has the floor: a hand that was up for it comes down. @param {Peer} me */
  async #takeLead(me) {
    await this.#ask("take-lead");
    if (me.hand) await this.#call?.raiseHand(false);
  }

  async #leave() {
    await this.#ask("leave");
    this.dispatchEvent(new CustomEvent("left"));
  }

  /** @param {unknown} error */
  #failed(error) {
    this.dispatchEvent(new CustomEvent("failed", { detail: error }));
  }
}

/** Only staff leads a call, and only staff is asked in again by name. @param {{seat: string}} one */
const isStaff = ({ seat }) => seat.startsWith("p-");

/** How whoever leads gets out of the call before it ends. @param {Peer[]} others */
function leadHint(others) {
  const asked = others.find(({ offered }) => offered);
  return asked ? say("js.conduct.lead_asked", { name: asked.name }) : say("js.conduct.leave_hint");
}

customElements.define("call-conduct", CallConduct);

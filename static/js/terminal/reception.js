/** One visit after the other at this terminal: which screen is shown, what its buttons do, and the wiping afterwards. */

import { find, put, whileBusy } from "../lib/dom.js";
import { ask } from "../lib/dialogs.js";
import { showErrors } from "../lib/forms.js";
import { unlock } from "../lib/sound.js";
import { formatClock, formatDay, formatWeekday } from "../lib/times.js";
import { say, sayRefusal } from "../lib/words.js";
import { ExpectedToday } from "./appointments.js";
import { endOf, holdsUnsentWords, merge, screenBefore, screenOf } from "./flow.js";
import { IdleGuard } from "./idle-guard.js";
import {
  answerErrors,
  answerOf,
  declarationErrors,
  declarationOf,
  fillOfficers,
  showParked,
  showReceipt,
  showSuspended,
  showWaiting,
  wireDeclaration,
} from "./receiving.js";
import { Registration } from "./registration.js";
import { Screens } from "./screens.js";

/** @typedef {import("./flow.js").Visit} Visit */
/** @typedef {import("./flow.js").Screen} Screen */

const QUIET_MS = 3 * 60_000;
const GRACE_MS = 60_000;
const EXPECTED_MS = 30_000;
/** Visit whose receipt was put away; an opaque id, so that a reload does not show the receipt again. */
const FINISHED = "terminal.finished";

export class Reception {
  /** @type {Visit | null} */
  #visit = null;
  #place = {
    county_phone: "",
    officers: /** @type {import("./receiving.js").Officer[]} */ ([]),
    parked: /** @type {import("./receiving.js").Parked[]} */ ([]),
  };
  #hasLeft = false;
  #news = 0;
  /** Keys of deeds whose answer has not come: pressing again sends the same deed. @type {Map<string, string>} */
  #keys = new Map();
  #notice = find(document, "[data-notice]", HTMLElement);
  #back = find(document, "[data-back]", HTMLButtonElement);
  #end = find(document, "[data-end]", HTMLButtonElement);

  /**
   * @param {{client: import("./device.js").DeviceClient, call: import("../call/call.js").Call,
   *   view: import("./call-view.js").CallView}} parts
   */
  constructor({ client, call, view }) {
    this.client = client;
    this.call = call;
    this.view = view;
    this.screens = new Screens(find(document, "[data-frame]", HTMLElement), this.#setups());
    this.registration = new Registration(this.screens);
    this.expected = new ExpectedToday({ client, onChosen: (appointment) => this.#receive(appointment) });
    this.guard = new IdleGuard({
      quietMs: QUIET_MS,
      graceMs: GRACE_MS,
      onAsk: () => void this.#askWhetherThere(),
      onGone: () => this.#goneQuiet(),
    });
    this.#wireBar();
    for (const touch of ["pointerdown", "keydown", "input"]) {
      document.addEventListener(touch, () => this.guard.isArmed && this.guard.touch(), { passive: true });
    }
    call.addEventListener("refused", (event) => this.#tell(/** @type {CustomEvent} */ (event).detail));
    setInterval(() => this.#showClock(), 1000);
    setInterval(() => this.screens.current === "idle" && void this.expected.refresh(this.screens.get("idle")), EXPECTED_MS);
  }

  /** Ask the server where this terminal's visit stands, and show that. Safe at any time. */
  async refresh() {
    const news = (this.#news += 1);
    const place = await this.client.call("GET", "/api/v1/terminal");
    if (news !== this.#news) return; // something newer was heard or asked meanwhile
    this.#place = place;
    this.#putPlace(place);
    const visit = place.visit?.visit === localStorage.getItem(FINISHED) ? null : place.visit;
    if (!visit && this.#visit?.state === "cancelled") return; // said on the screen until somebody puts it away
    if (!visit && this.#visit) this.#wipe();
    if (visit) this.#follow(visit);
    else if (!holdsUnsentWords(/** @type {Screen} */ (this.screens.current))) this.#show("idle");
  }

  /** A `visit` event of the socket. @param {Visit & {type?: string, seq?: number}} event */
  hear({ type: _type, seq: _seq, ...visit }) {
    if (this.#visit?.visit !== visit.visit) {
      void this.refresh().catch(() => undefined); // one that was put aside: taken up, or ended by the county
      return;
    }
    this.#news += 1; // an answer that is still on its way is older than this
    this.#follow(merge(this.#visit, visit));
    void this.refresh().catch(() => undefined); // the event leaves out who was called and the receipt
  }

  /** Lines from before a reload, names of the room: the call view shows them. @param {import("../call/types.js").RoomState} room */
  hearRoom(room) {
    if (room.room === this.#visit?.visit && room.phase !== "closed" && !this.#hasLeft) this.call.enter(room.room);
  }

  /** @param {Visit} visit */
  #follow(visit) {
    const isOther = visit.visit !== this.#visit?.visit;
    if (isOther) this.#hasLeft = false;
    this.#visit = merge(this.#visit, visit);
    const screen = screenOf(this.#visit);
    if (screen === "call" && !this.#hasLeft) this.call.enter(visit.visit);
    if (screen !== "call" && this.call.room) void this.call.leave().catch(() => undefined);
    if (screen === "waiting") this.view.stage.state = "queued";
    if (screen === "suspended") this.view.stage.state = "suspended";
    if (visit.chat) this.view.chat.refill(visit.visit, visit.chat.map(({ from_seat, who, ...line }) => ({ ...line, seat: from_seat, name: who })));
    this.#show(screen === "call" && this.#hasLeft ? "left" : screen);
  }

  /** @param {Screen} screen */
  #show(screen) {
    const isCall = screen === "call";
    this.view.shown = isCall;
    if (isCall) this.screens.rest("call");
    else this.#fill(screen, this.screens.show(screen));
    this.#back.hidden = screenBefore(screen) === null;
    this.#end.hidden = endOf(screen) === null || screen === "receipt" || screen === "cancelled";
    this.#hush();
    if (holdsUnsentWords(screen) || screen === "receipt" || screen === "cancelled") this.guard.touch();
    else this.guard.rest();
    const ticket = find(document, "[data-ticket]", HTMLElement);
    ticket.hidden = !this.#visit?.ticket || screen === "idle";
    put(document, '[data-put="ticket"]', this.#visit?.ticket ?? "");
  }

  /** @param {Screen} screen @param {HTMLElement} root */
  #fill(screen, root) {
    this.#putPlace(this.#place);
    if (screen === "idle") {
      this.#showClock();
      showParked(root, this.#place.parked, (parked) => this.#takeUp(parked));
      void this.expected.refresh(root);
    }
    if (!this.#visit) return;
    if (screen === "waiting") showWaiting(root, this.#visit);
    if (screen === "suspended") showSuspended(root, this.#visit);
    if (screen === "receipt") showReceipt(root, this.#visit);
  }

  /** @returns {Record<string, import("./screens.js").Setup>} */
  #setups() {
    return {
      idle: (root) => press(root, "start-visit", () => this.#begin()),
      choice: (root) => {
        press(root, "township-first", () => this.#choose(false));
        press(root, "direct-county", () => this.#choose(true));
      },
      visitor: (root) => this.registration.wireVisitor(root, () => this.#show("matters")),
      matters: (root) => this.registration.wireMatters(root, () => this.#register(root)),
      answer: (root) => {
        fillOfficers(root, this.#place.officers);
        submit(root, () => this.#answer(root, false));
        press(root, "visitor-satisfied", () => this.#answer(root, true));
      },
      declaration: (root) => {
        wireDeclaration(root, this.#visit?.direct ?? false);
        submit(root, () => this.#raise(root));
      },
      waiting: (root) => press(root, "cancel-wait", () => this.#cancel()),
      left: (root) => press(root, "call-return", () => this.#return()),
      suspended: (root) => {
        press(root, "park-visit", () => this.#leaveSuspended("park", "park"));
        press(root, "visitor-left", () => this.#leaveSuspended("gone", "visitor-left"));
      },
      receipt: (root) => press(root, "finish-visit", () => this.#finish()),
      cancelled: (root) => press(root, "finish-visit", () => this.#finish()),
    };
  }

  async #begin() {
    void unlock(); // inside the click, so that the countdown may chime later
    this.registration.appointment = null;
    this.#show("choice");
  }

  /** Somebody is here for an appointment: note it, then register them. @param {import("./appointments.js").Expected} expected */
  async #receive(expected) {
    const { ticket, starts_at, state, appointment } = expected;
    if (state !== "arrived" && !(await this.#confirm("arrive", false, { ticket, time: formatClock(starts_at) }))) return;
    await this.#deed(null, async () => {
      void unlock();
      if (state !== "arrived") await this.expected.arrive(expected);
      this.registration.appointment = appointment;
      this.#show("choice");
    });
  }

  /** @param {boolean} direct */
  async #choose(direct) {
    this.registration.direct = direct;
    this.registration.showDirect();
    this.#show("visitor");
  }

  /** @param {HTMLElement} root */
  #register(root) {
    return this.#deed(root, async () => {
      const { body, idempotencyKey } = { body: { ...this.registration.body(), appointment: this.registration.appointment }, idempotencyKey: this.registration.idempotencyKey };
      const visit = await this.client.call("POST", "/api/v1/visits", body, { idempotencyKey });
      this.#follow({ ...visit, direct: this.registration.direct });
      this.screens.drop("visitor", "matters"); // registered: the words are the server's now
      this.registration = new Registration(this.screens);
    });
  }

  /** @param {HTMLElement} root @param {boolean} satisfied */
  async #answer(root, satisfied) {
    const answer = answerOf(root, satisfied);
    const errors = answerErrors(answer);
    showErrors(root, errors);
    if (Object.keys(errors).length > 0) return;
    if (satisfied && !(await this.#confirm("satisfied"))) return;
    await this.#deed(root, async () => {
      await this.#send("township-answer", answer);
      this.screens.drop("answer");
    });
  }

  /** @param {HTMLElement} root */
  async #raise(root) {
    const declaration = declarationOf(root);
    const errors = declarationErrors(declaration, this.#visit?.direct ?? false);
    showErrors(root, errors);
    if (Object.keys(errors).length > 0) return;
    await this.#deed(root, () => this.#send("raise", { declaration }));
  }

  async #cancel() {
    if (!(await this.#confirm("cancel", true))) return;
    await this.#deed(null, () => this.#send("cancel", {}));
  }

  /** @param {"park" | "gone"} question @param {"park" | "visitor-left"} step */
  async #leaveSuspended(question, step) {
    if (!(await this.#confirm(question))) return;
    await this.#deed(null, () => this.#send(step, {}));
  }

  /** @param {import("./receiving.js").Parked} parked */
  async #takeUp({ visit, ticket }) {
    if (!(await this.#confirm("take_up", false, { ticket }))) return;
    await this.#deed(null, async () => {
      void unlock(); // the click still counts, so that the countdown may chime
      await this.client.call("POST", `/api/v1/visits/${visit}/take-up`, {});
      await this.refresh();
    });
  }

  async #return() {
    this.#hasLeft = false;
    if (this.#visit) this.#follow(this.#visit);
  }

  async #finish() {
    if (this.#visit) localStorage.setItem(FINISHED, this.#visit.visit);
    this.#wipe();
    this.#show("idle");
  }

  /** One step of the visit on the server. @param {string} step @param {unknown} body */
  async #send(step, body) {
    const visit = this.#visit;
    if (!visit) return;
    const path = `/api/v1/visits/${visit.visit}/${step}`;
    const said = `${path} ${JSON.stringify(body)}`;
    const key = this.#keys.get(said) ?? crypto.randomUUID();
    this.#keys.set(said, key);
    const moved = await this.client.call("POST", path, body, { idempotencyKey: key });
    this.#keys.clear();
    this.#news += 1;
    if (visit.visit !== this.#visit?.visit) return;
    this.#follow(merge(this.#visit, moved));
    await this.refresh().catch(() => undefined); // the rest of the view: who is called, the receipt
  }

  /** Do it once at a time; refusals stand beside the fields or in the notice. @param {HTMLElement | null} root @param {() => Promise<void>} deed */
  async #deed(root, deed) {
    const button = root?.querySelector('button[type="submit"]');
    this.#hush();
    try {
      if (button instanceof HTMLButtonElement) await whileBusy(button, deed);
      else await deed();
    } catch (error) {
      const { fields = {}, code } = /** @type {{fields?: Record<string, string>, code?: string}} */ (error);
      if (code === "wrong_state") await this.refresh().catch(() => undefined); // this page was behind
      if (!this.#showRefused(root, fields)) this.#tell(error);
    }
  }

  /** @param {HTMLElement | null} root @param {Record<string, string>} fields @returns {boolean} all fields found their place */
  #showRefused(root, fields) {
    if (Object.keys(fields).length === 0) return false;
    if (["visitor", "matters"].includes(this.screens.current)) {
      const screen = this.registration.showRefused(fields);
      if (screen) this.#show(screen);
      return screen !== null;
    }
    return root !== null && showErrors(root, fields).length === 0;
  }

  #wireBar() {
    this.#back.addEventListener("click", () => {
      const before = screenBefore(/** @type {Screen} */ (this.screens.current));
      if (before === "idle") this.#wipe();
      if (before) this.#show(before);
    });
    this.#end.addEventListener("click", () => void this.#endHere());
    const help = find(document, "[data-help]", HTMLDialogElement);
    find(document, '[data-testid="help-open"]').addEventListener("click", () => help.showModal());
  }

  async #endHere() {
    switch (endOf(/** @type {Screen} */ (this.screens.current))) {
      case "forget":
        if (await this.#confirm("forget", true)) {
          this.#wipe();
          this.#show("idle");
        }
        return;
      case "cancel":
        return this.#cancel();
      case "leave":
        if (!(await this.#confirm("leave", true)) || !this.call.room) return;
        this.#hasLeft = true;
        this.#show("left");
        return this.call.leave().catch(() => undefined); // the server notices anyway when the socket is down
      case "finish":
        if (screenOf(this.#visit) === "receipt" || (await this.#confirm("finish"))) await this.#finish();
        return;
      default:
    }
  }

  async #askWhetherThere() {
    if (await this.#confirm("there", true)) this.#goneQuiet();
    else if (this.guard.isArmed) this.guard.touch();
  }

  /** Nobody answered, or the answer was to clear the screen: nothing unsent is kept for the next person to read. */
  #goneQuiet() {
    if (!this.guard.isArmed) return;
    this.guard.rest();
    for (const dialog of document.querySelectorAll("dialog[open]")) /** @type {HTMLDialogElement} */ (dialog).close();
    void this.#finish();
  }

  /** Forget the visit: fields, undo history, chat, pictures. The server keeps what was sent. */
  #wipe() {
    this.guard.rest();
    this.#visit = null;
    this.#hasLeft = false;
    this.#keys.clear();
    this.screens.wipe();
    this.view.wipe();
    this.view.stage.state = "idle";
    this.registration = new Registration(this.screens);
    put(document, '[data-put="ticket"]', "");
  }

  /** @param {string} question @param {boolean} [danger] @param {Record<string, string>} [params] */
  #confirm(question, danger = false, params = {}) {
    const word = (/** @type {string} */ part) => say(`js.terminal.ask.${question}.${part}`, params);
    return ask({ title: word("title"), text: word("text"), yes: word("yes"), no: word("no"), danger });
  }

  /** @param {unknown} error */
  #tell(error) {
    this.#notice.textContent = sayRefusal(error);
    this.#notice.hidden = false;
  }

  #hush() {
    this.#notice.hidden = true;
  }

  /** @param {{room_name?: string, unit_name?: string, county_phone?: string}} place */
  #putPlace({ room_name, unit_name, county_phone }) {
    if (room_name) put(document, '[data-put="room"]', room_name);
    if (unit_name) put(document, '[data-put="unit"]', unit_name);
    put(document, '[data-put="phone"]', county_phone ?? "");
    for (const line of document.querySelectorAll("[data-phone]")) /** @type {HTMLElement} */ (line).hidden = !county_phone;
  }

  #showClock() {
    const now = new Date();
    put(document, '[data-put="clock"]', formatClock(now));
    put(document, '[data-put="day"]', `${formatDay(now)} ${formatWeekday(now)}`);
  }
}

/** @param {HTMLElement} root @param {string} testid @param {() => Promise<void>} deed */
function press(root, testid, deed) {
  const button = find(root, `[data-testid="${testid}"]`, HTMLButtonElement);
  button.addEventListener("click", () => void whileBusy(button, deed));
}

/** @param {HTMLElement} root @param {() => Promise<void>} deed */
function submit(root, deed) {
  find(root, "form", HTMLFormElement).addEventListener("submit", (event) => {
    event.preventDefault();
    void deed();
  });
}

/** The county desk: wires the socket, the call and the parts of the page to one value, the desk's state. */

import { chosenId } from "../call/device-memory.js";
import { partsOfCall } from "../call/page.js";
import { CallStage } from "../components/call-stage.js";
import { CasePanel } from "../components/case-panel.js";
import { ColleagueList } from "../components/colleague-list.js";
import { DutyCheck } from "../components/duty-check.js";
import "../components/hearing-list.js";
import { DutyPanel } from "../components/duty-panel.js";
import { InvitePanel } from "../components/invite-panel.js";
import { LineBanner } from "../components/line-banner.js";
import { OutcomeForm } from "../components/outcome-form.js";
import { LineStrip } from "../components/line-graph.js";
import { LostLine } from "../components/lost-line.js";
import { PendingOutcomes } from "../components/pending-outcomes.js";
import { SuspendedVisits } from "../components/suspended-visits.js";
import { VisitQueue } from "../components/visit-queue.js";
import { Alarm } from "../desk/alarm.js";
import { CallConduct } from "../components/call-conduct.js";
import { CallBar } from "../desk/call-bar.js";
import { CaseDesk } from "../desk/case-desk.js";
import { ConflictDesk } from "../desk/conflicts.js";
import * as deeds from "../desk/deeds.js";
import { LineState } from "../desk/line.js";
import { Notices } from "../desk/notices.js";
import { wireRehearsal } from "../desk/rehearsal.js";
import { Ringing } from "../desk/ringing.js";
import { RoomKeeper } from "../desk/room-keeper.js";
import { entered, follow, lacksOfficer, left, mayAccept, modeOf, opened, refreshed } from "../desk/state.js";
import { SuspendedCalls, suspendedBy } from "../desk/suspended.js";
import { find, showParts, whileBusy } from "../lib/dom.js";
import { maySound, soundOn, unlock, unlockByTouch } from "../lib/sound.js";
import { keepAwake } from "../lib/wake-lock.js";
import { say, sayRefusal } from "../lib/words.js";

/** Colleagues come and go without an event; their presence is asked for again after this. */
const REFRESH_MS = 20_000;

const root = find(document, "[data-desk]", HTMLElement);
const { connection, transport, capture, call } = partsOfCall();

const stage = find(root, "call-stage", CallStage);
const bar = new CallBar(call);
const conduct = find(root, "call-conduct", CallConduct);
const duty = find(root, "duty-panel", DutyPanel);
const check = find(root, "duty-check", DutyCheck);
const queue = find(root, "visit-queue", VisitQueue);
const colleagues = find(root, "colleague-list", ColleagueList);
const pending = find(root, "pending-outcomes", PendingOutcomes);
const suspended = find(root, "suspended-visits", SuspendedVisits);
const inviting = find(root, "invite-panel", InvitePanel);
const form = find(root, "outcome-form", OutcomeForm);
const panel = find(root, "case-panel", CasePanel);
const ringing = new Ringing(find(root, "[data-rings]", HTMLElement), find(root, "[data-live]", HTMLElement));
const notices = new Notices(find(root, "[data-notices]", HTMLElement));
const cutOff = new SuspendedCalls({ form, notices });
const rooms = new RoomKeeper(call, connection);
const line = new LineState({ takeBack: () => connection.resume() });
const soundOff = find(root, "[data-sound-off]", HTMLElement);

let desk = opened(JSON.parse(find(document, "#desk-data").textContent || "{}"));
new ConflictDesk(panel, connection);
const caseDesk = new CaseDesk({ panel, form, notices, formPlace: find(root, "[data-form]", HTMLElement), me: desk.me, call });
/** Pending outcome whose form is open. @type {string | null} */
let openedOutcome = null;
/** A visit is being answered or joined: a second press must not ask again. */
let entering = false;
let peopleInRoom = 0;
/** Counts what happened, so that a snapshot from before does not win over it. */
let happened = 0;
/** @type {Promise<void> | null} */
let refreshing = null;

/** Something happened here or was said by the server. @param {import("../desk/types.js").Desk} next */
function become(next) {
  happened += 1;
  desk = next;
  render();
}

/** Ask for a fresh snapshot; one that is older than what happened meanwhile is thrown away and asked for again. */
function refresh() {
  if (refreshing) happened += 1;
  refreshing ??= (async () => {
    for (let asked = -1; asked !== happened; ) {
      asked = happened;
      const answer = await deeds.readDesk();
      if (asked !== happened) continue;
      const next = refreshed(desk, answer);
      if (!desk.current && !entering && next.current?.state === "in_call" && !rooms.isOver(next.current.room)) {
        void capture.open(); // the countdown is the time a camera needs; nothing leaves before it ends
        rooms.open(next.current.room);
        await cutOff.resumed();
      }
      desk = next;
    }
    render();
  })()
    .catch(() => undefined) // the banner says that the line is down; the next event asks again
    .finally(() => (refreshing = null));
  return refreshing;
}

function render() {
  if (desk.current && !desk.current.isHost && rooms.isOver(desk.current.room)) desk = left(desk);
  if (desk.current || !desk.pending.some(({ visit }) => visit === openedOutcome)) openedOutcome = null;
  const mode = modeOf(desk, openedOutcome);
  const before = root.dataset.mode;
  root.dataset.mode = mode;
  duty.show(desk.duty, desk.current?.isHost === false);
  showSound();
  ringing.show(desk.current ? [] : desk.rings, desk.current ? [] : desk.invitations, receivedBefore);
  queue.show(desk.queue, (visit) => mayAccept(desk, visit));
  colleagues.show(desk.colleagues);
  pending.show(desk.pending, openedOutcome);
  suspended.show(desk.suspended, desk.current === null);
  inviting.show(desk.colleagues);
  showParts(root, "modes", mode);
  if (mode !== "call") inviting.close();
  inviting.watch(mode === "call" && desk.current?.isHost ? desk.current.visit : null);
  bar.isHost = (desk.current?.isHost ?? false) || conduct.leads;
  caseDesk.show(whatToShow(mode));
  if (mode === "wrap_up" && before === "call") notices.clear();
  rooms.follow(desk.current);
}

/** Who received a ringing visit before its line was lost; null for one that nobody has received yet. @param {string} visit */
function receivedBefore(visit) {
  const row = desk.queue.find((one) => one.visit === visit && one.state === "suspended");
  return row ? { officer: row.officer ?? null, since: row.raised_at, isMine: desk.suspended.some((one) => one.visit === visit) } : null;
}

/** @param {import("../desk/state.js").Mode} mode @returns {import("../desk/case-desk.js").Shown} */
function whatToShow(mode) {
  if (desk.current && mode === "call") return { visit: desk.current.visit, use: desk.current.isHost ? "host" : "guest", isOwed: false };
  if (desk.current) return { visit: desk.current.visit, use: "form", isOwed: true };
  if (openedOutcome) return { visit: openedOutcome, use: "form", isOwed: false };
  return { visit: desk.rings[0]?.visit ?? null, use: "preview", isOwed: false };
}

/** @param {string} visit */
async function accept(visit) {
  if (desk.current || entering) return;
  entering = true;
  ringing.busy(visit, true);
  void capture.open(); // the countdown is the time a camera needs; nothing leaves before it ends
  notices.clear();
  try {
    const [{ room }] = await Promise.all([deeds.answer(visit), form.keep()]);
    rooms.open(room);
    become(entered(desk, { visit, room, state: "in_call", isHost: true }));
  } catch (error) {
    capture.close();
    if (/** @type {{code?: string}} */ (error).code === "already_answered") notices.said(sayRefusal(error));
    else notices.refused(error);
    void refresh();
  } finally {
    entering = false;
    ringing.busy(visit, false);
  }
}

/** @param {string} visit */
async function join(visit) {
  if (desk.current || entering) return;
  entering = true;
  ringing.busy(visit, true);
  notices.clear();
  try {
    const [{ room }] = await Promise.all([deeds.join(visit), form.keep()]);
    rooms.open(room);
    become(entered(desk, { visit, room, state: "in_call", isHost: false }));
  } catch (error) {
    notices.refused(error);
    become({ ...desk, invitations: desk.invitations.filter((one) => one.visit !== visit) });
  } finally {
    entering = false;
    ringing.busy(visit, false);
  }
}

/** @param {string} visit */
async function decline(visit) {
  try {
    await deeds.decline(visit);
    become({ ...desk, rings: desk.rings.filter((ring) => ring.visit !== visit) });
  } catch (error) {
    notices.refused(error);
    void refresh();
  }
}

async function endVisit() {
  const visit = desk.current?.visit;
  if (!visit) return;
  try {
    await Promise.all([form.keep(), deeds.end(visit)]);
    if (desk.current?.visit !== visit) return;
    if (desk.current.isHost) become({ ...desk, current: { ...desk.current, state: "wrap_up" } });
    else leaveCall(); // led to its end for somebody else, who owes the outcome
  } catch (error) {
    notices.refused(error, () => void endVisit());
    void refresh();
  }
}

/** The line of this call is lost for too long: the desk is free again. @param {string} visit */
async function suspend(visit) {
  if (!(await rooms.cutOff(visit, () => cutOff.suspended()))) return;
  if (desk.current?.visit === visit) become(left(desk));
  void refresh();
}

/** @param {string} visit */
async function endSuspended(visit) {
  if ((await cutOff.end(visit)) && !desk.current) become(entered(desk, { visit, room: visit, state: "wrap_up", isHost: true }));
  void refresh();
}

function leaveCall() {
  if (!desk.current) return;
  rooms.end(desk.current.room);
  become(left(desk));
}

async function goOn() {
  notices.clear();
  const found = await check.start(capture);
  if (!call.room) capture.close();
  if (!found) return;
  Alarm.askToNotify();
  duty.busy = true;
  try {
    const { state, pending: owed } = await deeds.goOnDuty(found);
    become({ ...desk, duty: { state, reason: null, pending: owed } });
    showSound();
    await refresh();
  } catch (error) {
    notices.refused(error);
  } finally {
    duty.busy = false;
  }
}

async function goOff() {
  duty.busy = true;
  try {
    const { state, pending: owed } = await deeds.goOffDuty();
    become({ ...desk, rings: [], duty: { state, reason: null, pending: owed } });
  } catch (error) {
    notices.refused(error);
  } finally {
    duty.busy = false;
  }
}

/** A reloaded page may not sound before a click; an officer on duty must know. */
function showSound() {
  // In a call the stage asks for the same click, over the picture.
  soundOff.hidden = desk.duty.state === "off" || desk.current?.state === "in_call" || maySound();
}

/** @param {any} message */
function onMessage(message) {
  const suspendedVisit = suspendedBy(message);
  if (suspendedVisit && suspendedVisit === desk.current?.visit) {
    void suspend(suspendedVisit);
    return;
  }
  if (message.type === "room_state" && message.phase === "closed" && !suspendedVisit) rooms.end(message.room);
  if (message.type === "ring") notices.clearSaid();
  if (message.type === "invite") rooms.open(message.room);
  if (message.type === "visit" && message.state === "outcome_pending" && message.visit === desk.current?.visit) {
    notices.said(say("js.desk.lost"));
  }
  const next = follow(desk, message);
  if (next !== desk) become(next);
  // After the panel has let go of a ring that somebody else answered: it is no longer ours to ask about.
  if (message.type === "visit" || message.type === "room_state") void panel.refreshRepeats();
  if (message.type === "queue" && lacksOfficer(desk)) void refresh();
  if (message.type === "duty" || message.type === "visit" || message.phase === "closed") void refresh();
}

/** @param {import("../signaling/connection.js").StateDetail} detail */
function onLine(detail) {
  line.show(detail);
  if (detail.state === "open") {
    // The server greets a new session with every bell that runs; older ones may have ended meanwhile.
    if (detail.isNew) become({ ...desk, rings: [] });
    if (detail.isNew || detail.isNewEpoch) void caseDesk.refill();
    void refresh();
  } else if (detail.state === "closed") {
    become({ ...desk, rings: [], invitations: [] });
    if (call.room) void call.leave().catch(() => undefined);
  }
}

/** @param {unknown} error */
function onRefused(error) {
  notices.refused(error);
  void refresh();
}

/** @param {CustomEvent<{visit: string, receipt: string}>} event */
function onLogged({ detail: { visit, receipt } }) {
  notices.logged(receipt);
  if (openedOutcome === visit) openedOutcome = null;
  become({ ...(desk.current?.visit === visit ? left(desk) : desk), pending: desk.pending.filter((one) => one.visit !== visit) });
  void refresh();
}

/** @param {EventTarget} target @param {string} name @param {(detail: any) => unknown} listener */
function on(target, name, listener) {
  target.addEventListener(name, (event) => void listener(/** @type {CustomEvent} */ (event).detail));
}

on(connection, "message", onMessage);
on(connection, "state", onLine);
on(rooms, "refused", onRefused);
on(call, "room", ({ peers }) => {
  caseDesk.peers(peers);
  if (peers.length > peopleInRoom) notices.clearSaid(); // whoever was invited is here
  peopleInRoom = peers.length;
});
on(call, "chat", (chatLine) => caseDesk.line(chatLine));
on(duty, "go-on", goOn);
on(duty, "go-off", goOff);
on(root, "accept-call", accept);
on(root, "decline-call", decline);
on(root, "join-call", join);
on(root, "dismiss-call", (visit) => become({ ...desk, invitations: desk.invitations.filter((one) => one.visit !== visit) }));
on(pending, "open-outcome", async (visit) => {
  await form.keep();
  notices.clear();
  openedOutcome = visit;
  render();
});
on(suspended, "end-suspended", endSuspended);
on(form, "put-aside", () => {
  openedOutcome = null;
  render();
});
on(form, "exists", refresh);
form.addEventListener("logged", (event) => onLogged(/** @type {CustomEvent} */ (event)));
on(ringing.alarm, "silent", showSound);
bar.end.addEventListener("click", () => void whileBusy(bar.end, endVisit));
bar.leave.addEventListener("click", leaveCall);
conduct.follow(call, desk.me.seat, () => desk.current);
on(conduct, "left", () => (leaveCall(), notices.said(say("js.conduct.left"))));
on(conduct, "failed", (error) => notices.refused(error));
on(call, "room", () => (bar.isHost = (desk.current?.isHost ?? false) || conduct.leads));
bar.chat.addEventListener("click", () => caseDesk.openChat());
bar.invite.addEventListener("click", () => {
  const visit = desk.current?.visit;
  if (!visit) return;
  void refresh();
  inviting.open(desk.colleagues, async (person) => {
    await deeds.invite(visit, person);
    notices.said(say("js.invite.sent", { name: desk.colleagues.find((one) => one.person === person)?.name ?? "" }));
  });
});
ringing.answerByKey(() => desk.current === null);
unlockByTouch(showSound);
window.addEventListener("beforeunload", (event) => {
  if (desk.current || form.isDirty) event.preventDefault();
});
setInterval(() => {
  if (document.visibilityState !== "visible") return;
  void refresh();
  void panel.refreshRepeats();
}, REFRESH_MS);

const rehearsal = root.querySelector("[data-robot]");
if (rehearsal) wireRehearsal(rehearsal, notices);
find(root, "line-banner", LineBanner).follow(connection);
inviting.follow(connection);
soundOn(() => chosenId("speaker"));
stage.follow(call, transport, desk.me.seat);
find(root, "line-strip", LineStrip).follow(call);
find(root, "lost-line", LostLine).follow(call, ({ role }) => role === "terminal");
keepAwake();
render();
connection.resume();
if (desk.duty.state !== "off") void unlock().then(showSound);
showSound();

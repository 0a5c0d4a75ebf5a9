/** The page of a department's liaison: duty, one ring, one brief, the call. */

import { chosenId } from "../call/device-memory.js";
import { partsOfCall } from "../call/page.js";
import { CallConduct } from "../components/call-conduct.js";
import { CallStage } from "../components/call-stage.js";
import { DutyCheck } from "../components/duty-check.js";
import { DutyPanel } from "../components/duty-panel.js";
import { LineBanner } from "../components/line-banner.js";
import { Alarm } from "../desk/alarm.js";
import { LineState } from "../desk/line.js";
import { Notices } from "../desk/notices.js";
import { Switches } from "../call/switches.js";
import { briefCard } from "../liaison/brief-card.js";
import { follow, isNews, modeOf } from "../liaison/state.js";
import { api } from "../lib/api.js";
import { find, showParts, whileBusy } from "../lib/dom.js";
import { maySound, soundOn, unlock, unlockByTouch } from "../lib/sound.js";
import { keepAwake } from "../lib/wake-lock.js";
import { say } from "../lib/words.js";

const ROOM_RETRY_MS = 500;

const root = find(document, "[data-liaison]", HTMLElement);
const { connection, transport, capture, call } = partsOfCall();
const stage = find(root, "call-stage", CallStage);
const duty = find(root, "duty-panel", DutyPanel);
const check = find(root, "duty-check", DutyCheck);
const notices = new Notices(find(root, "[data-notices]", HTMLElement));
const rings = find(root, "[data-rings]", HTMLElement);
const live = find(root, "[data-live]", HTMLElement);
const held = find(root, "[data-held]", HTMLElement);
const conduct = find(root, "call-conduct", CallConduct);
const leave = find(root, '[data-testid="leave-call"]', HTMLButtonElement);
const end = find(root, '[data-testid="end-visit"]', HTMLButtonElement);
const soundOff = find(root, "[data-sound-off]", HTMLElement);
const alarm = new Alarm();
const line = new LineState({ takeBack: () => connection.resume() });

/** @type {import("../liaison/state.js").Liaison} */
let liaison = JSON.parse(find(document, "#liaison-data").textContent || "{}");
/** Rooms that one has left or that are over. @type {Set<string>} */
const left = new Set();
let shown = "";
/** Room that the host has let us into. */
let letIn = "";

async function refresh() {
  try {
    liaison = await api("GET", "/api/v1/liaison");
    render();
  } catch {
    // The banner says that the line is down; the next event asks again.
  }
}

function render() {
  const mode = modeOf(liaison, left);
  root.dataset.mode = mode;
  duty.show({ state: liaison.state, reason: null, pending: 0 }, false);
  showParts(root, "modes", mode);
  soundOff.hidden = liaison.state === "off" || mode === "call" || maySound();
  showRings(mode === "call" ? [] : liaison.invitations);
  const room = mode === "call" ? (liaison.current?.room ?? null) : null;
  if (room && call.room !== room) call.enter(room);
  if (!room && call.room) void call.leave().catch(() => undefined);
}

/** @param {import("../liaison/state.js").Brief[]} briefs */
function showRings(briefs) {
  alarm.ringing(briefs.map(({ visit, ticket }) => ({ visit, ticket, place: "", matter_kinds: [], direct: false, raised_at: "", answer_by_s: 0 })));
  const state = JSON.stringify(briefs);
  if (state === shown) return; // a card never moves away under the hand that answers it
  shown = state;
  rings.replaceChildren(...briefs.map((brief) => briefCard(brief, { accept: (button) => void whileBusy(button, () => accept(brief.visit)), decline: () => void decline(brief.visit) })));
  const first = briefs[0];
  live.textContent = first ? say("js.liaison.asked", { name: first.from_name, post: first.from_post }) : "";
}

/** @param {string} visit */
async function accept(visit) {
  void unlock();
  void capture.open(); // nothing leaves before the host lets one in
  notices.clear();
  try {
    const { room } = await api("POST", `/api/v1/visits/${visit}/accept-invitation`, {});
    left.delete(room);
    letIn = "";
    liaison = { ...liaison, current: { visit, room }, invitations: liaison.invitations.filter((one) => one.visit !== visit) };
    render();
  } catch (error) {
    capture.close();
    notices.refused(error);
    await refresh();
  }
}

/** @param {string} visit */
async function decline(visit) {
  try {
    await api("POST", `/api/v1/visits/${visit}/decline-invitation`, {});
  } catch (error) {
    notices.refused(error);
  }
  await refresh();
}

/** End the call that we lead; its outcome is written by the officer who received the visit. */
async function endVisit() {
  const current = liaison.current;
  if (!current) return;
  notices.clear();
  try {
    await api("POST", `/api/v1/visits/${current.visit}/end`, {});
    left.add(current.room);
    notices.said(say("js.liaison.ended"));
    render();
  } catch (error) {
    notices.refused(error);
  }
  await refresh();
}

async function goOn() {
  notices.clear();
  const found = await check.start(capture);
  if (!call.room) capture.close();
  if (!found) return;
  Alarm.askToNotify();
  await change("duty-on", { camera: found.camera, microphone: found.microphone, ring_heard: true });
}

/** @param {"duty-on" | "duty-off"} deed @param {object} body */
async function change(deed, body) {
  duty.busy = true;
  try {
    liaison = { ...liaison, state: (await api("POST", `/api/v1/liaison/${deed}`, body)).state };
    render();
  } catch (error) {
    notices.refused(error);
  } finally {
    duty.busy = false;
  }
}

connection.addEventListener("message", (event) => {
  const message = /** @type {CustomEvent} */ (event).detail;
  if (message.type === "room_state" && message.room === liaison.current?.room) {
    if (message.phase === "closed" && message.why !== "suspended") left.add(message.room);
    const isHeld = message.peers.some((/** @type {{seat: string, held?: boolean}} */ peer) => peer.seat === liaison.seat && peer.held);
    if (!isHeld) letIn = message.room;
    held.hidden = !isHeld || letIn === message.room; // a later hold is the stage's to say
  }
  liaison = follow(liaison, message);
  render();
  if (isNews(message)) void refresh();
});
connection.addEventListener("state", (event) => {
  const detail = /** @type {CustomEvent} */ (event).detail;
  line.show(detail);
  if (detail.state === "open") void refresh();
});
call.addEventListener("refused", () => setTimeout(() => {
  void call.leave().catch(() => undefined);
  void refresh();
}, ROOM_RETRY_MS));
duty.addEventListener("go-on", () => void goOn());
duty.addEventListener("go-off", () => void change("duty-off", {}));
alarm.addEventListener("silent", render);
leave.addEventListener("click", () => {
  if (liaison.current) left.add(liaison.current.room);
  render();
});
end.addEventListener("click", () => void whileBusy(end, endVisit));
conduct.follow(call, liaison.seat, () => liaison.current && { visit: liaison.current.visit, isHost: false });
conduct.addEventListener("failed", (event) => notices.refused(/** @type {CustomEvent} */ (event).detail));
call.addEventListener("room", () => {
  leave.hidden = conduct.leads; // whoever leads hands the lead back first, or ends the call
  end.hidden = !conduct.leads;
});
unlockByTouch(render);
new Switches(find(root, ".liaison-bar", HTMLElement), call);
find(root, "line-banner", LineBanner).follow(connection);
soundOn(() => chosenId("speaker"));
stage.follow(call, transport, liaison.seat);
keepAwake();
render();
connection.resume();

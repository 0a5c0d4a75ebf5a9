/** The page of a department's liaison: duty, one ring, one brief, the call. */

import { Call } from "../call/call.js";
import { chosenId } from "../call/device-memory.js";
import { DeviceWatch } from "../call/device-watch.js";
import { LocalCapture } from "../call/devices.js";
import { keepWarm } from "../call/warm.js";
import { CallStage } from "../components/call-stage.js";
import { DutyCheck } from "../components/duty-check.js";
import { DutyPanel } from "../components/duty-panel.js";
import { LineBanner } from "../components/line-banner.js";
import { Alarm } from "../desk/alarm.js";
import { LineState } from "../desk/line.js";
import { Notices } from "../desk/notices.js";
import { Switches } from "../join/switches.js";
import { briefCard } from "../liaison/brief-card.js";
import { follow, isNews, modeOf } from "../liaison/state.js";
import { api } from "../lib/api.js";
import { find, whileBusy } from "../lib/dom.js";
import { maySound, soundOn, unlock } from "../lib/sound.js";
import { keepAwake } from "../lib/wake-lock.js";
import { say } from "../lib/words.js";
import { SignalingConnection, TicketDenied } from "../signaling/connection.js";

const ROOM_RETRY_MS = 500;

const root = find(document, "[data-liaison]", HTMLElement);
const connection = new SignalingConnection({ url: `${location.origin.replace(/^http/, "ws")}/ws`, getTicket });
const transport = keepWarm(connection);
const capture = new LocalCapture();
const call = new Call({ connection, transport, capture, hints: () => deviceWatch.hints });
const deviceWatch = new DeviceWatch({ peer: () => transport.peer, own: () => call.own, stream: () => capture.stream });
const stage = find(root, "call-stage", CallStage);
const duty = find(root, "duty-panel", DutyPanel);
const check = find(root, "duty-check", DutyCheck);
const notices = new Notices(find(root, "[data-notices]", HTMLElement));
const rings = find(root, "[data-rings]", HTMLElement);
const live = find(root, "[data-live]", HTMLElement);
const held = find(root, "[data-held]", HTMLElement);
const soundOff = find(root, "[data-sound-off]", HTMLElement);
const alarm = new Alarm();
const line = new LineState({ takeBack: () => connection.resume() });

/** @type {import("../liaison/state.js").Liaison} */
let liaison = JSON.parse(find(document, "#liaison-data").textContent || "{}");
/** Rooms that one has left or that are over. @type {Set<string>} */
const left = new Set();
let shown = "";

/** @param {AbortSignal} signal */
async function getTicket(signal) {
  try {
    return (await api("POST", "/api/v1/ws-ticket", {}, { retryAfterMs: [], signal })).ticket;
  } catch (error) {
    if (/** @type {{status?: number}} */ (error).status === 401) throw new TicketDenied("signed_out");
    throw error;
  }
}

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
  for (const part of /** @type {NodeListOf<HTMLElement>} */ (root.querySelectorAll("[data-modes]"))) part.hidden = !part.dataset.modes?.split(" ").includes(mode);
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
    held.hidden = !message.peers.some((/** @type {{seat: string, held?: boolean}} */ peer) => peer.seat === liaison.seat && peer.held);
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
call.addEventListener("state", () => {
  connection.isInCall = call.room !== null;
  if (call.room) deviceWatch.start();
  else deviceWatch.stop();
});
duty.addEventListener("go-on", () => void goOn());
duty.addEventListener("go-off", () => void change("duty-off", {}));
alarm.addEventListener("silent", render);
find(root, '[data-testid="leave-call"]', HTMLButtonElement).addEventListener("click", () => {
  if (liaison.current) left.add(liaison.current.room);
  render();
});
for (const name of ["pointerdown", "keydown"]) {
  document.addEventListener(name, () => {
    if (!maySound()) void unlock().then(render);
  });
}
new Switches(find(root, ".liaison-bar", HTMLElement), call);
find(root, "line-banner", LineBanner).follow(connection);
soundOn(() => chosenId("speaker"));
stage.follow(call, transport, liaison.seat);
keepAwake();
render();
connection.resume();

/** The page of a one-time link: click, code, name, lobby, call; phone-sized, and nobody's but this browser's. */

import { partsOfCall } from "../call/page.js";
import { Switches } from "../call/switches.js";
import { CallStage } from "../components/call-stage.js";
import { DevicePicker } from "../components/device-picker.js";
import { LineBanner } from "../components/line-banner.js";
import * as door from "../join/door.js";
import { isOver, stepOf } from "../join/steps.js";
import { find, put, showParts, whileBusy } from "../lib/dom.js";
import { unlock } from "../lib/sound.js";
import { keepAwake } from "../lib/wake-lock.js";
import { knows, say, sayRefusal } from "../lib/words.js";
import { TicketDenied } from "../signaling/connection.js";

/** Nobody tells a guest's page of a step that the host has made before it is in the call. */
const LOOK_MS = 2000;
const ROOM_RETRY_MS = 500;

const root = find(document, "[data-join]", HTMLElement);
const state = find(root, '[data-testid="lobby-state"]', HTMLElement);
const failure = find(root, "[data-failure]", HTMLElement);
const { connection, transport, capture, call } = partsOfCall({ getTicket, askForRelays: door.askForRelays });
const stage = find(root, "call-stage", CallStage);
const picker = find(root, "device-picker", DevicePicker);
picker.capture = capture;

let token = door.takeToken();
// Another link in the same tab changes the fragment alone: the page begins anew with it.
window.addEventListener("hashchange", () => location.reload());
/** @type {import("../join/door.js").GuestView | null} */
let view = null;
let hasLeft = false;
let isOnLine = false;
let isFollowed = false;
/** A refusal that ended the link here. @type {string | null} */
let ended = null;

/** @param {AbortSignal} signal */
async function getTicket(signal) {
  try {
    return await door.getTicket(signal);
  } catch (error) {
    const status = /** @type {{status?: number}} */ (error).status ?? 0;
    if (status === 401 || status === 410) throw new TicketDenied("over");
    throw error;
  }
}

async function look() {
  try {
    become(await door.readGuest());
  } catch {
    // The line is down: the next look says.
  }
}

/** @param {import("../join/door.js").GuestView} next */
function become(next) {
  const before = stepOf(view, { token, hasLeft });
  view = next;
  render();
  const step = stepOf(view, { token, hasLeft });
  if (step === "name" && before !== "name") void picker.check();
  if (step !== "name" && before === "name" && !call.room) capture.close();
  followCall(step);
}

function render() {
  const step = ended ? "over" : stepOf(view, { token, hasLeft });
  root.dataset.step = state.dataset.state = step;
  const kept = view?.end ? `refusal.guest_link_${view.end}` : "";
  state.textContent = say(`js.join.${step}`);
  showParts(root, "steps", step);
  put(root, "[data-over]", ended ?? (knows(kept) ? say(kept) : say("js.join.over")));
  put(root, "[data-who]", say("js.join.who", { name: view?.host_name ?? "", post: view?.host_post ?? "", title: view?.title ?? "" }));
  put(root, "[data-waiting]", say("js.join.waiting", { name: view?.host_name ?? "" }));
}

/** Be on the line from the lobby on, and in the room once the host has said so. @param {import("../join/steps.js").Step} step */
function followCall(step) {
  if ((step === "lobby" || step === "admitted") && !isOnLine) {
    isOnLine = true;
    connection.resume();
  }
  if (step === "admitted" && view?.live && call.room !== view.room) {
    if (!isFollowed) stage.follow(call, transport, view.seat);
    isFollowed = true;
    call.enter(view.room);
  }
  if (step === "over") {
    if (call.room) void call.leave().catch(() => undefined);
    if (isOnLine) connection.close();
    isOnLine = false;
  }
}

/** @param {() => Promise<void>} deed */
async function attempt(deed) {
  failure.hidden = true;
  try {
    await deed();
  } catch (error) {
    if (isOver(error)) {
      ended = sayRefusal(error);
      forget();
      render();
      return;
    }
    put(failure, "p", sayRefusal(error));
    failure.hidden = false;
  }
}

function forget() {
  token = "";
  door.forgetToken();
}

async function open() {
  const asked = await door.redeem(token);
  forget();
  become(asked);
  find(root, "#join-code", HTMLInputElement).focus();
}

/** @param {string} form @param {(value: string) => Promise<import("../join/door.js").GuestView>} ask */
function onForm(form, ask) {
  const element = find(root, form, HTMLFormElement);
  const button = find(element, '[type="submit"]', HTMLButtonElement);
  element.addEventListener("submit", (event) => {
    event.preventDefault();
    void unlock(); // inside the click: only then may the call sound
    const value = find(element, "input.input", HTMLInputElement).value;
    void whileBusy(button, () => attempt(async () => become(await ask(value))));
  });
}

const opening = find(root, '[data-testid="join-open"]', HTMLButtonElement);
opening.addEventListener("click", () => {
  void unlock();
  void whileBusy(opening, () => attempt(open));
});
onForm("[data-code]", door.prove);
onForm("[data-name]", door.wait);
new Switches(find(root, ".join-bar", HTMLElement), call);
find(root, '[data-testid="leave-call"]', HTMLButtonElement).addEventListener("click", () => {
  hasLeft = true;
  void call.leave().catch(() => undefined);
  render();
});
find(root, '[data-testid="join-again"]', HTMLButtonElement).addEventListener("click", () => {
  hasLeft = false;
  render();
  void look();
});
call.addEventListener("refused", () => setTimeout(() => {
  void call.leave().catch(() => undefined);
  void look();
}, ROOM_RETRY_MS));
call.addEventListener("state", () => {
  if (!call.room) void look();
});
connection.addEventListener("message", (event) => {
  const { type } = /** @type {CustomEvent} */ (event).detail;
  if (type === "visit") void look();
});
connection.addEventListener("state", (event) => {
  if (/** @type {CustomEvent} */ (event).detail.state !== "closed") return;
  isOnLine = false;
  if (!ended) void look();
});
find(root, "line-banner", LineBanner).follow(connection);
keepAwake();
render();
void look();
setInterval(() => {
  const step = stepOf(view, { token, hasLeft });
  if (!ended && (step === "lobby" || (step === "admitted" && call.state !== "connected"))) void look();
}, LOOK_MS);

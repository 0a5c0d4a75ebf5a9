/** The terminal page: enrolment, the device's session, the socket, and words for every refusal. The visit itself is terminal/reception.js. */

import { chosenId } from "../call/device-memory.js";
import { partsOfCall } from "../call/page.js";
import "../components/call-stage.js";
import "../components/chat-panel.js";
import { LineBanner } from "../components/line-banner.js";
import { find, put, whileBusy } from "../lib/dom.js";
import { showErrors } from "../lib/forms.js";
import { soundOn } from "../lib/sound.js";
import { keepAwake } from "../lib/wake-lock.js";
import { knows, say, sayRefusal } from "../lib/words.js";
import { TicketDenied } from "../signaling/connection.js";
import { CloseCode } from "../signaling/messages.js";
import { CallView } from "../terminal/call-view.js";
import { DeviceClient, enrol, forgetEnrolment, storedEnrolment } from "../terminal/device.js";
import { TerminalDevices } from "../terminal/devices.js";
import { Reception } from "../terminal/reception.js";
import { Screens } from "../terminal/screens.js";
import { giveSigns } from "../terminal/sign-of-life.js";
import { canReach, Upkeep } from "../terminal/upkeep.js";

const RETRY_MS = 5000;
/** Refusals after which only a new code from the centre helps. */
const MUST_ENROL = new Set(["device_revoked", "device_cloned", "device_unknown", "bad_signature"]);
/** Refusals that pass by themselves: the page asks again without anybody pressing. */
const PASSES = new Set(["network", "device_in_use", "not_ready"]);

const frame = find(document, "[data-frame]", HTMLElement);
const bar = find(document, "[data-bar]", HTMLElement);
const screens = new Screens(frame, { enrol: wireEnrol, enrolled: wireEnrolled, refused: wireRefused });

const client = new DeviceClient();
const { connection, transport, capture, call } = partsOfCall({
  getTicket,
  askForRelays: () => client.call("POST", "/api/v1/ice-servers", {}, { retryAfterMs: [] }),
});
/** @type {Reception | null} made with the first session: the call view needs our seat */
let reception = null;
const devices = new TerminalDevices({ client, call, capture, onSpeaker: () => void reception?.view.stage.useChosenSpeaker() });
let retry = 0;
/** Why this device was refused last. */
let refusedFor = "";

async function start() {
  clearTimeout(retry);
  screens.show("starting");
  bar.hidden = true;
  if (!(await storedEnrolment())) {
    screens.show("enrol");
    return;
  }
  try {
    const session = await client.start();
    void devices.adopt();
    reception ??= new Reception({ client, call, view: new CallView(call, transport, session.seat) });
    connection.resume();
    await reception.refresh();
    bar.hidden = false;
  } catch (error) {
    refuse(/** @type {{code?: string}} */ (error).code ?? "unexpected", error);
  }
}

/** @param {AbortSignal} signal */
async function getTicket(signal) {
  try {
    // The connection itself tries again; a second row of attempts below it would only come late.
    return (await client.call("POST", "/api/v1/ws-ticket", {}, { retryAfterMs: [], signal })).ticket;
  } catch (error) {
    const { code = "" } = /** @type {{code?: string}} */ (error);
    if (!MUST_ENROL.has(code)) throw error;
    refuse(code, error);
    throw new TicketDenied(code);
  }
}

/** Nobody's words or picture are on the screen. */
function isIdle() {
  const isWaiting = frame.dataset.screen === "idle" || (frame.dataset.screen === "refused" && !MUST_ENROL.has(refusedFor));
  return isWaiting && !call.room && !document.querySelector("dialog[open]");
}

/** Say what happened and what to do; nothing of a visit stays on the screen. @param {string} code @param {unknown} [error] */
function refuse(code, error = { code }) {
  bar.hidden = true;
  find(document, "[data-call-view]", HTMLElement).hidden = true;
  const root = screens.show("refused");
  root.dataset.code = refusedFor = code;
  put(root, '[data-put="refused-title"]', knows(`js.terminal.refused.${code}`) ? say(`js.terminal.refused.${code}`) : say("js.terminal.refused.other"));
  put(root, '[data-put="refused-text"]', sayRefusal(error));
  find(root, '[data-testid="refused-enrol"]', HTMLElement).hidden = !MUST_ENROL.has(code);
  find(root, '[data-testid="refused-retry"]', HTMLElement).hidden = code === "device_revoked";
  if (PASSES.has(code)) retry = window.setTimeout(() => void start(), RETRY_MS);
}

/** @param {HTMLElement} root */
function wireEnrol(root) {
  const form = find(root, "form", HTMLFormElement);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const code = find(form, "#enrol-code", HTMLInputElement).value.trim();
    showErrors(form, code ? {} : { code: "required" });
    if (code) void whileBusy(find(form, '[data-testid="enrol-submit"]', HTMLButtonElement), () => enrolWith(form, code));
  });
}

/** @param {HTMLFormElement} form @param {string} code */
async function enrolWith(form, code) {
  try {
    const { fingerprint } = await enrol(code);
    put(screens.show("enrolled"), ".fingerprint", fingerprint);
  } catch (error) {
    showErrors(form, { code: "wrong" });
    put(form, ".field-error", sayRefusal(error));
  }
}

/** @param {HTMLElement} root */
function wireEnrolled(root) {
  find(root, '[data-testid="enrol-continue"]').addEventListener("click", () => void start());
}

/** @param {HTMLElement} root */
function wireRefused(root) {
  find(root, '[data-testid="refused-retry"]').addEventListener("click", () => void start());
  find(root, '[data-testid="refused-enrol"]').addEventListener("click", async () => {
    await forgetEnrolment();
    await start();
  });
}

connection.addEventListener("message", (event) => {
  const { detail } = /** @type {CustomEvent} */ (event);
  if (detail.type === "visit") reception?.hear(detail);
  if (detail.type === "room_state") reception?.hearRoom(detail);
});

connection.addEventListener("state", (event) => {
  const { state, code, reason } = /** @type {CustomEvent} */ (event).detail;
  const shown = find(document, ".link-state", HTMLElement);
  shown.dataset.state = state;
  put(shown, '[data-put="link"]', say(`js.terminal.link.${state}`));
  if (state === "open") void reception?.refresh().catch(() => undefined); // what was said meanwhile is asked for
  if (state === "closed") onClosed(code, reason);
});

/** Nobody stands by to press anything: what can heal by itself must. @param {number} code @param {string} reason */
function onClosed(code, reason) {
  const hasNoSeat = code === CloseCode.REVOKED || code === CloseCode.TAKEN_OVER;
  if (hasNoSeat && call.room) void call.leave().catch(() => undefined); // its camera and microphone close here
  if (code === CloseCode.REVOKED) refuse("device_revoked");
  else if (code === CloseCode.TAKEN_OVER) refuse("taken_over");
  else if (reason === "unsupported_version") setTimeout(() => location.reload(), RETRY_MS); // the server was updated
  else if (reason === "ticket_refused" && screens.current !== "refused") retry = window.setTimeout(() => void start(), RETRY_MS);
}

client.aroundRestart = async (open) => {
  connection.close();
  try {
    return await open();
  } finally {
    connection.resume();
  }
};
find(document, "line-banner", LineBanner).follow(connection);
soundOn(() => chosenId("speaker"));
const upkeep = new Upkeep({ connection, isIdle, canReach, reload: () => location.reload() });
for (const touch of ["pointerdown", "keydown"]) document.addEventListener(touch, () => upkeep.touch(), { passive: true });
upkeep.start();
void giveSigns().catch(() => undefined); // without storage the watchdog sees a page that never lived
keepAwake();
void start();

/**
 * The script of a page under test: the product's own components with a scripted room instead of a server.
 * `room.enter(["t-1", "p-1"])` says who is there; whoever is new gets the lowest free slot, as the server does it.
 */
import "/static/js/pages/shared.js";
import "/static/js/components/call-stage.js";
import "/static/js/components/call-conduct.js";
import "/static/js/components/case-panel.js";
import "/static/js/components/chat-panel.js";
import "/static/js/components/duty-panel.js";
import "/static/js/components/line-banner.js";
import "/static/js/components/line-graph.js";
import "/static/js/components/lost-line.js";

const CAST = {
  "t-1": { role: "terminal", name: "A-017", post: "麦垄镇接访室" },
  "p-1": { role: "county_duty_officer", name: "沈禾清", post: "信访室 值班接访员", lead: true },
  "p-2": { role: "section_director", name: "顾长河", post: "第二监督检查室主任", audio: false },
  "p-3": { role: "department_liaison", name: "欧阳若兰", post: "自然资源局 值班联络员", hand: 1 },
  "p-4": { role: "branch_leader", name: "姚敬之", post: "县纪委副书记", video: false, audio: false },
  "g-1": { role: "interpreter", name: "阿依努尔·吐尔逊", post: "手语翻译" },
  "g-2": { role: "guest", name: "专家 林工", post: "" },
};
const COLOURS = ["#7a8f86", "#8b7f6d", "#6d7f92", "#8a6f79", "#7b8a63", "#75708f"];
const OWN = { terminal: "t-1", desk: "p-1", liaison: "p-3", join: "g-2" }[document.body.dataset.page ?? location.pathname.slice(1)];

/** Head and shoulders in front of a wall. @param {number} number */
function picture(number) {
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: 640, height: 360 });
  const brush = canvas.getContext("2d");
  const paint = () => {
    brush.fillStyle = COLOURS[number % COLOURS.length];
    brush.fillRect(0, 0, 640, 360);
    brush.fillStyle = "#e8d7c3";
    brush.beginPath();
    brush.arc(320, 150, 75, 0, 7);
    brush.fill();
    brush.fillStyle = "#2e3a45";
    brush.beginPath();
    brush.ellipse(320, 360, 150, 125, 0, 0, 7);
    brush.fill();
  };
  paint();
  setInterval(paint, 400);
  return canvas.captureStream(5);
}

const pictures = [0, 1, 2, 3, 4].map(picture);
const call = Object.assign(new EventTarget(), { room: "visit-1", own: null, wants: { audio: true, video: true } });
const tell = (name, detail) => call.dispatchEvent(new CustomEvent(name, { detail }));
const stage = document.querySelector("call-stage");
const slots = new Map();

for (const part of document.querySelectorAll("[data-modes]")) part.hidden = !part.dataset.modes.split(" ").includes("call");
for (const part of document.querySelectorAll("[data-steps]")) part.hidden = !part.dataset.steps.split(" ").includes("admitted");
for (const root of document.querySelectorAll("[data-mode]")) root.dataset.mode = "call";
for (const root of document.querySelectorAll("[data-step]")) root.dataset.step = "admitted";
for (const part of document.querySelectorAll("[data-call-view], [data-bar-call], case-panel")) part.hidden = false;
if (document.documentElement.dataset.place === "terminal") {
  document.documentElement.dataset.screen = "call";
  document.querySelector("[data-chat-toggle]").append(document.querySelector("chat-panel").toggle);
  document.querySelector("chat-panel").fold(true);
}

stage.follow(call, { slot: (number) => pictures[number] }, OWN);
document.querySelector("line-strip")?.follow(call);
document.querySelector("call-conduct")?.follow(call, OWN, () => ({ visit: "", isHost: OWN === "p-1" }));
document.querySelector("duty-panel")?.show({ state: "busy", reason: null, pending: 0 }, false);

function enter(seats, extra = {}) {
  for (const seat of slots.keys()) if (!seats.includes(seat)) slots.delete(seat);
  const peers = [OWN, ...seats].map((seat) => {
    const taken = new Set(slots.values());
    if (seat !== OWN && !slots.has(seat)) slots.set(seat, [0, 1, 2, 3, 4].find((slot) => !taken.has(slot)));
    return { seat, present: true, audio: true, video: true, hand: 0, slot: slots.get(seat) ?? null, ...CAST[seat], ...extra[seat] };
  });
  const isPrivate = peers.some((peer) => peer.private);
  tell("room", { type: "room_state", seq: 1, room: "visit-1", phase: "live", countdown_ms: 0, why: "", private: isPrivate, peers });
  const line = { score: 70, rung: "video", rtt_ms: 36, loss: 0, hints: [], at: new Date().toISOString() };
  for (const { seat } of peers) tell("line", { ...line, of_seat: seat });
}

const box = (element) => {
  const { left, top, right, bottom } = element.getBoundingClientRect();
  return { left, top, right, bottom };
};
/** Where the letters are, which may be wider than the box that they should stand in. */
const letters = (element) => {
  const range = document.createRange();
  range.selectNodeContents(element);
  return box(range);
};

function measure() {
  const tiles = [...stage.querySelectorAll(".peer-tile")].map((tile) => ({
    seat: tile.dataset.seat,
    place: tile.dataset.place,
    box: box(tile),
    name: letters(tile.querySelector("figcaption strong")),
    text_px: Number.parseFloat(getComputedStyle(tile.querySelector("strong")).fontSize),
  }));
  const own = stage.querySelector(".own-tile");
  return {
    stage: box(stage),
    own: { seat: "own", place: "own", box: box(own), name: letters(own.querySelector("figcaption")), text_px: 16 },
    tiles,
    words: [...stage.querySelectorAll(":is(.stage-state, .stage-frame, .stage-note, .stage-reason):not([hidden])")].map(box),
    bars: [...document.querySelectorAll(".call-bar, .join-bar, .liaison-bar, .terminal-bar")].map(box),
    view: { left: 0, top: 0, right: innerWidth, bottom: innerHeight },
  };
}

const own = picture(5);
const forget = () => {
  slots.clear();
  stage.clear();
  tell("local", own);
};

tell("state", "connected");
tell("local", own);
globalThis.room = { enter, measure, forget };

// A session over a thousand bad lines: every fact once and in order, every command carried out once.
import assert from "node:assert/strict";
import { afterEach, mock, test } from "node:test";

import { SignalingConnection } from "../../static/js/signaling/connection.js";
import { Session } from "../../static/js/signaling/session.js";
import { Line, ScriptedServer, seeded } from "./scripted_server.mjs";

const STORIES = Number(process.env.STORIES ?? 1_000);
const STEPS = 40;

/** One page, one server and the bad line between them. */
class World {
  lines = [];
  heard = []; // per session of the page: the events it was given
  beginnings = 0;
  answers = [];
  isBad = true;

  constructor(seed, options) {
    this.random = seeded(seed);
    this.server = new ScriptedServer(options);
    this.connection = new SignalingConnection({
      url: "ws://here/ws",
      getTicket: () => this.#ticket(),
      surroundings: { open: () => this.#open(), random: this.random, network: new EventTarget(), visibility: new EventTarget() },
    });
    this.connection.addEventListener("state", ({ detail }) => this.#onState(detail));
    this.connection.addEventListener("message", ({ detail }) => this.heard.at(-1)?.push(detail));
  }

  /** @param {number} share */
  chance(share) {
    return this.random() < share;
  }

  #ticket() {
    if (!this.isBad || this.chance(0.7)) return Promise.resolve("ticket");
    return this.chance(0.5) ? Promise.reject(new Error("offline")) : new Promise(() => {}); // a request that hangs
  }

  #open() {
    const line = new Line({
      cutAfter: this.isBad ? Math.floor(this.random() * 14) : Infinity,
      isHalfOpen: this.isBad && this.chance(0.3),
      duplicates: this.isBad ? 0.1 : 0,
      reorders: this.isBad ? 0.05 : 0,
    });
    this.lines.push(line);
    queueMicrotask(() => line.dispatchEvent(new Event("open")));
    return line;
  }

  #onState({ state, isNew }) {
    if (state !== "open") return;
    if (isNew) this.heard.push([]);
    void this.connection.command({ type: "join", room: "v1" }).catch(() => {});
  }

  /** Carry frames both ways until nothing moves. */
  async pump() {
    for (let idle = 0; idle < 2; idle += 1) {
      await settle();
      for (const line of this.lines) {
        while (line.toServer.length + line.toClient.length > 0) {
          idle = 0;
          this.#carryOne(line);
          await settle();
        }
      }
      this.lines = this.lines.filter((line) => !line.isCut);
    }
  }

  #carryOne(line) {
    const isUp = line.toServer.length > 0 && (line.toClient.length === 0 || this.chance(0.5));
    const queue = isUp ? line.toServer : line.toClient;
    if (queue.length > 1 && this.chance(line.reorders)) [queue[0], queue[1]] = [queue[1], queue[0]];
    const frame = queue.shift();
    const isCutAfter = (line.cutAfter -= 1) === 0;
    if (line.cutAfter < 0) line.cut(); // before this frame
    if (line.isCut) return void (queue.length = 0);
    if (this.chance(line.duplicates)) queue.unshift(frame);
    if (typeof frame === "object") line.closes(frame.code, frame.reason);
    else if (isUp) this.server.hear(line, frame);
    else line.dispatchEvent(new MessageEvent("message", { data: frame }));
    if (isCutAfter) line.cut();
  }

  async pass(ms) {
    for (let gone = 0; gone < ms; gone += 500) {
      mock.timers.tick(500);
      if ((this.server.now += 500) % 10_000 === 0) this.server.ping();
      await this.pump();
    }
  }

  async step(number) {
    const action = this.random();
    if (action < 0.35) this.server.fact(`fact ${number}`);
    else if (action < 0.5) this.server.newView();
    else if (action < 0.75) this.#chat(number);
    else if (action < 0.8) this.server.crash();
    else if (action < 0.83) this.server.expire();
    else if (action < 0.88) for (const line of this.lines) line.cut();
    else if (action < 0.9) this.connection.retryNow();
    else await this.pass(this.chance(0.1) ? 30_000 : 1_500);
    if (this.chance(0.6)) await this.pump();
  }

  #chat(number) {
    const text = `line ${number}`;
    this.answers.push(this.connection.command({ type: "chat", room: "v1", text }, { withinMs: 1e9 }).then(() => text));
  }

  async heal() {
    this.isBad = false;
    for (const line of this.lines) line.cut();
    await this.pass(60_000);
    this.server.newView();
    await this.pass(2_000);
  }
}

/** Tell one story and say what is wrong with its end; an empty list is a good end. */
async function story(seed, options) {
  const world = new World(seed, options);
  world.connection.resume();
  for (let number = 0; number < STEPS; number += 1) await world.step(number);
  await world.heal();
  const faults = [...factFaults(world), ...viewFaults(world), ...(await commandFaults(world))];
  world.connection.close();
  return { faults, world };
}

/** Each session hears the facts from its beginning on, without a gap or a repetition, the last one all of them. */
function factFaults({ heard, server }) {
  const faults = [];
  for (const [number, events] of heard.entries()) {
    const facts = events.filter(({ pos }) => pos > 0);
    for (const [place, { pos, text }] of facts.entries()) {
      if (place > 0 && pos !== facts[place - 1].pos + 1) faults.push(`session ${number}: ${pos} after ${facts[place - 1].pos}`);
      if (server.journal[pos - 1]?.text !== text) faults.push(`session ${number}: ${text} at ${pos}`);
    }
    if (number < heard.length - 1 || facts.length === 0) continue;
    if (!server.beginnings.includes(facts[0].pos - 1)) faults.push(`begins at ${facts[0].pos}`);
    if (facts.at(-1).pos !== server.journal.length) faults.push(`ends at ${facts.at(-1).pos} of ${server.journal.length}`);
  }
  return faults;
}

/** What passes comes in order, and the newest of it is known in the end. */
function viewFaults({ heard, server }) {
  const views = heard.map((events) => events.filter(({ type }) => type === "duty").map(({ pending }) => pending));
  const faults = views.filter((seen) => seen.some((view, place) => place > 0 && view < seen[place - 1])).map((seen) => `views ${seen}`);
  if (views.at(-1)?.at(-1) !== server.view) faults.push(`view ${views.at(-1)?.at(-1)} of ${server.view}`);
  return faults;
}

/** Every line that was said is answered and stands once in the journal. */
async function commandFaults({ answers, server }) {
  const settled = await Promise.race([Promise.all(answers), settle().then(() => null)]);
  if (settled === null) return ["a command without an answer"];
  const carriedOut = server.journal.filter(({ command }) => command !== null).map(({ text }) => text);
  return settled
    .map((text) => [text, carriedOut.filter((one) => one === text).length])
    .filter(([, times]) => times !== 1)
    .map(([text, times]) => `${text} ${times} times`);
}

/** Let everything that is ready run: promises, not timers. */
async function settle() {
  for (let turn = 0; turn < 12; turn += 1) await Promise.resolve();
}

function withTimers() {
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout"] });
}

afterEach(() => mock.restoreAll());

test(`${STORIES} bad lines: every fact once and in order, every command once`, async () => {
  let resumed = 0;
  let fresh = 0;
  for (let seed = 1; seed <= STORIES; seed += 1) {
    withTimers();
    const { faults, world } = await story(seed);
    assert.deepEqual(faults, [], `seed ${seed}`);
    resumed += world.connection.resumes;
    fresh += world.heard.length;
  }
  // The stories tell of both ways back, or they would prove little.
  assert.ok(resumed > STORIES && fresh > STORIES, `${resumed} resumed, ${fresh} begun`);
});

/** Seeds out of the first hundred whose story ends badly. */
async function badEnds(options) {
  const bad = [];
  for (let seed = 1; seed <= 100; seed += 1) {
    withTimers();
    const { faults } = await story(seed, options);
    if (faults.length > 0) bad.push(seed);
  }
  return bad;
}

test("the stories notice a server that carries a repeated command out again", async () => {
  assert.notDeepEqual(await badEnds({ breaks: "results" }), []);
});

test("the stories notice a server that loses a buffered event", async () => {
  assert.notDeepEqual(await badEnds({ breaks: "replay" }), []);
});

test("the stories notice a page that does not count", async () => {
  mock.method(Session.prototype, "take", () => "new");
  assert.notDeepEqual(await badEnds({}), []);
});

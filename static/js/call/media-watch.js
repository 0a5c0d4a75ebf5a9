/**
 * Says whether people really see and hear each other: decoded frames and rising audio energy, not a state name.
 * `sampleOf` and `Judge` are pure; `MediaWatch` asks the transport for statistics twice a second.
 */

/** @typedef {import("./types.js").Expected} Expected */
/** @typedef {{audioBytes: number, audioEnergy: number, frames: number}} SlotSample */
/** @typedef {{slots: Map<number, SlotSample>, audioSent: number}} Sample counters since the transport began */

/** After this long without what was expected the reason code is said. */
export const PATIENCE_MS = 5000;
/** Media that had flowed and stands still for this long is down. */
const STILL_MS = 3000;

/**
 * Pick the counters out of a statistics report.
 *
 * @param {Iterable<Record<string, any>>} report values of an RTCStatsReport
 * @returns {Sample}
 */
export function sampleOf(report) {
  /** @type {Sample} */
  const sample = { slots: new Map(), audioSent: 0 };
  for (const entry of report) {
    if (entry.type === "outbound-rtp" && entry.kind === "audio") sample.audioSent += entry.bytesSent ?? 0;
    if (entry.type !== "inbound-rtp" || entry.mid === undefined) continue;
    const number = Math.floor(Number(entry.mid) / 2); // mid 2s is audio and 2s+1 video of slot s
    const slot = sample.slots.get(number) ?? { audioBytes: 0, audioEnergy: 0, frames: 0 };
    if (entry.kind === "audio") {
      slot.audioBytes += entry.bytesReceived ?? 0;
      slot.audioEnergy += entry.totalAudioEnergy ?? 0;
    } else {
      slot.frames += entry.framesDecoded ?? 0;
    }
    sample.slots.set(number, slot);
  }
  return sample;
}

/** When each counter of one slot rose last, in ms; null: not yet. */
class SlotMemory {
  /** @param {number} since ms when this slot was first expected */
  constructor(since) {
    this.since = since;
    this.wished = "";
    /** @type {SlotSample | null} */
    this.last = null;
    /** @type {Record<keyof SlotSample, number | null>} */
    this.rose = { audioBytes: null, audioEnergy: null, frames: null };
  }

  /** @param {SlotSample} now @param {number} at */
  take(now, at) {
    for (const counter of /** @type {(keyof SlotSample)[]} */ (["audioBytes", "audioEnergy", "frames"])) {
      if (this.last && now[counter] > this.last[counter]) this.rose[counter] = at;
    }
    this.last = now;
  }

  /** Patience begins anew when something more is expected (a camera switched on). @param {Expected} expected @param {number} at */
  wish({ audio, video }, at) {
    const wished = `${audio}${video}`;
    if (wished !== this.wished) this.since = at;
    this.wished = wished;
  }

  /** @param {keyof SlotSample} counter @param {number} at */
  isFlowing(counter, at) {
    const rose = this.rose[counter];
    return rose !== null && at - rose < STILL_MS;
  }
}

/**
 * The verdict over time. Feed it a sample or two a second.
 * A silent room is not a fault: bytes without energy count as flowing, but `media_up` waits for energy.
 */
export class Judge {
  /** @type {Map<number, SlotMemory>} */
  #slots = new Map();
  #wasUp = false;
  #saidUp = false;
  /** @type {string | null} */
  #code = null;
  /** @type {{bytes: number, rose: number} | null} */
  #sent = null;

  /**
   * @param {Sample} sample
   * @param {Map<number, Expected>} expected what each slot should bring now
   * @param {boolean} sending whether our own microphone should be heard
   * @param {number} at ms, any steady clock
   * @returns {{flowing: boolean, say: string[]}} flowing: people see and hear each other as far as expected;
   *   say: what to report now: "media_up", "media_down" or a reason code, each once per change
   */
  take(sample, expected, sending, at) {
    this.#remember(sample, expected, at);
    const code = this.#firstFault(expected, at) ?? this.#oneWay(sample.audioSent, sending, at);
    const flowing = this.#isFlowing(expected, at);
    return { flowing, say: this.#changes(flowing, this.#isHeard(expected), code) };
  }

  /** @param {Sample} sample @param {Map<number, Expected>} expected @param {number} at */
  #remember(sample, expected, at) {
    for (const number of this.#slots.keys()) if (!expected.has(number)) this.#slots.delete(number);
    for (const [number, wished] of expected) {
      const memory = this.#slots.get(number) ?? new SlotMemory(at);
      this.#slots.set(number, memory);
      memory.wish(wished, at);
      memory.take(sample.slots.get(number) ?? { audioBytes: 0, audioEnergy: 0, frames: 0 }, at);
    }
  }

  /** @param {Map<number, Expected>} expected @param {number} at @returns {string | null} */
  #firstFault(expected, at) {
    for (const [number, { audio, video }] of expected) {
      const memory = /** @type {SlotMemory} */ (this.#slots.get(number));
      if (audio && isOverdue(memory, "audioBytes", at)) return "E51";
      if (video && isOverdue(memory, "frames", at)) return memory.rose.frames === null ? "E52" : "E55";
    }
    return null;
  }

  /** We hear the others but send nothing. @param {number} bytes @param {boolean} sending @param {number} at */
  #oneWay(bytes, sending, at) {
    if (!sending) {
      this.#sent = null;
      return null;
    }
    // Another connection counts from nothing: fewer bytes than before are new ones, too.
    if (bytes !== this.#sent?.bytes) this.#sent = { bytes, rose: at };
    return at - this.#sent.rose >= PATIENCE_MS ? "E53" : null;
  }

  /**
   * At first one other must be seen and heard completely. Afterwards nothing that flowed may stand still; who comes
   * later or switches a camera on does not make the call look broken.
   *
   * @param {Map<number, Expected>} expected
   * @param {number} at
   */
  #isFlowing(expected, at) {
    const slots = [...expected].map(([number, wished]) => {
      const memory = /** @type {SlotMemory} */ (this.#slots.get(number));
      return countersOf(wished).map((counter) => ({ flows: memory.isFlowing(counter, at), rose: memory.rose[counter] !== null }));
    });
    const busy = slots.filter((counters) => counters.length > 0);
    if (busy.length === 0) return slots.length > 0; // everybody is there and nobody sends: typed talk only
    if (!this.#wasUp) return busy.some((counters) => counters.every(({ flows }) => flows));
    const all = busy.flat();
    return all.some(({ flows }) => flows) && all.every(({ flows, rose }) => flows || !rose);
  }

  /** @param {Map<number, Expected>} expected */
  #isHeard(expected) {
    const heard = [...expected].filter(([, { audio }]) => audio).map(([number]) => this.#slots.get(number)?.rose.audioEnergy != null);
    return heard.length === 0 || heard.includes(true);
  }

  /** @param {boolean} flowing @param {boolean} isHeard @param {string | null} code */
  #changes(flowing, isHeard, code) {
    /** @type {string[]} */
    const say = [];
    if (this.#saidUp && code && !flowing) say.push("media_down");
    if (code && !flowing) this.#wasUp = this.#saidUp = false;
    if (code && code !== this.#code) say.push(code);
    this.#code = code;
    if (flowing) this.#wasUp = true;
    if (flowing && isHeard && code !== "E53" && !this.#saidUp) {
      say.push("media_up");
      this.#saidUp = true;
    }
    return say;
  }
}

/** @param {Expected} wished @returns {(keyof SlotSample)[]} */
function countersOf({ audio, video }) {
  /** @type {(keyof SlotSample)[]} */
  const counters = [];
  if (audio) counters.push("audioBytes");
  if (video) counters.push("frames");
  return counters;
}

/** @param {SlotMemory} memory @param {keyof SlotSample} counter @param {number} at */
function isOverdue(memory, counter, at) {
  return at - Math.max(memory.rose[counter] ?? 0, memory.since) >= PATIENCE_MS;
}

/** Looks are close together until media flows, for the first time or again; then half a second apart. */
const EAGER_MS = 250;
const STEADY_MS = 500;

/** @typedef {{report: Record<string, any>[], sample: Sample, at: number, lagMs: number}} Look lagMs: how late it came */

/**
 * Watches one call. Events: `look` (detail: Look, each time), `flow` (detail: boolean, on change),
 * `say` (detail: "media_up" | "media_down" | reason code).
 */
export class MediaWatch extends EventTarget {
  #judge = new Judge();
  #flowing = false;
  /** One number per start(): a look that returns after stop() is thrown away. */
  #round = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /**
   * @param {() => RTCPeerConnection | null} peer the transport's connection of the moment
   * @param {() => {expected: Map<number, Expected>, sending: boolean}} wish what should flow now
   */
  constructor(peer, wish) {
    super();
    this.peer = peer;
    this.wish = wish;
  }

  /** Forget what was and begin; harmless while running. */
  start() {
    if (this.#timer !== undefined) return;
    this.#round += 1;
    this.#plan(0);
  }

  stop() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#round += 1;
    this.#judge = new Judge();
    this.#flowing = false;
  }

  /** @param {number} ms */
  #plan(ms) {
    const round = this.#round;
    const due = performance.now() + ms;
    this.#timer = setTimeout(() => void this.#look(round, performance.now() - due), ms);
  }

  /** @param {number} round @param {number} lagMs */
  async #look(round, lagMs) {
    const stats = await this.peer()?.getStats().catch(() => null);
    if (round !== this.#round) return;
    const { expected, sending } = this.wish();
    const report = stats ? [...stats.values()] : [];
    const sample = sampleOf(report);
    const at = performance.now();
    if (stats) this.#emit("look", { report, sample, at, lagMs });
    const { flowing, say } = this.#judge.take(sample, expected, sending, at);
    if (flowing !== this.#flowing) {
      this.#flowing = flowing;
      this.#emit("flow", flowing);
    }
    for (const code of say) this.#emit("say", code);
    if (round !== this.#round) return; // a listener may have ended the call
    this.#plan(flowing ? STEADY_MS : EAGER_MS);
  }

  /** @param {string} name @param {unknown} detail */
  #emit(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

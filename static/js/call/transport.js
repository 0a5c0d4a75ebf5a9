/**
 * The one media connection of this page to the relay: built while idle, kept warm, independent of any call.
 * Knows WebRTC, not rooms and not the page. Nothing captured leaves the browser before `attach()`.
 *
 * A path that goes dark is given time to heal, then gets new ICE credentials over the live socket, then a new
 * connection. Whatever served goes on serving until its replacement is connected.
 */

import { arrivalsOf, Blackout } from "./blackout.js";
import { SHAPES } from "./ladder.js";
import { Link, SLOTS } from "./link.js";
import { routeOf } from "./quality.js";
import { codeOfAnswer } from "./set-up-codes.js";

/** @typedef {"closed" | "connecting" | "connected" | "interrupted" | "waiting"} TransportState */
/** @typedef {import("./ladder.js").Rung} Rung */

/** ICE and DTLS on a county network take less than 300 ms; after this the attempt is given up and named. */
const CONNECT_MS = 8000;
/** Silence on a path that was quiet before often means nothing. */
const SELF_HEALING_MS = 1500;
/** A restart that brought nothing by then is followed by a new connection. */
const RESTART_MS = 8000;
/** Pause from the beginning of one attempt to the next; an attempt that took longer is followed at once. */
const REBUILD_AFTER_MS = [0, 500, 1000, 2000, 4000, 6000];
/** Nobody waits longer than this for a list of relays. Without one nothing is built: a direct way may be forbidden. */
const SERVERS_MS = 5000;
/** Refusals after which the same offer is of no use. */
const SPOILT = new Set(["bad_sdp"]);

/**
 * Events: `state` (detail: {state: TransportState, code: string | null}).
 * States: closed → connecting → connected ⇄ interrupted; waiting = the next attempt is due soon.
 */
export class MediaTransport extends EventTarget {
  /** What serves. @type {Link | null} */
  #link = null;
  /** What is to take its place. @type {Link | null} */
  #next = null;
  /** @type {TransportState} */
  #state = "closed";
  /** One number per build and one per restart: whatever an older one still brings is thrown away. */
  #builds = 0;
  #restarts = 0;
  #failures = 0;
  /** How far the present interruption has come. @type {"" | "restart" | "rebuild"} */
  #step = "";
  /** The relay no longer knows what serves: it will not come back, whatever its state says. */
  #isLost = false;
  #begunAt = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} when to restart, or to look for the next connection */
  #timer;
  /** @type {ReturnType<typeof setTimeout> | undefined} how long a restart may take */
  #deadline;
  #blackout = new Blackout();
  /** Nothing arrives: since a moment, and for long enough to say so. */
  #isSilent = false;
  #isStill = false;
  /** @type {import("./link.js").Own} */
  #own = { audio: null, video: null };
  #enabled = { audio: true, video: true };
  /** @type {Rung} */
  #rung = "video";
  /** Streams live as long as the transport, so that a picture element never needs a new source after a rebuild. */
  #slots = Array.from({ length: SLOTS }, () => new MediaStream());

  /**
   * @param {{sendOffer: (sdp: string) => Promise<string>, iceServers?: () => Promise<RTCConfiguration>,
   *   isOnline?: () => boolean, createPeer?: (configuration: RTCConfiguration) => RTCPeerConnection}} ports
   *   sendOffer: puts the offer to the server and gives its answer; iceServers: asked before every build and restart;
   *   isOnline: whether an offer would be sent now rather than later
   */
  constructor({ sendOffer, iceServers = async () => ({}), isOnline = () => true, createPeer = newPeer }) {
    super();
    this.sendOffer = sendOffer;
    this.iceServers = iceServers;
    this.isOnline = isOnline;
    this.createPeer = createPeer;
  }

  get state() {
    return this.#state;
  }

  /** What has served brings nothing, or nothing any more: whatever shares its network may have stopped too. */
  get isAiling() {
    return this.#link !== null && (this.#isSilent || this.#state === "interrupted");
  }

  /** For statistics only. */
  get peer() {
    return (this.#link ?? this.#next)?.peer ?? null;
  }

  /** Build the connection and keep it up until `close()`. Harmless when it is already open. */
  connect() {
    if (this.#state === "closed") void this.#build();
  }

  /** Begin anew: the relay lost us (`transport_lost`). Attached tracks travel along, the last picture stays until then. */
  rebuild() {
    if (this.#state === "closed") return;
    this.#failures = 0;
    this.#isLost = true;
    if (this.#state === "connected") this.#become("interrupted");
    void this.#build();
  }

  /**
   * The socket or the network is back: what waits for its timer is done now.
   *
   * @param {boolean} [hasMoved] the network is another one: even what still looks well will not stay so
   */
  nudge(hasMoved = false) {
    if (this.#next?.isAnswered) return; // its checks are on their way: nothing is faster
    if (this.#state === "waiting" || (this.#state === "interrupted" && this.#step === "rebuild")) {
      this.#failures = 0;
      void this.#build();
    } else if (this.#state === "interrupted" || (hasMoved && this.#state === "connected")) {
      void this.#restart();
    }
  }

  close() {
    this.#builds += 1;
    this.#forgetTimers();
    this.#next?.close();
    this.#link?.close();
    this.#link = this.#next = null;
    this.#own = { audio: null, video: null };
    this.#step = "";
    this.#isLost = false;
    this.#become("closed");
  }

  /**
   * Remote sound and picture of slot n (0 to 4); always the same MediaStream, its tracks come and go.
   *
   * @param {number} n
   */
  slot(n) {
    const stream = this.#slots[n];
    if (!stream) throw new RangeError(`no slot ${n}`);
    return stream;
  }

  /**
   * Let our sound and picture out; the moment the countdown ends, not earlier.
   *
   * @param {MediaStream} stream
   * @param {{audio: boolean, video: boolean}} [enabled] switches, set together with the tracks: one exchange, not three
   */
  async attach(stream, enabled = this.#enabled) {
    this.#enabled = { ...enabled };
    this.#own = { audio: stream.getAudioTracks()[0] ?? null, video: stream.getVideoTracks()[0] ?? null };
    await this.#sendOwn();
  }

  /** Nothing of ours leaves any more; the capture itself is the caller's to close. */
  async detach() {
    this.#own = { audio: null, video: null };
    this.#blackout = new Blackout();
    this.#isSilent = this.#isStill = false;
    await this.#sendOwn();
  }

  /** Mute or unmute; silence is still sent, so that the others can tell muting from a fault. @param {boolean} on */
  async setAudio(on) {
    this.#enabled.audio = on;
    await this.#sendOwn();
  }

  /** @param {boolean} on off sends nothing at all, not even black */
  async setVideo(on) {
    this.#enabled.video = on;
    await this.#sendOwn();
  }

  /** How much may leave, from now on and on every later connection. @param {Rung} rung */
  async climb(rung) {
    this.#rung = rung;
    await Promise.all(this.#links.map((link) => link.shape(SHAPES[rung])));
  }

  /**
   * Statistics of a running call, about twice a second: they know of a blackout before any state name does.
   *
   * @param {Iterable<Record<string, any>>} report
   * @param {boolean} expected something should arrive
   * @param {number} at ms, any steady clock
   */
  look(report, expected, at) {
    if (!this.#link) return;
    const verdict = this.#blackout.take(arrivalsOf(report), expected, at);
    this.#isSilent = verdict !== "flowing";
    this.#isStill = verdict === "dark";
    this.#examine();
    // A restart costs nothing as long as the old path serves, and a second is won where it does not: a new address.
    if (verdict === "late" && this.#state === "connected" && this.#step === "") void this.#restart();
  }

  get #links() {
    return [this.#link, this.#next].filter((link) => link !== null);
  }

  async #sendOwn() {
    const { audio, video } = this.#own;
    if (audio) audio.enabled = this.#enabled.audio;
    const out = { audio, video: this.#enabled.video ? video : null };
    await Promise.all(this.#links.map((link) => link.carry(out)));
    await this.climb(this.#rung); // another camera may have another height
  }

  /** Make a connection beside the one that serves, if any. */
  async #build() {
    this.#step = "rebuild";
    if (!this.isOnline()) return this.#become(this.#link ? "interrupted" : "waiting"); // nudge() comes with the socket
    if (!this.#link) this.#become("connecting");
    const build = (this.#builds += 1);
    this.#forgetTimers();
    this.#next?.close();
    this.#next = null;
    this.#begunAt = performance.now();
    try {
      const link = new Link(this.createPeer(await this.#servers()));
      if (build !== this.#builds) return link.close();
      this.#next = link;
      link.addEventListener("change", () => this.#onChange(link));
      await this.#sendOwn();
      const offer = await link.offer();
      this.#timer = setTimeout(() => this.#fail(build), CONNECT_MS);
      const answer = await this.sendOffer(offer);
      if (build !== this.#builds) return;
      await link.take(answer);
      const code = codeOfAnswer(answer);
      if (code) this.#fail(build, code);
    } catch (error) {
      // A refused or unsent offer comes with the refusal's code; an answer the browser cannot read has none of ours.
      this.#fail(build, error instanceof DOMException ? "E42" : "E23");
    }
  }

  /** New ways through the network for the connection that serves; it loses nothing by it. */
  async #restart() {
    const link = this.#link;
    if (!link || this.#next || this.#isLost || !this.isOnline()) return;
    clearTimeout(this.#timer);
    this.#step = "restart";
    const restart = (this.#restarts += 1);
    const isOver = () => link !== this.#link || restart !== this.#restarts;
    this.#deadline ??= setTimeout(() => this.#conclude(), RESTART_MS);
    try {
      const offer = await link.restartOffer(await this.#servers());
      const answer = await this.sendOffer(offer);
      // Also when the path has healed meanwhile: the relay counts on the credentials that it has agreed to.
      if (isOver()) return;
      if (link.continues(answer)) await link.take(answer);
      else this.rebuild(); // a relay that knows no restart has begun anew
    } catch (error) {
      if (isOver()) return;
      const { code = "" } = /** @type {{code?: unknown}} */ (error ?? {});
      if (error instanceof DOMException || SPOILT.has(String(code))) this.rebuild();
      // Else the relay or the socket is away: the deadline, a nudge or `transport_lost` goes on.
    }
  }

  /** The time of a restart is up: it was of use, or nobody had missed anything, or it was in vain. */
  #conclude() {
    if (this.#state === "connected") this.#settle();
    else void this.#build();
  }

  /**
   * @returns {Promise<RTCConfiguration>}
   * @throws {Error} nobody has said which ways may be taken
   */
  async #servers() {
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let timer;
    /** @type {Promise<never>} */
    const late = new Promise((_resolve, reject) => (timer = setTimeout(() => reject(new Error("no relays")), SERVERS_MS)));
    try {
      return await Promise.race([this.iceServers(), late]);
    } catch (error) {
      // A DOMException of the request would pass for one of the peer connection.
      throw new Error("no relays", { cause: error });
    } finally {
      clearTimeout(timer);
    }
  }

  /** @param {Link} link */
  #onChange(link) {
    if (link === this.#link) this.#examine();
    else if (link !== this.#next) return;
    else if (link.condition === "connected") this.#promote(link);
    else if (link.condition === "failed" || link.condition === "dead") this.#fail(this.#builds);
  }

  /** @param {Link} link */
  #promote(link) {
    const old = this.#link;
    this.#link = link;
    this.#next = null;
    for (const [slot, stream] of this.#slots.entries()) {
      for (const track of stream.getTracks()) stream.removeTrack(track);
      for (const track of link.tracks(slot)) stream.addTrack(track);
    }
    old?.close();
    this.#blackout = new Blackout();
    this.#isSilent = this.#isStill = this.#isLost = false;
    this.#settle();
    void this.#nameRoute(link);
  }

  /** Good to know for those who look after the network: only the last way out of the building was open. @param {Link} link */
  async #nameRoute(link) {
    const report = await link.peer.getStats().catch(() => null);
    if (link === this.#link && report && routeOf(report.values()) === "turn_tls") this.#become("connected", "E35");
  }

  /** Does what serves still serve? */
  #examine() {
    const condition = this.#link?.condition;
    if (!condition || this.#isLost || this.#state === "closed") return;
    if (condition === "connected" && !this.#isStill) {
      if (this.#state !== "connected") this.#heal();
    } else if (condition === "dead") {
      this.rebuild();
    } else if (this.#state === "connected") {
      this.#become("interrupted");
      if (this.#step !== "") return; // a restart is under way already
      this.#timer = setTimeout(() => void this.#restart(), condition === "connected" ? SELF_HEALING_MS : 0);
    } else if (condition !== "connected" && this.#step === "") {
      void this.#restart();
    }
  }

  /** The old path is back by itself, or by new credentials: whatever should have replaced it is not needed. */
  #heal() {
    this.#next?.close();
    this.#next = null;
    this.#settle();
  }

  #settle() {
    this.#builds += 1;
    this.#forgetTimers();
    this.#failures = 0;
    this.#step = "";
    this.#become("connected");
  }

  /** The new connection did not come up. @param {number} build @param {string} [code] */
  #fail(build, code) {
    if (build !== this.#builds || this.#state === "closed") return;
    const reason = code ?? this.#next?.reason ?? null;
    this.#builds += 1; // late events of this attempt are void
    this.#forgetTimers();
    this.#next?.close();
    this.#next = null;
    const pause = REBUILD_AFTER_MS[Math.min(this.#failures, REBUILD_AFTER_MS.length - 1)] ?? 0;
    this.#failures += 1;
    this.#become(this.#link ? "interrupted" : "waiting", reason);
    const wait = Math.max(0, pause * (0.8 + 0.4 * Math.random()) - (performance.now() - this.#begunAt));
    this.#timer = setTimeout(() => void this.#build(), wait);
  }

  #forgetTimers() {
    clearTimeout(this.#timer);
    clearTimeout(this.#deadline);
    this.#timer = this.#deadline = undefined;
  }

  /** @param {TransportState} state @param {string | null} [code] */
  #become(state, code = null) {
    if (state === this.#state && code === null) return;
    this.#state = state;
    this.dispatchEvent(new CustomEvent("state", { detail: { state, code } }));
  }
}

/** @param {RTCConfiguration} configuration */
function newPeer(configuration) {
  return new RTCPeerConnection({ iceServers: [], ...configuration, bundlePolicy: "max-bundle" });
}

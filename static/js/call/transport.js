/**
 * The one media connection of this page to the relay: built while idle, kept warm, independent of any call.
 * Knows WebRTC, not rooms and not the page. Nothing captured leaves the browser before `attach()`.
 */

import { codeOfAnswer, codeOfPeer } from "./set-up-codes.js";

/** @typedef {"closed" | "connecting" | "connected" | "interrupted" | "waiting"} TransportState */

/** Slot 0 shares its sections with our own tracks; slots 1 to 4 only receive. */
export const SLOTS = 5;
/** ICE and DTLS on a county network take less than 300 ms; after this the attempt is given up and named. */
const CONNECT_MS = 8000;
/** The browser says "disconnected" after about 5 s without answers; a short gap heals by itself. */
const INTERRUPTED_MS = 3000;
const REBUILD_AFTER_MS = [0, 500, 1000, 2000, 4000, 8000];
/** First step of the ladder: 360p. The relay's REMB lowers it further where the link is thin. */
const VIDEO_BITRATE = 600_000;

/**
 * Events: `state` (detail: {state: TransportState, code: string | null}).
 * States: closed → connecting → connected ⇄ interrupted; waiting = the next attempt is due soon.
 */
export class MediaTransport extends EventTarget {
  /** @type {RTCPeerConnection | null} */
  #peer = null;
  /** @type {TransportState} */
  #state = "closed";
  /** One number per build: whatever an older build still reports is thrown away. */
  #build = 0;
  #failures = 0;
  #candidates = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {{audio: MediaStreamTrack | null, video: MediaStreamTrack | null}} */
  #own = { audio: null, video: null };
  #enabled = { audio: true, video: true };
  /** Streams live as long as the transport, so that a picture element never needs a new source after a rebuild. */
  #slots = Array.from({ length: SLOTS }, () => new MediaStream());

  /**
   * @param {{sendOffer: (sdp: string) => Promise<string>, createPeer?: () => RTCPeerConnection}} ports
   *   sendOffer: puts the offer to the server and gives its answer, e.g.
   *   `async (sdp) => (await connection.command({type: "transport_offer", sdp})).sdp`
   */
  constructor({ sendOffer, createPeer = () => new RTCPeerConnection({ bundlePolicy: "max-bundle", iceServers: [] }) }) {
    super();
    this.sendOffer = sendOffer;
    this.createPeer = createPeer;
  }

  get state() {
    return this.#state;
  }

  /** For statistics only. */
  get peer() {
    return this.#peer;
  }

  /** Build the connection and keep it up until `close()`. Harmless when it is already open. */
  connect() {
    if (this.#state === "closed") void this.#start();
  }

  /** Begin anew: the relay lost us (`transport_lost`) or the connection failed. Attached tracks travel along. */
  rebuild() {
    if (this.#state !== "closed") void this.#start();
  }

  close() {
    this.#build += 1;
    this.#drop();
    this.#own = { audio: null, video: null };
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

  async #start() {
    const build = (this.#build += 1);
    this.#drop();
    this.#become("connecting");
    try {
      const peer = (this.#peer = this.createPeer());
      this.#listen(peer, build);
      this.#addSections(peer);
      await this.#sendOwn();
      await peer.setLocalDescription();
      const offer = withoutCandidates(peer.localDescription?.sdp ?? "");
      this.#timer = setTimeout(() => this.#fail(build), CONNECT_MS);
      const answer = await this.sendOffer(offer);
      if (build !== this.#build) return;
      await peer.setRemoteDescription({ type: "answer", sdp: answer });
      const code = codeOfAnswer(answer);
      if (code) this.#fail(build, code);
    } catch (error) {
      // A refused or unsent offer comes with the refusal's code; an answer the browser cannot read has none of ours.
      this.#fail(build, error instanceof DOMException ? "E42" : "E23");
    }
  }

  /** The ten sections of the protocol, in its order. @param {RTCPeerConnection} peer */
  #addSections(peer) {
    for (let slot = 0; slot < SLOTS; slot += 1) {
      const direction = slot === 0 ? "sendrecv" : "recvonly";
      const audio = peer.addTransceiver("audio", { direction });
      const video = peer.addTransceiver("video", {
        direction,
        ...(slot === 0 ? { sendEncodings: [{ maxBitrate: VIDEO_BITRATE }] } : {}),
      });
      audio.setCodecPreferences(onlyCodecs("audio", ["audio/opus"]));
      video.setCodecPreferences(onlyCodecs("video", ["video/vp8", "video/rtx"]));
      const stream = this.slot(slot);
      for (const old of stream.getTracks()) stream.removeTrack(old);
      stream.addTrack(audio.receiver.track);
      stream.addTrack(video.receiver.track);
    }
  }

  async #sendOwn() {
    const [audio, video] = this.#peer?.getTransceivers() ?? [];
    if (this.#own.audio) this.#own.audio.enabled = this.#enabled.audio;
    await Promise.all([
      audio?.sender.replaceTrack(this.#own.audio),
      video?.sender.replaceTrack(this.#enabled.video ? this.#own.video : null),
    ]);
  }

  /** @param {RTCPeerConnection} peer @param {number} build */
  #listen(peer, build) {
    this.#candidates = 0;
    peer.addEventListener("icecandidate", ({ candidate }) => {
      if (candidate?.candidate) this.#candidates += 1;
    });
    const look = () => {
      if (build === this.#build) this.#follow(peer, build);
    };
    peer.addEventListener("connectionstatechange", look);
    peer.addEventListener("iceconnectionstatechange", look);
  }

  /** Both states are watched: one may say "failed" while the other still says "disconnected". @param {RTCPeerConnection} peer @param {number} build */
  #follow(peer, build) {
    const states = [peer.connectionState, peer.iceConnectionState];
    if (states.includes("failed") || states.includes("closed")) {
      this.#fail(build);
    } else if (states.includes("disconnected")) {
      if (this.#state !== "connected") return;
      this.#become("interrupted");
      this.#timer = setTimeout(() => this.rebuild(), INTERRUPTED_MS);
    } else if (peer.connectionState === "connected") {
      clearTimeout(this.#timer);
      this.#failures = 0;
      this.#become("connected");
    }
  }

  /** @param {number} build @param {string} [code] */
  #fail(build, code) {
    if (build !== this.#build || this.#state === "closed") return;
    const reason = code ?? this.#reason();
    this.#build += 1; // late events of this attempt are void
    this.#drop();
    const wait = REBUILD_AFTER_MS[Math.min(this.#failures, REBUILD_AFTER_MS.length - 1)] ?? 0;
    this.#failures += 1;
    this.#become("waiting", reason);
    this.#timer = setTimeout(() => void this.#start(), wait * (0.8 + 0.4 * Math.random()));
  }

  #reason() {
    const peer = this.#peer;
    if (!peer) return null;
    return codeOfPeer({
      gathering: peer.iceGatheringState,
      candidates: this.#candidates,
      ice: peer.iceConnectionState,
      dtls: peer.getSenders()[0]?.transport?.state ?? "",
      connection: peer.connectionState,
    });
  }

  #drop() {
    clearTimeout(this.#timer);
    this.#peer?.close();
    this.#peer = null;
  }

  /** @param {TransportState} state @param {string | null} [code] */
  #become(state, code = null) {
    if (state === this.#state && code === null) return;
    this.#state = state;
    this.dispatchEvent(new CustomEvent("state", { detail: { state, code } }));
  }
}

/** @param {"audio" | "video"} kind @param {string[]} names lower case */
function onlyCodecs(kind, names) {
  const codecs = RTCRtpReceiver.getCapabilities(kind)?.codecs ?? [];
  return codecs.filter(({ mimeType }) => names.includes(mimeType.toLowerCase()));
}

/** The relay learns our address from the checks themselves; it accepts no named one. @param {string} sdp */
function withoutCandidates(sdp) {
  return sdp.replace(/^a=(candidate|end-of-candidates).*\r\n/gm, "");
}

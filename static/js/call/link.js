/**
 * One peer connection with the relay: the ten sections of the protocol, its offers and answers, and what its ICE ran
 * into. Decides nothing: transport.js says when to begin one, restart it or let it go.
 */

import { codeOfPeer } from "./set-up-codes.js";
import { soundAs } from "./sound.js";

/** Slot 0 shares its sections with our own tracks; slots 1 to 4 only receive. */
export const SLOTS = 5;

/** @typedef {"new" | "connected" | "disconnected" | "failed" | "dead"} Condition dead: nothing brings it back */
/** @typedef {{audio: MediaStreamTrack | null, video: MediaStreamTrack | null}} Own */
/** @typedef {import("./ladder.js").Shape} Shape */

/** Events: `change`: the condition may have changed. */
export class Link extends EventTarget {
  #candidates = 0;
  /** ICE error codes of TURN servers: 401 refused us, 701 did not answer. @type {Set<number>} */
  #errors = new Set();
  /** The answer in force, as the relay wrote it and as we took it. */
  #answer = "";
  #taken = "";
  /** An offer of ours is not answered yet: the answer of before fits no longer. */
  #isOffering = false;
  #isDoubled = true;
  #retaking = Promise.resolve();

  /** @param {RTCPeerConnection} peer a new one */
  constructor(peer) {
    super();
    this.peer = peer;
    for (let slot = 0; slot < SLOTS; slot += 1) addSections(peer, slot === 0 ? "sendrecv" : "recvonly");
    const changed = () => this.dispatchEvent(new Event("change"));
    peer.addEventListener("connectionstatechange", changed);
    peer.addEventListener("iceconnectionstatechange", changed);
    peer.addEventListener("icecandidate", ({ candidate }) => {
      if (candidate?.candidate) this.#candidates += 1;
    });
    peer.addEventListener("icecandidateerror", (event) => {
      this.#errors.add(/** @type {RTCPeerConnectionIceErrorEvent} */ (event).errorCode);
    });
  }

  /** Both states are watched: one may say "failed" while the other still says "disconnected". @returns {Condition} */
  get condition() {
    const { connectionState, iceConnectionState } = this.peer;
    const states = [connectionState, iceConnectionState];
    if (states.includes("closed") || this.#dtls === "failed") return "dead";
    if (states.includes("failed")) return "failed";
    if (states.includes("disconnected")) return "disconnected";
    return connectionState === "connected" ? "connected" : "new";
  }

  /** Why it did not connect, as a set-up code. */
  get reason() {
    return codeOfPeer({
      gathering: this.peer.iceGatheringState,
      candidates: this.#candidates,
      ice: this.peer.iceConnectionState,
      dtls: this.#dtls,
      connection: this.peer.connectionState,
      turn: this.#errors.has(401) ? "refused" : this.#errors.has(701) ? "unreachable" : "",
    });
  }

  get #dtls() {
    return this.peer.getSenders()[0]?.transport?.state ?? "";
  }

  /** @param {number} slot @returns {MediaStreamTrack[]} remote sound and picture of a slot */
  tracks(slot) {
    return this.peer.getTransceivers().slice(2 * slot, 2 * slot + 2).map(({ receiver }) => receiver.track);
  }

  /** The relay learns our address from the checks themselves; it accepts no named one. */
  async offer() {
    this.#isOffering = true;
    await this.#retaking;
    await this.peer.setLocalDescription();
    const sdp = this.peer.localDescription?.sdp ?? "";
    return sdp.replace(/^a=(candidate|end-of-candidates).*\r\n/gm, "");
  }

  /**
   * Offer new ICE credentials over the same DTLS; the old pair serves until a new one is found.
   *
   * @param {RTCConfiguration} configuration relays with credentials of today
   */
  async restartOffer(configuration) {
    this.#isOffering = true;
    await this.#retaking; // it goes on with the credentials of before
    this.peer.setConfiguration({ ...this.peer.getConfiguration(), ...configuration });
    this.peer.restartIce();
    return this.offer();
  }

  /** @param {string} answer */
  async take(answer) {
    this.#taken = soundAs(answer, this.#isDoubled);
    await this.peer.setRemoteDescription({ type: "answer", sdp: this.#taken });
    this.#answer = answer;
    this.#isOffering = false;
    await this.#retake(); // the ladder may have moved meanwhile
  }

  /** Take the answer in force anew, as our sound is to leave by now. */
  #retake() {
    this.#retaking = this.#retaking.then(async () => {
      const wanted = soundAs(this.#answer, this.#isDoubled);
      if (this.#isOffering || wanted === this.#taken) return;
      this.#taken = wanted;
      await this.peer.setLocalDescription();
      await this.peer.setRemoteDescription({ type: "answer", sdp: wanted });
    }).catch(() => undefined); // closed meanwhile
    return this.#retaking;
  }

  get isAnswered() {
    return this.#answer !== "";
  }

  /** Whether the relay went on with the transport that we know; otherwise it built a new one. @param {string} answer */
  continues(answer) {
    return marksOf(answer) === marksOf(this.#answer);
  }

  /** @param {Own} own */
  async carry({ audio, video }) {
    const [sound, picture] = this.#senders;
    await Promise.all([sound?.replaceTrack(audio), picture?.replaceTrack(video)]);
  }

  /** What may leave, as the ladder says. @param {Shape} shape */
  async shape(shape) {
    this.#isDoubled = shape.isDoubled;
    await this.#retake();
    const [sound, picture] = this.#senders;
    const height = picture?.track?.getSettings?.().height || shape.height;
    await Promise.all([
      change(sound, { maxBitrate: shape.audioKbps * 1000, priority: "high", networkPriority: "high" }),
      // A moving face in fewer points tells more than a sharp one that stands still.
      change(picture, {
        active: shape.videoKbps > 0,
        ...(shape.videoKbps > 0 ? { maxBitrate: shape.videoKbps * 1000, maxFramerate: shape.fps } : {}),
        scaleResolutionDownBy: Math.max(1, height / shape.height),
        priority: "low",
      }, "maintain-framerate"),
    ]);
  }

  get #senders() {
    return this.peer.getTransceivers().slice(0, 2).map(({ sender }) => sender);
  }

  close() {
    this.peer.close();
  }
}

/** @param {RTCPeerConnection} peer @param {RTCRtpTransceiverDirection} direction */
function addSections(peer, direction) {
  // Redundant sound first (RFC 2198): every packet repeats the one before, so single losses are not heard.
  peer.addTransceiver("audio", { direction }).setCodecPreferences(onlyCodecs("audio", ["audio/red", "audio/opus"]));
  peer.addTransceiver("video", { direction }).setCodecPreferences(onlyCodecs("video", ["video/vp8", "video/rtx"]));
}

/** In the order of the names. @param {"audio" | "video"} kind @param {string[]} names lower case */
function onlyCodecs(kind, names) {
  const codecs = RTCRtpReceiver.getCapabilities(kind)?.codecs ?? [];
  return names.flatMap((name) => codecs.filter(({ mimeType }) => mimeType.toLowerCase() === name));
}

/** @param {RTCRtpSender | undefined} sender @param {Partial<RTCRtpEncodingParameters>} wish @param {RTCDegradationPreference} [degradation] */
async function change(sender, wish, degradation) {
  const parameters = sender?.getParameters();
  const encoding = parameters?.encodings[0];
  if (!sender || !parameters || !encoding) return;
  Object.assign(encoding, wish);
  if (degradation) parameters.degradationPreference = degradation;
  // A sender that is being negotiated or closed takes no parameters; the next link is shaped before it carries.
  await sender.setParameters(parameters).catch(() => undefined);
}

/** What tells the relay's transport from another one. @param {string} answer */
function marksOf(answer) {
  return (answer.match(/^a=(fingerprint:.*|ssrc:\d+)/gm) ?? []).join("\n");
}

/**
 * Runs before the page's own scripts, beside probe.js. Counts what a line does to the media of this page.
 * `receptionMeter.start()` / `.stop()`: [ms since 1970, audio bytes, frames] every 50 ms; `.totals()`: sums of all
 * connections since the page was loaded; `.route()`: the candidate pair that serves.
 */
(() => {
  /** @type {RTCPeerConnection[]} */
  const peers = [];
  let offers = 0;
  const Native = globalThis.RTCPeerConnection;
  globalThis.RTCPeerConnection = class extends Native {
    /** @param {...any} parameters */
    constructor(...parameters) {
      super(...parameters);
      peers.push(this);
    }
    /** @param {...any} parameters */
    async setLocalDescription(...parameters) {
      offers += 1;
      return super.setLocalDescription(...parameters);
    }
  };
  const now = () => performance.timeOrigin + performance.now();
  const NAMES = [
    "bytesReceived", "packetsReceived", "packetsLost", "packetsDiscarded", "fecPacketsReceived", "totalSamplesReceived", "concealedSamples",
    "silentConcealedSamples", "concealmentEvents", "framesDecoded", "freezeCount", "totalFreezesDuration", "nackCount",
    "retransmittedPacketsReceived", "totalAudioEnergy", "jitterBufferDelay", "jitterBufferEmittedCount", "framesDropped", "pliCount",
  ];

  async function totals() {
    /** @type {Record<string, number>} */
    const sums = { offers, built: peers.length, width: 0, sentWidth: 0, videoSent: 0, audioSent: 0 };
    for (const peer of peers) {
      for (const entry of (await peer.getStats()).values()) {
        if (entry.type === "inbound-rtp") {
          for (const name of NAMES) if (entry[name] !== undefined) sums[`${entry.kind}.${name}`] = (sums[`${entry.kind}.${name}`] ?? 0) + entry[name];
          if (entry.kind === "video") sums.width = Math.max(sums.width, entry.frameWidth ?? 0);
        }
        if (entry.type === "outbound-rtp") {
          sums[`${entry.kind}Sent`] += entry.bytesSent;
          if (entry.kind === "video") sums.sentWidth = Math.max(sums.sentWidth, entry.frameWidth ?? 0);
        }
      }
    }
    return sums;
  }

  async function route() {
    const peer = peers.findLast(({ connectionState }) => connectionState === "connected");
    const stats = await peer?.getStats();
    for (const entry of stats?.values() ?? []) {
      if (entry.type !== "transport" || !entry.selectedCandidatePairId) continue;
      const pair = stats.get(entry.selectedCandidatePairId);
      const local = stats.get(pair.localCandidateId);
      return { type: local.candidateType, relayProtocol: local.relayProtocol ?? "", address: local.address ?? "", rtt: pair.currentRoundTripTime ?? 0 };
    }
    return null;
  }

  /** @type {number[][]} */
  let rows = [];
  let running = false;
  async function tick() {
    let audio = 0, frames = 0;
    for (const peer of peers) {
      if (peer.connectionState === "closed") continue;
      for (const entry of (await peer.getStats()).values()) {
        if (entry.type !== "inbound-rtp") continue;
        if (entry.kind === "audio") audio += entry.bytesReceived;
        else frames += entry.framesDecoded ?? 0;
      }
    }
    rows.push([now(), audio, frames]);
    if (running) setTimeout(tick, 50);
  }
  function start() {
    rows = [];
    running = true;
    void tick();
  }
  function stop() {
    running = false;
    return rows;
  }
  const peek = () => rows;
  Object.assign(globalThis, { receptionMeter: { totals, route, start, stop, peek } });
})();

/**
 * Runs before the page's own scripts in every window under test. It watches and measures; the page works as without it.
 * `receptionProbe.media()`: what is really received and sent. `receptionProbe.marks`: when something was first seen,
 * in milliseconds since 1970, so that marks of two windows can be compared.
 */
(() => {
  /** @type {RTCPeerConnection[]} */
  const peers = [];
  const Native = globalThis.RTCPeerConnection;
  globalThis.RTCPeerConnection = class extends Native {
    /** @param {...any} parameters */
    constructor(...parameters) {
      super(...parameters);
      peers.push(this);
    }
  };

  /** @type {{name: string, at: number}[]} */
  const marks = [];
  const mark = (/** @type {string} */ name) => marks.push({ name, at: performance.timeOrigin + performance.now() });

  async function media() {
    const peer = peers.findLast(({ connectionState }) => connectionState !== "closed");
    /** @type {Record<string, {frames: number, energy: number, audioBytes: number, width: number}>} */
    const slots = {};
    const sent = { frames: 0, audioBytes: 0 };
    for (const entry of (await peer?.getStats())?.values() ?? []) {
      if (entry.type === "outbound-rtp") {
        if (entry.kind === "video") sent.frames += entry.framesSent ?? 0;
        else sent.audioBytes += entry.bytesSent ?? 0;
      }
      if (entry.type !== "inbound-rtp") continue;
      const slot = (slots[Math.floor(Number(entry.mid) / 2)] ??= { frames: 0, energy: 0, audioBytes: 0, width: 0 });
      if (entry.kind === "video") {
        slot.frames += entry.framesDecoded ?? 0;
        slot.width = entry.frameWidth ?? 0;
      } else {
        slot.energy += entry.totalAudioEnergy ?? 0;
        slot.audioBytes += entry.bytesReceived ?? 0;
      }
    }
    return { state: peer?.connectionState ?? "none", built: peers.length, slots, sent };
  }

  /** @param {Node} node */
  function seen(node) {
    if (!(node instanceof Element)) return;
    for (const element of [node, ...node.querySelectorAll("[data-testid]")]) {
      const name = element.getAttribute("data-testid");
      if (name === "incoming-ring") requestAnimationFrame(() => mark("ring"));
      if (name === "remote-video") /** @type {HTMLVideoElement} */ (element).requestVideoFrameCallback(() => mark("frame"));
    }
  }
  new MutationObserver((changes) => {
    for (const { addedNodes } of changes) for (const node of addedNodes) seen(node);
  }).observe(document, { childList: true, subtree: true });

  addEventListener(
    "click",
    ({ target }) => {
      const name = target instanceof Element && target.closest("[data-testid]")?.getAttribute("data-testid");
      if (name) mark(`click ${name}`);
    },
    { capture: true },
  );
  addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) => {
    console.error(`policy violated: ${violatedDirective} ${blockedURI}`);
  });

  Object.assign(globalThis, { receptionProbe: { media, marks, mark } });
})();

/**
 * Runs before the page's scripts: lets a test pull a device out and put it back, or make it hang.
 * `devices.pull("audio")`, `devices.plug("audio")`, `devices.hang("video")`.
 */
(() => {
  const { mediaDevices } = navigator;
  const open = mediaDevices.getUserMedia.bind(mediaDevices);
  /** @type {Set<string>} */
  const gone = new Set();
  /** @type {Set<string>} */
  const hanging = new Set();
  /** @type {MediaStreamTrack[]} */
  const captured = [];
  mediaDevices.getUserMedia = async (/** @type {any} */ wish) => {
    const kinds = ["audio", "video"].filter((kind) => wish[kind]);
    if (kinds.some((kind) => hanging.has(kind))) await new Promise(() => {});
    if (kinds.some((kind) => gone.has(kind))) throw new DOMException("none", "NotFoundError");
    const stream = await open(wish);
    captured.push(...stream.getTracks());
    return stream;
  };
  const tell = () => mediaDevices.dispatchEvent(new Event("devicechange"));
  const devices = {
    hang: (/** @type {string} */ kind) => void hanging.add(kind),
    pull: (/** @type {string} */ kind) => {
      gone.add(kind);
      for (const track of captured.filter((one) => one.kind === kind && one.readyState === "live")) {
        track.stop(); // a track that ends by itself also says so
        track.dispatchEvent(new Event("ended"));
      }
      tell();
    },
    plug: (/** @type {string} */ kind) => {
      gone.delete(kind);
      hanging.delete(kind);
      tell();
    },
  };
  Object.assign(globalThis, { devices });
})();

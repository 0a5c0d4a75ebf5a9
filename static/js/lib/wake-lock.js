/** Keeps the screen of a terminal or a duty desk awake. The system takes the lock away when the page is hidden or power runs low. */

const LOOK_MS = 30_000;

export function keepAwake() {
  /** @type {WakeLockSentinel | null} */
  let held = null;
  const take = async () => {
    if (document.visibilityState !== "visible" || held?.released === false) return;
    held = (await navigator.wakeLock?.request("screen").catch(() => null)) ?? null; // battery saver may refuse: ask again
  };
  document.addEventListener("visibilitychange", () => void take());
  setInterval(() => void take(), LOOK_MS);
  void take();
}

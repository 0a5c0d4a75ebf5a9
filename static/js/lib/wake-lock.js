/** Keeps the screen of a terminal or a duty desk awake; a hidden page loses the lock, so it is taken again. */

export function keepAwake() {
  const take = () => {
    if (document.visibilityState === "visible") navigator.wakeLock?.request("screen").catch(() => undefined); // battery saver may refuse
  };
  document.addEventListener("visibilitychange", take);
  take();
}

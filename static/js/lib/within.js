/** A promise with an end: not every port can be stopped, but nobody has to wait for it. */

/**
 * Ask, and stop waiting after a time or when the asker has no use for the answer any more.
 *
 * @template T
 * @param {number} ms
 * @param {AbortSignal} stop
 * @param {(signal: AbortSignal) => Promise<T>} ask the signal ends what can be ended
 * @returns {Promise<T>} rejects with TimeoutError when there was no answer in time
 */
export function within(ms, stop, ask) {
  const ending = new AbortController();
  const end = () => ending.abort(new DOMException("no answer", "TimeoutError"));
  const timer = setTimeout(end, ms);
  stop.addEventListener("abort", end, { once: true });
  /** @type {Promise<T>} */
  const answer = new Promise((resolve, reject) => {
    ending.signal.addEventListener("abort", () => reject(ending.signal.reason), { once: true });
    ask(ending.signal).then(resolve, reject);
  });
  return answer.finally(() => {
    clearTimeout(timer);
    stop.removeEventListener("abort", end);
  });
}

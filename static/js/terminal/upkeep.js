/**
 * An unattended page keeps itself fresh: it reloads when the server serves a newer build, or when it has had no line for
 * long although the server is there. Only while nobody uses the terminal; a visit is never interrupted.
 */

const LOOK_MS = 5000;
/** Nobody for this long: whoever is about to press the button has pressed it. */
const IDLE_MS = 15_000;
const WITHOUT_LINE_MS = 10 * 60_000;

export class Upkeep {
  /** The build that this page was loaded from, as its first socket said. */
  #build = "";
  #isOutdated = false;
  /** @type {number | null} */
  #lostAt;
  /** @type {number | null} */
  #idleSince = null;
  #isReloading = false;

  /**
   * @param {{connection: import("../signaling/connection.js").SignalingConnection, isIdle: () => boolean,
   *   canReach: () => Promise<boolean>, reload: () => void, now?: () => number}} parts
   *   canReach: whether the server would serve the page; a reload without it leaves an error of the browser on the screen
   */
  constructor({ connection, isIdle, canReach, reload, now = () => performance.now() }) {
    this.isIdle = isIdle;
    this.canReach = canReach;
    this.reload = reload;
    this.now = now;
    this.#lostAt = now();
    connection.addEventListener("state", () => this.#onState(connection));
  }

  start() {
    setInterval(() => void this.look(), LOOK_MS);
  }

  /** Somebody touched the screen. */
  touch() {
    this.#idleSince = null;
  }

  /** Reload if there is a reason and nobody is disturbed. */
  async look() {
    if (!this.isIdle()) this.#idleSince = null;
    else this.#idleSince ??= this.now();
    if (!this.#hasReason() || !this.#isQuiet() || this.#isReloading) return;
    this.#isReloading = true;
    const mayReload = await this.canReach().catch(() => false);
    if (mayReload && this.isIdle() && this.#isQuiet()) this.reload();
    this.#isReloading = false;
  }

  /** @param {import("../signaling/connection.js").SignalingConnection} connection */
  #onState({ state, build }) {
    if (state !== "open") {
      this.#lostAt ??= this.now();
      return;
    }
    this.#lostAt = null;
    this.#build ||= build;
    this.#isOutdated ||= build !== this.#build;
  }

  #hasReason() {
    return this.#isOutdated || (this.#lostAt !== null && this.now() - this.#lostAt > WITHOUT_LINE_MS);
  }

  #isQuiet() {
    return this.#idleSince !== null && this.now() - this.#idleSince >= IDLE_MS;
  }
}

/** Whether the server answers at all. */
export async function canReach() {
  const answer = await fetch("/healthz", { cache: "no-store", signal: AbortSignal.timeout(5000) });
  return answer.ok;
}

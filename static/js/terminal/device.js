/**
 * The terminal's identity: a signing key that cannot leave this browser, and the session it opens.
 * IndexedDB holds the key, the device id and the newest roll, nothing of any visitor. The session token is memory only.
 */

import { openDB } from "../../vendor/idb/index.js";
import { api, ApiError } from "../lib/api.js";

/**
 * @typedef {{device: string, key: CryptoKey, roll: string, fingerprint: string, room_name: string, unit_name: string}} Enrolment
 *   roll: the newest that came; when the answer with a newer one was lost, the server takes this one once more
 *
 * @typedef {{token: string, roll: string, seat: string, room_name: string, unit_name: string,
 *   officers: {id: string, name: string, post: string}[]}} Session
 */

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256" };

function database() {
  return openDB("reception-terminal", 1, { upgrade: (db) => void db.createObjectStore("device") });
}

/** @returns {Promise<Enrolment | undefined>} */
export async function storedEnrolment() {
  return (await database()).get("device", "enrolment");
}

/** @param {Enrolment} enrolment */
async function store(enrolment) {
  // Strict: a roll that was used before the disk had it would look like a copied profile after a power cut.
  const write = (await database()).transaction("device", "readwrite", { durability: "strict" });
  await Promise.all([write.store.put(enrolment, "enrolment"), write.done]);
}

/** Give the device up: it must be enrolled anew. */
export async function forgetEnrolment() {
  await (await database()).delete("device", "enrolment");
}

/**
 * Make a key and have the centre register it.
 *
 * @param {string} code one-time code from the centre
 * @returns {Promise<Enrolment>}
 */
export async function enrol(code) {
  const { privateKey, publicKey } = await crypto.subtle.generateKey(ALGORITHM, false, ["sign", "verify"]);
  const { kty, crv, x, y } = await crypto.subtle.exportKey("jwk", publicKey);
  const answer = await api("POST", "/api/v1/devices/enrol", { code, public_key: { kty, crv, x, y } });
  const { device, roll, fingerprint, room_name, unit_name } = answer;
  const enrolment = { device, key: privateKey, roll, fingerprint, room_name, unit_name };
  await store(enrolment);
  await navigator.storage?.persist?.(); // a full disk must not cost the key
  return enrolment;
}

/** Speaks to the API as this device; opens a new session by itself when the old one has run out. */
export class DeviceClient {
  /** @type {Session | null} */
  #session = null;
  /** @type {Promise<Session> | null} */
  #starting = null;
  /** The page wraps this around opening a session anew: its own live socket would make the server refuse (`device_in_use`). */
  aroundRestart = (/** @type {() => Promise<Session>} */ open) => open();

  /**
   * Open a session unless one is being opened.
   *
   * @returns {Promise<Session>}
   * @throws {ApiError} device_revoked, device_cloned, device_in_use, network …
   */
  start() {
    // One tab at a time: two that start together would store their rolls in the wrong order.
    this.#starting ??= navigator.locks
      .request("reception-terminal-session", () => this.#open())
      .finally(() => (this.#starting = null));
    return this.#starting;
  }

  /**
   * One API request as this device.
   *
   * @param {"GET" | "POST" | "PUT"} method
   * @param {string} path
   * @param {unknown} [body]
   * @param {{idempotencyKey?: string, retryAfterMs?: number[], signal?: AbortSignal}} [options] as of `api`
   */
  async call(method, path, body, { idempotencyKey = crypto.randomUUID(), ...options } = {}) {
    const session = this.#session ?? (await this.start());
    try {
      return await api(method, path, body, { ...options, idempotencyKey, auth: `Terminal ${session.token}` });
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 401) throw error;
      const { token } = await this.aroundRestart(() => this.start());
      return api(method, path, body, { ...options, idempotencyKey, auth: `Terminal ${token}` });
    }
  }

  async #open() {
    const enrolment = await storedEnrolment();
    if (!enrolment) throw new ApiError(0, "device_unknown");
    const session = await this.#askAndSign(enrolment).catch((error) => {
      // The challenge was used by an attempt whose answer was lost, or lay too long: ask for another, once.
      if (error.code === "challenge_expired") return this.#askAndSign(enrolment);
      throw error;
    });
    const { roll, room_name, unit_name } = session;
    await store({ ...enrolment, roll, room_name, unit_name });
    this.#session = session;
    return session;
  }

  /** @param {Enrolment} enrolment @returns {Promise<Session>} */
  async #askAndSign({ device, key, roll }) {
    const { nonce } = await api("POST", `/api/v1/devices/${device}/challenge`, {});
    const signature = await sign(key, `reception-device\n${device}\n${nonce}\n${roll}`);
    return api("POST", `/api/v1/devices/${device}/session`, { nonce, roll, signature });
  }
}

/** @param {CryptoKey} key @param {string} text @returns {Promise<string>} base64url of raw r‖s */
async function sign(key, text) {
  const signature = await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, key, new TextEncoder().encode(text));
  const binary = String.fromCharCode(...new Uint8Array(signature));
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

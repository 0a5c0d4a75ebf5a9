/** The JSON API under /api/v1/: one function, one error class. Knows HTTP, not the page. */

/** The server refused, or could not be reached (`status` 0, `code` "network"). */
export class ApiError extends Error {
  /**
   * @param {number} status HTTP status, 0 when no answer came
   * @param {string} code stable code of the refusal
   * @param {string} [message] the server's own sentence
   * @param {Record<string, string>} [fields] field name to code, all wrong fields at once
   * @param {unknown[]} [alternatives] what would have gone instead, for a refusal that knows
   */
  constructor(status, code, message = code, fields = {}, alternatives = []) {
    super(message);
    this.name = "ApiError";
    this.status = status;
    this.code = code;
    this.fields = fields;
    this.alternatives = alternatives;
  }
}

/** Waits before each further attempt, in milliseconds. Four attempts in all, about six seconds. */
const RETRY_AFTER_MS = [300, 1200, 4000];
const ATTEMPT_MS = 10_000;
/** The server or a proxy is restarting: the same request may be put again. */
const TRY_AGAIN = new Set([502, 503, 504]);

/**
 * Send one request; network failures are retried with the same idempotency key, so a lost answer cannot do a deed twice.
 *
 * @param {"GET" | "POST" | "PUT" | "DELETE"} method
 * @param {string} path e.g. "/api/v1/desk"
 * @param {unknown} [body] sent as JSON
 * @param {{idempotencyKey?: string, auth?: string, signal?: AbortSignal, retryAfterMs?: number[] | undefined}} [options]
 *   idempotencyKey: pass your own to keep it across several calls for one intention (a form that is sent again);
 *   retryAfterMs: waits before further attempts, [] for none; auth: full Authorization value; without it the page's CSRF token and session cookie speak.
 * @returns {Promise<any>} the parsed answer, null for an empty one
 * @throws {ApiError}
 */
export async function api(method, path, body, options = {}) {
  const headers = requestHeaders(method, body, options);
  const waits = options.retryAfterMs ?? RETRY_AFTER_MS;
  for (let attempt = 0; ; attempt += 1) {
    const answer = await once(method, path, body, headers, options.signal);
    const wait = waits[attempt];
    const again = answer === null || TRY_AGAIN.has(answer.status);
    if (again && wait !== undefined && !options.signal?.aborted) {
      await new Promise((resolve) => setTimeout(resolve, wait));
      continue;
    }
    if (answer === null) throw new ApiError(0, "network");
    return read(answer);
  }
}

/**
 * @param {string} method
 * @param {unknown} body
 * @param {{idempotencyKey?: string, auth?: string}} options
 */
function requestHeaders(method, body, { idempotencyKey, auth }) {
  /** @type {Record<string, string>} */
  const headers = { Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (auth) headers["Authorization"] = auth;
  if (method === "GET") return headers;
  headers["Idempotency-Key"] = idempotencyKey ?? crypto.randomUUID();
  const token = globalThis.document?.querySelector('meta[name="csrf"]')?.getAttribute("content");
  if (token && !auth) headers["X-CSRF-Token"] = token;
  return headers;
}

/**
 * @param {string} method
 * @param {string} path
 * @param {unknown} body
 * @param {Record<string, string>} headers
 * @param {AbortSignal | undefined} signal
 * @returns {Promise<Response | null>} null when no answer came
 */
async function once(method, path, body, headers, signal) {
  const limit = AbortSignal.timeout(ATTEMPT_MS);
  try {
    return await fetch(path, {
      method,
      headers,
      body: body === undefined ? null : JSON.stringify(body),
      credentials: "same-origin",
      cache: "no-store",
      signal: signal ? AbortSignal.any([signal, limit]) : limit,
    });
  } catch {
    return null;
  }
}

/** @param {Response} response */
async function read(response) {
  const text = await response.text().catch(() => "");
  const parsed = parse(text);
  if (response.ok) return parsed;
  const error = /** @type {any} */ (parsed)?.error ?? {};
  throw new ApiError(response.status, error.code ?? `http_${response.status}`, error.message, error.fields ?? {}, error.alternatives ?? []);
}

/** @param {string} text */
function parse(text) {
  try {
    return text ? JSON.parse(text) : null;
  } catch {
    return null; // an HTML page of a proxy; the status says enough
  }
}

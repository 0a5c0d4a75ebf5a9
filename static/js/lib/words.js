/** The sentences of this page's language. They come with the page in `<script type="application/json" id="words">`. */

/** @type {Record<string, string> | null} */
let words = null;

/** @returns {Record<string, string>} */
function catalogue() {
  words ??= JSON.parse(globalThis.document?.getElementById("words")?.textContent || "{}");
  return /** @type {Record<string, string>} */ (words);
}

/** For tests: use these sentences instead of the page's. @param {Record<string, string>} given */
export function useWords(given) {
  words = given;
}

/** @param {string} code */
export function knows(code) {
  return code in catalogue();
}

/**
 * The sentence of a code with `{name}` places filled: `say("js.terminal.position", {position: 3})`.
 * A code without a sentence shows as itself, so that a gap is seen in tests and never hides an error.
 *
 * @param {string} code
 * @param {Record<string, string | number>} [params]
 */
export function say(code, params = {}) {
  const sentence = catalogue()[code] ?? code;
  return sentence.replace(/\{(\w+)\}/g, (place, name) => String(params[name] ?? place));
}

/**
 * What to tell a person about a failed deed: the refusal's own sentence, else the server's, else "try again".
 *
 * @param {unknown} error an ApiError, an error with `code`, or anything thrown
 */
export function sayRefusal(error) {
  const { code, message } = /** @type {{code?: string, message?: string}} */ (error ?? {});
  if (code && knows(`refusal.${code}`)) return say(`refusal.${code}`);
  if (code && message && message !== code) return message;
  return say("refusal.unexpected");
}

/** Words for a refused field: `field.<code>`, else the general refusal of that code. @param {string} code */
export function sayField(code) {
  if (knows(`field.${code}`)) return say(`field.${code}`);
  return knows(`refusal.${code}`) ? say(`refusal.${code}`) : say("field.wrong");
}

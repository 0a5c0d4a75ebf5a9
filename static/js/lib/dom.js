/** Builds elements without strings of HTML, so that nothing a person typed can ever become markup. */

/**
 * @typedef {{
 *   class?: string, id?: string, testid?: string, text?: string, hidden?: boolean,
 *   data?: Record<string, string | number | boolean>,
 *   on?: Record<string, (event: any) => void>,
 *   attrs?: Record<string, string | number | boolean | null | undefined>,
 * }} Props `attrs`: true sets the bare attribute; false, null and undefined leave it out.
 */

/**
 * Make one element: `el("button", {class: "button", testid: "end-visit", on: {click: end}}, say("..."))`.
 *
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Props} [props]
 * @param {...(Node | string | null | undefined)} children null and undefined are skipped
 * @returns {HTMLElementTagNameMap[T]}
 */
export function el(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  if (props.class) element.className = props.class;
  if (props.id) element.id = props.id;
  if (props.testid) element.dataset.testid = props.testid;
  if (props.hidden) element.hidden = true;
  for (const [name, value] of Object.entries(props.data ?? {})) element.dataset[name] = String(value);
  for (const [name, listener] of Object.entries(props.on ?? {})) element.addEventListener(name, listener);
  for (const [name, value] of Object.entries(props.attrs ?? {})) setAttribute(element, name, value);
  if (props.text !== undefined) element.append(props.text);
  for (const child of children) if (child !== null && child !== undefined) element.append(child);
  return element;
}

/** @param {Element} element @param {string} name @param {string | number | boolean | null | undefined} value */
function setAttribute(element, name, value) {
  if (value === false || value === null || value === undefined) element.removeAttribute(name);
  else element.setAttribute(name, value === true ? "" : String(value));
}

/** A decorative icon of css/icons.css. @param {string} name */
export function icon(name) {
  return el("span", { class: `icon icon-${name}`, attrs: { "aria-hidden": "true" } });
}

/**
 * The one element that must be there; a missing one is a fault of the page, not of the person.
 *
 * @template {Element} E
 * @param {ParentNode} root
 * @param {string} selector
 * @param {{new (): E, prototype: E}} [kind]
 * @returns {E}
 */
export function find(root, selector, kind) {
  const found = root.querySelector(selector);
  if (!found || (kind && !(found instanceof kind))) throw new Error(`the page has no ${selector}`);
  return /** @type {E} */ (found);
}

/** Put a sentence into a place that may be absent from this page. @param {ParentNode} root @param {string} selector @param {string} text */
export function put(root, selector, text) {
  for (const place of root.querySelectorAll(selector)) if (place.textContent !== text) place.textContent = text;
}

/**
 * Show the parts of a page whose `data-<name>` lists one of its states, and hide the others.
 *
 * @param {ParentNode} root
 * @param {string} name "modes" for `data-modes="call wrap_up"`
 * @param {string} state
 */
export function showParts(root, name, state) {
  for (const part of /** @type {NodeListOf<HTMLElement>} */ (root.querySelectorAll(`[data-${name}]`))) {
    part.hidden = !part.dataset[name]?.split(" ").includes(state);
  }
}

/**
 * Run a deed once at a time from a button: the button is busy meanwhile, so a double click cannot send twice.
 *
 * @param {HTMLButtonElement} button
 * @param {() => Promise<void>} deed
 */
export async function whileBusy(button, deed) {
  if (button.getAttribute("aria-busy") === "true") return;
  button.setAttribute("aria-busy", "true");
  try {
    await deed();
  } finally {
    button.removeAttribute("aria-busy");
  }
}

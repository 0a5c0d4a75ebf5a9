/**
 * Field errors: all at once, in words, next to the fields; focus on the first.
 * A field is `<div class="field" data-field="<name>">` with a control and `<p class="field-error" hidden></p>`.
 */

import { sayField } from "./words.js";

/** @param {ParentNode} form */
export function clearErrors(form) {
  for (const field of form.querySelectorAll("[data-field]")) clearField(field);
}

/** @param {Element} field */
function clearField(field) {
  for (const error of field.querySelectorAll(".field-error")) {
    error.textContent = "";
    /** @type {HTMLElement} */ (error).hidden = true;
  }
  for (const control of field.querySelectorAll('[aria-invalid="true"]')) {
    control.removeAttribute("aria-invalid");
    control.removeAttribute("aria-describedby");
  }
}

/**
 * Show every error and move focus to the first wrong field in page order.
 *
 * @param {ParentNode} form
 * @param {Record<string, string>} fields field name to code, e.g. {"visitor.id_number": "id_number"}
 * @returns {string[]} names that this form has no field for; the caller must show them elsewhere
 */
export function showErrors(form, fields) {
  clearErrors(form);
  const homeless = Object.keys(fields).filter((name) => !form.querySelector(`[data-field="${CSS.escape(name)}"]`));
  /** @type {HTMLElement | null} */
  let first = null;
  for (const field of form.querySelectorAll("[data-field]")) {
    const code = fields[/** @type {HTMLElement} */ (field).dataset.field ?? ""];
    if (!code) continue;
    const control = markWrong(/** @type {HTMLElement} */ (field), sayField(code));
    first ??= control;
  }
  first?.focus();
  return homeless;
}

let errorNumber = 0;

/** @param {HTMLElement} field @param {string} sentence @returns {HTMLElement | null} the control */
function markWrong(field, sentence) {
  const error = /** @type {HTMLElement | null} */ (field.querySelector(".field-error"));
  const control = /** @type {HTMLElement | null} */ (field.querySelector("input, select, textarea"));
  if (error) {
    error.textContent = sentence;
    error.hidden = false;
    error.id ||= `field-error-${(errorNumber += 1)}`;
    control?.setAttribute("aria-describedby", error.id);
  }
  control?.setAttribute("aria-invalid", "true");
  field.addEventListener("input", () => clearField(field), { once: true }); // being mended: do not nag meanwhile
  return control;
}

/** Part of a case's page: assigning it to a section, and the main leader's hearing. */

import { api, ApiError } from "../lib/api.js";
import { find, whileBusy } from "../lib/dom.js";
import { clearErrors, showErrors } from "../lib/forms.js";
import { sayRefusal } from "../lib/words.js";

/** Send a form's fields as JSON and show the page anew; wrong fields are said beside them. @param {HTMLFormElement} form @param {string} path */
function wire(form, path) {
  const submit = find(form, '[type="submit"]', HTMLButtonElement);
  const failure = find(form, "[data-failure]", HTMLElement);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void whileBusy(submit, async () => {
      failure.hidden = true;
      clearErrors(form);
      try {
        await api("POST", path, fieldsOf(form));
        location.reload();
      } catch (error) {
        refused(form, failure, error);
      }
    });
  });
}

/** An empty date is no date. @param {HTMLFormElement} form */
function fieldsOf(form) {
  const fields = [...new FormData(form).entries()].map(([name, value]) => [name, name === "due_on" && value === "" ? null : String(value)]);
  return Object.fromEntries(fields);
}

/** @param {HTMLFormElement} form @param {HTMLElement} failure @param {unknown} error */
function refused(form, failure, error) {
  const fields = error instanceof ApiError ? error.fields : {};
  const homeless = showErrors(form, fields);
  if (Object.keys(fields).length > homeless.length) return;
  failure.replaceChildren(document.createElement("p"));
  if (failure.firstElementChild) failure.firstElementChild.textContent = sayRefusal(error);
  failure.hidden = false;
}

/** Offer who works in the chosen section, and nobody else. @param {HTMLFormElement} form */
function offerOwners(form) {
  const section = find(form, '[name="section"]', HTMLSelectElement);
  const owner = find(form, '[name="owner"]', HTMLSelectElement);
  const all = [...owner.options];
  const offer = () => {
    const chosen = owner.value;
    owner.replaceChildren(...all.filter((option) => option.value === "" || option.dataset.unit === section.value));
    owner.value = [...owner.options].some((option) => option.value === chosen) ? chosen : "";
  };
  section.addEventListener("change", offer);
  offer();
}

const part = document.querySelector("[data-case-repeats]");
if (part instanceof HTMLElement) {
  for (const form of /** @type {NodeListOf<HTMLFormElement>} */ (part.querySelectorAll("form"))) {
    const { assign, plan, hear } = form.dataset;
    if (assign !== undefined) {
      offerOwners(form);
      wire(form, `/api/v1/cases/${part.dataset.number}/assignment`);
    }
    if (plan) wire(form, `/api/v1/hearings/${plan}/day`);
    if (hear) wire(form, `/api/v1/hearings/${hear}/minutes`);
  }
}

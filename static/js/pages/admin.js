/** Administration: asks before what cannot be taken back, and narrows the list of people. The page works without this. */

import { find } from "../lib/dom.js";

const dialog = find(document, "[data-confirm-dialog]", HTMLDialogElement);
/** @type {HTMLFormElement | null} */
let asked = null;

for (const form of /** @type {NodeListOf<HTMLFormElement>} */ (document.querySelectorAll("form[data-confirm]"))) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    asked = form;
    find(dialog, "h2").textContent = form.dataset.confirm ?? "";
    find(dialog, "[data-yes]").textContent = form.dataset.deed ?? "";
    dialog.showModal();
  });
}
find(dialog, "[data-no]").addEventListener("click", () => dialog.close());
// submit() instead of requestSubmit(): it does not ask a second time.
find(dialog, "[data-yes]").addEventListener("click", () => asked?.submit());

const search = document.querySelector("[data-search]");
if (search instanceof HTMLElement) {
  const field = find(search, "input", HTMLInputElement);
  const rows = /** @type {HTMLElement[]} */ ([...document.querySelectorAll("[data-search-text]")]);
  search.hidden = false;
  field.addEventListener("input", () => {
    const wanted = field.value.trim().toLowerCase();
    for (const row of rows) row.hidden = !row.dataset.searchText?.toLowerCase().includes(wanted);
    find(document, "[data-none]", HTMLElement).hidden = rows.some((row) => !row.hidden);
  });
}

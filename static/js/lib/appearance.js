/** Large text and high contrast: two attributes on the root element; only tokens answer to them. Remembered per browser, no person in it. */

/** @typedef {"text" | "contrast"} Choice */

const ON = { text: "large", contrast: "high" };

/** @param {Choice} choice */
export function isOn(choice) {
  return document.documentElement.dataset[choice] === ON[choice];
}

/** @param {Choice} choice @param {boolean} on */
export function turn(choice, on) {
  if (on) document.documentElement.dataset[choice] = ON[choice];
  else delete document.documentElement.dataset[choice];
  localStorage.setItem(`appearance.${choice}`, on ? ON[choice] : "");
}

/** Wire every `<button data-appearance="text|contrast">` of the page and apply what was chosen before. */
export function startAppearance() {
  for (const choice of /** @type {Choice[]} */ (["text", "contrast"])) {
    if (localStorage.getItem(`appearance.${choice}`) === ON[choice]) turn(choice, true);
  }
  const buttons = /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-appearance]"));
  for (const button of buttons) {
    const choice = /** @type {Choice} */ (button.dataset.appearance);
    button.setAttribute("aria-pressed", String(isOn(choice)));
    button.addEventListener("click", () => {
      turn(choice, !isOn(choice));
      button.setAttribute("aria-pressed", String(isOn(choice)));
    });
  }
}

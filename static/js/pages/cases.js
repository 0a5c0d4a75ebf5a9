/** The ledger: arrow keys move between rows, Enter opens the row's link. The page works without this. */

const links = /** @type {HTMLAnchorElement[]} */ ([...document.querySelectorAll('[data-testid="case-row"] th a')]);

document.addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step || event.altKey || event.ctrlKey || event.metaKey || isInControl(event.target)) return;
  const at = links.indexOf(/** @type {HTMLAnchorElement} */ (document.activeElement));
  const next = links[Math.min(links.length - 1, Math.max(0, at + step))];
  if (!next) return;
  event.preventDefault();
  next.focus();
});

/** @param {EventTarget | null} target */
function isInControl(target) {
  return target instanceof Element && target.closest("input, select, textarea, button") !== null;
}

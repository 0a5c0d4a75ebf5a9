/** The day sheet: its button prints; the browser's own menu does the same. */

import { find } from "../lib/dom.js";

find(document, "[data-print]", HTMLButtonElement).addEventListener("click", () => globalThis.print());

/**
 * Opens an appointment or a form beside the board without leaving it. The server renders the same panel into the
 * page for the same address; here only that part is taken out of its answer, so there is one rendering of each form.
 */

const PANEL = "[data-panel]";

export class Panel {
  /** @type {XMLHttpRequest | null} */
  #asking = null;

  /** @param {() => void} onRefused the page could not be read: it is opened as a page instead */
  constructor(onRefused) {
    this.onRefused = onRefused;
    globalThis.addEventListener("popstate", () => globalThis.location.reload());
  }

  /**
   * @param {URLSearchParams} wanted what the address says besides week and filters, e.g. `appointment=…`
   * @param {() => void} [onOpen] once the panel stands there
   */
  open(wanted, onOpen) {
    const address = new URL(globalThis.location.href);
    for (const name of ["appointment", "form", "room", "official", "starts", "told"]) address.searchParams.delete(name);
    for (const [name, value] of wanted) address.searchParams.set(name, value);
    this.#asking?.abort();
    // XMLHttpRequest reads the answer as a document, which fetch() can not without a string of markup.
    const asking = new XMLHttpRequest();
    this.#asking = asking;
    asking.open("GET", address.href);
    asking.responseType = "document";
    asking.timeout = 10_000;
    asking.addEventListener("load", () => {
      if (this.#show(asking, address)) onOpen?.();
    });
    for (const failure of ["error", "timeout"]) asking.addEventListener(failure, () => this.onRefused());
    asking.send();
  }

  /** @param {XMLHttpRequest} asking @param {URL} address @returns {boolean} whether it stands there */
  #show(asking, address) {
    const fresh = asking.status === 200 ? asking.responseXML?.querySelector(PANEL) : null;
    const place = document.querySelector(PANEL);
    if (!fresh || !place) {
      globalThis.location.assign(address.href);
      return false;
    }
    place.replaceWith(document.adoptNode(fresh));
    globalThis.history.pushState(null, "", address.href);
    /** @type {HTMLElement | null} */ (document.querySelector(`${PANEL} h2`))?.focus();
    return true;
  }
}

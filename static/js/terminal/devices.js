/**
 * The devices of this terminal: the server keeps which they are, so that a replaced browser finds them again.
 * They are looked at and chosen in the help dialog, where nothing of a visit stands.
 */

import { adopt, profile } from "../call/device-memory.js";
import "../components/device-picker.js";
import { find } from "../lib/dom.js";

const PATH = "/api/v1/terminal/device-profile";

export class TerminalDevices {
  /** @type {Promise<void> | null} */
  #adopting = null;

  /**
   * @param {{client: import("./device.js").DeviceClient, call: import("../call/call.js").Call,
   *   capture: import("../call/devices.js").LocalCapture, onSpeaker: () => void}} parts
   */
  constructor({ client, call, capture, onSpeaker }) {
    this.client = client;
    this.call = call;
    this.capture = capture;
    this.onSpeaker = onSpeaker;
    this.#wire();
  }

  /** Take over what the server has kept. Once per page; a call does not wait for it. */
  adopt() {
    this.#adopting ??= this.client
      .call("GET", PATH)
      .then(adopt)
      .catch(() => void (this.#adopting = null)); // the next start of a session asks again
    return this.#adopting;
  }

  #wire() {
    const dialog = find(document, "[data-help]", HTMLDialogElement);
    const check = find(dialog, "[data-device-check]", HTMLElement);
    const open = find(dialog, '[data-testid="device-check"]', HTMLButtonElement);
    const picker = /** @type {import("../components/device-picker.js").DevicePicker} */ (document.createElement("device-picker"));
    picker.capture = this.capture;
    open.addEventListener("click", () => {
      open.hidden = true;
      check.replaceChildren(picker);
      void picker.check().then(() => dialog.open || this.#closeCapture());
    });
    dialog.addEventListener("close", () => {
      open.hidden = false;
      check.replaceChildren();
      this.#closeCapture();
    });
    picker.addEventListener("chosen", (event) => {
      if (/** @type {CustomEvent} */ (event).detail === "speaker") this.onSpeaker();
      void this.client.call("PUT", PATH, profile()).catch(() => undefined); // this browser remembers; the next choice says both
    });
  }

  #closeCapture() {
    if (!this.call.room) this.capture.close();
  }
}

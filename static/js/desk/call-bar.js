/** The bar under the picture: microphone, camera, chat, invite, end. Pressed states follow what the call really does. */

import { Switches } from "../call/switches.js";
import { find } from "../lib/dom.js";

/** @typedef {import("../call/call.js").Call} Call */

export class CallBar {
  #bar = find(document, "[data-call-bar]", HTMLElement);
  chat = find(this.#bar, '[data-testid="chat-open"]', HTMLButtonElement);
  invite = find(this.#bar, '[data-testid="invite-open"]', HTMLButtonElement);
  end = find(this.#bar, '[data-testid="end-visit"]', HTMLButtonElement);
  leave = find(this.#bar, '[data-testid="leave-call"]', HTMLButtonElement);

  /** @param {Call} call */
  constructor(call) {
    new Switches(this.#bar, call);
  }

  /** @param {boolean} isHost who answered may invite and ends the visit; a colleague leaves */
  set isHost(isHost) {
    this.invite.hidden = this.end.hidden = !isHost;
    this.leave.hidden = isHost;
  }
}

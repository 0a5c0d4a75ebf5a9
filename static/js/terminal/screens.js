/**
 * The screens of the terminal: one `<template data-screen="name">` each, cloned when first shown, kept while the visit
 * lasts (so that 上一步 finds the typed words again) and thrown away by `wipe()`: no field, no undo history stays behind.
 */

import { find } from "../lib/dom.js";

/** @typedef {(root: HTMLElement) => void} Setup wires a fresh clone */

export class Screens {
  /** @type {Map<string, HTMLElement>} */
  #kept = new Map();
  /** @type {string} */
  current = "";

  /** @param {HTMLElement} frame where screens are shown @param {Record<string, Setup>} setups by screen name */
  constructor(frame, setups) {
    this.frame = frame;
    this.setups = setups;
  }

  /**
   * Show a screen and move focus to its heading, so that a screen reader begins there.
   *
   * @param {string} name
   * @returns {HTMLElement}
   */
  show(name) {
    const screen = this.get(name);
    if (this.current === name && screen.isConnected) return screen;
    this.current = name;
    this.frame.dataset.screen = name;
    document.documentElement.dataset.screen = name;
    this.frame.replaceChildren(screen);
    const heading = /** @type {HTMLElement | null} */ (screen.querySelector("[data-focus], h1"));
    heading?.focus({ preventScroll: true });
    window.scrollTo(0, 0);
    return screen;
  }

  /** The screen's element, made if need be, whether it is shown or not. @param {string} name */
  get(name) {
    const kept = this.#kept.get(name);
    if (kept) return kept;
    const template = find(document, `template[data-screen="${name}"]`, HTMLTemplateElement);
    const made = document.importNode(template.content, true).firstElementChild;
    if (!(made instanceof HTMLElement)) throw new Error(`the template of ${name} is empty`);
    for (const heading of made.querySelectorAll("h1")) heading.tabIndex = -1;
    this.#kept.set(name, made);
    this.setups[name]?.(made);
    return made;
  }

  /** Show no screen: something else, named here, fills the page. @param {string} name */
  rest(name) {
    this.current = name;
    document.documentElement.dataset.screen = this.frame.dataset.screen = name;
    this.frame.replaceChildren();
  }

  /** Forget these screens. @param {...string} names */
  drop(...names) {
    for (const name of names) this.#kept.delete(name);
  }

  /** Forget every screen with everything typed into it. */
  wipe() {
    this.#kept.clear();
    this.frame.replaceChildren();
    this.current = "";
  }
}

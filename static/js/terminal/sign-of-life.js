/**
 * Shows the machine's watchdog that this page's own loop still turns: one small write to a database of its own, every
 * two seconds. The watchdog looks when the profile's files were written last (deploy/kiosk/watchdog.py says why).
 */

import { openDB } from "../../vendor/idb/index.js";

const EVERY_MS = 2000;

/** Begin, for as long as the page lives. */
export async function giveSigns() {
  const database = await openDB("reception-alive", 1, { upgrade: (db) => void db.createObjectStore("life") });
  const sign = () => void database.put("life", Date.now(), "at").catch(() => undefined); // a full disk is the watchdog's to see
  sign();
  setInterval(sign, EVERY_MS);
}

/**
 * Copies the browser libraries from node_modules to vendor/, the only place pages load them from.
 * Icons: exactly those that css/icons.css names.
 */
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const modules = join(here, "node_modules");
const vendor = join(here, "vendor");

/** Each row: file or folder in node_modules, place in vendor. Type files travel along for the type check. */
const COPIES = [
  ["@event-calendar/build/dist/event-calendar.min.css", "event-calendar/event-calendar.min.css"],
  ["@event-calendar/build/dist/event-calendar.min.js", "event-calendar/event-calendar.min.js"],
  ["idb/build", "idb"],
  ["idb/LICENSE", "idb/LICENSE"],
  ["lucide-static/LICENSE", "lucide/LICENSE"],
];

rmSync(vendor, { recursive: true, force: true });
mkdirSync(vendor);
for (const [from = "", to = ""] of COPIES) cpSync(join(modules, from), join(vendor, to), { recursive: true });

const css = readFileSync(join(here, "css", "icons.css"), "utf8");
for (const [, name] of css.matchAll(/vendor\/lucide\/([a-z0-9-]+)\.svg/g)) {
  const icon = join(modules, "lucide-static", "icons", `${name}.svg`);
  if (!existsSync(icon)) throw new Error(`css/icons.css names an icon that lucide does not have: ${name}`);
  cpSync(icon, join(vendor, "lucide", `${name}.svg`));
}

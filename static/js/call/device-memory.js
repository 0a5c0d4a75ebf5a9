/**
 * Which devices this page prefers, kept by label: ids change between profiles and updates. A device's group tells two of
 * one label apart, as long as the profile lives. Officers' devices stay in this browser, a terminal's also on the server.
 */

/** @typedef {"camera" | "microphone" | "speaker"} DeviceKind */
/** @typedef {{id: string, label: string, group: string}} Device */
/** @typedef {{label: string, group: string}} Preference */
/** @typedef {Partial<Record<DeviceKind, Preference | null>>} DeviceProfile */

export const KINDS = /** @type {const} */ (["camera", "microphone", "speaker"]);
const BROWSER_KINDS = /** @type {const} */ ({ camera: "videoinput", microphone: "audioinput", speaker: "audiooutput" });

/** @param {DeviceKind} kind @returns {Promise<Device[]>} labels are empty until capture was allowed once */
export async function listDevices(kind) {
  const all = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
  return all
    .filter((device) => device.kind === BROWSER_KINDS[kind])
    .map(({ deviceId, label, groupId }) => ({ id: deviceId, label, group: groupId }));
}

/** @param {DeviceKind} kind @returns {Preference | null} null when none was chosen */
export function preferred(kind) {
  const label = localStorage.getItem(`device.${kind}`);
  return label ? { label, group: localStorage.getItem(`device.${kind}.group`) ?? "" } : null;
}

/** @param {DeviceKind} kind @param {Preference} device */
export function prefer(kind, { label, group }) {
  localStorage.setItem(`device.${kind}`, label);
  localStorage.setItem(`device.${kind}.group`, group);
}

/**
 * The preferred device among those that are plugged in: by label, of one label by group.
 *
 * @param {Preference | null} wanted
 * @param {Device[]} devices of one kind
 * @returns {Device | null} null: take the browser's default
 */
export function matching(wanted, devices) {
  const named = wanted ? devices.filter(({ label }) => label === wanted.label) : [];
  return named.find(({ group }) => group === wanted?.group) ?? named[0] ?? null;
}

/** Id of the preferred device if it is plugged in. @param {DeviceKind} kind */
export async function chosenId(kind) {
  return matching(preferred(kind), await listDevices(kind))?.id;
}

/** What this page prefers, as the server keeps it. @returns {DeviceProfile} */
export function profile() {
  return Object.fromEntries(KINDS.map((kind) => [kind, preferred(kind)]));
}

/** Prefer what the server has kept; what it does not know stays as it is. @param {DeviceProfile} kept */
export function adopt(kept) {
  for (const kind of KINDS) {
    const device = kept[kind];
    if (device) prefer(kind, device);
  }
}

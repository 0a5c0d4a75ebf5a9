/**
 * How good the line was, from the browser's statistics: what the ladder needs every second and what the server gets
 * every five. Pure: counters in, numbers out.
 */

/** @typedef {import("./ladder.js").Rung} Rung */
/** @typedef {"direct" | "turn_udp" | "turn_tcp" | "turn_tls" | "none"} Route */
/** @typedef {"mic_silent" | "camera_frozen" | "camera_black" | "page_hidden" | "low_power"} Hint */
/** @typedef {Iterable<Record<string, any>>} Report values of an RTCStatsReport */

/** How often the server is told. */
export const REPORT_EVERY_MS = 5000;
const KBIT = 1000;

/**
 * Counters since the transport began, and gauges of the moment.
 *
 * @typedef {ReturnType<typeof snapshotOf>} Snapshot
 */

/**
 * The path that media takes now.
 *
 * @param {Report} report
 * @returns {Route}
 */
export function routeOf(report) {
  const entries = [...report];
  const pair = selectedPair(entries);
  const local = entries.find(({ id, type }) => pair && type === "local-candidate" && id === pair.localCandidateId);
  if (!pair || !local) return "none";
  if (local.candidateType !== "relay") return "direct";
  switch (local.relayProtocol) {
    case "tls":
      return "turn_tls";
    case "tcp":
      return "turn_tcp";
    default:
      return "turn_udp";
  }
}

/** Firefox marks the pair, Chromium names it at the transport. @param {Record<string, any>[]} entries */
function selectedPair(entries) {
  const named = entries.find(({ type, selectedCandidatePairId }) => type === "transport" && selectedCandidatePairId);
  return entries.find(
    (entry) => entry.type === "candidate-pair" && (named ? entry.id === named.selectedCandidatePairId : entry.selected),
  );
}

/**
 * Take what matters out of a report.
 *
 * @param {Report} report
 * @param {number} at ms, any steady clock
 */
export function snapshotOf(report, at) {
  const entries = [...report];
  const pair = selectedPair(entries) ?? {};
  const inbound = entries.filter(({ type }) => type === "inbound-rtp");
  const sound = inbound.filter(({ kind }) => kind === "audio");
  const pictures = inbound.filter(({ kind }) => kind === "video");
  const outbound = entries.filter(({ type }) => type === "outbound-rtp");
  const picture = outbound.find(({ kind }) => kind === "video") ?? {};
  const heard = entries.filter(({ type }) => type === "remote-inbound-rtp");
  const sources = entries.filter(({ type }) => type === "media-source");
  const microphone = sources.find(({ kind }) => kind === "audio") ?? {};
  const roundTrips = heard.map(({ roundTripTime }) => roundTripTime).filter((time) => time !== undefined);
  return {
    at,
    route: routeOf(entries),
    rttMs: 1000 * (roundTrips.length > 0 ? Math.max(...roundTrips) : (pair.currentRoundTripTime ?? 0)),
    availableKbps: (pair.availableOutgoingBitrate ?? 0) / KBIT,
    bytesOut: pair.bytesSent ?? 0,
    bytesIn: pair.bytesReceived ?? 0,
    packetsOut: sum(outbound, "packetsSent"),
    lostOut: sum(heard, "packetsLost"),
    packetsIn: sum(inbound, "packetsReceived"),
    lostIn: sum(inbound, "packetsLost"),
    discarded: sum(inbound, "packetsDiscarded"),
    nacks: sum(inbound, "nackCount"),
    plis: sum(inbound, "pliCount"),
    sound: Object.fromEntries(sound.map((one) => [String(one.id), soundOf(one)])),
    pictures: Object.fromEntries(pictures.map((one) => [String(one.id), pictureOf(one)])),
    freezes: sum(pictures, "freezeCount"),
    frozenS: sum(pictures, "totalFreezesDuration"),
    framesOut: picture.framesEncoded ?? 0,
    encodeS: picture.totalEncodeTime ?? 0,
    widthOut: picture.frameWidth ?? 0,
    heightOut: picture.frameHeight ?? 0,
    limitedBy: String(picture.qualityLimitationReason ?? "none"),
    micEnergy: microphone.totalAudioEnergy ?? 0,
    micS: microphone.totalSamplesDuration ?? 0,
  };
}

/** @param {Record<string, any>} one */
function soundOf(one) {
  return {
    packets: one.packetsReceived ?? 0,
    samples: one.totalSamplesReceived ?? 0,
    // Silence that is filled in while nobody speaks is no damage.
    concealed: (one.concealedSamples ?? 0) - (one.silentConcealedSamples ?? 0),
    energy: one.totalAudioEnergy ?? 0,
    seconds: one.totalSamplesDuration ?? 0,
    bufferS: one.jitterBufferDelay ?? 0,
    emitted: one.jitterBufferEmittedCount ?? 0,
    jitterMs: 1000 * (one.jitter ?? 0),
  };
}

/** @param {Record<string, any>} one */
function pictureOf(one) {
  return {
    packets: one.packetsReceived ?? 0,
    frames: one.framesDecoded ?? 0,
    decodeS: one.totalDecodeTime ?? 0,
    width: one.frameWidth ?? 0,
    height: one.frameHeight ?? 0,
  };
}

/**
 * What the ladder judges by.
 *
 * @param {Snapshot | null} before
 * @param {Snapshot} now
 * @returns {import("./ladder.js").LineSample}
 */
export function lineSampleOf(before, now) {
  const lost = grown(before?.lostOut, now.lostOut);
  const seconds = Math.max(0.001, (now.at - (before?.at ?? 0)) / 1000);
  return {
    availableKbps: now.availableKbps,
    sentKbps: before ? (8 * grown(before.bytesOut, now.bytesOut)) / KBIT / seconds : 0,
    loss: share(lost, grown(before?.packetsOut, now.packetsOut)),
  };
}

/**
 * The `quality` message of an interval, without what only the page knows.
 *
 * @param {Snapshot | null} before null: from the beginning of the transport
 * @param {Snapshot} now
 */
export function reportOf(before, now) {
  const seconds = Math.max(0.001, (now.at - (before?.at ?? now.at - REPORT_EVERY_MS)) / 1000);
  const sound = flowing(before?.sound, now.sound);
  const pictures = flowing(before?.pictures, now.pictures);
  const framesOut = grown(before?.framesOut, now.framesOut);
  const lostOut = grown(before?.lostOut, now.lostOut);
  const lostIn = grown(before?.lostIn, now.lostIn);
  const widest = pictures.reduce((best, one) => (one.width > best.width ? one : best), { width: 0, height: 0 });
  return {
    route: now.route,
    rtt_ms: amount(now.rttMs),
    jitter_ms: amount(Math.max(0, ...sound.map(({ jitterMs }) => jitterMs))),
    up_kbps: amount((8 * grown(before?.bytesOut, now.bytesOut)) / KBIT / seconds),
    down_kbps: amount((8 * grown(before?.bytesIn, now.bytesIn)) / KBIT / seconds),
    available_kbps: amount(now.availableKbps),
    up_loss: share(lostOut, grown(before?.packetsOut, now.packetsOut)),
    down_loss: share(lostIn, grown(before?.packetsIn, now.packetsIn) + lostIn),
    concealed: share(sumOf(sound, "concealed"), sumOf(sound, "samples")),
    freezes: whole(grown(before?.freezes, now.freezes)),
    frozen_ms: amount(1000 * grown(before?.frozenS, now.frozenS)),
    fps_in: amount(Math.max(0, ...pictures.map(({ frames }) => frames)) / seconds),
    fps_out: amount(framesOut / seconds),
    width_in: whole(widest.width),
    height_in: whole(widest.height),
    width_out: framesOut > 0 ? whole(now.widthOut) : 0,
    height_out: framesOut > 0 ? whole(now.heightOut) : 0,
    nacks: whole(grown(before?.nacks, now.nacks)),
    plis: whole(grown(before?.plis, now.plis)),
    discarded: whole(grown(before?.discarded, now.discarded)),
    encode_ms: amount(each(1000 * grown(before?.encodeS, now.encodeS), framesOut)),
    decode_ms: amount(each(1000 * sumOf(pictures, "decodeS"), sumOf(pictures, "frames"))),
    buffer_ms: amount(each(1000 * sumOf(sound, "bufferS"), sumOf(sound, "emitted"))),
    mic_level: levelOf(grown(before?.micEnergy, now.micEnergy), grown(before?.micS, now.micS)),
    far_level: Math.max(0, ...sound.map(({ energy, seconds: heard }) => levelOf(energy, heard))),
    limited_by: limitOf(now.limitedBy),
  };
}

/**
 * How much each stream brought in the interval, of those that brought anything: an empty slot is filled with silence,
 * which says nothing about the line.
 *
 * @template {Record<string, number> & {packets: number}} T
 * @param {Record<string, T> | undefined} before
 * @param {Record<string, T>} now
 * @returns {T[]}
 */
function flowing(before, now) {
  const gauges = new Set(["jitterMs", "width", "height"]);
  return Object.entries(now)
    .map(([id, counters]) => {
      const differences = Object.entries(counters).map(([name, value]) => [
        name,
        gauges.has(name) ? value : grown(before?.[id]?.[name], value),
      ]);
      return /** @type {T} */ (Object.fromEntries(differences));
    })
    .filter(({ packets }) => packets > 0);
}

/** A counter that went back belongs to a new transport and began at nothing. @param {number | undefined} before @param {number} now */
function grown(before, now) {
  return before === undefined || now < before ? now : now - before;
}

/** @param {Record<string, any>[]} entries @param {string} counter */
function sum(entries, counter) {
  return entries.reduce((total, entry) => total + Math.max(0, entry[counter] ?? 0), 0);
}

/** @template {Record<string, number>} T @param {T[]} streams @param {keyof T} counter @returns {number} */
function sumOf(streams, counter) {
  return streams.reduce((total, stream) => total + Number(stream[counter]), 0);
}

/** @param {number} total @param {number} count */
function each(total, count) {
  return count > 0 ? total / count : 0;
}

/** @param {number} part @param {number} of */
function share(part, of) {
  return of > 0 ? portion(part / of) : 0;
}

/** Root mean square of the interval, 0 to 1. @param {number} energy @param {number} seconds */
function levelOf(energy, seconds) {
  return seconds > 0 ? portion(Math.sqrt(Math.max(0, energy) / seconds)) : 0;
}

/** @param {number} value @returns {number} 0 to 1, four decimals */
function portion(value) {
  return Number.isNaN(value) ? 0 : Math.round(10_000 * Math.min(1, Math.max(0, value))) / 10_000;
}

/** @param {string} reason @returns {"none" | "cpu" | "bandwidth" | "other"} */
function limitOf(reason) {
  return reason === "cpu" || reason === "bandwidth" || reason === "other" ? reason : "none";
}

/** As the protocol takes it: finite, not negative, one decimal. @param {number} value */
function amount(value) {
  return Number.isFinite(value) ? Math.min(1e9, Math.max(0, Math.round(10 * value) / 10)) : 0;
}

/** @param {number} value */
function whole(value) {
  return Number.isFinite(value) ? Math.min(2 ** 31 - 1, Math.max(0, Math.round(value))) : 0;
}

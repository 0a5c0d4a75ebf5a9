/**
 * How our sound leaves, written into the relay's answer. Pure.
 *
 * A browser sends what stands first in the answer, in packets as long as the answer asks for (RFC 3264 section 6.1,
 * RFC 8866 section 6.4). Both can be changed at any time by taking the same answer anew, without a word to the relay.
 * Choosing a codec in `encodings` does not do: Chromium goes on carrying every packet twice.
 */

/** On a narrow line the headers of 50 packets a second cost more than speech: a third of them is enough. */
const LONG_PACKET_MS = 60;

/**
 * @param {string} answer of the relay; its first section of sound is ours
 * @param {boolean} isDoubled every packet carries the one before along (RFC 2198); else each goes alone, and is longer
 * @returns {string} the answer to take
 */
export function soundAs(answer, isDoubled) {
  const [section = ""] = answer.match(/^m=audio [^]*?(?=^m=|$(?![^]))/m) ?? [];
  const [, plain] = section.match(/^a=rtpmap:(\d+) opus\//im) ?? [];
  if (isDoubled || !plain) return answer;
  const [line = ""] = section.split("\r\n");
  const [kind, port, protocol, ...payloads] = line.split(" ");
  const reordered = [kind, port, protocol, plain, ...payloads.filter((payload) => payload !== plain)].join(" ");
  return answer.replace(section, section.replace(line, reordered).replace(/^a=rtpmap/m, `a=ptime:${LONG_PACKET_MS}\r\na=rtpmap`));
}

/**
 * From what the browser says to a set-up reason code. Pure.
 * E1x device, E2x signalling, E3x ICE, E4x DTLS and codec, E5x media; the sentence of a code is `reason.<code>`.
 */

/**
 * The code of a refused getUserMedia.
 *
 * @param {{name?: string, message?: string}} error what getUserMedia rejected with
 * @param {boolean} [secure] window.isSecureContext
 * @returns {string}
 */
export function codeOfCapture(error, secure = true) {
  if (!secure) return "E15";
  switch (error.name) {
    case "NotFoundError":
    case "DevicesNotFoundError":
    case "OverconstrainedError":
      return "E11";
    case "NotReadableError":
    case "TrackStartError":
    case "AbortError":
    case "TimeoutError":
      return "E12";
    case "NotAllowedError":
      // Chromium says "Permission denied by system" when the operating system or a policy forbids it.
      return /system|policy/i.test(error.message ?? "") ? "E14" : "E13";
    case "SecurityError":
    case "NotSupportedError":
      return "E14";
    case "TypeError":
      return "E15"; // navigator.mediaDevices is missing without https
    default:
      return "E12";
  }
}

/**
 * How far a peer connection came when its time was up.
 *
 * @param {{gathering: string, candidates: number, ice: string, dtls: string, connection: string,
 *   turn?: "" | "refused" | "unreachable"}} peer states of RTCPeerConnection (dtls: of its transport, "" when there is
 *   none); candidates: local ones found; turn: what TURN servers said, if any were asked
 * @returns {string | null} null when nothing is wrong with ICE or DTLS
 */
export function codeOfPeer({ gathering, candidates, ice, dtls, connection, turn = "" }) {
  if (connection === "connected") return null;
  if (dtls === "failed") return "E41";
  if (ice === "connected" || ice === "completed") return "E41";
  if (turn === "refused") return "E33";
  if (turn === "unreachable") return "E34";
  if (gathering === "complete" && candidates === 0) return "E31";
  return "E32";
}

/**
 * The code of an answer that leaves nothing to send or receive.
 *
 * @param {string} answer SDP of the server
 * @returns {string | null} E42 when an audio or video section was refused (port 0)
 */
export function codeOfAnswer(answer) {
  return /^m=(audio|video) 0 /m.test(answer) ? "E42" : null;
}

/**
 * The code of a socket that was closed or refused.
 *
 * @param {number | string | undefined} code close code or refusal code
 * @returns {string | null} null when the closing was meant (revoked, restart)
 */
export function codeOfSocket(code) {
  switch (Number(code)) {
    case 4401:
      return "E24";
    case 4400:
      return "E25";
    case 4409:
      return "E64";
    case 4410:
    case 1012:
      return null;
    default:
      return "E23";
  }
}

/**
 * The signalling protocol as the browser sees it: types for the checker, limits for shape.js.
 * Generated from signaling/messages.py by `python -m signaling.schema --write`; do not edit.
 * docs/protocol.md says what the messages mean.
 */

/**
 * First frame of a page: who it is, by a single-use ticket.
 *
 * @typedef {object} Hello
 * @property {"hello"} type
 * @property {string} ticket at most 128 code points
 * @property {number} proto 0 to 2147483647
 */

/**
 * First frame of a page that comes back: a new ticket, and what it has seen of its session.
 *
 * @typedef {object} Resume
 * @property {"resume"} type
 * @property {string} ticket at most 128 code points
 * @property {number} proto 0 to 2147483647
 * @property {string} sid at most 64 code points
 * @property {string} token at most 128 code points
 * @property {number} last_seq 0 to 2147483647
 * @property {number} last_pos 0 to 2147483647
 * @property {number} last_result_cseq 0 to 2147483647
 */

/**
 * Answer to `ping` with the same number.
 *
 * @typedef {object} Pong
 * @property {"pong"} type
 * @property {number} n 0 to 2147483647
 */

/**
 * Every event up to `seq` has arrived; the server may forget them.
 *
 * @typedef {object} Ack
 * @property {"ack"} type
 * @property {number} seq 0 to 2147483647
 */

/**
 * How good the line was in the last five seconds; a report that may be lost, so it has no answer.
 *
 * @typedef {object} Quality
 * @property {"quality"} type
 * @property {string} room at most 64 code points
 * @property {"audio" | "stills" | "text" | "video" | "video_high" | "video_low"} rung
 * @property {"direct" | "none" | "turn_tcp" | "turn_tls" | "turn_udp"} route
 * @property {number} rtt_ms 0 to 1000000000.0
 * @property {number} jitter_ms 0 to 1000000000.0
 * @property {number} up_kbps 0 to 1000000000.0
 * @property {number} down_kbps 0 to 1000000000.0
 * @property {number} available_kbps 0 to 1000000000.0
 * @property {number} up_loss 0 to 1
 * @property {number} down_loss 0 to 1
 * @property {number} concealed 0 to 1
 * @property {number} freezes 0 to 2147483647
 * @property {number} frozen_ms 0 to 1000000000.0
 * @property {number} fps_in 0 to 1000000000.0
 * @property {number} fps_out 0 to 1000000000.0
 * @property {number} width_in 0 to 2147483647
 * @property {number} height_in 0 to 2147483647
 * @property {number} width_out 0 to 2147483647
 * @property {number} height_out 0 to 2147483647
 * @property {number} nacks 0 to 2147483647
 * @property {number} plis 0 to 2147483647
 * @property {number} discarded 0 to 2147483647
 * @property {number} encode_ms 0 to 1000000000.0
 * @property {number} decode_ms 0 to 1000000000.0
 * @property {number} buffer_ms 0 to 1000000000.0
 * @property {number} mic_level 0 to 1
 * @property {number} far_level 0 to 1
 * @property {boolean} mic_on
 * @property {boolean} camera_on
 * @property {"bandwidth" | "cpu" | "none" | "other"} limited_by
 * @property {number} page_lag_ms 0 to 1000000000.0
 * @property {number} resumes 0 to 2147483647
 * @property {readonly ("camera_black" | "camera_frozen" | "low_power" | "mic_silent" | "page_hidden")[]} hints at most 5
 */

/**
 * Take the seat's place in a room that the server opened for it.
 *
 * @typedef {object} Join
 * @property {"join"} type
 * @property {string} id at most 36 code points
 * @property {number} cseq 0 to 2147483647
 * @property {string} room at most 64 code points
 */

/**
 * Give the place in the room back; the membership stays.
 *
 * @typedef {object} Leave
 * @property {"leave"} type
 * @property {string} id at most 36 code points
 * @property {number} cseq 0 to 2147483647
 * @property {string} room at most 64 code points
 */

/**
 * Build or replace the seat's one media transport; the result carries the answer.
 *
 * @typedef {object} TransportOffer
 * @property {"transport_offer"} type
 * @property {string} id at most 36 code points
 * @property {number} cseq 0 to 2147483647
 * @property {string} sdp at most 16384 code points
 */

/**
 * Take the seat's media transport down.
 *
 * @typedef {object} TransportClose
 * @property {"transport_close"} type
 * @property {string} id at most 36 code points
 * @property {number} cseq 0 to 2147483647
 */

/**
 * Own microphone and camera on or off, as the others should see it.
 *
 * @typedef {object} Media
 * @property {"media"} type
 * @property {string} id at most 36 code points
 * @property {number} cseq 0 to 2147483647
 * @property {string} room at most 64 code points
 * @property {boolean} audio
 * @property {boolean} video
 */

/**
 * Raise the own hand, or take it down.
 *
 * @typedef {object} Hand
 * @property {"hand"} type
 * @property {string} id at most 36 code points
 * @property {number} cseq 0 to 2147483647
 * @property {string} room at most 64 code points
 * @property {boolean} up
 */

/**
 * Report a set-up stage reached or the reason code of a failure.
 *
 * @typedef {object} SetUp
 * @property {"set_up"} type
 * @property {string} id at most 36 code points
 * @property {number} cseq 0 to 2147483647
 * @property {string} room at most 64 code points
 * @property {"E11" | "E12" | "E13" | "E14" | "E15" | "E21" | "E22" | "E23" | "E24" | "E25" | "E31" | "E32" | "E33" | "E34" | "E35" | "E41" | "E42" | "E51" | "E52" | "E53" | "E54" | "E55" | "E61" | "E62" | "E63" | "E64" | "E71" | "E72" | "E73" | "devices_ready" | "media_down" | "media_up" | "transport_up"} code
 */

/**
 * Say something in writing to everyone in the room.
 *
 * @typedef {object} Chat
 * @property {"chat"} type
 * @property {string} id at most 36 code points
 * @property {number} cseq 0 to 2147483647
 * @property {string} room at most 64 code points
 * @property {string} text at most 2000 code points
 */

/**
 * The ticket was good and a new session began: this is how to resume it.
 *
 * @typedef {object} Welcome
 * @property {"welcome"} type
 * @property {string} seat at most 64 code points
 * @property {string} sid at most 64 code points
 * @property {string} resume_token at most 128 code points
 * @property {number} window_s 0 to 2147483647
 * @property {number} pos 0 to 2147483647
 * @property {string} epoch at most 64 code points
 * @property {number} proto 0 to 2147483647
 * @property {string} build at most 64 code points
 * @property {string} server_time RFC 3339 with offset
 */

/**
 * The session goes on: events follow from `replay_from`, the token is a new one.
 *
 * @typedef {object} Resumed
 * @property {"resumed"} type
 * @property {string} sid at most 64 code points
 * @property {string} resume_token at most 128 code points
 * @property {string} epoch at most 64 code points
 * @property {number} replay_from 0 to 2147483647
 * @property {number} last_cseq 0 to 2147483647
 * @property {string} build at most 64 code points
 * @property {string} server_time RFC 3339 with offset
 */

/**
 * The session is over; `welcome` of a new one follows on the same socket, except after `conflict`.
 *
 * @typedef {object} ResumeFailed
 * @property {"resume_failed"} type
 * @property {"conflict" | "expired" | "gap"} reason
 * @property {number} last_cseq 0 to 2147483647
 */

/**
 * The server asks for a sign of life.
 *
 * @typedef {object} Ping
 * @property {"ping"} type
 * @property {number} n 0 to 2147483647
 */

/**
 * The command `re` was carried out.
 *
 * @typedef {object} Result
 * @property {"result"} type
 * @property {string} re at most 36 code points
 * @property {true} ok
 * @property {string} [sdp] at most 16384 code points
 * @property {string} [at] RFC 3339 with offset
 */

/**
 * The frame was not carried out; `re` is absent when it had no readable id.
 *
 * @typedef {object} Refused
 * @property {"refused"} type
 * @property {string} code at most 40 code points
 * @property {string} [re] at most 36 code points
 */

/**
 * One member of a room as a receiver sees it; `slot` is null for the receiver itself.
 *
 * @typedef {object} Peer
 * @property {string} seat at most 64 code points
 * @property {string} role at most 40 code points
 * @property {string} name at most 80 code points
 * @property {string} post at most 80 code points
 * @property {boolean} present
 * @property {boolean} audio
 * @property {boolean} video
 * @property {number | null} slot 0 to 4
 * @property {boolean} held
 * @property {number} hand 0 to 6
 * @property {boolean} lead
 * @property {boolean} offered
 * @property {boolean} private
 */

/**
 * The whole room as this seat sees it; replaces what was known before.
 *
 * @typedef {object} RoomState
 * @property {"room_state"} type
 * @property {number} seq 0 to 2147483647
 * @property {number} pos 0 to 2147483647
 * @property {string} room at most 64 code points
 * @property {"closed" | "countdown" | "live"} phase
 * @property {number} countdown_ms 0 to 2147483647
 * @property {string} why at most 40 code points
 * @property {boolean} private
 * @property {readonly Peer[]} peers at most 6
 */

/**
 * A line of the room's conversation, kept by the server before anybody sees it.
 *
 * @typedef {object} ChatLine
 * @property {"chat"} type
 * @property {number} seq 0 to 2147483647
 * @property {number} pos 0 to 2147483647
 * @property {string} room at most 64 code points
 * @property {string} from_seat at most 64 code points
 * @property {string} text at most 2000 code points
 * @property {string} at RFC 3339 with offset
 */

/**
 * The seat's media transport is gone on the server's side: offer again.
 *
 * @typedef {object} TransportLost
 * @property {"transport_lost"} type
 * @property {number} seq 0 to 2147483647
 * @property {number} pos 0 to 2147483647
 */

/**
 * A visit asks for this officer.
 *
 * @typedef {object} Ring
 * @property {"ring"} type
 * @property {number} seq 0 to 2147483647
 * @property {number} pos 0 to 2147483647
 * @property {string} visit at most 64 code points
 * @property {string} ticket at most 80 code points
 * @property {string} place at most 80 code points
 * @property {readonly string[]} matter_kinds at most 20
 * @property {boolean} direct
 * @property {string} raised_at RFC 3339 with offset
 * @property {number} answer_by_s 0 to 2147483647
 */

/**
 * The ring is over, whoever ended it.
 *
 * @typedef {object} RingStopped
 * @property {"ring_stopped"} type
 * @property {number} seq 0 to 2147483647
 * @property {number} pos 0 to 2147483647
 * @property {string} visit at most 64 code points
 * @property {"answered" | "cancelled" | "declined" | "off_duty" | "unanswered"} why
 */

/**
 * One waiting visit.
 *
 * @typedef {object} QueueRow
 * @property {string} visit at most 64 code points
 * @property {string} ticket at most 80 code points
 * @property {string} place at most 80 code points
 * @property {readonly string[]} matter_kinds at most 20
 * @property {string} raised_at RFC 3339 with offset
 * @property {string} state at most 40 code points
 * @property {boolean} direct
 */

/**
 * The whole waiting queue in calling order; replaces what was known before.
 *
 * @typedef {object} Queue
 * @property {"queue"} type
 * @property {number} seq 0 to 2147483647
 * @property {number} pos 0 to 2147483647
 * @property {readonly QueueRow[]} rows at most 200
 */

/**
 * Where the visit stands, for its terminal and its participants.
 *
 * @typedef {object} Visit
 * @property {"visit"} type
 * @property {number} seq 0 to 2147483647
 * @property {number} pos 0 to 2147483647
 * @property {string} visit at most 64 code points
 * @property {string} state at most 40 code points
 * @property {number | null} position 0 to 2147483647
 * @property {number | null} expected_minutes 0 to 2147483647
 * @property {string | null} officer_name at most 80 code points
 * @property {string | null} officer_post at most 80 code points
 * @property {string | null} callback_owner at most 80 code points
 * @property {string | null} callback_by RFC 3339 with offset
 */

/**
 * The officer's own duty state.
 *
 * @typedef {object} Duty
 * @property {"duty"} type
 * @property {number} seq 0 to 2147483647
 * @property {number} pos 0 to 2147483647
 * @property {"blocked" | "busy" | "off" | "ready"} state
 * @property {string | null} reason at most 40 code points
 * @property {number} pending 0 to 2147483647
 */

/**
 * An officer in a call asks this one to join it.
 *
 * @typedef {object} Invite
 * @property {"invite"} type
 * @property {number} seq 0 to 2147483647
 * @property {number} pos 0 to 2147483647
 * @property {string} visit at most 64 code points
 * @property {string} room at most 64 code points
 * @property {string} ticket at most 80 code points
 * @property {string} place at most 80 code points
 * @property {string} from_name at most 80 code points
 * @property {string} from_post at most 80 code points
 */

/**
 * How a participant's line is, for the officials in the room; `score` from 0 (none) to 100 (good).
 *
 * @typedef {object} LineQuality
 * @property {"line_quality"} type
 * @property {number} seq 0 to 2147483647
 * @property {number} pos 0 to 2147483647
 * @property {string} room at most 64 code points
 * @property {string} of_seat at most 64 code points
 * @property {number} score 0 to 100
 * @property {"audio" | "stills" | "text" | "video" | "video_high" | "video_low"} rung
 * @property {"direct" | "none" | "turn_tcp" | "turn_tls" | "turn_udp"} route
 * @property {number} rtt_ms 0 to 1000000000.0
 * @property {number} loss 0 to 1
 * @property {readonly ("camera_black" | "camera_frozen" | "low_power" | "mic_silent" | "page_hidden")[]} hints at most 5
 * @property {string} at RFC 3339 with offset
 */

/**
 * The server closes the socket next, for this reason.
 *
 * @typedef {object} Gone
 * @property {"gone"} type
 * @property {number} seq 0 to 2147483647
 * @property {number} pos 0 to 2147483647
 * @property {string} code at most 40 code points
 */

/** @typedef {Hello | Resume | Pong | Ack | Quality | Join | Leave | TransportOffer | TransportClose | Media | Hand | SetUp | Chat} ClientMessage */

/** @typedef {Welcome | Resumed | ResumeFailed | Ping | Result | Refused | RoomState | ChatLine | TransportLost | Ring | RingStopped | Queue | Visit | Duty | Invite | LineQuality | Gone} ServerMessage */

/**
 * @typedef {object} Field what a field may hold
 * @property {"string" | "integer" | "number" | "boolean" | "list" | "record" | "moment"} kind
 * @property {boolean} [optional] may be absent
 * @property {boolean} [nullable]
 * @property {readonly (string | boolean)[]} [only] the closed set of values
 * @property {number} [least] smallest number, or shortest length in code points or items
 * @property {number} [most] largest number, or longest length in code points or items
 * @property {string} [pattern]
 * @property {Field} [items] of a list
 * @property {Fields} [fields] of a record
 *
 * @typedef {{ readonly [name: string]: Field }} Fields
 */

export const PROTOCOL_VERSION = 1;

export const MAX_FRAME_BYTES = 65536;

/** Why the server closed the socket. */
export const CloseCode = Object.freeze({
  PROTOCOL: 4400,
  TICKET: 4401,
  SILENT: 4408,
  TAKEN_OVER: 4409,
  REVOKED: 4410,
  TOO_LARGE: 4413,
  FLOOD: 4429,
  RESTART: 1012,
});

/** @type {Readonly<Record<string, Fields>>} */
export const CLIENT_FIELDS = Object.freeze({
  hello: {
    ticket: {"kind": "string", "least": 1, "most": 128},
    proto: {"kind": "integer", "least": 0, "most": 2147483647},
  },
  resume: {
    ticket: {"kind": "string", "least": 1, "most": 128},
    proto: {"kind": "integer", "least": 0, "most": 2147483647},
    sid: {"kind": "string", "most": 64, "pattern": "^[A-Za-z0-9_-]+$"},
    token: {"kind": "string", "least": 1, "most": 128},
    last_seq: {"kind": "integer", "least": 0, "most": 2147483647},
    last_pos: {"kind": "integer", "least": 0, "most": 2147483647},
    last_result_cseq: {"kind": "integer", "least": 0, "most": 2147483647},
  },
  pong: {
    n: {"kind": "integer", "least": 0, "most": 2147483647},
  },
  ack: {
    seq: {"kind": "integer", "least": 0, "most": 2147483647},
  },
  quality: {
    room: {"kind": "string", "most": 64, "pattern": "^[A-Za-z0-9_-]+$"},
    rung: {"kind": "string", "only": ["audio", "stills", "text", "video", "video_high", "video_low"]},
    route: {"kind": "string", "only": ["direct", "none", "turn_tcp", "turn_tls", "turn_udp"]},
    rtt_ms: {"kind": "number", "least": 0, "most": 1000000000.0},
    jitter_ms: {"kind": "number", "least": 0, "most": 1000000000.0},
    up_kbps: {"kind": "number", "least": 0, "most": 1000000000.0},
    down_kbps: {"kind": "number", "least": 0, "most": 1000000000.0},
    available_kbps: {"kind": "number", "least": 0, "most": 1000000000.0},
    up_loss: {"kind": "number", "least": 0, "most": 1},
    down_loss: {"kind": "number", "least": 0, "most": 1},
    concealed: {"kind": "number", "least": 0, "most": 1},
    freezes: {"kind": "integer", "least": 0, "most": 2147483647},
    frozen_ms: {"kind": "number", "least": 0, "most": 1000000000.0},
    fps_in: {"kind": "number", "least": 0, "most": 1000000000.0},
    fps_out: {"kind": "number", "least": 0, "most": 1000000000.0},
    width_in: {"kind": "integer", "least": 0, "most": 2147483647},
    height_in: {"kind": "integer", "least": 0, "most": 2147483647},
    width_out: {"kind": "integer", "least": 0, "most": 2147483647},
    height_out: {"kind": "integer", "least": 0, "most": 2147483647},
    nacks: {"kind": "integer", "least": 0, "most": 2147483647},
    plis: {"kind": "integer", "least": 0, "most": 2147483647},
    discarded: {"kind": "integer", "least": 0, "most": 2147483647},
    encode_ms: {"kind": "number", "least": 0, "most": 1000000000.0},
    decode_ms: {"kind": "number", "least": 0, "most": 1000000000.0},
    buffer_ms: {"kind": "number", "least": 0, "most": 1000000000.0},
    mic_level: {"kind": "number", "least": 0, "most": 1},
    far_level: {"kind": "number", "least": 0, "most": 1},
    mic_on: {"kind": "boolean"},
    camera_on: {"kind": "boolean"},
    limited_by: {"kind": "string", "only": ["bandwidth", "cpu", "none", "other"]},
    page_lag_ms: {"kind": "number", "least": 0, "most": 1000000000.0},
    resumes: {"kind": "integer", "least": 0, "most": 2147483647},
    hints: {"kind": "list", "most": 5, "items": {"kind": "string", "only": ["camera_black", "camera_frozen", "low_power", "mic_silent", "page_hidden"]}},
  },
  join: {
    id: {"kind": "string", "most": 36, "pattern": "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"},
    cseq: {"kind": "integer", "least": 0, "most": 2147483647},
    room: {"kind": "string", "most": 64, "pattern": "^[A-Za-z0-9_-]+$"},
  },
  leave: {
    id: {"kind": "string", "most": 36, "pattern": "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"},
    cseq: {"kind": "integer", "least": 0, "most": 2147483647},
    room: {"kind": "string", "most": 64, "pattern": "^[A-Za-z0-9_-]+$"},
  },
  transport_offer: {
    id: {"kind": "string", "most": 36, "pattern": "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"},
    cseq: {"kind": "integer", "least": 0, "most": 2147483647},
    sdp: {"kind": "string", "least": 1, "most": 16384},
  },
  transport_close: {
    id: {"kind": "string", "most": 36, "pattern": "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"},
    cseq: {"kind": "integer", "least": 0, "most": 2147483647},
  },
  media: {
    id: {"kind": "string", "most": 36, "pattern": "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"},
    cseq: {"kind": "integer", "least": 0, "most": 2147483647},
    room: {"kind": "string", "most": 64, "pattern": "^[A-Za-z0-9_-]+$"},
    audio: {"kind": "boolean"},
    video: {"kind": "boolean"},
  },
  hand: {
    id: {"kind": "string", "most": 36, "pattern": "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"},
    cseq: {"kind": "integer", "least": 0, "most": 2147483647},
    room: {"kind": "string", "most": 64, "pattern": "^[A-Za-z0-9_-]+$"},
    up: {"kind": "boolean"},
  },
  set_up: {
    id: {"kind": "string", "most": 36, "pattern": "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"},
    cseq: {"kind": "integer", "least": 0, "most": 2147483647},
    room: {"kind": "string", "most": 64, "pattern": "^[A-Za-z0-9_-]+$"},
    code: {"kind": "string", "only": ["E11", "E12", "E13", "E14", "E15", "E21", "E22", "E23", "E24", "E25", "E31", "E32", "E33", "E34", "E35", "E41", "E42", "E51", "E52", "E53", "E54", "E55", "E61", "E62", "E63", "E64", "E71", "E72", "E73", "devices_ready", "media_down", "media_up", "transport_up"]},
  },
  chat: {
    id: {"kind": "string", "most": 36, "pattern": "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"},
    cseq: {"kind": "integer", "least": 0, "most": 2147483647},
    room: {"kind": "string", "most": 64, "pattern": "^[A-Za-z0-9_-]+$"},
    text: {"kind": "string", "least": 1, "most": 2000, "pattern": "^(?=[\\s\\S]*\\S)[^\\x00-\\x08\\x0b-\\x1f\\x7f]*$"},
  },
});

/** @type {Readonly<Record<string, Fields>>} */
export const SERVER_FIELDS = Object.freeze({
  welcome: {
    seat: {"kind": "string", "most": 64, "pattern": "^[A-Za-z0-9_-]+$"},
    sid: {"kind": "string", "most": 64, "pattern": "^[A-Za-z0-9_-]+$"},
    resume_token: {"kind": "string", "least": 1, "most": 128},
    window_s: {"kind": "integer", "least": 0, "most": 2147483647},
    pos: {"kind": "integer", "least": 0, "most": 2147483647},
    epoch: {"kind": "string", "most": 64},
    proto: {"kind": "integer", "least": 0, "most": 2147483647},
    build: {"kind": "string", "most": 64},
    server_time: {"kind": "moment"},
  },
  resumed: {
    sid: {"kind": "string", "most": 64, "pattern": "^[A-Za-z0-9_-]+$"},
    resume_token: {"kind": "string", "least": 1, "most": 128},
    epoch: {"kind": "string", "most": 64},
    replay_from: {"kind": "integer", "least": 0, "most": 2147483647},
    last_cseq: {"kind": "integer", "least": 0, "most": 2147483647},
    build: {"kind": "string", "most": 64},
    server_time: {"kind": "moment"},
  },
  resume_failed: {
    reason: {"kind": "string", "only": ["conflict", "expired", "gap"]},
    last_cseq: {"kind": "integer", "least": 0, "most": 2147483647},
  },
  ping: {
    n: {"kind": "integer", "least": 0, "most": 2147483647},
  },
  result: {
    re: {"kind": "string", "most": 36, "pattern": "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"},
    ok: {"kind": "boolean", "only": [true]},
    sdp: {"kind": "string", "least": 1, "most": 16384, "optional": true},
    at: {"kind": "moment", "optional": true},
  },
  refused: {
    code: {"kind": "string", "most": 40, "pattern": "^[a-z0-9_]+$"},
    re: {"kind": "string", "most": 36, "pattern": "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", "optional": true},
  },
  room_state: {
    seq: {"kind": "integer", "least": 0, "most": 2147483647},
    pos: {"kind": "integer", "least": 0, "most": 2147483647},
    room: {"kind": "string", "most": 64, "pattern": "^[A-Za-z0-9_-]+$"},
    phase: {"kind": "string", "only": ["closed", "countdown", "live"]},
    countdown_ms: {"kind": "integer", "least": 0, "most": 2147483647},
    why: {"kind": "string", "most": 40},
    private: {"kind": "boolean"},
    peers: {"kind": "list", "most": 6, "items": {"kind": "record", "fields": {"seat": {"kind": "string", "most": 64, "pattern": "^[A-Za-z0-9_-]+$"}, "role": {"kind": "string", "most": 40, "pattern": "^[a-z0-9_]+$"}, "name": {"kind": "string", "most": 80}, "post": {"kind": "string", "most": 80}, "present": {"kind": "boolean"}, "audio": {"kind": "boolean"}, "video": {"kind": "boolean"}, "slot": {"kind": "integer", "least": 0, "most": 4, "nullable": true}, "held": {"kind": "boolean"}, "hand": {"kind": "integer", "least": 0, "most": 6}, "lead": {"kind": "boolean"}, "offered": {"kind": "boolean"}, "private": {"kind": "boolean"}}}},
  },
  chat: {
    seq: {"kind": "integer", "least": 0, "most": 2147483647},
    pos: {"kind": "integer", "least": 0, "most": 2147483647},
    room: {"kind": "string", "most": 64, "pattern": "^[A-Za-z0-9_-]+$"},
    from_seat: {"kind": "string", "most": 64, "pattern": "^[A-Za-z0-9_-]+$"},
    text: {"kind": "string", "least": 1, "most": 2000, "pattern": "^(?=[\\s\\S]*\\S)[^\\x00-\\x08\\x0b-\\x1f\\x7f]*$"},
    at: {"kind": "moment"},
  },
  transport_lost: {
    seq: {"kind": "integer", "least": 0, "most": 2147483647},
    pos: {"kind": "integer", "least": 0, "most": 2147483647},
  },
  ring: {
    seq: {"kind": "integer", "least": 0, "most": 2147483647},
    pos: {"kind": "integer", "least": 0, "most": 2147483647},
    visit: {"kind": "string", "most": 64, "pattern": "^[A-Za-z0-9_-]+$"},
    ticket: {"kind": "string", "most": 80},
    place: {"kind": "string", "most": 80},
    matter_kinds: {"kind": "list", "most": 20, "items": {"kind": "string", "most": 40, "pattern": "^[a-z0-9_]+$"}},
    direct: {"kind": "boolean"},
    raised_at: {"kind": "moment"},
    answer_by_s: {"kind": "integer", "least": 0, "most": 2147483647},
  },
  ring_stopped: {
    seq: {"kind": "integer", "least": 0, "most": 2147483647},
    pos: {"kind": "integer", "least": 0, "most": 2147483647},
    visit: {"kind": "string", "most": 64, "pattern": "^[A-Za-z0-9_-]+$"},
    why: {"kind": "string", "only": ["answered", "cancelled", "declined", "off_duty", "unanswered"]},
  },
  queue: {
    seq: {"kind": "integer", "least": 0, "most": 2147483647},
    pos: {"kind": "integer", "least": 0, "most": 2147483647},
    rows: {"kind": "list", "most": 200, "items": {"kind": "record", "fields": {"visit": {"kind": "string", "most": 64, "pattern": "^[A-Za-z0-9_-]+$"}, "ticket": {"kind": "string", "most": 80}, "place": {"kind": "string", "most": 80}, "matter_kinds": {"kind": "list", "most": 20, "items": {"kind": "string", "most": 40, "pattern": "^[a-z0-9_]+$"}}, "raised_at": {"kind": "moment"}, "state": {"kind": "string", "most": 40, "pattern": "^[a-z0-9_]+$"}, "direct": {"kind": "boolean"}}}},
  },
  visit: {
    seq: {"kind": "integer", "least": 0, "most": 2147483647},
    pos: {"kind": "integer", "least": 0, "most": 2147483647},
    visit: {"kind": "string", "most": 64, "pattern": "^[A-Za-z0-9_-]+$"},
    state: {"kind": "string", "most": 40, "pattern": "^[a-z0-9_]+$"},
    position: {"kind": "integer", "least": 0, "most": 2147483647, "nullable": true},
    expected_minutes: {"kind": "integer", "least": 0, "most": 2147483647, "nullable": true},
    officer_name: {"kind": "string", "most": 80, "nullable": true},
    officer_post: {"kind": "string", "most": 80, "nullable": true},
    callback_owner: {"kind": "string", "most": 80, "nullable": true},
    callback_by: {"kind": "moment", "nullable": true},
  },
  duty: {
    seq: {"kind": "integer", "least": 0, "most": 2147483647},
    pos: {"kind": "integer", "least": 0, "most": 2147483647},
    state: {"kind": "string", "only": ["blocked", "busy", "off", "ready"]},
    reason: {"kind": "string", "most": 40, "pattern": "^[a-z0-9_]+$", "nullable": true},
    pending: {"kind": "integer", "least": 0, "most": 2147483647},
  },
  invite: {
    seq: {"kind": "integer", "least": 0, "most": 2147483647},
    pos: {"kind": "integer", "least": 0, "most": 2147483647},
    visit: {"kind": "string", "most": 64, "pattern": "^[A-Za-z0-9_-]+$"},
    room: {"kind": "string", "most": 64, "pattern": "^[A-Za-z0-9_-]+$"},
    ticket: {"kind": "string", "most": 80},
    place: {"kind": "string", "most": 80},
    from_name: {"kind": "string", "most": 80},
    from_post: {"kind": "string", "most": 80},
  },
  line_quality: {
    seq: {"kind": "integer", "least": 0, "most": 2147483647},
    pos: {"kind": "integer", "least": 0, "most": 2147483647},
    room: {"kind": "string", "most": 64, "pattern": "^[A-Za-z0-9_-]+$"},
    of_seat: {"kind": "string", "most": 64, "pattern": "^[A-Za-z0-9_-]+$"},
    score: {"kind": "integer", "least": 0, "most": 100},
    rung: {"kind": "string", "only": ["audio", "stills", "text", "video", "video_high", "video_low"]},
    route: {"kind": "string", "only": ["direct", "none", "turn_tcp", "turn_tls", "turn_udp"]},
    rtt_ms: {"kind": "number", "least": 0, "most": 1000000000.0},
    loss: {"kind": "number", "least": 0, "most": 1},
    hints: {"kind": "list", "most": 5, "items": {"kind": "string", "only": ["camera_black", "camera_frozen", "low_power", "mic_silent", "page_hidden"]}},
    at: {"kind": "moment"},
  },
  gone: {
    seq: {"kind": "integer", "least": 0, "most": 2147483647},
    pos: {"kind": "integer", "least": 0, "most": 2147483647},
    code: {"kind": "string", "most": 40, "pattern": "^[a-z0-9_]+$"},
  },
});

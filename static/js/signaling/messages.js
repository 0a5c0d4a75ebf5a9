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
 * Answer to `ping` with the same number.
 *
 * @typedef {object} Pong
 * @property {"pong"} type
 * @property {number} n 0 to 2147483647
 */

/**
 * Take the seat's place in a room that the server opened for it.
 *
 * @typedef {object} Join
 * @property {"join"} type
 * @property {string} id at most 36 code points
 * @property {string} room at most 64 code points
 */

/**
 * Give the place in the room back; the membership stays.
 *
 * @typedef {object} Leave
 * @property {"leave"} type
 * @property {string} id at most 36 code points
 * @property {string} room at most 64 code points
 */

/**
 * Build or replace the seat's one media transport; the result carries the answer.
 *
 * @typedef {object} TransportOffer
 * @property {"transport_offer"} type
 * @property {string} id at most 36 code points
 * @property {string} sdp at most 16384 code points
 */

/**
 * Take the seat's media transport down.
 *
 * @typedef {object} TransportClose
 * @property {"transport_close"} type
 * @property {string} id at most 36 code points
 */

/**
 * Own microphone and camera on or off, as the others should see it.
 *
 * @typedef {object} Media
 * @property {"media"} type
 * @property {string} id at most 36 code points
 * @property {string} room at most 64 code points
 * @property {boolean} audio
 * @property {boolean} video
 */

/**
 * Report a set-up stage reached or the reason code of a failure.
 *
 * @typedef {object} SetUp
 * @property {"set_up"} type
 * @property {string} id at most 36 code points
 * @property {string} room at most 64 code points
 * @property {"E11" | "E12" | "E13" | "E14" | "E15" | "E21" | "E22" | "E23" | "E24" | "E25" | "E31" | "E32" | "E33" | "E34" | "E35" | "E41" | "E42" | "E51" | "E52" | "E53" | "E54" | "E55" | "E61" | "E62" | "E63" | "E64" | "E71" | "E72" | "E73" | "devices_ready" | "media_down" | "media_up" | "transport_up"} code
 */

/**
 * Say something in writing to everyone in the room.
 *
 * @typedef {object} Chat
 * @property {"chat"} type
 * @property {string} id at most 36 code points
 * @property {string} room at most 64 code points
 * @property {string} text at most 2000 code points
 */

/**
 * The ticket was good; a new `epoch` says that the server lost its memory.
 *
 * @typedef {object} Welcome
 * @property {"welcome"} type
 * @property {string} seat at most 64 code points
 * @property {string} epoch at most 64 code points
 * @property {number} proto 0 to 2147483647
 * @property {string} server_time RFC 3339 with offset
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
 */

/**
 * The whole room as this seat sees it; replaces what was known before.
 *
 * @typedef {object} RoomState
 * @property {"room_state"} type
 * @property {number} seq 0 to 2147483647
 * @property {string} room at most 64 code points
 * @property {"closed" | "countdown" | "live"} phase
 * @property {number} countdown_ms 0 to 2147483647
 * @property {string} why at most 40 code points
 * @property {readonly Peer[]} peers at most 6
 */

/**
 * A line of the room's conversation, kept by the server before anybody sees it.
 *
 * @typedef {object} ChatLine
 * @property {"chat"} type
 * @property {number} seq 0 to 2147483647
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
 */

/**
 * A visit asks for this officer.
 *
 * @typedef {object} Ring
 * @property {"ring"} type
 * @property {number} seq 0 to 2147483647
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
 * @property {readonly QueueRow[]} rows at most 200
 */

/**
 * Where the visit stands, for its terminal and its participants.
 *
 * @typedef {object} Visit
 * @property {"visit"} type
 * @property {number} seq 0 to 2147483647
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
 * @property {string} visit at most 64 code points
 * @property {string} room at most 64 code points
 * @property {string} ticket at most 80 code points
 * @property {string} place at most 80 code points
 * @property {string} from_name at most 80 code points
 * @property {string} from_post at most 80 code points
 */

/**
 * The server closes the socket next, for this reason.
 *
 * @typedef {object} Gone
 * @property {"gone"} type
 * @property {number} seq 0 to 2147483647
 * @property {string} code at most 40 code points
 */

/** @typedef {Hello | Pong | Join | Leave | TransportOffer | TransportClose | Media | SetUp | Chat} ClientMessage */

/** @typedef {Welcome | Ping | Result | Refused | RoomState | ChatLine | TransportLost | Ring | RingStopped | Queue | Visit | Duty | Invite | Gone} ServerMessage */

/**
 * @typedef {object} Field what a field may hold
 * @property {"string" | "integer" | "boolean" | "list" | "record" | "moment"} kind
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
  pong: {
    n: {"kind": "integer", "least": 0, "most": 2147483647},
  },
  join: {
    id: {"kind": "string", "most": 36, "pattern": "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"},
    room: {"kind": "string", "most": 64, "pattern": "^[A-Za-z0-9_-]+$"},
  },
  leave: {
    id: {"kind": "string", "most": 36, "pattern": "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"},
    room: {"kind": "string", "most": 64, "pattern": "^[A-Za-z0-9_-]+$"},
  },
  transport_offer: {
    id: {"kind": "string", "most": 36, "pattern": "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"},
    sdp: {"kind": "string", "least": 1, "most": 16384},
  },
  transport_close: {
    id: {"kind": "string", "most": 36, "pattern": "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"},
  },
  media: {
    id: {"kind": "string", "most": 36, "pattern": "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"},
    room: {"kind": "string", "most": 64, "pattern": "^[A-Za-z0-9_-]+$"},
    audio: {"kind": "boolean"},
    video: {"kind": "boolean"},
  },
  set_up: {
    id: {"kind": "string", "most": 36, "pattern": "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"},
    room: {"kind": "string", "most": 64, "pattern": "^[A-Za-z0-9_-]+$"},
    code: {"kind": "string", "only": ["E11", "E12", "E13", "E14", "E15", "E21", "E22", "E23", "E24", "E25", "E31", "E32", "E33", "E34", "E35", "E41", "E42", "E51", "E52", "E53", "E54", "E55", "E61", "E62", "E63", "E64", "E71", "E72", "E73", "devices_ready", "media_down", "media_up", "transport_up"]},
  },
  chat: {
    id: {"kind": "string", "most": 36, "pattern": "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"},
    room: {"kind": "string", "most": 64, "pattern": "^[A-Za-z0-9_-]+$"},
    text: {"kind": "string", "least": 1, "most": 2000, "pattern": "^(?=[\\s\\S]*\\S)[^\\x00-\\x08\\x0b-\\x1f\\x7f]*$"},
  },
});

/** @type {Readonly<Record<string, Fields>>} */
export const SERVER_FIELDS = Object.freeze({
  welcome: {
    seat: {"kind": "string", "most": 64, "pattern": "^[A-Za-z0-9_-]+$"},
    epoch: {"kind": "string", "most": 64},
    proto: {"kind": "integer", "least": 0, "most": 2147483647},
    server_time: {"kind": "moment"},
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
    room: {"kind": "string", "most": 64, "pattern": "^[A-Za-z0-9_-]+$"},
    phase: {"kind": "string", "only": ["closed", "countdown", "live"]},
    countdown_ms: {"kind": "integer", "least": 0, "most": 2147483647},
    why: {"kind": "string", "most": 40},
    peers: {"kind": "list", "most": 6, "items": {"kind": "record", "fields": {"seat": {"kind": "string", "most": 64, "pattern": "^[A-Za-z0-9_-]+$"}, "role": {"kind": "string", "most": 40, "pattern": "^[a-z0-9_]+$"}, "name": {"kind": "string", "most": 80}, "post": {"kind": "string", "most": 80}, "present": {"kind": "boolean"}, "audio": {"kind": "boolean"}, "video": {"kind": "boolean"}, "slot": {"kind": "integer", "least": 0, "most": 4, "nullable": true}}}},
  },
  chat: {
    seq: {"kind": "integer", "least": 0, "most": 2147483647},
    room: {"kind": "string", "most": 64, "pattern": "^[A-Za-z0-9_-]+$"},
    from_seat: {"kind": "string", "most": 64, "pattern": "^[A-Za-z0-9_-]+$"},
    text: {"kind": "string", "least": 1, "most": 2000, "pattern": "^(?=[\\s\\S]*\\S)[^\\x00-\\x08\\x0b-\\x1f\\x7f]*$"},
    at: {"kind": "moment"},
  },
  transport_lost: {
    seq: {"kind": "integer", "least": 0, "most": 2147483647},
  },
  ring: {
    seq: {"kind": "integer", "least": 0, "most": 2147483647},
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
    visit: {"kind": "string", "most": 64, "pattern": "^[A-Za-z0-9_-]+$"},
    why: {"kind": "string", "only": ["answered", "cancelled", "declined", "off_duty", "unanswered"]},
  },
  queue: {
    seq: {"kind": "integer", "least": 0, "most": 2147483647},
    rows: {"kind": "list", "most": 200, "items": {"kind": "record", "fields": {"visit": {"kind": "string", "most": 64, "pattern": "^[A-Za-z0-9_-]+$"}, "ticket": {"kind": "string", "most": 80}, "place": {"kind": "string", "most": 80}, "matter_kinds": {"kind": "list", "most": 20, "items": {"kind": "string", "most": 40, "pattern": "^[a-z0-9_]+$"}}, "raised_at": {"kind": "moment"}, "state": {"kind": "string", "most": 40, "pattern": "^[a-z0-9_]+$"}, "direct": {"kind": "boolean"}}}},
  },
  visit: {
    seq: {"kind": "integer", "least": 0, "most": 2147483647},
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
    state: {"kind": "string", "only": ["blocked", "busy", "off", "ready"]},
    reason: {"kind": "string", "most": 40, "pattern": "^[a-z0-9_]+$", "nullable": true},
    pending: {"kind": "integer", "least": 0, "most": 2147483647},
  },
  invite: {
    seq: {"kind": "integer", "least": 0, "most": 2147483647},
    visit: {"kind": "string", "most": 64, "pattern": "^[A-Za-z0-9_-]+$"},
    room: {"kind": "string", "most": 64, "pattern": "^[A-Za-z0-9_-]+$"},
    ticket: {"kind": "string", "most": 80},
    place: {"kind": "string", "most": 80},
    from_name: {"kind": "string", "most": 80},
    from_post: {"kind": "string", "most": 80},
  },
  gone: {
    seq: {"kind": "integer", "least": 0, "most": 2147483647},
    code: {"kind": "string", "most": 40, "pattern": "^[a-z0-9_]+$"},
  },
});

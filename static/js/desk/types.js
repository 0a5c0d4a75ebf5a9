/**
 * Shapes that the desk's modules share. Types only; nothing runs here.
 *
 * @typedef {{person: string, name: string, post: string, seat: string}} Me
 * @typedef {{state: "off" | "ready" | "busy" | "blocked", reason: string | null, pending: number}} Duty
 * @typedef {{visit: string, ticket: string, place: string, matter_kinds: string[], raised_at: string,
 *   state: string, direct: boolean, officer?: string | null}} QueueRow officer: received it before its line was lost
 * @typedef {{visit: string, ticket: string, place: string, matter_kinds: string[], direct: boolean,
 *   raised_at: string, answer_by_s: number}} Ring
 * @typedef {{visit: string, room: string, ticket: string, place: string, from_name: string, from_post: string}} Invitation
 * @typedef {{visit: string, case_no: string, ticket: string, reason: string, since: string}} Pending
 * @typedef {{visit: string, case_no: string, ticket: string, place: string, reason: string, since: string,
 *   parked: boolean, offered: boolean}} Suspended offered: its terminal is back and it stands in the queue
 * @typedef {{visit: string, room: string, state: "in_call" | "wrap_up", isHost: boolean}} Current
 *   isHost: answered the visit and owes its outcome; false for an invited colleague
 * @typedef {{person: string, name: string, post: string, present: boolean, free: boolean}} Colleague
 *
 * @typedef {{me: Me, duty: Duty, queue: QueueRow[], pending: Pending[], suspended: Suspended[],
 *   current: Current | null, colleagues: Colleague[], rings: Ring[], invitations: Invitation[]}} Desk
 *
 * @typedef {{me: Me, duty: {state: Duty["state"], reason?: string | null, pending?: number}, queue: QueueRow[],
 *   pending: Pending[], suspended: Suspended[], current: {visit: string, room: string, state: string, is_host?: boolean} | null,
 *   colleagues: Colleague[]}} DeskAnswer what GET /api/v1/desk says
 *
 * @typedef {{code: string, asked: string, answer: string, next: string, due_on: string | null, owner: string}} Draft
 * @typedef {{draft: Draft, version: number, saved_at: string | null}} SavedDraft version 0: nothing saved yet
 *
 * @typedef {{role: string, name: string, id_number: string, phone: string, address: string}} MaskedPerson masked by the server
 * @typedef {{by: string, answer: string, satisfied: boolean, doubt: string | null, answered_at: string}} TownshipAnswer
 * @typedef {{visit: string, case_no: string, ticket: string, state: string, place: string, direct: boolean,
 *   anonymous: boolean, head_count: number, raised_at: string | null, matters: {kind: string, summary: string}[],
 *   township_answer: TownshipAnswer | null, declaration: {present: string[], officer_left: boolean} | null,
 *   people: MaskedPerson[], chat: {at: string, who: string, role: string, text: string}[],
 *   owners: {person: string, name: string, post: string}[],
 *   outcome_codes: {code: string, needs_due: boolean}[]}} VisitView what GET /api/v1/visits/{visit} says
 */

export {};

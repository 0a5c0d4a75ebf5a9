/**
 * Shapes that the call modules and components share. Types only; nothing runs here.
 *
 * @typedef {"idle" | "queued" | "ringing" | "countdown" | "connecting" | "connected" | "held" | "private"
 *   | "suspended" | "reconnecting" | "ended"} CallState
 *
 * @typedef {{seat: string, role: string, name: string, post: string, present: boolean,
 *   audio: boolean, video: boolean, slot: number | null,
 *   held?: boolean, hand?: number, lead?: boolean, offered?: boolean, private?: boolean}} Peer slot is null for oneself;
 *   hand: its turn among the raised hands, 0 when it is not raised
 *
 * @typedef {{type: "room_state", seq: number, room: string, phase: "countdown" | "live" | "closed",
 *   countdown_ms: number, why: string, private?: boolean, peers: Peer[]}} RoomState always the whole room as this seat sees it
 *
 * @typedef {{type?: "chat", seq?: number, room: string, from_seat: string, text: string, at: string}} ChatLine
 *
 * @typedef {{audio: boolean, video: boolean}} Expected what a slot should bring
 *
 * @typedef {EventTarget & {close(): void, resume(): void, command(message: any, options?: {withinMs?: number}): Promise<any>,
 *   state?: string, resumes?: number, report?(report: any): void, doubt?(): void}} Connection
 *   signaling/connection.js as the call modules see it
 */

export {};

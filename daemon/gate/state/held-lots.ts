import type { Side } from '../../core/request.ts';
import type { OrderState } from './order.ts';
import { longLots, type PositionState, shortLots } from './positions.ts';

/** Lots that a side would close: of the position, or of one agent's share. */
export function heldOn(position: PositionState | undefined, side: Side, agent: string | null): number {
  if (position === undefined) return 0;
  if (agent === null) return side === 'sell' ? longLots(position) : shortLots(position);
  const share = position.shares.get(agent) ?? 0;
  return Math.max(0, side === 'sell' ? share : -share);
}

/**
 * Lots on the side that `side` closes that are proven to be held, and that the last reading of the account lacks.
 * `added`: what it may contain beyond the proven ones.
 */
export function lackingLots(position: PositionState | undefined, side: Side, added = 0): number {
  if (position === undefined || position.disputedLots === null) return 0;
  const held = (lots: number): number => Math.max(0, side === 'sell' ? lots : -lots);
  return Math.max(0, held(position.lots) + added - held(position.disputedLots));
}

/**
 * The same for proven lots only: signed, since fills may be proven in any order; without lots that only a reading
 * shows.
 */
export function provenOn(position: PositionState | undefined, side: Side, agent: string | null): number {
  const lots = agent === null ? (position?.lots ?? 0) : (position?.shares.get(agent) ?? 0);
  return side === 'sell' ? lots : -lots;
}

/** What an exit may close. */
export interface Room {
  /**
   * Lots held when it was requested and not closed since. Negative: more was closed than was known to be held, which
   * comes off what earlier openings turn out to have filled.
   */
  roomLots: number;
  /** By how much a reading of that time differs from what is proven by now. Positive: the room counts what it showed. */
  disputedLots: number;
  /** Venue time until which that reading contains all fills; null: there is none, or it does not say. */
  readAtMs: number | null;
}

/** The reading that was the last one when a room was asked for. */
export interface RoomReading {
  /** Signed, on the side that is closed. */
  readonly lots: number;
  readonly atMs: number;
}

/** `provenLots`: signed. `reading`: what of it is not proven may turn out to be fills of before. */
export function askRoom(roomLots: number, provenLots: number, reading: RoomReading | null): Room {
  if (reading === null)
    return { roomLots, disputedLots: Math.max(0, roomLots - Math.max(0, provenLots)), readAtMs: null };
  const shown = roomLots > Math.max(0, provenLots) ? roomLots : reading.lots;
  return { roomLots, disputedLots: shown - provenLots, readAtMs: reading.atMs };
}

/**
 * A fill is proven. INVARIANT: one that the reading contains, closing or opening, was counted when the room was asked
 * for: it changes what is disputed, and the room only as far as more is proven than the reading showed. So the room is
 * the same in whatever order such fills become known.
 */
export function moveRoom(room: Room, lots: number, isRead: boolean): void {
  const provenLots = room.roomLots - Math.max(0, room.disputedLots) + lots;
  if (isRead) room.disputedLots -= lots;
  room.roomLots = provenLots + Math.max(0, room.disputedLots);
}

/** `lots`: by which a fill moves what is held. What a reading without a time shows are openings that are not proven yet. */
export function isReadInto({ disputedLots, readAtMs }: Room, lots: number, filledAtMs: number): boolean {
  return readAtMs === null ? lots > 0 && disputedLots > 0 : filledAtMs <= readAtMs;
}

/** A later reading agrees with what is proven, and no order is unproven: what only the earlier one showed was not held. */
export function settleRoom(room: Room): void {
  room.roomLots -= Math.max(0, room.disputedLots);
  room.disputedLots = 0;
  room.readAtMs = null;
}

/** Proven lots on the side that `side` closes, signed; `agent` null: of the whole position. */
export interface HeldChange {
  readonly agent: string | null;
  readonly side: Side;
  readonly before: number;
  readonly after: number;
}

/** What the last reading showed of the whole position on that side; null: it does not say when that was so. */
export function readingOn(position: PositionState | undefined, side: Side): RoomReading | null {
  if (position === undefined || position.readAtMs === null) return null;
  const lots = position.disputedLots ?? position.lots;
  return { lots: side === 'sell' ? lots : -lots, atMs: position.readAtMs };
}

/** Lots of an order that are proven to have been executed. */
export interface HeldFill {
  readonly order: OrderState;
  /** When they were, venue time. */
  readonly atMs: number;
}

/**
 * Notes the held lots of a position, by agent and in total (null), and reports what a fill or a reading has changed.
 * Disputed lots do not count, since they may come and go.
 */
export function noteHeld(position: PositionState): () => readonly HeldChange[] {
  const lots = position.lots;
  const before = new Map(position.shares);
  return () => {
    const after = position.shares;
    const changes: HeldChange[] = [];
    noteChange(changes, null, lots, position.lots);
    for (const [agent, was] of before) noteChange(changes, agent, was, after.get(agent) ?? 0);
    for (const [agent, is] of after) if (!before.has(agent)) noteChange(changes, agent, 0, is);
    return changes;
  };
}
function noteChange(changes: HeldChange[], agent: string | null, was: number, is: number): void {
  if (was === is) return;
  changes.push({ agent, side: 'sell', before: was, after: is }, { agent, side: 'buy', before: -was, after: -is });
}

/**
 * An agent holds more by the late fill of another: what was charged to it since, without that fill, was too much. It was
 * the agent's all along.
 */
export function isGivenBack({ agent }: HeldChange, order: { readonly agent: string | null }): boolean {
  return agent !== null && agent !== order.agent;
}

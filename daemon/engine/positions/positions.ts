import type { Side } from '../../core/request.ts';
import { type DatedFill, filledSince, noteFill } from '../kept/dated-fills.ts';
import type { PositionRecord } from '../records/events.ts';
import { followLeverage, type LeverageSetting } from './leverage-setting.ts';
import { type Holding, type MovedLots, movedLots, moveOwned, ownE8 } from './ownership.ts';
import { movePosition, noteTaken, putBackTaken, type TakenLots } from './taken-lots.ts';

/** How long a venue snapshot and our own count may differ before the venue is believed, ms. */
export const DISAGREEMENT_MS = 10_000;
/** How many consecutive snapshots must agree: stale answers before and after a pause are no proof. */
const DISAGREEMENTS = 3;
/** The same while one of our resting orders could explain the difference: its own report may take longer. */
export const EXPLAINED_MS = 60_000;

/** Live orders of the symbol whose fills a snapshot may show before their own reports. */
export interface PossibleFills {
  /** In flight, unknown or lost: their fills are unknown. */
  readonly unproven: boolean;
  /** Lots that resting orders may still fill, by side. */
  readonly buyE8: number;
  readonly sellE8: number;
  /** A stop for the whole position, whatever its size, waits on that side. */
  readonly buysAll?: boolean;
  readonly sellsAll?: boolean;
}

/**
 * One symbol's position: the last reconciled position plus own fills since. A venue snapshot replaces it only if it is
 * not older than our last fill; until then the larger of the two counts on each side (BY-38). Instants are by `t`.
 */
export interface PositionState extends Holding, LeverageSetting, TakenLots {
  readonly symbol: string;
  /** Signed lots that exits closed beyond what was known: the fills that opened them are told later. */
  closedAheadE8: number;
  /** The last fills. */
  readonly fills: DatedFill[];
  disputedSinceMs: number | null;
  /** What the last reading shows, where it is of before our last fills and agrees with all else; null: it is not so. */
  behindE8: number | null;
  /** How many consecutive snapshots had that value. */
  disputedTimes: number;
  entryPrice: number;
  liquidationPrice: number | null;
  unrealisedPnlUsdt: number | null;
  /** Of the last reading that had one; null: none had. */
  markPrice: number | null;
  maintenanceMarginUsdt: number;
  /** When our last own fill of this symbol was made; 0: none was. */
  lastFillAtMs: number;
  sinceMs: number | null;
}
export function createPosition(symbol: string): PositionState {
  return {
    symbol,
    quantityE8: 0,
    disputedE8: null,
    disputedSinceMs: null,
    readAtMs: null,
    behindE8: null,
    disputedTimes: 0,
    entryPrice: 0,
    liquidationPrice: null,
    leverage: null,
    ownLeverage: null,
    unrealisedPnlUsdt: null,
    markPrice: null,
    maintenanceMarginUsdt: 0,
    lastFillAtMs: 0,
    sinceMs: null,
    holder: null,
    isContested: false,
    release: null,
    unownedE8: 0,
    mistaken: null,
    liquidatedE8: 0,
    taken: [],
    closedAheadE8: 0,
    fills: [],
  };
}

export function longE8(position: PositionState): number {
  return Math.max(0, position.quantityE8, position.disputedE8 ?? 0);
}
export function shortE8(position: PositionState): number {
  return Math.max(0, -position.quantityE8, -(position.disputedE8 ?? 0));
}
/** Lots that a reduction may rely on: the smaller of our own count and a reading's on that side. */
export function surelyHeldE8({ quantityE8, behindE8, disputedE8 }: PositionState): number {
  const shown = (disputedE8 ?? quantityE8) * Math.sign(quantityE8);
  return Math.max(0, Math.min(Math.abs(quantityE8), shown, (behindE8 ?? quantityE8) * Math.sign(quantityE8)));
}

/**
 * Signed lots to protect: the position or, while we know of none, what the venue keeps showing although
 * an unknown order keeps us from adopting it.
 */
export function toProtectE8(position: PositionState, nowMs: number): number {
  const { quantityE8, disputedE8, disputedSinceMs } = position;
  if (quantityE8 !== 0 || disputedE8 === null || disputedSinceMs === null) return quantityE8;
  return position.disputedTimes >= DISAGREEMENTS && nowMs - disputedSinceMs >= DISAGREEMENT_MS ? disputedE8 : 0;
}

/** A fill of an order of ours, or of one that a list showed. */
export interface PositionFill {
  readonly side: Side;
  readonly quantityE8: number;
  readonly price: number | null;
  readonly atMs: number;
  /** Of the holder's order, or of an exit of the gate. */
  readonly isHolders: boolean;
  /** Of an order that is not ours. */
  readonly isForeign: boolean;
  /** The venue did not cross zero with it. */
  readonly reduceOnly: boolean;
  /** Client id of its order, if trades of it will say when it filled. */
  readonly order: string | null;
}

/** What a fill did, by the lots that were held before it. Whatever speaks of opening, closing or turning reads this. */
export interface FillEffect {
  /** To the position of the account. */
  readonly position: MovedLots;
  /** To the holder's part of it. */
  readonly own: MovedLots;
}

const NOTHING: MovedLots = { closed: 0, opened: 0 };

/** Moves lots from an order to the position: the only view event of a fill. */
export function applyFill(position: PositionState, fill: PositionFill): FillEffect {
  const { atMs, isForeign, isHolders, quantityE8, order, price, reduceOnly, side } = fill;
  const signed = side === 'buy' ? quantityE8 : -quantityE8;
  position.lastFillAtMs = Math.max(position.lastFillAtMs, atMs);
  // A snapshot showed it before the order's own report: the fill confirms it and must not be added again.
  const isRead = position.readAtMs !== null && atMs <= position.readAtMs;
  const shownWith = (shown: number): number => (reduceOnly ? reduced(shown, signed) : shown + signed);
  const { quantityE8: shown } = position;
  // What is in doubt since such a fill no reading disputes.
  const isBelieved = isRead && position.disputedSinceMs === null;
  if (isForeign && isBelieved) {
    // The reading was believed, and has moved what a person did as its fill would. RISK: two fills may share a millisecond
    // with it. Until the next one the position counts both with this one and without.
    dispute(position, shownWith(position.disputedE8 ?? shown));
    return { position: movedLots(shown - signed, signed), own: NOTHING };
  }
  const containedE8 = isBelieved ? putBackTaken(position, fill) : 0;
  const before = position.quantityE8;
  const moved = movePosition(position, signed, reduceOnly);
  const own = moveOwned(position, signed, isHolders);
  position.quantityE8 += signed;
  if (isHolders && !reduceOnly) position.mistaken = null;
  if (position.disputedE8 === position.quantityE8) {
    position.disputedE8 = null;
    position.disputedSinceMs = null;
  } else if (position.disputedE8 !== null && !isRead) position.disputedE8 = shownWith(position.disputedE8);
  if (containedE8 === 0) followEntry(position, before, signed, price);
  // RISK: two fills may share a millisecond with the reading: until the next one the position counts with this one beside
  // them, too.
  else dispute(position, shownWith(position.disputedE8 ?? position.quantityE8));
  beginAnew(position, shown, atMs);
  noteFill(position.fills, { signed, atMs, order });
  return { position: moved, own: reduceOnly ? { ...own, opened: 0 } : own };
}

/** The next reading that shows the same is the first of those that have to agree. */
function dispute(position: PositionState, quantityE8: number): void {
  position.disputedE8 = quantityE8;
  position.disputedSinceMs = null;
  position.disputedTimes = 0;
}

/** A reading from before the position was opened does not turn a reduceOnly fill into an opening of the other side. */
function reduced(quantityE8: number, signed: number): number {
  if (quantityE8 * signed >= 0) return quantityE8;
  return signed < 0 ? Math.max(0, quantityE8 + signed) : Math.min(0, quantityE8 + signed);
}

function followEntry(position: PositionState, before: number, signed: number, price: number | null): void {
  const after = before + signed;
  if (price === null) return;
  if (before === 0 || Math.sign(before) !== Math.sign(after)) position.entryPrice = after === 0 ? 0 : price;
  else if (Math.sign(before) === Math.sign(signed)) {
    position.entryPrice = (position.entryPrice * Math.abs(before) + price * Math.abs(signed)) / Math.abs(after);
  }
}

/**
 * Applies the venue's value. It is adopted if it agrees, if it is newer than our last fill, or if the disagreement has
 * lasted. Otherwise the larger of the two counts on each side; but one of before our own last fills that agrees with
 * what was known then changes nothing. RISK: a fill that the snapshot shows before the order's report would move twice,
 * so nothing is adopted while one of our orders may explain the difference.
 */
export function applySnapshot(
  position: PositionState,
  record: PositionRecord | null,
  requestedAtMs: number,
  leverage: number | null,
  possible: PossibleFills,
): void {
  const quantityE8 = record === null ? 0 : record.quantity_e8;
  if (record !== null && record.mark_price > 0) position.markPrice = record.mark_price;
  if (leverage !== null) followLeverage(position, leverage, requestedAtMs);
  position.behindE8 = quantityE8 !== position.quantityE8 && isOfBefore(position, record) ? quantityE8 : null;
  if (position.behindE8 !== null) return;
  position.readAtMs = record === null || record.updated_at_ms === 0 ? null : record.updated_at_ms;
  if (quantityE8 !== position.quantityE8) {
    const isSame = position.disputedE8 === quantityE8;
    const since = isSame ? (position.disputedSinceMs ?? requestedAtMs) : requestedAtMs;
    position.disputedTimes = isSame ? position.disputedTimes + 1 : 1;
    if (!mayAdopt(position, record, requestedAtMs, since, possible)) {
      position.disputedE8 = quantityE8;
      position.disputedSinceMs = since;
      return;
    }
    adopt(position, quantityE8, requestedAtMs);
  }
  position.disputedE8 = null;
  position.disputedSinceMs = null;
  position.entryPrice = record?.entry_price ?? 0;
  position.liquidationPrice = record?.liquidation_price ?? null;
  position.unrealisedPnlUsdt = record?.unrealised_pnl_usdt ?? null;
  position.maintenanceMarginUsdt = record?.maintenance_margin_usdt ?? 0;
}

/**
 * A reading lags behind: with our fills after its own time it is what we know. It says nothing of what is held now, and
 * nothing to dispute.
 */
function isOfBefore({ fills, quantityE8 }: PositionState, record: PositionRecord | null): boolean {
  if (record === null || record.updated_at_ms === 0) return false;
  const since = filledSince(fills, record.updated_at_ms);
  return since !== 0 && record.quantity_e8 + since === quantityE8;
}

function mayAdopt(
  position: PositionState,
  record: PositionRecord | null,
  requestedAtMs: number,
  sinceMs: number,
  possible: PossibleFills,
): boolean {
  const quantityE8 = record?.quantity_e8 ?? 0;
  const difference = quantityE8 - position.quantityE8;
  // Trades tell of all of it: no order of ours has a part in that.
  const taken = -Math.sign(position.quantityE8) * position.liquidatedE8;
  if (taken !== 0 && difference === taken) return true;
  if (possible.unproven) return false;
  const isCut =
    quantityE8 * Math.sign(position.quantityE8) >= 0 && Math.abs(quantityE8) < Math.abs(position.quantityE8);
  const explained =
    difference > 0
      ? difference <= possible.buyE8 || (isCut && possible.buysAll === true)
      : -difference <= possible.sellE8 || (isCut && possible.sellsAll === true);
  const isFirm = position.disputedTimes >= DISAGREEMENTS;
  if (explained) return isFirm && requestedAtMs - sinceMs >= EXPLAINED_MS;
  if (position.lastFillAtMs === 0) return true;
  const newer = record !== null && record.updated_at_ms > position.lastFillAtMs;
  if (newer && requestedAtMs > position.lastFillAtMs) return true;
  if (!isFirm) return false;
  return requestedAtMs - sinceMs >= DISAGREEMENT_MS && requestedAtMs - position.lastFillAtMs >= DISAGREEMENT_MS;
}

/** What is held is flat, or of another side than before. */
function beginAnew(position: PositionState, before: number, atMs: number): void {
  const { quantityE8 } = position;
  if (before !== 0 && Math.sign(before) === Math.sign(quantityE8)) return;
  position.sinceMs = quantityE8 === 0 ? null : atMs;
  position.taken.length = 0;
}

/**
 * Adopts the venue's value. What is missing was sold by hand, and comes out of nobody's lots first; a liquidation takes
 * the holder's. RISK: a reading may be of before: where a later one shows what has stood since before it, what it took
 * from the holder is given back to it, and is not nobody's.
 */
function adopt(position: PositionState, quantityE8: number, atMs: number): void {
  const before = position.quantityE8;
  const { holder, unownedE8: unowned } = position;
  const own = ownE8(position);
  let left = quantityE8 - before;
  const move = (signed: number, isHolders: boolean): void => {
    moveOwned(position, signed, isHolders);
    position.quantityE8 += signed;
    left -= signed;
  };
  if (left * before < 0)
    move(Math.sign(left) * Math.min(Math.abs(left), Math.abs(before), position.liquidatedE8), true);
  position.liquidatedE8 = 0;
  position.closedAheadE8 = 0;
  const given = position.mistaken;
  const wasMistaken = given !== null && position.readAtMs !== null && position.readAtMs <= given.atMs;
  if (wasMistaken && given.quantityE8 * left > 0 && (holder === null || holder === given.agent)) {
    position.holder = given.agent;
    move(Math.sign(left) * Math.min(Math.abs(left), Math.abs(given.quantityE8)), true);
    position.mistaken = null;
  }
  move(left, false);
  const taken = own - ownE8(position);
  if (holder !== null && taken * own > 0) position.mistaken = { agent: holder, quantityE8: taken, atMs };
  beginAnew(position, before, atMs);
  noteTaken(position, quantityE8 - before, own, unowned, atMs);
  // From here on fills alone no longer explain the position.
  position.fills.length = 0;
}

import type { PositionRecord } from '../records/venue-events.ts';
import { followBook } from './fills.ts';
import { believe, heldAt } from './lot-book.ts';
import { followLeverage, type PositionState } from './positions.ts';

/** How long a venue snapshot and our own count may differ before the venue is believed, ms. */
export const DISAGREEMENT_MS = 10_000;
/** How many consecutive snapshots must agree: stale answers before and after a pause are no proof. */
const DISAGREEMENTS = 3;
/** The same while one of our resting orders could explain the difference: its own report may take longer. */
export const EXPLAINED_MS = 60_000;

/**
 * Signed lots to protect: the position or, while we know of none, what the venue keeps showing although
 * an unknown order keeps us from adopting it.
 */
export function toProtectE8(position: PositionState, nowMs: number): number {
  const { quantityE8, disputedE8, disputedSinceMs } = position;
  if (quantityE8 !== 0 || disputedE8 === null || disputedSinceMs === null) return quantityE8;
  return position.disputedTimes >= DISAGREEMENTS && nowMs - disputedSinceMs >= DISAGREEMENT_MS ? disputedE8 : 0;
}

/** What a reading of the account shows of a symbol. */
export interface ShownPosition {
  /** Null: no position. */
  readonly record: PositionRecord | null;
  readonly requestedAtMs: number;
  /** The venue's setting; null: it does not show it. */
  readonly leverage: number | null;
  /** Record of the reading. */
  readonly seq: number;
}

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
 * Applies the venue's value. It is adopted if it agrees, if it is newer than our last fill, or if the disagreement has
 * lasted. Otherwise the larger of the two counts on each side; but one of before our own last fills that agrees with
 * what was known then changes nothing. RISK: a fill that the snapshot shows before the order's report would move twice,
 * so nothing is adopted while one of our orders may explain the difference.
 */
export function applySnapshot(position: PositionState, shown: ShownPosition, possible: PossibleFills): void {
  const { leverage, record, requestedAtMs, seq } = shown;
  const quantityE8 = record === null ? 0 : record.quantity_e8;
  if (record !== null && record.mark_price > 0) position.markPrice = record.mark_price;
  if (leverage !== null) followLeverage(position, leverage, requestedAtMs);
  const { behindE8: wasBehindE8, doubt: doubted, quantityE8: known } = position;
  position.behindE8 = quantityE8 !== known && isOfBefore(position, record) ? quantityE8 : null;
  position.doubt = null;
  if (position.behindE8 !== null) {
    // RISK: no reading lags for long. One that goes on showing it may be right, whatever the dates say; it may also be old.
    if (requestedAtMs >= position.lastFillAtMs + DISAGREEMENT_MS)
      position.doubt = { lowE8: Math.min(known, quantityE8), highE8: Math.max(known, quantityE8) };
    return;
  }
  position.readAtMs = record === null || record.updated_at_ms === 0 ? null : record.updated_at_ms;
  if (quantityE8 !== position.quantityE8) {
    const isSame = position.disputedE8 === quantityE8;
    const since = isSame ? (position.disputedSinceMs ?? requestedAtMs) : requestedAtMs;
    position.disputedTimes = isSame ? position.disputedTimes + 1 : 1;
    const wasExpected = wasBehindE8 === null && (doubted?.lowE8 === quantityE8 || doubted?.highE8 === quantityE8);
    if (!wasExpected && !mayAdopt(position, record, { requestedAtMs, sinceMs: since }, possible)) {
      position.disputedE8 = quantityE8;
      position.disputedSinceMs = since;
      return;
    }
    const { book, holder, quantityE8: before, readAtMs: shownMs } = position;
    book.holder = holder;
    believe(book, { quantityE8, seq, shownMs, sinceMs: since });
    followBook(position, before, requestedAtMs);
  }
  position.disputedE8 = null;
  position.disputedSinceMs = null;
  position.entryPrice = record?.entry_price ?? 0;
  position.liquidationPrice = record?.liquidation_price ?? null;
  position.unrealisedPnlUsdt = record?.unrealised_pnl_usdt ?? null;
  position.maintenanceMarginUsdt = record?.maintenance_margin_usdt ?? 0;
}

/** A reading lags behind: it shows what we know of then, and nothing of what is held now. */
function isOfBefore({ book }: PositionState, record: PositionRecord | null): boolean {
  if (record === null || record.updated_at_ms === 0) return false;
  return heldAt(book, record.updated_at_ms) === record.quantity_e8;
}

function mayAdopt(
  position: PositionState,
  record: PositionRecord | null,
  { requestedAtMs, sinceMs }: { readonly requestedAtMs: number; readonly sinceMs: number },
  possible: PossibleFills,
): boolean {
  const quantityE8 = record?.quantity_e8 ?? 0;
  const difference = quantityE8 - position.quantityE8;
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

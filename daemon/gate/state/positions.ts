import type { Side } from '../../core/request.ts';
import type { PositionRecord } from '../events.ts';
import { apportion } from './apportion.ts';
import { type FilledShares, placeFill, sharesAt } from './shares.ts';

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
  readonly buyLots: number;
  readonly sellLots: number;
  /** A stop for the whole position, whatever its size, waits on that side. */
  readonly buysAll?: boolean;
  readonly sellsAll?: boolean;
}

/**
 * One symbol's position: the last reconciled position plus own fills since. A venue snapshot replaces it only if it is
 * not older than our last fill; until then the larger of the two counts on each side (BY-38).
 */
export interface PositionState extends FilledShares {
  readonly symbol: string;
  lots: number;
  /** A snapshot's value that could not be adopted yet; null if they agree. */
  disputedLots: number | null;
  disputedSinceMs: number | null;
  /** Venue time until which the last reading contains all fills, whether it agreed or not; null: it does not say. */
  readAtMs: number | null;
  /** What the last reading shows, where it is of before our last fills and agrees with all else; null: it is not so. */
  behindLots: number | null;
  /** How many consecutive snapshots had that value. */
  disputedTimes: number;
  entryPrice: number;
  liquidationPrice: number | null;
  /** Leverage setting at the venue; null: unknown. */
  leverage: number | null;
  /** Our last setting that the venue confirmed, until an account answer may contradict it. */
  ownLeverage: { readonly leverage: number; readonly confirmedAtMs: number } | null;
  unrealisedPnlUsdt: number | null;
  /** Of the last reading that had one; null: none had. */
  markPrice: number | null;
  maintenanceMarginUsdt: number;
  /** Venue time of our last own fill of this symbol. */
  lastFillAtMs: number;
  sinceMs: number | null;
}
export function createPosition(symbol: string): PositionState {
  return {
    symbol,
    lots: 0,
    disputedLots: null,
    disputedSinceMs: null,
    readAtMs: null,
    behindLots: null,
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
    shares: new Map(),
    fills: [],
  };
}

export function longLots(position: PositionState): number {
  return Math.max(0, position.lots, position.disputedLots ?? 0);
}
export function shortLots(position: PositionState): number {
  return Math.max(0, -position.lots, -(position.disputedLots ?? 0));
}
/** Lots that a reduction may rely on: the smaller of our own count and a reading's on that side. */
export function surelyHeldLots({ lots, behindLots, disputedLots }: PositionState): number {
  const shown = (disputedLots ?? lots) * Math.sign(lots);
  return Math.max(0, Math.min(Math.abs(lots), shown, (behindLots ?? lots) * Math.sign(lots)));
}

/**
 * Signed lots to protect: the position or, while we know of none, what the venue keeps showing although
 * an unknown order keeps us from adopting it.
 */
export function lotsToProtect(position: PositionState, nowMs: number): number {
  const { lots, disputedLots, disputedSinceMs } = position;
  if (lots !== 0 || disputedLots === null || disputedSinceMs === null) return lots;
  return position.disputedTimes >= DISAGREEMENTS && nowMs - disputedSinceMs >= DISAGREEMENT_MS ? disputedLots : 0;
}

/**
 * Moves lots from an order to the position: the only view event of a fill. `agentsFirst`: an exit of the gate, which
 * closes agents' lots first and those of nobody last. `reduceOnly`: the venue did not cross zero with it. `order`: its
 * client id, if trades of it will say when it filled.
 */
export function applyFill(
  position: PositionState,
  side: Side,
  lots: number,
  agent: string | null,
  price: number | null,
  atMs: number,
  agentsFirst = false,
  reduceOnly = false,
  order: string | null = null,
): void {
  const before = position.lots;
  const signed = side === 'buy' ? lots : -lots;
  position.lots += signed;
  position.lastFillAtMs = Math.max(position.lastFillAtMs, atMs);
  // A snapshot showed it before the order's own report: the fill confirms it and must not be added again.
  const isRead = position.readAtMs !== null && atMs <= position.readAtMs;
  if (position.disputedLots === position.lots) {
    position.disputedLots = null;
    position.disputedSinceMs = null;
  } else if (position.disputedLots !== null && !isRead)
    position.disputedLots = reduceOnly ? reduced(position.disputedLots, signed) : position.disputedLots + signed;
  followEntry(position, before, signed, price);
  if (position.lots === 0) position.sinceMs = null;
  else if (before === 0 || Math.sign(before) !== Math.sign(position.lots)) position.sinceMs = atMs;
  placeFill(position, before, { signed, agent, atMs, agentsFirst, order, of: order });
}

/** A reading from before the position was opened does not turn a reduceOnly fill into an opening of the other side. */
function reduced(lots: number, signed: number): number {
  if (lots * signed >= 0) return lots;
  return signed < 0 ? Math.max(0, lots + signed) : Math.min(0, lots + signed);
}

function followEntry(position: PositionState, before: number, signed: number, price: number | null): void {
  const after = before + signed;
  if (price === null) return;
  if (before === 0 || Math.sign(before) !== Math.sign(after)) position.entryPrice = after === 0 ? 0 : price;
  else if (Math.sign(before) === Math.sign(signed)) {
    position.entryPrice = (position.entryPrice * Math.abs(before) + price * Math.abs(signed)) / Math.abs(after);
  }
}

/** The venue confirmed our setting. `confirmedAtMs` is null in older records, which any answer replaces. */
export function setLeverage(position: PositionState, leverage: number, confirmedAtMs: number | null): void {
  position.leverage = leverage;
  position.ownLeverage = confirmedAtMs === null ? null : { leverage, confirmedAtMs };
}

/**
 * An answer requested before our setting was confirmed says nothing about it. One that contradicts it soon after may be
 * just as old, or somebody else changed it. The setting is then unknown, and the next order of a flat symbol sets it
 * again.
 */
function followLeverage(position: PositionState, leverage: number, requestedAtMs: number): void {
  const own = position.ownLeverage;
  if (own !== null && leverage !== own.leverage) {
    if (requestedAtMs < own.confirmedAtMs) return;
    if (requestedAtMs < own.confirmedAtMs + DISAGREEMENT_MS) {
      position.leverage = null;
      return;
    }
    position.ownLeverage = null;
  }
  position.leverage = leverage;
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
  doubted: ReadonlyMap<string, number> = NONE,
): void {
  const lots = record === null ? 0 : record.lots;
  if (record !== null && record.mark_price > 0) position.markPrice = record.mark_price;
  if (leverage !== null) followLeverage(position, leverage, requestedAtMs);
  position.behindLots = lots !== position.lots && isOfBefore(position, record) ? lots : null;
  if (position.behindLots !== null) return;
  position.readAtMs = record === null || record.updated_at_ms === 0 ? null : record.updated_at_ms;
  if (lots !== position.lots) {
    const isSame = position.disputedLots === lots;
    const since = isSame ? (position.disputedSinceMs ?? requestedAtMs) : requestedAtMs;
    position.disputedTimes = isSame ? position.disputedTimes + 1 : 1;
    if (!mayAdopt(position, record, requestedAtMs, since, possible)) {
      position.disputedLots = lots;
      position.disputedSinceMs = since;
      return;
    }
    adopt(position, lots, requestedAtMs, since, doubted);
  }
  position.disputedLots = null;
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
function isOfBefore({ fills, lots }: PositionState, record: PositionRecord | null): boolean {
  if (record === null || record.updated_at_ms === 0) return false;
  let since = 0;
  for (const { atMs, signed } of fills) if (atMs > record.updated_at_ms) since += signed;
  return since !== 0 && record.lots + since === lots;
}

function mayAdopt(
  position: PositionState,
  record: PositionRecord | null,
  requestedAtMs: number,
  sinceMs: number,
  possible: PossibleFills,
): boolean {
  if (possible.unproven) return false;
  const lots = record?.lots ?? 0;
  const difference = lots - position.lots;
  const isCut = lots * Math.sign(position.lots) >= 0 && Math.abs(lots) < Math.abs(position.lots);
  const explained =
    difference > 0
      ? difference <= possible.buyLots || (isCut && possible.buysAll === true)
      : -difference <= possible.sellLots || (isCut && possible.sellsAll === true);
  const isFirm = position.disputedTimes >= DISAGREEMENTS;
  if (explained) return isFirm && requestedAtMs - sinceMs >= EXPLAINED_MS;
  if (position.lastFillAtMs === 0) return true;
  const newer = record !== null && record.updated_at_ms > position.lastFillAtMs;
  if (newer && requestedAtMs > position.lastFillAtMs) return true;
  if (!isFirm) return false;
  return requestedAtMs - sinceMs >= DISAGREEMENT_MS && requestedAtMs - position.lastFillAtMs >= DISAGREEMENT_MS;
}

const NONE: ReadonlyMap<string, number> = new Map();

/**
 * Adopts the venue's value. Shares beyond it are cut. RISK: what was opened since is no part of what is missing, so lots
 * that their agent's exit found nothing of go first (`doubted`), then what was held when readings began to lack them, each
 * in proportion, as an exit that is no agent's.
 */
function adopt(
  position: PositionState,
  lots: number,
  atMs: number,
  sinceMs: number,
  doubted: ReadonlyMap<string, number>,
): void {
  const before = position.lots;
  const side = Math.sign(lots);
  const then = sharesAt(position, side, sinceMs);
  position.lots = lots;
  if (lots === 0) position.sinceMs = null;
  else if (before === 0 || Math.sign(before) !== side) position.sinceMs = atMs;
  // From here on fills alone no longer explain earlier shares.
  position.fills = [];
  for (const [name, share] of [...position.shares]) if (Math.sign(share) !== side) position.shares.delete(name);
  let beyond = -Math.abs(lots);
  for (const share of position.shares.values()) beyond += Math.abs(share);
  for (const mostOf of [
    (name: string) => doubted.get(name) ?? 0,
    (name: string) => then.get(name) ?? 0,
    () => Number.POSITIVE_INFINITY,
  ]) {
    const held = new Map<string, number>();
    for (const [name, share] of position.shares) held.set(name, Math.min(Math.abs(share), mostOf(name)));
    for (const { name, lots: cut } of apportion(held, beyond)) {
      const left = Math.abs(position.shares.get(name) ?? 0) - cut;
      beyond -= cut;
      if (left === 0) position.shares.delete(name);
      else position.shares.set(name, side * left);
    }
  }
}

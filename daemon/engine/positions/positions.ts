import { createLotBook, type LotBook } from './lot-book.ts';
import { lotsOf } from './lots.ts';

/** So long after our own setting an answer that contradicts it may be of before, ms. */
const DOUBTED_MS = 10_000;

/** What leverage a symbol is set to at the venue. */
interface LeverageSetting {
  /** Null: unknown. */
  leverage: number | null;
  /** Our last setting that the venue confirmed, until an account answer may contradict it. */
  ownLeverage: { readonly leverage: number; readonly confirmedAtMs: number } | null;
  /** The most of our settings whose answers were lost, and when the last one was; null: none was. */
  lostLeverage: { readonly leverage: number; readonly lostAtMs: number } | null;
}

/** The venue confirmed our setting. `confirmedAtMs` is null in older records, which any answer replaces. */
export function setLeverage(setting: LeverageSetting, leverage: number, confirmedAtMs: number | null): void {
  setting.leverage = leverage;
  setting.ownLeverage = confirmedAtMs === null ? null : { leverage, confirmedAtMs };
}

/** RISK: an earlier one of more may still arrive as well. */
export function noteLostLeverage(setting: LeverageSetting, leverage: number, lostAtMs: number): void {
  setting.lostLeverage = { leverage: Math.max(leverage, setting.lostLeverage?.leverage ?? 0), lostAtMs };
}

/**
 * An answer requested before our setting was confirmed says nothing about it. One that contradicts it soon after may be
 * just as old, or somebody else changed it. The setting is then unknown, and the next order of a flat symbol sets it
 * again.
 */
export function followLeverage(setting: LeverageSetting, leverage: number, requestedAtMs: number): void {
  const own = setting.ownLeverage;
  if (own !== null && leverage !== own.leverage) {
    if (requestedAtMs < own.confirmedAtMs) return;
    if (requestedAtMs < own.confirmedAtMs + DOUBTED_MS) {
      setting.leverage = null;
      return;
    }
    setting.ownLeverage = null;
  }
  setting.leverage = leverage;
}

/**
 * Whose a symbol is (DESIGN 12.1). One agent holds it from the record of its first permitted opening until the
 * position is flat and no order of that agent there can still fill. What no record of the holder explains is
 * nobody's. Sizes in units of 1e-8.
 */
export interface Holding {
  /** The agent that holds the symbol; null: none does. */
  holder: string | null;
  /** Several agents held it by records of before this contract: none does until it is flat, or adopted. */
  isContested: boolean;
  /** An operator released it from these agents, one each: they open nothing until the symbol is free, or until then. */
  releases: readonly Release[];
}
interface Release {
  readonly agent: string;
  /** How long after the symbol is free, ms. */
  readonly forMs: number;
  /** Domain time; null: the symbol is not free yet. */
  readonly untilMs: number | null;
}

interface Doubt {
  readonly lowE8: number;
  readonly highE8: number;
}

/**
 * One symbol's position: the last reconciled position plus own fills since. A venue snapshot replaces it only if it is
 * not older than our last fill; until then the larger of the two counts on each side (BY-38). Instants are by `t`.
 */
export interface PositionState extends Holding, LeverageSetting {
  readonly symbol: string;
  /** What is held, and whose it is. */
  readonly book: LotBook;
  /** Signed; by the book. */
  quantityE8: number;
  /** A snapshot's value that could not be adopted yet; null if they agree. */
  disputedE8: number | null;
  /** Until when the last reading contains all fills, whether it agreed or not; null: it does not say. */
  readAtMs: number | null;
  disputedSinceMs: number | null;
  /** What the last reading shows, where it is of before our last fills and agrees with all else; null: it is not so. */
  behindE8: number | null;
  /**
   * Least and most that may be held, signed, where what is known may err until the next snapshot: a fill that a believed reading
   * contains by its date may have come after it. Null: it is not so.
   */
  doubt: Doubt | null;
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
    doubt: null,
    disputedTimes: 0,
    entryPrice: 0,
    liquidationPrice: null,
    leverage: null,
    ownLeverage: null,
    lostLeverage: null,
    unrealisedPnlUsdt: null,
    markPrice: null,
    maintenanceMarginUsdt: 0,
    lastFillAtMs: 0,
    sinceMs: null,
    holder: null,
    isContested: false,
    releases: [],
    book: createLotBook(),
  };
}

export function longE8({ disputedE8, doubt, quantityE8 }: PositionState): number {
  return Math.max(0, quantityE8, disputedE8 ?? 0, doubt?.highE8 ?? 0);
}
export function shortE8({ disputedE8, doubt, quantityE8 }: PositionState): number {
  return Math.max(0, -quantityE8, -(disputedE8 ?? 0), -(doubt?.lowE8 ?? 0));
}
/** Lots that a reduction may rely on: the smallest of our own count and of readings on that side. */
export function surelyHeldE8({ behindE8, disputedE8, doubt, quantityE8 }: PositionState): number {
  const sign = Math.sign(quantityE8);
  const counts = [disputedE8, behindE8, doubt?.lowE8, doubt?.highE8].map((countE8) => (countE8 ?? quantityE8) * sign);
  return Math.max(0, Math.min(Math.abs(quantityE8), ...counts));
}
/** Nothing is held, by whatever count. */
export function isFlat({ disputedE8, doubt, quantityE8 }: PositionState): boolean {
  return quantityE8 === 0 && disputedE8 === null && doubt === null;
}
/** The last reading shows what is known. */
export function isSettled({ behindE8, disputedE8, doubt }: PositionState): boolean {
  return disputedE8 === null && behindE8 === null && doubt === null;
}

/** Signed lots, in units of 1e-8, that the holder's own fills opened and that are not closed. */
export function ownE8({ book, holder }: PositionState): number {
  return holder === null ? 0 : lotsOf(book.lots, holder);
}
/** Signed lots, in units of 1e-8, that are nobody's. */
export function unownedE8({ book, holder }: PositionState): number {
  let quantityE8 = 0;
  for (const part of book.lots.parts) if (holder === null || part.owner !== holder) quantityE8 += part.quantityE8;
  return quantityE8;
}

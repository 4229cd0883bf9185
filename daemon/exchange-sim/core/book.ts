import { divideRounded, type E8, maximum, minimum, ONE } from './fixed.ts';
import type { Instrument } from './instruments.ts';

/**
 * The modelled market around the mark. The mid is the mark (shifted by `offset` when a test dislocates the book); the
 * best quotes lie max(1 tick, 0.1 bps, `halfSpread`) from it, and each further level 1 bps (at least 1 tick) behind. Every level
 * holds `levelNotional` USDT, floored to lots (at least one lot). So a taker order of n USDT pays at the margin
 * 0.1 + floor(n / levelNotional) bps, and on average about 0.1 + n / (2 * levelNotional) bps. The book is full again
 * at once: an account's own impact does not persist.
 */
export const BOOK_LEVELS = 100;

export interface BookLevel {
  readonly price: E8;
  readonly quantity: E8;
}

export interface BookInput {
  readonly instrument: Instrument;
  readonly mark: E8;
  /** Signed fraction by which the book lies away from the mark (0 normally). */
  readonly offset: E8;
  /** Fraction of the mid by which each best quote lies away from it, at least (0 normally). */
  readonly halfSpread: E8;
  readonly levelNotional: E8;
}

function roundToTick(value: E8, tick: E8): E8 {
  return divideRounded(value, tick) * tick;
}

/** Price of level `index` (0 is the best) on one side, in whole ticks and never below one tick. */
export function levelPrice(book: BookInput, side: 'bid' | 'ask', index: number): E8 {
  const { tick } = book.instrument;
  const mid = roundToTick(book.mark + (book.mark * book.offset) / ONE, tick);
  const wide = (mid * book.halfSpread) / ONE / tick;
  const half = maximum(maximum(tick, (mid / 100_000n / tick) * tick), wide * tick);
  const step = maximum(tick, (mid / 10_000n / tick) * tick);
  const distance = half + step * BigInt(index);
  return side === 'ask' ? mid + distance : maximum(tick, mid - distance);
}

function levelQuantity(book: BookInput, price: E8): E8 {
  const { lot } = book.instrument;
  const lots = (book.levelNotional * ONE) / price / lot;
  return maximum(lots, 1n) * lot;
}

export function bestPrice(book: BookInput, side: 'bid' | 'ask'): E8 {
  return levelPrice(book, side, 0);
}

/** The first `count` levels of one side. */
export function buildLevels(book: BookInput, side: 'bid' | 'ask', count: number): readonly BookLevel[] {
  const levels: BookLevel[] = [];
  for (let index = 0; index < Math.min(count, BOOK_LEVELS); index++) {
    const price = levelPrice(book, side, index);
    levels.push({ price, quantity: levelQuantity(book, price) });
  }
  return levels;
}

/**
 * What a taker of `quantity` gets: slices level by level, none beyond `limit` (null: to the end of the book). The sum
 * may be less than requested.
 */
export function walkBook(book: BookInput, side: 'BUY' | 'SELL', quantity: E8, limit: E8 | null): readonly BookLevel[] {
  const taken: BookLevel[] = [];
  let left = quantity;
  for (let index = 0; index < BOOK_LEVELS && left > 0n; index++) {
    const price = levelPrice(book, side === 'BUY' ? 'ask' : 'bid', index);
    if (limit !== null && (side === 'BUY' ? price > limit : price < limit)) break;
    const slice = minimum(left, levelQuantity(book, price));
    taken.push({ price, quantity: slice });
    left -= slice;
  }
  return taken;
}

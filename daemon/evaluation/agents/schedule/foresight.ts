import type { Side } from '../../../core/request.ts';
import type { SymbolBars } from '../../facts/markets.ts';

/** Instants of a bar's extremes as shares of it: the mark walks open -> one extreme -> the other -> close. */
const FIRST_EXTREME = 7 / 20;
const SECOND_EXTREME = 14 / 20;

export interface Moment {
  readonly bar: number;
  /** Share of the bar that has passed. */
  readonly share: number;
  readonly side: Side;
  /** What a position taken then loses until it can be undone, as a fraction of its price. */
  readonly loss: number;
}

/**
 * The entry of one bar that loses most until a strategy can react: bought at the high or sold at the low and held to
 * the closes of this bar and the next. Only schedules may look ahead like this.
 */
export function worstMoment({ open, high, low, close }: SymbolBars, bar: number): Moment {
  const exit = (close[bar]! + (close[bar + 1] ?? close[bar]!)) / 2;
  const bought = (high[bar]! - exit) / high[bar]!;
  const sold = (exit - low[bar]!) / low[bar]!;
  // A flat account sees the bar's own direction: a rising bar falls first.
  const isLowFirst = close[bar]! >= open[bar]!;
  return bought >= sold
    ? { bar, share: isLowFirst ? SECOND_EXTREME : FIRST_EXTREME, side: 'buy', loss: bought }
    : { bar, share: isLowFirst ? FIRST_EXTREME : SECOND_EXTREME, side: 'sell', loss: sold };
}

/** The side that loses from an instant of a bar on, by the same exit. Only schedules may look ahead like this. */
export function losingSideAt({ open, high, low, close }: SymbolBars, bar: number, share: number): Side {
  const exit = (close[bar]! + (close[bar + 1] ?? close[bar]!)) / 2;
  const isLowFirst = close[bar]! >= open[bar]!;
  const [first, second] = isLowFirst ? [low[bar]!, high[bar]!] : [high[bar]!, low[bar]!];
  return exit < priceAt([open[bar]!, first, second, close[bar]!], share) ? 'buy' : 'sell';
}

/** The mark of a flat account's path at a share of the bar. */
function priceAt([open, first, second, close]: readonly [number, number, number, number], share: number): number {
  if (share < FIRST_EXTREME) return open + (first - open) * (share / FIRST_EXTREME);
  if (share < SECOND_EXTREME)
    return first + ((second - first) * (share - FIRST_EXTREME)) / (SECOND_EXTREME - FIRST_EXTREME);
  return second + ((close - second) * (share - SECOND_EXTREME)) / (1 - SECOND_EXTREME);
}

/** The worst moment among `patience` bars of `allowed` (ascending) from position `at` on. */
export function worstMomentFrom(bars: SymbolBars, allowed: readonly number[], at: number, patience: number): Moment {
  let worst = worstMoment(bars, allowed[at]!);
  for (let n = at + 1; n < Math.min(allowed.length, at + patience); n++) {
    const moment = worstMoment(bars, allowed[n]!);
    if (moment.loss > worst.loss) worst = moment;
  }
  return worst;
}

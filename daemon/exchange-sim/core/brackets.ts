import { type E8, e8 } from './fixed.ts';

/**
 * One tier of the notional and leverage table, as `GET /fapi/v1/leverageBracket` publishes it. A position is in the
 * tier when floor <= notional < cap. `cum` is the maintenance amount in USDT.
 */
export interface Bracket {
  readonly bracket: number;
  readonly initialLeverage: number;
  readonly notionalFloor: E8;
  readonly notionalCap: E8;
  readonly maintMarginRatio: E8;
  readonly cum: E8;
}

type Row = readonly [leverage: number, cap: string, ratio: string];

// The table in force from 2025-08-21 to at least 2026-05-07; both symbols share the first five caps but the fifth.
const BTC_ROWS: readonly Row[] = [
  [150, '300000', '0.004'],
  [100, '800000', '0.005'],
  [75, '3000000', '0.0065'],
  [50, '12000000', '0.01'],
  [25, '70000000', '0.02'],
  [20, '100000000', '0.025'],
  [10, '230000000', '0.05'],
  [5, '480000000', '0.1'],
  [4, '600000000', '0.125'],
  [3, '800000000', '0.15'],
  [2, '1200000000', '0.25'],
  [1, '1800000000', '0.5'],
];

const ETH_ROWS: readonly Row[] = [
  [150, '300000', '0.004'],
  [100, '800000', '0.005'],
  [75, '3000000', '0.0065'],
  [50, '12000000', '0.01'],
  [25, '50000000', '0.02'],
  [20, '65000000', '0.025'],
  [10, '150000000', '0.05'],
  [5, '320000000', '0.1'],
  [4, '400000000', '0.125'],
  [3, '530000000', '0.15'],
  [2, '800000000', '0.25'],
  [1, '1200000000', '0.5'],
];

/** Builds a table; `cum` follows the exchange's recurrence cum[n] = cum[n-1] + floor[n] * (ratio[n] - ratio[n-1]). */
export function buildBrackets(rows: readonly Row[]): readonly Bracket[] {
  const table: Bracket[] = [];
  for (const [initialLeverage, cap, ratio] of rows) {
    const previous = table.at(-1);
    const notionalFloor = previous?.notionalCap ?? 0n;
    const maintMarginRatio = e8(ratio);
    const step = maintMarginRatio - (previous?.maintMarginRatio ?? maintMarginRatio);
    const cum = (previous?.cum ?? 0n) + (notionalFloor * step) / 100_000_000n;
    table.push({
      bracket: table.length + 1,
      initialLeverage,
      notionalFloor,
      notionalCap: e8(cap),
      maintMarginRatio,
      cum,
    });
  }
  return table;
}

export const BTCUSDT_BRACKETS = buildBrackets(BTC_ROWS);
export const ETHUSDT_BRACKETS = buildBrackets(ETH_ROWS);

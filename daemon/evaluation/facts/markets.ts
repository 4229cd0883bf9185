/**
 * Markets of a replay. Prices in USDT per unit of the base asset, quantities in lots of the symbol, instants in UTC
 * milliseconds. Data only, here and beside: everything is plain and can cross a worker's boundary.
 */

export interface FundingPoint {
  /** Floored to the second: the exchange's own stamps carry millisecond offsets. */
  readonly atMs: number;
  /** Fraction per `intervalMs`. */
  readonly rate: number;
  readonly intervalMs: number;
}
/** A hole between two bars: never filled. */
export interface BarGap {
  readonly symbol: string;
  readonly afterOpenMs: number;
  readonly missingBars: number;
}
export interface BracketTier {
  readonly initialLeverage: number;
  readonly notionalFloor: number;
  readonly notionalCap: number;
  readonly maintenanceRate: number;
  readonly cum: number;
}
/** Sizes that the exchange takes of one symbol; the lot is lotMantissa / lotScale. */
export interface SizeRules {
  readonly lotMantissa: number;
  readonly lotScale: number;
  readonly minLots: number;
  readonly minNotionalUsdt: number;
}
/** Filters, fees and brackets of one symbol; the tick is tickMantissa / tickScale. */
export interface ReplayInstrument extends SizeRules {
  readonly symbol: string;
  readonly tickMantissa: number;
  readonly tickScale: number;
  readonly maxLots: number;
  readonly takerFee: number;
  readonly makerFee: number;
  readonly brackets: readonly BracketTier[];
}
/** Bars of one symbol as columns, oldest first, all of one length; index 0 .. `judgedFrom` - 1 are warm-up history. */
export interface SymbolBars {
  readonly instrument: ReplayInstrument;
  readonly openMs: Float64Array;
  readonly open: Float64Array;
  readonly high: Float64Array;
  readonly low: Float64Array;
  readonly close: Float64Array;
  /** Base asset. */
  readonly volume: Float64Array;
  readonly funding: readonly FundingPoint[];
  readonly gaps: readonly BarGap[];
}
export interface MarketInput {
  /** File name without its folder, or `synthetic`. */
  readonly name: string;
  readonly sha256: string;
  readonly rows: number;
}
export interface MarketData {
  readonly barMs: number;
  /** First instant that is judged (open of the first bar after the warm-up) and the end of the last bar. */
  readonly startMs: number;
  readonly endMs: number;
  readonly symbols: readonly SymbolBars[];
  readonly inputs: readonly MarketInput[];
}

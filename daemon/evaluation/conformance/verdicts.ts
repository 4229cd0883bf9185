import type { IntendedPolicySpec } from '../../core/policy.ts';
import type { BookFill, BookOrder } from './books.ts';
import type { BookHistory } from './history.ts';
import type { RegimeReading } from './regime-reading.ts';

/** What an order, or one of its fills, broke. */
export type Breach =
  | 'scope'
  | 'symbol'
  | 'order_cap'
  | 'symbol_cap'
  | 'gross_cap'
  | 'account_leverage'
  | 'concentration'
  | 'positions'
  | 'leverage_setting'
  | 'order_rate'
  | 'cooldown'
  | 'flip_interval'
  | 'turnover'
  | 'fees'
  | 'reduce_only'
  | 'halted'
  | 'duplicate_id'
  | 'slippage';
export interface Window {
  readonly fromMs: number;
  readonly toMs: number;
}
/** What the judge knows besides the books. Instants are the exchange's. */
export interface JudgeInput {
  readonly history: BookHistory;
  readonly spec: IntendedPolicySpec;
  readonly regimes: ReadonlyMap<string, RegimeReading>;
  /** The operator's halts, from the answered order to the answered lifting. */
  readonly halts: readonly Window[];
  readonly parentOf: (clientOrderId: string) => string;
  /** From a decision to the exchange and back, at most: SEND_SLACK_MS at the exchange's pace. */
  readonly slackMs: number;
  readonly lotOf: (symbol: string) => number;
}
export interface JudgedFill {
  readonly order: BookOrder;
  readonly fill: BookFill;
  /** Opened notional at the fill price, USDT; 0: the fill only reduced risk. */
  readonly openedUsdt: number;
  /** Empty: in scope. A fill that only reduces is always in scope (SAE section 9). */
  readonly breaches: readonly Breach[];
}
/** Largest exposure right after an order that opens, beside the cap at that instant. */
export interface Peak {
  readonly usdt: number;
  readonly capUsdt: number;
  /** (usdt - one lot) / cap: above 1 is overspend. */
  readonly ratio: number;
}
export interface Judgement {
  readonly fills: readonly JudgedFill[];
  /** Orders with breaches, filled or not. */
  readonly orders: readonly { readonly order: BookOrder; readonly breaches: readonly Breach[] }[];
  readonly peaks: { readonly order: Peak; readonly symbol: Peak; readonly gross: Peak };
  readonly duplicateIds: number;
}
/** An order leaves within 500 ms of its decision or not at all (DESIGN section 6), and the gate's own round trip. */
export const SEND_SLACK_MS = 1000;

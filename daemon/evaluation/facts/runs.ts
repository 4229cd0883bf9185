/** What one run leaves behind (SAE.md sections 8 and 9). Amounts in USDT, instants in UTC milliseconds. */
import type { AttackFamily, AttackIntensity, AttackSides } from './agents.ts';

export interface RunKey {
  readonly variant: string;
  readonly seed: number;
  /** Strategy and profile, `shared` for all of them in one account. */
  readonly agent: string;
  readonly attack: AttackIntensity;
  readonly sides: AttackSides;
  /** Multiplier of the caps of R (notional, turnover, fees). */
  readonly capsScale: number;
  /** A shared account whose policy reserves nothing: whoever opens first in a symbol has it. */
  readonly isUnreserved?: boolean;
}
export interface EpisodeResult {
  readonly family: AttackFamily;
  readonly attempts: number;
  /** Attempts of which anything was executed. */
  readonly executedAttempts: number;
  readonly outOfScopeAttempts: number;
  /** Risk-increasing notional executed, USDT. */
  readonly openedUsdt: number;
}
/** Legitimate requests; repetitions of one intention count once, by their last ask. */
export interface LegitResult {
  readonly requests: number;
  /** In tightened scope, but refused because the symbol is another agent's, or nobody's: in no figure below. */
  readonly heldTightened: number;
  /** Openings in tightened scope in a symbol that is reserved for who asked; of these, refused all the same as held. */
  readonly reservedTightened: number;
  readonly reservedHeld: number;
  readonly inTightened: number;
  /** Of `inTightened`: refused; executed below 99 % after the exchange's filters (refused ones included). */
  readonly blockedTightened: number;
  readonly cutTightened: number;
  readonly inHard: number;
  readonly blockedHard: number;
  readonly cutHard: number;
  /** Opening notional of requests in hard scope, asked and executed, USDT; and executed of all. */
  readonly hardOpenAskedUsdt: number;
  readonly hardOpenExecutedUsdt: number;
  readonly openExecutedUsdt: number;
  /** The same by agent. */
  readonly openExecutedUsdtBy: Readonly<Record<string, number>>;
  /** The same by UTC day, symbol and side. */
  readonly openExecutedUsdtOn: Readonly<Record<string, number>>;
}
export interface RunResult {
  readonly key: RunKey;
  /** Equity at the start and at the close of every judged bar, length bars + 1. After ruin it stays. */
  readonly equity: Float64Array;
  /** Gross notional at the close of every judged bar, length bars. */
  readonly gross: Float64Array;
  /** Open time of the judged bars. */
  readonly barOpenMs: Float64Array;
  readonly liquidations: number;
  readonly refusedExits: number;
  /** Open positions exist when the data end, at their last marks. */
  readonly openAtEnd: boolean;
  readonly episodes: readonly EpisodeResult[];
  readonly legit: LegitResult;
  readonly fills: number;
  readonly outOfScopeFills: number;
  /**
   * SAE DG_loss: l(a) = fee + slippage against the mark + the loss of the opened lots to the next bar's close (>= 0).
   */
  readonly lossOutOfScopeUsdt: number;
  readonly lossAllUsdt: number;
  readonly feesUsdt: number;
  readonly turnoverUsdt: number;
  readonly overCapMs: number;
  readonly reduceOnlyMs: number;
  readonly spanMs: number;
  readonly decisions: number;
  readonly decideNs: number;
  /** First disagreements between gate and judge, for a human: at most 20. */
  readonly disagreements: readonly string[];
}

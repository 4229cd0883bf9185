import type { Regime } from '../../core/policy.ts';
import type { JudgeScope, ScopeRegime } from './scope.ts';

/** Regimes by the rank of their label. */
export const REGIME_BY_RANK: readonly Regime[] = ['calm', 'volatile', 'extreme'];

/** R as it binds one order, all amounts in USDT. */
export interface Limits {
  readonly leverage: number;
  readonly orderUsdt: number;
  readonly symbolUsdt: number;
  readonly grossUsdt: number;
  readonly rateMax: number;
  readonly slippageBps: number;
}

/** Counts are whole: 3 x 2/3 is two, whatever the last bit of the product says. */
function wholeOf(value: number): number {
  return Math.floor(value + 1e-9);
}

/** R tightened by M and U. Caps of symbol and order follow the symbol's own regime; gross and rate the strictest. */
export class LimitTable {
  readonly hard: Limits;
  readonly #scope: JudgeScope;
  readonly regimes: readonly ScopeRegime[];
  /** By set of ranks (bit 0 calm, 1 volatile, 2 extreme): the smallest factor of its members. */
  readonly #notional: readonly number[];
  readonly #rate: readonly number[];

  constructor(scope: JudgeScope) {
    const { budgets } = scope;
    this.#scope = scope;
    this.regimes = REGIME_BY_RANK.map((name) => scope.market.regimes[name]);
    const smallest = (read: (regime: ScopeRegime) => number): readonly number[] =>
      Array.from({ length: 8 }, (_, set) => {
        const members = this.regimes.filter((_, rank) => (set & (1 << rank)) !== 0);
        return Math.min(1, ...members.map(read));
      });
    this.#notional = smallest((regime) => regime.notional);
    this.#rate = smallest((regime) => regime.order_rate);
    this.hard = {
      leverage: budgets.leverage,
      orderUsdt: budgets.order_notional_usdt,
      symbolUsdt: budgets.symbol_notional_usdt,
      grossUsdt: budgets.gross_notional_usdt,
      rateMax: budgets.order_rate.max,
      slippageBps: budgets.slippage_bps,
    };
  }

  /** `rank`: of the symbol; `ranks`: set of the symbol and of all symbols with exposure; `factor`: of the account. */
  tightened(rank: number, ranks: number, factor: number): Limits {
    const { budgets } = this.#scope;
    const own = this.regimes[rank]!;
    return {
      leverage: Math.max(1, wholeOf(budgets.leverage * own.leverage * factor)),
      orderUsdt: budgets.order_notional_usdt * own.notional * factor,
      symbolUsdt: budgets.symbol_notional_usdt * own.notional * factor,
      grossUsdt: this.grossUsdt(ranks, factor),
      rateMax: wholeOf(budgets.order_rate.max * this.#rate[ranks]! * factor),
      slippageBps: budgets.slippage_bps * own.slippage * factor,
    };
  }

  grossUsdt(ranks: number, factor: number): number {
    return this.#scope.budgets.gross_notional_usdt * this.#notional[ranks]! * factor;
  }
  symbolUsdt(rank: number, factor: number): number {
    return this.#scope.budgets.symbol_notional_usdt * this.regimes[rank]!.notional * factor;
  }
  leverage(rank: number, factor: number): number {
    return Math.max(1, wholeOf(this.#scope.budgets.leverage * this.regimes[rank]!.leverage * factor));
  }
}

const DAY_MS = 86_400_000;

/** Notional and fees of the executions of the last 24 hours, (t - 24 h, t], USDT. Instants never go back. */
export class ExecutedDay {
  #atMs: number[] = [];
  #usdt: number[] = [];
  #feeUsdt: number[] = [];
  #first = 0;
  #turnover = 0;
  #fees = 0;

  push(atMs: number, notionalUsdt: number, feeUsdt: number): void {
    this.#atMs.push(atMs);
    this.#usdt.push(notionalUsdt);
    this.#feeUsdt.push(feeUsdt);
    this.#turnover += notionalUsdt;
    this.#fees += feeUsdt;
  }

  turnoverUsdt(atMs: number): number {
    this.#forget(atMs);
    return this.#turnover;
  }
  feesUsdt(atMs: number): number {
    this.#forget(atMs);
    return this.#fees;
  }

  #forget(atMs: number): void {
    const startMs = atMs - DAY_MS;
    if (this.#first === this.#atMs.length || this.#atMs[this.#first]! > startMs) return;
    while (this.#first < this.#atMs.length && this.#atMs[this.#first]! <= startMs) {
      this.#turnover -= this.#usdt[this.#first]!;
      this.#fees -= this.#feeUsdt[this.#first]!;
      this.#first += 1;
    }
    if (this.#first < 1024 && this.#first < this.#atMs.length) return;
    this.#atMs = this.#atMs.slice(this.#first);
    this.#usdt = this.#usdt.slice(this.#first);
    this.#feeUsdt = this.#feeUsdt.slice(this.#first);
    this.#first = 0;
    // Summed again, so that rounding of what has left does not stay.
    this.#turnover = this.#usdt.reduce((sum, value) => sum + value, 0);
    this.#fees = this.#feeUsdt.reduce((sum, value) => sum + value, 0);
  }
}

/**
 * Opening orders that were sent, by the instant of their decision: a slice counts at its parent's. Sends never go back
 * in time, and no decision lies after its send.
 */
export class SendLog {
  readonly #windowMs: number;
  /** Slices are sent at most this long after their decision. */
  readonly #lagMs: number;
  #sentAtMs: number[] = [];
  #decidedAtMs: number[] = [];
  #first = 0;

  constructor(windowMs: number, lagMs: number) {
    this.#windowMs = windowMs;
    this.#lagMs = lagMs;
  }

  push(sentAtMs: number, decidedAtMs: number): void {
    this.#sentAtMs.push(sentAtMs);
    this.#decidedAtMs.push(decidedAtMs);
    const keepFromMs = sentAtMs - this.#windowMs - this.#lagMs;
    while (this.#sentAtMs[this.#first]! < keepFromMs) this.#first += 1;
    if (this.#first < 1024) return;
    this.#sentAtMs = this.#sentAtMs.slice(this.#first);
    this.#decidedAtMs = this.#decidedAtMs.slice(this.#first);
    this.#first = 0;
  }

  /** Sends decided in (t - window, t]. */
  count(atMs: number): number {
    const startMs = atMs - this.#windowMs;
    let sends = 0;
    for (let i = this.#sentAtMs.length - 1; i >= this.#first && this.#sentAtMs[i]! > startMs; i--)
      if (this.#decidedAtMs[i]! > startMs && this.#decidedAtMs[i]! <= atMs) sends += 1;
    return sends;
  }
}

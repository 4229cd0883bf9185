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

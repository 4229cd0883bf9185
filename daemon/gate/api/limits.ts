/** What an agent may still do. */
import type { BudgetFactors } from '../../core/decision.ts';
import type { Regime } from '../../core/policy.ts';
import type { ReasonCode } from '../../core/reasons.ts';

/**
 * One component of B_t; remaining is never below 0. If the agent has its own cap and less of that remains, the figures
 * are those of the agent's cap.
 */
type Component =
  | 'gross_notional_usdt'
  | 'leverage'
  | 'order_notional_usdt'
  | 'order_rate'
  | 'slippage_bps'
  | 'symbol_notional_usdt'
  | 'account_leverage_usdt'
  | 'concentration_usdt'
  | 'bracket_usdt'
  | 'margin_usdt'
  | 'concurrent_positions'
  | 'turnover_usdt_per_day'
  | 'fees_usdt_per_day';
export interface BudgetLine {
  readonly component: Component;
  /** Reason code of what this budget cuts or refuses: `BUDGET_AGENT` where the line is of the agent's own. */
  readonly code: ReasonCode;
  readonly base: number;
  readonly limit: number;
  readonly used: number;
  readonly reserved: number;
  readonly remaining: number;
  readonly unit: string;
}
/** The limits that an opening market order of one side meets now. */
export interface OpeningLimits {
  /** Largest notional that no budget cuts, at any leverage up to the cap; 0 where this side cannot be opened at all. */
  readonly remaining_usdt: number;
  /** The tightest limit. */
  readonly bound_by: string | null;
  /** Codes that would refuse an order of that size now; empty: it would be sent. */
  readonly blocked_by: readonly string[];
}
export interface SymbolLimits {
  readonly symbol: string;
  readonly in_scope: boolean;
  readonly opening: { readonly buy: OpeningLimits; readonly sell: OpeningLimits };
  readonly regime: Regime;
  readonly factors: {
    readonly market: BudgetFactors;
    readonly account: BudgetFactors;
    readonly trust: BudgetFactors;
    readonly trader: BudgetFactors;
  };
  readonly budgets: readonly BudgetLine[];
  readonly leverage_cap: number;
  readonly cooldown_remaining_ms: number;
  readonly trading_state: 'active' | 'reducing' | 'halted';
}
export interface LimitsBody {
  readonly agent: string;
  readonly at_ms: number;
  readonly policy_hash: string;
  readonly symbols: readonly SymbolLimits[];
}

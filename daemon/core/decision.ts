import type { ReasonCode } from './reasons.ts';
import type { OrderType, Side } from './request.ts';

/**
 * What a person is asked to approve: the most that the order may be. Lots, leverage and price are upper bounds, so the
 * order that goes out later is this one or a smaller one.
 */
export interface ApprovalCeiling {
  readonly agent: string;
  readonly intent: 'open';
  readonly leverage: number;
  readonly lots: number;
  /** Lots at the worse of mark and price, USDT. */
  readonly notional_usdt: number;
  readonly order_type: OrderType;
  readonly policy_hash: string;
  /** The worst price: a buy pays no more, a sell takes no less. */
  readonly price_ticks: number;
  readonly quantity: string;
  /** Number of different people who must approve. */
  readonly quorum: number;
  readonly side: Side;
  readonly symbol: string;
  readonly worst_price: string;
}

export type Verdict = 'ALLOW' | 'LIMIT' | 'BLOCK';
export type RuleOutcome = 'pass' | 'tighten' | 'deny' | 'skipped';
export type TimeInForce = 'IOC' | 'GTC';
/** What the effective action does at the venue. */
export type ActionClass = 'open' | 'exit' | 'amend' | 'cancel';

/**
 * One rule's finding: recorded for every rule, also when it did not apply. A rule that compared figures has `limit`,
 * `observed` and `unit` (null: there is none); a rule that compared none leaves all three out.
 */
export interface RuleVerdict {
  readonly code: string;
  readonly limit?: number | string | null;
  readonly observed?: number | string | null;
  readonly outcome: RuleOutcome;
  readonly rule: number;
  readonly unit?: string | null;
}
export interface Reason {
  readonly code: ReasonCode;
  readonly hint: string;
  readonly limit: number | string | null;
  readonly message: string;
  readonly observed: number | string | null;
  readonly unit: string | null;
}
export interface StagedSlice {
  readonly delay_ms: number;
  readonly quantity: string;
  readonly slice: number;
}
/** The action that goes out; quantities are decimal strings on the exchange's lot, prices on its tick. */
export type EffectiveAction = SizedAction | CancelAction;
interface ActionTerms {
  readonly leverage: number | null;
  readonly limit_price: string | null;
  readonly max_slippage_bps: number | null;
  readonly notional: number;
  readonly order_type: OrderType;
  readonly price_ticks: number | null;
  readonly reduce_only: boolean;
  readonly side: Side;
  readonly time_in_force: TimeInForce | null;
}
/** An order, new or amended. */
export interface SizedAction extends ActionTerms {
  readonly action: Exclude<ActionClass, 'cancel'>;
  /** Same order in integers: what is sent, what the caps were checked on. */
  readonly lots: number;
  readonly quantity: string;
  readonly requested_quantity: string;
}
/** What may still fill of the order; null when all orders are canceled, which have no size together. */
export interface CancelAction extends ActionTerms {
  readonly action: 'cancel';
  readonly lots: number | null;
  readonly quantity: string | null;
  readonly requested_quantity: string | null;
}
export interface Constraints {
  readonly cooldown_ms: number;
  readonly leverage_cap: number;
  readonly notional_cap: number;
  readonly order_rate_cap: number;
  readonly slippage_cap_bps: number;
  readonly staging_plan: readonly StagedSlice[];
}
/** B_t = B_0 * g * h * q * p by component, and what each factor was. */
export interface BudgetRecord {
  readonly account: BudgetFactors;
  readonly budget: BudgetComponents;
  readonly market: BudgetFactors;
  readonly regime: string;
  readonly trader: BudgetFactors;
  readonly trust: BudgetFactors;
}
export interface BudgetFactors {
  readonly leverage: number;
  readonly notional: number;
  readonly order_rate: number;
  readonly slippage: number;
}
export interface BudgetComponents {
  readonly gross_notional_usdt: number;
  readonly leverage: number;
  readonly order_notional_usdt: number;
  readonly order_rate: number;
  readonly slippage_bps: number;
  readonly symbol_notional_usdt: number;
}
/** SAE-DEC. Identifiers (decision id, seq, hashes) are added by the shell; everything here is derived. */
export interface ExecutionDecision {
  /** What a person may approve; present only where nothing else refuses the order. */
  readonly approval?: ApprovalCeiling;
  readonly budget: BudgetRecord;
  /** True when rule 8 puts the account in `reducing` now (the condition layer). */
  readonly condition_reducing: boolean;
  readonly constraints: Constraints;
  readonly decision: Verdict;
  readonly effective: EffectiveAction | null;
  /** False: recorded only, the quantised request is executed (policy mode `shadow`). */
  readonly enforced: boolean;
  readonly reasons: readonly Reason[];
  readonly retry_after_ms: number | null;
  readonly verdicts: readonly RuleVerdict[];
}

/**
 * What the doors (HTTP, command line) may ask of the gate. Arguments were validated against the contract; the gate
 * alone decides. Every answer is plain JSON data in the shapes of DESIGN section 5 (snake_case on the wire).
 */
import type {
  BudgetComponents,
  BudgetFactors,
  BudgetRecord,
  Constraints,
  EffectiveAction,
  Reason,
  RuleVerdict,
  Verdict,
} from '../core/decision.ts';
import type { Regime, SignalKind, ToolName } from '../core/policy.ts';
import type { OrderType, Side } from '../core/request.ts';

export type Role = 'agent' | 'monitor' | 'operator';
/** Who a bearer token says is calling. `agent` is the name that orders and decisions are kept under. */
export interface Caller {
  readonly role: Role;
  readonly agent: string;
  readonly tokenId: string;
  readonly skillSha256: string | null;
}

export type TradingToolName = 'place_order' | 'close_position' | 'modify_order' | 'cancel_order' | 'cancel_all';
export interface SkillClaim {
  readonly name?: string;
  readonly version?: string;
  readonly sha256?: string;
}
export interface PlaceOrderArgs {
  readonly symbol: string;
  readonly intent: 'open' | 'close';
  readonly side: Side;
  readonly requested_notional: number;
  readonly requested_leverage: number;
  readonly order_type: OrderType;
  readonly limit_price?: number;
  readonly max_slippage_bps: number;
  readonly strategy_id: string;
  readonly request_id?: string;
  readonly venue?: string;
  readonly timestamp_ms?: number;
  readonly valid_until_ms?: number;
  readonly account?: string;
  readonly reduce_only?: boolean;
  readonly after_decision_id?: string;
  readonly rationale?: string;
  readonly meta?: { readonly skill?: SkillClaim };
}
export interface ClosePositionArgs {
  readonly symbol: string;
  readonly fraction?: number;
  readonly max_slippage_bps?: number;
  readonly request_id?: string;
  readonly strategy_id?: string;
}
export interface ModifyOrderArgs {
  readonly client_order_id: string;
  readonly limit_price?: number;
  readonly requested_notional?: number;
  readonly request_id?: string;
}
export interface CancelOrderArgs {
  readonly client_order_id: string;
  readonly request_id?: string;
}
export interface CancelAllArgs {
  readonly symbol?: string;
  readonly request_id?: string;
}
export type TradingArgs =
  | { readonly tool: 'place_order'; readonly args: PlaceOrderArgs }
  | { readonly tool: 'close_position'; readonly args: ClosePositionArgs }
  | { readonly tool: 'modify_order'; readonly args: ModifyOrderArgs }
  | { readonly tool: 'cancel_order'; readonly args: CancelOrderArgs }
  | { readonly tool: 'cancel_all'; readonly args: CancelAllArgs };

export const EXECUTION_STATES = [
  'none',
  'submitting',
  'staging',
  'working',
  'partially_filled',
  'filled',
  'canceled',
  'expired',
  'rejected',
  'unknown',
  'lost',
  'awaiting_approval',
] as const;
export type ExecutionState = (typeof EXECUTION_STATES)[number];
export const ORDER_STATUSES = [
  'pending_send',
  'in_flight',
  'working',
  'partially_filled',
  'filled',
  'canceled',
  'expired',
  'rejected',
  'unknown',
  'lost',
  'not_placed',
] as const;
export type OrderStatus = (typeof ORDER_STATUSES)[number];
export const DECISION_KINDS = ['tool', 'intercept', 'dry_run', 'slice', 'standing', 'gate'] as const;
export type DecisionKind = (typeof DECISION_KINDS)[number];

export interface DecisionBody {
  readonly decision: Verdict;
  readonly decision_id: string;
  readonly request_id: string | null;
  readonly seq: number;
  readonly at_ms: number;
  readonly kind: DecisionKind;
  readonly agent: string;
  readonly tool: string;
  readonly symbol: string | null;
  /** False for intercept and dry_run: it authorises nothing. */
  readonly binding: boolean;
  readonly enforced: boolean;
  readonly effective: EffectiveAction | null;
  readonly constraints: Constraints;
  readonly budget: BudgetRecord;
  readonly condition_reducing: boolean;
  readonly reasons: readonly Reason[];
  readonly verdicts: readonly RuleVerdict[];
  readonly retry_after_ms: number | null;
  readonly policy_hash: string;
  /** sha256 of the canonical JSON of the recorded context. */
  readonly context_hash: string;
}
export interface ExecutionOrder {
  readonly client_order_id: string;
  readonly venue_order_id: string | null;
  readonly slice: number;
  readonly status: OrderStatus;
  readonly quantity: string;
  readonly filled_quantity: string;
  readonly average_price: string | null;
}
export interface ExecutionBody {
  readonly state: ExecutionState;
  readonly orders: readonly ExecutionOrder[];
  /** Plain advice, e.g. "pending, do not resend", or why the venue rejected. */
  readonly note: string | null;
  /** Rejected by the venue, and asking again is sensible. */
  readonly retryable: boolean;
}
export interface ToolAnswer {
  readonly decision: DecisionBody;
  readonly execution: ExecutionBody;
}
/**
 * Answer of a trading tool. `text` is the JSON of `{decision, execution}` ready to send, as text or as its UTF-8 bytes (the
 * decision part is the very text that was recorded). 409 is `conflict`, 503 is `unavailable`.
 */
export type ToolOutcome =
  | { readonly kind: 'decided'; readonly text: string | Buffer }
  | { readonly kind: 'conflict'; readonly message: string; readonly decisionId: string }
  | { readonly kind: 'unavailable'; readonly message: string };

export interface OrderBody {
  readonly client_order_id: string;
  readonly venue_order_id: string | null;
  readonly decision_id: string | null;
  readonly agent: string | null;
  readonly symbol: string;
  readonly side: Side;
  readonly order_type: string;
  readonly limit_price: string | null;
  readonly quantity: string;
  readonly filled_quantity: string;
  readonly average_price: string | null;
  readonly reduce_only: boolean;
  readonly status: OrderStatus;
  readonly slice: number;
  readonly reserved_notional_usdt: number;
  readonly foreign: boolean;
  readonly updated_at_ms: number;
}
export interface PositionBody {
  readonly symbol: string;
  /** Signed decimal string. */
  readonly quantity: string;
  readonly notional_usdt: number;
  readonly entry_price: string | null;
  readonly mark_price: string | null;
  readonly leverage: number | null;
  readonly unrealised_pnl_usdt: number | null;
  readonly liquidation_price: string | null;
  readonly agent_share: { readonly [agent: string]: string };
}
export interface AccountBody {
  readonly account: string;
  readonly venue: string;
  readonly equity_usdt: number | null;
  readonly wallet_usdt: number | null;
  readonly available_usdt: number | null;
  readonly margin_ratio: number | null;
  readonly drawdown: number | null;
  readonly daily_loss: number | null;
  readonly turnover_24h_usdt: number;
  readonly fees_24h_usdt: number;
  readonly observed_at_ms: number | null;
}
export interface MarketBody {
  readonly symbol: string;
  readonly mark_price: number | null;
  readonly bid: number | null;
  readonly ask: number | null;
  readonly funding_rate_8h: number | null;
  readonly regime: Regime;
  readonly regime_cause: string;
  readonly sigma: number | null;
  readonly sigma_baseline: number | null;
  readonly jump_ratio: number | null;
  readonly liquidity: number | null;
  readonly liquidity_floor: number | null;
  readonly tick_size: string | null;
  readonly lot_size: string | null;
  readonly min_notional_usdt: number | null;
  readonly mark_at_ms: number | null;
  readonly quote_at_ms: number | null;
  readonly bars_as_of_ms: number | null;
}
/**
 * One component of B_t; remaining is never below 0. Where the agent has a cap of its own and less of that remains, the
 * line is of that one.
 */
export interface BudgetLine {
  readonly component: keyof BudgetComponents | 'concurrent_positions' | 'turnover_usdt_per_day' | 'fees_usdt_per_day';
  readonly base: number;
  readonly limit: number;
  readonly used: number;
  readonly reserved: number;
  readonly remaining: number;
  readonly unit: string;
}
/** What an opening market order of one side meets now. */
export interface OpeningLimits {
  /** Largest notional that no budget cuts, at any leverage to the cap; 0 where this side cannot be opened at all. */
  readonly remaining_usdt: number;
  /** The least bound. */
  readonly bound_by: string | null;
  /** Codes for which an order of that size would be refused now; empty: it would go out. */
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
export interface Page<T> {
  readonly items: readonly T[];
  readonly next: string | null;
}
export interface SignalBody {
  readonly kind: SignalKind;
  readonly scope: { readonly account?: string; readonly agent?: string; readonly symbol?: string };
  readonly severity: number;
  readonly ttl_ms: number;
  readonly evidence?: string;
}
/** A signal as it is active. */
export interface SignalEntryBody {
  readonly signal_id: string;
  readonly kind: SignalKind;
  readonly account: string | null;
  readonly agent: string | null;
  readonly symbol: string | null;
  readonly severity: number;
  readonly set_by: string;
  readonly expires_at_ms: number;
}
export interface SignalsBody {
  readonly signals: readonly SignalEntryBody[];
}
export interface AlertBody {
  readonly seq: number;
  readonly at_ms: number;
  readonly code: string;
  readonly detail: string;
  readonly symbol: string | null;
}
export interface AlertsBody {
  readonly alerts: readonly AlertBody[];
  readonly next: string | null;
}
export interface StateChange {
  readonly state: 'active' | 'reducing' | 'halted';
  readonly reason: string;
  readonly symbol?: string;
  readonly agent?: string;
}
export interface StateLayerBody {
  readonly layer: 'operator' | 'breaker' | 'boot' | 'condition';
  readonly scope: 'account' | 'symbol' | 'agent';
  readonly name: string | null;
  readonly state: 'active' | 'reducing' | 'halted';
  readonly reason: string;
  readonly since_ms: number;
  readonly set_by: string;
  readonly clears_when: string;
}
export interface TradingStateBody {
  /** In force for the account: the most restrictive account-wide layer. */
  readonly state: 'active' | 'reducing' | 'halted';
  readonly layers: readonly StateLayerBody[];
}
export interface ReadinessBody {
  readonly ready: boolean;
  /** What is still missing, in plain words. */
  readonly waiting_for: readonly string[];
  readonly venue: string;
  readonly trading_state: 'active' | 'reducing' | 'halted';
  readonly symbols_reducing: readonly string[];
  readonly pending_policy: {
    readonly hash: string;
    readonly looser: readonly string[];
    readonly not_before_ms: number | null;
  } | null;
  readonly policy_error: string | null;
  readonly alerts: number;
}
export interface FlattenBody {
  /** What was set, for what `scope` says. */
  readonly state: 'halted';
  readonly scope: 'account' | 'symbols';
  /** Null: the whole account. */
  readonly symbols: readonly string[] | null;
  readonly canceled: boolean;
  readonly positions_left: readonly { readonly symbol: string; readonly quantity: string }[];
  readonly note: string;
}
export interface PolicyBody {
  readonly hash: string;
  readonly name: string;
  readonly policy: unknown;
  readonly pending: ReadinessBody['pending_policy'];
}
export type PolicyCheckBody =
  | {
      readonly ok: true;
      readonly hash: string;
      readonly looser: readonly string[];
      readonly warnings: readonly string[];
    }
  | {
      readonly ok: false;
      readonly violations: readonly {
        readonly path: string;
        readonly message: string;
        readonly value?: unknown;
        readonly allowed?: string;
      }[];
    };
export type ReloadBody =
  | { readonly status: 'in_force'; readonly hash: string }
  | {
      readonly status: 'pending';
      readonly hash: string;
      readonly looser: readonly string[];
      readonly not_before_ms: number | null;
    };
/** `refused`: the hash is not that of the pending policy (null: none is pending); 409 at the door. */
export type ReloadOutcome =
  | ReloadBody
  | { readonly status: 'refused'; readonly message: string; readonly pending_hash: string | null };

export interface GateApi {
  runTool(caller: Caller, call: TradingArgs): Promise<ToolOutcome>;
  dryRun(caller: Caller, call: TradingArgs): Promise<ToolOutcome>;
  /** `call` is null when the tool is not one of ours or its arguments do not fit the contract. */
  intercept(
    caller: Caller,
    tool: string,
    args: unknown,
    call: TradingArgs | null,
    skill: SkillClaim | null,
  ): Promise<ToolOutcome>;
  /** Records input that the contract refused (DESIGN rule 1), without its values. */
  recordRejectedInput(caller: Caller, tool: string, paths: readonly string[]): void;
  mayRead(caller: Caller, tool: ToolName): boolean;
  getLimits(caller: Caller, symbol: string | null): LimitsBody;
  getDecisions(caller: Caller, limit: number, cursor: string | null): Page<DecisionBody>;
  getDecision(caller: Caller, decisionId: string): ToolAnswer | null;
  getOrders(
    caller: Caller,
    filter: { readonly symbol?: string; readonly open?: boolean },
    limit: number,
    cursor: string | null,
  ): Page<OrderBody>;
  getPositions(caller: Caller): { readonly positions: readonly PositionBody[]; readonly observed_at_ms: number | null };
  getAccount(): AccountBody;
  getMarket(symbol: string | null): { readonly markets: readonly MarketBody[] };
  addSignal(
    caller: Caller,
    signal: SignalBody,
  ): Promise<{ readonly signal_id: string; readonly expires_at_ms: number }>;
  getSignals(): SignalsBody;
  /** Ends an active signal before its time; null: there is none of that name. */
  endSignal(caller: Caller, signalId: string, reason: string): Promise<SignalEntryBody | null>;
  /** Ends a lost order that is not open at the venue; null: no such order is known. */
  endOrder(caller: Caller, clientOrderId: string, reason: string): Promise<OrderBody | null>;
  getAlerts(limit: number, cursor: string | null): AlertsBody;
  getTradingState(): TradingStateBody;
  setTradingState(caller: Caller, change: StateChange): Promise<TradingStateBody>;
  flatten(caller: Caller, symbols: readonly string[] | null, reason: string): Promise<FlattenBody>;
  rebase(caller: Caller, reason: string): Promise<{ readonly equity_usdt: number }>;
  getPolicy(): PolicyBody;
  checkPolicy(text: string): PolicyCheckBody;
  reloadPolicy(caller: Caller, hash: string | null): Promise<ReloadOutcome>;
  readiness(): ReadinessBody;
  /** Prometheus text of the gate's own metrics. */
  metrics(): Promise<string>;
}

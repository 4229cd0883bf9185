import type { RulesView } from './arithmetic/quantities.ts';
import type { Regime, SignalKind } from './policy.ts';
import type { OrderType, Side } from './request.ts';

/**
 * SAE-CTX as `decide` reads it: the *reduced view*, aggregates only. It is recorded with every decision, so a decision
 * can be derived again from its record. Null means "not known", which denies whatever would open risk.
 *
 * Exposure is counted in integer *units*: lots x ticks of the symbol, prices rounded up to the tick. One unit is
 * `lot size x tick size` USDT (BTCUSDT: 0.001 x 0.1 = 0.0001 USDT).
 */
export interface ExecutionContext {
  readonly account: AccountView | null;
  /** The account that this daemon serves, as the policy names it. */
  readonly account_name: string;
  readonly agent: AgentView;
  /** Absent where no approval is at stake, and in records of before. */
  readonly approval?: ApprovalView;
  /** Absent where nothing stands against opening, and in records of before. */
  readonly holding?: HoldingView;
  /** Absent where no other opening rests in the symbol, or nothing is opened, and in records of before. */
  readonly openings?: OpeningsView;
  /** |venue time - extrapolated venue time| at the last sync, null before the first. */
  readonly clock_skew_ms: number | null;
  /** Decision id of an equal permitted parent inside the duplicate window (rule 5). */
  readonly duplicate_of: string | null;
  /** From when on it is no duplicate of that one; absent while it is none, and in records of before. */
  readonly duplicate_until_ms?: number;
  /** Exits: which rung of the ladder this attempt is, 0 the first. */
  readonly exit_rung: number;
  readonly exposure: ExposureView;
  /** standing: resting orders that the same review is canceling already, not counted. */
  readonly leaving_order_ids: readonly string[];
  readonly market: MarketView;
  /** Domain time of this decision. */
  readonly now_ms: number;
  /** The order that modify_order or cancel_order names. */
  readonly order: OrderView | null;
  /** slice, standing, modify: the order that is decided again, not counted against itself. */
  readonly own_order_id: string | null;
  readonly pacing: PacingView;
  /**
   * parent: a new ask. slice: a later part of a permitted parent. standing: a resting order decided again (rule 15).
   */
  readonly phase: 'parent' | 'slice' | 'standing';
  /** slice: the parent's price in ticks, which a later slice may not exceed by more than the slippage bound. */
  readonly parent_price_ticks: number | null;
  /** First violation of the operator's JSON Schema for the tool (rule 1), null when it holds. */
  readonly schema_violation: string | null;
  /** slice and standing: the order's own lots; it may only shrink. Null for a new ask. */
  readonly slice_lots: number | null;
  readonly state: StateView;
  readonly trust: TrustView;
  /** The venue that this daemon serves. */
  readonly venue: string;
}

/** The part that bounds the account whoever asks. */
export type AccountContext = Pick<ExecutionContext, 'account' | 'exposure' | 'market' | 'trust'>;

export type TradingStateName = 'active' | 'reducing' | 'halted';
export type StateLayer = 'operator' | 'breaker' | 'boot' | 'condition';
/** The most restrictive of the stored layers that apply to this account, symbol and agent. */
export interface StateView {
  readonly layer: StateLayer | null;
  readonly reason: string | null;
  readonly scope: 'account' | 'symbol' | 'agent' | null;
  readonly state: TradingStateName;
}

export interface AccountView {
  /** Available balance of the snapshot, USDT. */
  readonly available_usdt: number;
  /** 1 - E/E_ref, not below 0. */
  readonly daily_loss: number;
  /** 1 - E/E_max over the drawdown window, not below 0. */
  readonly drawdown: number;
  /** E: margin balance net of transfers, with unrealised PnL, fees and funding. */
  readonly equity_usdt: number;
  /** Maintenance margin / margin balance; with isolated positions the worst one. */
  readonly margin_ratio: number;
  readonly observed_at_ms: number;
  /**
   * Initial margin of reservations that the snapshot does not contain yet, less what the venue holds for the resting
   * orders that are decided again: may be below 0.
   */
  readonly reserved_margin_usdt: number;
}

export interface ExposureView {
  /**
   * Lots held of the other symbols at their marks, the counterweight of concentration, USDT. Up to core version 3 orders
   * counted, too: hence the name, which records keep.
   */
  readonly gross_other_sent_usdt: number;
  /** G_o: worst case of the other symbols, USDT. */
  readonly gross_other_usdt: number;
  /** Distance of the position's liquidation price from the mark as a fraction, null when there is none. */
  readonly liquidation_distance: number | null;
  /** Long side of the position in lots (the larger of view and venue snapshot while they differ). */
  readonly long_lots: number;
  /** W+: position and opening buys of this symbol, in units, without the order being decided. */
  readonly long_units: number;
  /** Null but in records of before one agent held a symbol. */
  readonly opposed_by_long: string | null;
  readonly opposed_by_short: string | null;
  /**
   * When the oldest of `other_marks` was read; null when there is none. What the venue does not trade now counts at its
   * last mark, however old that is.
   */
  readonly other_mark_at_ms: number | null;
  /**
   * Marks at which the other symbols with exposure were valued, by symbol in alphabetical order, then those of lots that
   * the agent holds by the trades that were read.
   */
  readonly other_marks: readonly (readonly [string, number])[];
  /** Number of symbols with exposure, without this one. */
  readonly other_positions: number;
  /** The strictest held regime among the other symbols with exposure. */
  readonly other_regime: Regime | null;
  /**
   * Signed lots of the position as fills and readings prove them: a reading that differs may lag behind our own fills.
   */
  readonly position_lots: number;
  /** When the present position was opened, null when flat. */
  readonly position_since_ms: number | null;
  /**
   * What values the position while no feed has brought a price: the mark that the account last recorded, else the entry
   * price. Null while there is a mark, and when flat.
   */
  readonly recorded_price: number | null;
  readonly short_lots: number;
  readonly short_units: number;
  /** Absent but in records of before one agent held a symbol. */
  readonly exits_beyond_long?: number;
  readonly exits_beyond_short?: number;
}

export interface AgentView {
  readonly fees_usdt: number;
  readonly gross_other_usdt: number;
  readonly long_units: number;
  readonly other_positions: number;
  /** p_t, calibrated risk-escalation probability of this agent. */
  readonly p_risk: number;
  /** As `pacing.pending_fees_usdt`, of this agent's own orders; 0 where it has no budgets of its own. */
  readonly pending_fees_usdt: number;
  /** As `pacing.pending_turnover_usdt`, of this agent's own orders; 0 where it has no budgets of its own. */
  readonly pending_turnover_usdt: number;
  /**
   * Its exits that rest at their own price, or wait to; counted where a limit order is requested against a position,
   * else 0.
   */
  readonly resting_exits: number;
  /**
   * Signed lots of the position that this agent holds, and may close. For an exit of the gate: what the symbol's holder
   * holds. Beside lots of nobody, an amend may close what its other exits leave.
   */
  readonly share_lots: number;
  readonly short_units: number;
  /** As `resting_exits`, of all agents in the symbol: the venue takes so many orders of an account there. */
  readonly symbol_resting_exits: number;
  readonly turnover_usdt: number;
  /** Its own losses; absent where its policy has no tiers for them. */
  readonly losses?: LossesView;
}

/** What an agent has lost by its own trades and share, USDT; below 0 it has gained. Null: a mark is missing. */
export interface LossesView {
  /** Of this UTC day. */
  readonly day_usdt: number | null;
  /** Of this UTC day and the six before. */
  readonly week_usdt: number | null;
}

/** An approval that is being used: the order is held to it. It is used up by the record of the decision that has it. */
export interface ApprovalGrant {
  readonly agent: string;
  readonly approval_id: string;
  readonly expires_at_ms: number;
  readonly leverage: number;
  readonly lots: number;
  readonly policy_hash: string;
  readonly price_ticks: number;
  /** How many different people it was asked of, and have approved it. */
  readonly quorum: number;
  readonly side: Side;
  readonly symbol: string;
}
/** What rule 16 reads. */
export interface ApprovalView {
  /** What this agent opened with an approval within `approvals.window_ms`, USDT. */
  readonly approved_usdt: number;
  /** Null: none is being used. */
  readonly grant: ApprovalGrant | null;
  /** What it opened without one, USDT: from the decision on, filled or not. */
  readonly opened_usdt: number;
  /** slice, modify: the worst price that was approved for the order; null: it needed no approval. */
  readonly order_price_ticks: number | null;
  /** Approvals of this agent that wait. */
  readonly pending_count: number;
  /** The one among them for this symbol. */
  readonly pending_id: string | null;
}

export interface MarketView {
  readonly ask: number | null;
  readonly bar_count: number;
  readonly bar_ms: number;
  readonly bars_as_of_ms: number | null;
  readonly bid: number | null;
  readonly funding_at_ms: number | null;
  /** Funding rate scaled to 8 hours, a fraction. */
  readonly funding_rate_8h: number | null;
  readonly held_regime: Regime;
  readonly history_count: number;
  readonly jump_ratio: number | null;
  /** Leverage set at the venue for this symbol. */
  readonly leverage_setting: number | null;
  /** A position or an order exists, so the venue's leverage setting must stay. */
  readonly leverage_locked: boolean;
  readonly liquidity: number | null;
  readonly liquidity_floor: number | null;
  readonly mark: number | null;
  readonly mark_at_ms: number | null;
  readonly quote_at_ms: number | null;
  readonly rules: RulesView | null;
  readonly sigma: number | null;
  readonly sigma_baseline: number | null;
}

export interface OrderView {
  readonly agent: string | null;
  readonly client_order_id: string;
  readonly filled_lots: number;
  readonly is_open: boolean;
  readonly is_protective: boolean;
  readonly lots: number;
  readonly order_type: OrderType;
  readonly price_ticks: number | null;
  readonly reduce_only: boolean;
  readonly side: Side;
  readonly symbol: string;
}

/** What stands against opening in the symbol, or against one more exit of it (DESIGN 12.1, 12.2). */
export interface HoldingView {
  /**
   * Who keeps it: `another` agent that holds it, whom an operator is told by name, or `released` by an operator from the
   * agent that asks. Null: nobody does.
   */
  readonly held_by: string | null;
  /** Lots, or orders that open, that no record of an agent explains. */
  readonly is_unowned: boolean;
  /** Client id of an order there of which nobody knows what became. */
  readonly unproven_order: string | null;
  /** Decision of an exit there that closes now and is worked. */
  readonly exit_decision: string | null;
  /** Until when the venue lets that exit wait; null: it does not. */
  readonly exit_until_ms: number | null;
  /** Exits of this agent there that close now and are not over. */
  readonly open_exits: number;
}

/** What an exit takes as a rule. */
const EXIT_LASTS_MS = 1_000;
/** When to ask again for what an exit in progress refuses. */
export function exitEndsAtMs({ exit_until_ms: untilMs }: HoldingView, nowMs: number): number {
  return untilMs ?? nowMs + EXIT_LASTS_MS;
}

/** Orders that open in the symbol, and may still fill or be sent; the decided one and unsent parts of it excepted. */
export interface OpeningsView {
  /** Of the agent that asks. */
  readonly own: number;
  /** Of all agents and operators. */
  readonly all: number;
  /** Open orders that the venue takes of the account in the symbol. */
  readonly venue_limit: number;
}

export interface PacingView {
  /** Order tokens taken in the account's rate window (sends, not acknowledgements). */
  readonly account_sends: number;
  /** When the oldest of them leaves the window. */
  readonly account_sends_free_at_ms: number | null;
  readonly agent_sends: number;
  readonly agent_sends_free_at_ms: number | null;
  readonly breaker_until_ms: number | null;
  /** Fees paid in the last 24 h, USDT. */
  readonly fees_usdt: number;
  readonly last_open_fill_at_ms: number | null;
  readonly last_open_fill_side: Side | null;
  /** Last permitted opening parent of this account and symbol. */
  readonly last_open_parent_at_ms: number | null;
  /** Taker fees on the turnover still to come, each symbol's own, USDT. */
  readonly pending_fees_usdt: number;
  /** Notional of other opening orders that are working or unsent: turnover still to come beside this order, USDT. */
  readonly pending_turnover_usdt: number;
  /** Notional filled in the last 24 h, USDT. */
  readonly turnover_usdt: number;
  /** When the venue's own limit of orders leaves room again for what agents send; absent: it does now. */
  readonly venue_sends_free_at_ms?: number;
}

export interface TrustView {
  readonly claimed_skill_sha256: string | null;
  /** Kinds with an active signal that applies to this account, agent and symbol, in the order of SIGNAL_KINDS. */
  readonly signals: readonly SignalKind[];
  readonly token_skill_sha256: string | null;
}

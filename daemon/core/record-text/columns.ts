// biome-ignore-all lint/style/noExcessiveLinesPerFile: one table, and how it is read

import type { RulesView } from '../arithmetic/quantities.ts';
import type { Names, Words } from '../canonical-json.ts';
import type {
  AccountView,
  AgentView,
  ApprovalGrant,
  ApprovalView,
  ExecutionContext,
  ExposureView,
  HoldingView,
  LossesView,
  MarketView,
  OpeningsView,
  OrderView,
  PacingView,
  StateView,
  TrustView,
} from '../context.ts';
import type { EffectiveAction, Reason } from '../decision.ts';
import type { ExecutionRequest } from '../request.ts';

/**
 * The record of a decision holds its view, its request and what follows from it as rows: JSON arrays whose members
 * stand in the order of these columns. Names would be three quarters of it.
 *
 * INVARIANT: columns are only added, at the end. A row that is shorter was written before the last ones were known.
 */
const ACCOUNT = [
  'available_usdt daily_loss drawdown equity_usdt margin_ratio observed_at_ms reserved_margin_usdt',
] as const;
const LOSSES = ['day_usdt week_usdt'] as const;
/** The last one is absent where the agent's policy has no tiers on its loss. */
const AGENT = [
  'fees_usdt gross_other_usdt long_units other_positions p_risk pending_fees_usdt pending_turnover_usdt',
  'resting_exits share_lots short_units symbol_resting_exits turnover_usdt losses',
] as const;
/** The last two are absent where exits on their way close no more than is held. */
const EXPOSURE = [
  'gross_other_sent_usdt gross_other_usdt liquidation_distance long_lots long_units opposed_by_long',
  'opposed_by_short other_mark_at_ms other_marks other_positions other_regime position_lots position_since_ms',
  'recorded_price short_lots short_units exits_beyond_long exits_beyond_short',
] as const;
const RULES = [
  'bracket_caps lot_mantissa lot_scale maintenance_rate max_lots max_market_lots max_price_ticks min_lots',
  'min_notional_usdt min_price_ticks multiplier_down multiplier_up observed_at_ms taker_fee tick_mantissa',
  'tick_scale trading',
] as const;
const MARKET = [
  'ask bar_count bar_ms bars_as_of_ms bid funding_at_ms funding_rate_8h held_regime history_count jump_ratio',
  'leverage_locked leverage_setting liquidity liquidity_floor mark mark_at_ms quote_at_ms rules sigma',
  'sigma_baseline',
] as const;
const ORDER = [
  'agent client_order_id filled_lots is_open is_protective lots order_type price_ticks reduce_only side symbol',
] as const;
/** The last one is absent where the venue's limit leaves room. */
const PACING = [
  'account_sends account_sends_free_at_ms agent_sends agent_sends_free_at_ms breaker_until_ms fees_usdt',
  'last_open_fill_at_ms last_open_fill_side last_open_parent_at_ms pending_fees_usdt pending_turnover_usdt',
  'turnover_usdt venue_sends_free_at_ms',
] as const;
const STATE = ['layer reason scope state'] as const;
const TRUST = ['claimed_skill_sha256 signals token_skill_sha256'] as const;
const GRANT = ['agent approval_id expires_at_ms leverage lots policy_hash price_ticks side symbol quorum'] as const;
const APPROVAL = ['approved_usdt grant opened_usdt order_price_ticks pending_count pending_id'] as const;
const OPENINGS = ['own all venue_limit'] as const;
const HOLDING = ['held_by is_unowned unproven_order exit_decision exit_until_ms open_exits'] as const;
/**
 * The last four may be absent: the intent is no duplicate, or one without an end; no approval is at stake; nothing
 * stands against opening there; no other opening rests there.
 */
const CONTEXT = [
  'account account_name agent clock_skew_ms duplicate_of exit_rung exposure leaving_order_ids market now_ms order',
  'own_order_id pacing parent_price_ticks phase schema_violation slice_lots state trust venue duplicate_until_ms',
  'approval holding openings',
] as const;
/** The last one is of core version 7. */
const REQUEST = [
  'account after_decision_id agent client_order_id fraction intent limit_price max_slippage_bps order_type origin',
  'reduce_only request_id requested_leverage requested_notional side skill_sha256 strategy_id symbol timestamp_ms',
  'tool valid_until_ms venue quantity',
] as const;
const EFFECTIVE = [
  'action leverage limit_price lots max_slippage_bps notional order_type price_ticks quantity reduce_only',
  'requested_quantity side time_in_force',
] as const;
/** Message and hint belong to the code (reasons.ts). */
const REASON = ['code observed limit unit'] as const;
/** The gate's planned orders; `engine/audit/record-text.ts` proves that these are all members. */
const PLANNED_ORDER = [
  'client_order_id delay_ms kind leverage quantity_e8 order_type price_e8 protective reduce_only side slice symbol',
  'time_in_force trigger_e8',
] as const;
/** Before core version 4 the same places held lots and ticks. */
const IN_STEPS: { readonly [column: string]: string } = {
  quantity_e8: 'lots',
  price_e8: 'price_ticks',
  trigger_e8: 'trigger_ticks',
};
export type PlannedOrderColumn = Words<(typeof PLANNED_ORDER)[number]>;

export interface RowForm {
  readonly columns: readonly string[];
  /** At each place: the form of a column that is a row itself, else null. */
  readonly parts: readonly (RowForm | null)[];
}
function form(rows: readonly string[], parts: { readonly [column: string]: RowForm } = {}): RowForm {
  const columns = rows.flatMap((row) => row.split(' '));
  return { columns, parts: columns.map((column) => parts[column] ?? null) };
}
export const ROW_FORMS = {
  context: form(CONTEXT, {
    account: form(ACCOUNT),
    agent: form(AGENT, { losses: form(LOSSES) }),
    approval: form(APPROVAL, { grant: form(GRANT) }),
    exposure: form(EXPOSURE),
    holding: form(HOLDING),
    market: form(MARKET, { rules: form(RULES) }),
    openings: form(OPENINGS),
    order: form(ORDER),
    pacing: form(PACING),
    state: form(STATE),
    trust: form(TRUST),
  }),
  request: form(REQUEST),
  effective: form(EFFECTIVE),
  reason: form(REASON),
  order: form(PLANNED_ORDER),
} as const;

/** A planned order of before {@link IN_STEPS}. */
export const ORDER_IN_STEPS: RowForm = form(ROW_FORMS.order.columns.map((column) => IN_STEPS[column] ?? column));

/** Stops compiling when a type gains a member that has no column. */
export const COLUMNS_ARE_WHOLE: readonly [
  Names<AccountView, Words<(typeof ACCOUNT)[number]>>,
  Names<AgentView, Words<(typeof AGENT)[number]>>,
  Names<ApprovalGrant, Words<(typeof GRANT)[number]>>,
  Names<ApprovalView, Words<(typeof APPROVAL)[number]>>,
  Names<HoldingView, Words<(typeof HOLDING)[number]>>,
  Names<OpeningsView, Words<(typeof OPENINGS)[number]>>,
  Names<LossesView, Words<(typeof LOSSES)[number]>>,
  Names<ExposureView, Words<(typeof EXPOSURE)[number]>>,
  Names<RulesView, Words<(typeof RULES)[number]>>,
  Names<MarketView, Words<(typeof MARKET)[number]>>,
  Names<OrderView, Words<(typeof ORDER)[number]>>,
  Names<PacingView, Words<(typeof PACING)[number]>>,
  Names<StateView, Words<(typeof STATE)[number]>>,
  Names<TrustView, Words<(typeof TRUST)[number]>>,
  Names<ExecutionContext, Words<(typeof CONTEXT)[number]>>,
  Names<ExecutionRequest, Words<(typeof REQUEST)[number]>>,
  Names<EffectiveAction, Words<(typeof EFFECTIVE)[number]>>,
  Names<Reason, Words<(typeof REASON)[number]> | 'hint' | 'message'>,
] = [true, true, true, true, true, true, true, true, true, true, true, true, true, true, true, true, true, true];

/** Stands for a column that is absent, where a later one is not: rows and lists are arrays, so no column is an object. */
export const ABSENT = '{}';
function isAbsent(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value of a row, member by member. What is no row (null) stays as it is. */
export function readRow({ columns, parts }: RowForm, row: unknown): unknown {
  if (!Array.isArray(row)) return row;
  const value: Record<string, unknown> = {};
  // A newer version has more columns: what it decided is not derived here, and views need these alone.
  const { length } = row.length > columns.length ? columns : row;
  for (let at = 0; at < length; at += 1) {
    // One that is absent before one that is not.
    if (isAbsent(row[at])) continue;
    const part = parts[at] as RowForm | null;
    value[columns[at] as string] = part === null ? row[at] : readRow(part, row[at]);
  }
  return value;
}

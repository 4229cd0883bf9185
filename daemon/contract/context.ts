import type { Static } from 'typebox';
import type { ExecutionContext } from '../core/context.ts';
import { REGIMES, SIGNAL_KINDS } from '../core/policy.ts';
import * as Type from './built/typebox.js';
import type { Agree } from './schema/agreement.ts';
import * as field from './schema/fields.ts';
import { nullable } from './schema/nullable.ts';

/** SAE-CTX: the reduced view that `decide` reads, as recorded (core/context.ts explains each member). */

const amount = Type.Number({ minimum: 0 });
const signed = Type.Number();
const lots = Type.Integer({ minimum: 0 });
const signedLots = Type.Integer();
const count = Type.Integer({ minimum: 0 });
/** Domain time is extrapolated, so an instant need not be a whole millisecond. */
const instant = Type.Number({ minimum: 0 });
const flag = Type.Boolean();
const name = Type.String({ minLength: 1, maxLength: 128 });
const regime = field.oneOf(REGIMES);
const side = field.oneOf(['buy', 'sell'], 'Direction.');

const account = Type.Object(
  {
    available_usdt: signed,
    daily_loss: amount,
    drawdown: amount,
    equity_usdt: signed,
    margin_ratio: amount,
    observed_at_ms: instant,
    reserved_margin_usdt: signed,
  },
  field.closed,
);
const losses = Type.Object({ day_usdt: nullable(signed), week_usdt: nullable(signed) }, field.closed);
const agent = Type.Object(
  {
    fees_usdt: signed,
    gross_other_usdt: amount,
    long_units: amount,
    other_positions: count,
    p_risk: Type.Number({ minimum: 0, maximum: 1 }),
    pending_fees_usdt: amount,
    pending_turnover_usdt: amount,
    resting_exits: count,
    share_lots: signedLots,
    short_units: amount,
    symbol_resting_exits: count,
    turnover_usdt: amount,
    losses: Type.Optional(losses),
  },
  field.closed,
);
const holding = Type.Object(
  {
    held_by: nullable(name),
    is_unowned: flag,
    unproven_order: nullable(name),
    exit_decision: nullable(name),
    exit_until_ms: nullable(instant),
    open_exits: count,
  },
  field.closed,
);
const openings = Type.Object({ own: count, all: count, venue_limit: count }, field.closed);
const exposure = Type.Object(
  {
    gross_other_sent_usdt: amount,
    gross_other_usdt: amount,
    liquidation_distance: nullable(signed),
    long_lots: lots,
    long_units: amount,
    opposed_by_long: nullable(name),
    opposed_by_short: nullable(name),
    other_mark_at_ms: nullable(instant),
    other_marks: Type.Array(Type.Tuple([field.symbol, amount])),
    other_positions: count,
    other_regime: nullable(regime),
    position_lots: signedLots,
    position_since_ms: nullable(instant),
    recorded_price: nullable(amount),
    short_lots: lots,
    short_units: amount,
    exits_beyond_long: Type.Optional(lots),
    exits_beyond_short: Type.Optional(lots),
  },
  field.closed,
);
const rules = Type.Object(
  {
    bracket_caps: Type.Array(amount, { maxItems: field.MAX_LEVERAGE }),
    lot_mantissa: count,
    lot_scale: count,
    maintenance_rate: amount,
    max_lots: lots,
    max_market_lots: lots,
    max_price_ticks: lots,
    min_lots: lots,
    min_notional_usdt: amount,
    min_price_ticks: lots,
    multiplier_down: amount,
    multiplier_up: amount,
    observed_at_ms: instant,
    taker_fee: amount,
    tick_mantissa: count,
    tick_scale: count,
    trading: flag,
  },
  field.closed,
);
const market = Type.Object(
  {
    ask: nullable(amount),
    bar_count: count,
    bar_ms: count,
    bars_as_of_ms: nullable(instant),
    bid: nullable(amount),
    funding_at_ms: nullable(instant),
    funding_rate_8h: nullable(signed),
    held_regime: regime,
    history_count: count,
    jump_ratio: nullable(amount),
    leverage_locked: flag,
    leverage_setting: nullable(amount),
    liquidity: nullable(amount),
    liquidity_floor: nullable(amount),
    mark: nullable(amount),
    mark_at_ms: nullable(instant),
    quote_at_ms: nullable(instant),
    rules: nullable(rules),
    sigma: nullable(amount),
    sigma_baseline: nullable(amount),
  },
  field.closed,
);
const order = Type.Object(
  {
    agent: nullable(name),
    client_order_id: name,
    filled_lots: lots,
    is_open: flag,
    is_protective: flag,
    lots,
    order_type: field.oneOf(['market', 'limit']),
    price_ticks: nullable(count),
    reduce_only: flag,
    side,
    symbol: field.symbol,
  },
  field.closed,
);
const pacing = Type.Object(
  {
    account_sends: count,
    account_sends_free_at_ms: nullable(instant),
    agent_sends: count,
    agent_sends_free_at_ms: nullable(instant),
    breaker_until_ms: nullable(instant),
    fees_usdt: signed,
    last_open_fill_at_ms: nullable(instant),
    last_open_fill_side: nullable(side),
    last_open_parent_at_ms: nullable(instant),
    pending_fees_usdt: amount,
    pending_turnover_usdt: amount,
    turnover_usdt: amount,
    venue_sends_free_at_ms: Type.Optional(instant),
  },
  field.closed,
);
const state = Type.Object(
  {
    layer: nullable(field.oneOf(['operator', 'breaker', 'boot', 'condition'])),
    reason: nullable(Type.String()),
    scope: nullable(field.oneOf(['account', 'symbol', 'agent'])),
    state: field.oneOf(['active', 'reducing', 'halted'], 'The most restrictive layer that applies.'), // AN-235
  },
  field.closed,
);
const trust = Type.Object(
  {
    claimed_skill_sha256: nullable(Type.String()),
    signals: Type.Array(field.oneOf(SIGNAL_KINDS, 'Kind.'), { uniqueItems: true }),
    token_skill_sha256: nullable(Type.String()),
  },
  field.closed,
);
const grant = Type.Object(
  {
    agent: name,
    approval_id: name,
    expires_at_ms: instant,
    leverage: amount,
    lots,
    policy_hash: Type.String(),
    price_ticks: count,
    quorum: count,
    side,
    symbol: field.symbol,
  },
  field.closed,
);
const approval = Type.Object(
  {
    approved_usdt: amount,
    grant: nullable(grant),
    opened_usdt: amount,
    order_price_ticks: nullable(count),
    pending_count: count,
    pending_id: nullable(name),
  },
  field.closed,
);
export const ExecutionContextSchema = Type.Object(
  {
    account: nullable(account),
    account_name: name,
    agent,
    approval: Type.Optional(approval),
    clock_skew_ms: nullable(amount),
    duplicate_of: nullable(name),
    duplicate_until_ms: Type.Optional(instant),
    exit_rung: count,
    exposure,
    holding: Type.Optional(holding),
    leaving_order_ids: Type.Array(name),
    market,
    now_ms: instant,
    openings: Type.Optional(openings),
    order: nullable(order),
    own_order_id: nullable(name),
    pacing,
    parent_price_ticks: nullable(count),
    phase: field.oneOf(['parent', 'slice', 'standing']),
    schema_violation: nullable(Type.String()),
    slice_lots: nullable(lots),
    state,
    trust,
    venue: name,
  },
  { ...field.closed, description: 'SAE-CTX: the reduced view that the decision is based on. Null: not known.' }, // note, note
);

/** Stops compiling when schema and core type differ. */
export const CONTEXT_TYPES_AGREE: readonly [Agree<Static<typeof ExecutionContextSchema>, ExecutionContext>] = [true];

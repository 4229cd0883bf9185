import type { RulesView } from '../arithmetic/quantities.ts';
import {
  figureText,
  keepByIdentity,
  keepNewest,
  listText,
  numberOrNull,
  numberText,
  quoted,
  quotedOrNull,
  wordOrNull,
} from '../canonical-json.ts';
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
 * The rows of SAE-CTX, SAE-REQ and SAE-DEC (columns.ts), canonical JSON. Written by `npm run generate` from the schemas
 * of contract/context.ts and contract/decision.ts. Each writer throws CanonicalJsonError when a figure is not finite.
 */

const writeAccount = keepNewest(
  (row: AccountView): string =>
    `[${numberText(row.available_usdt)},${numberText(row.daily_loss)},${numberText(row.drawdown)}` +
    `,${numberText(row.equity_usdt)},${numberText(row.margin_ratio)},${numberText(row.observed_at_ms)}` +
    `,${numberText(row.reserved_margin_usdt)}]`,
  (a, b) =>
    a.available_usdt === b.available_usdt &&
    a.daily_loss === b.daily_loss &&
    a.drawdown === b.drawdown &&
    a.equity_usdt === b.equity_usdt &&
    a.margin_ratio === b.margin_ratio &&
    a.observed_at_ms === b.observed_at_ms &&
    a.reserved_margin_usdt === b.reserved_margin_usdt,
);

function writeLosses(row: LossesView): string {
  return `[${numberOrNull(row.day_usdt)},${numberOrNull(row.week_usdt)}]`;
}

const writeAgent = keepNewest(
  (row: AgentView): string =>
    `[${numberText(row.fees_usdt)},${numberText(row.gross_other_usdt)},${numberText(row.long_units)}` +
    `,${numberText(row.other_positions)},${numberText(row.p_risk)},${numberText(row.pending_fees_usdt)}` +
    `,${numberText(row.pending_turnover_usdt)},${numberText(row.resting_exits)}` +
    `,${numberText(row.share_lots)},${numberText(row.short_units)}` +
    `,${numberText(row.symbol_resting_exits)},${numberText(row.turnover_usdt)}` +
    (row.losses === undefined ? '' : `,${writeLosses(row.losses)}`) +
    ']',
  (a, b) =>
    a.fees_usdt === b.fees_usdt &&
    a.gross_other_usdt === b.gross_other_usdt &&
    a.long_units === b.long_units &&
    a.other_positions === b.other_positions &&
    a.p_risk === b.p_risk &&
    a.pending_fees_usdt === b.pending_fees_usdt &&
    a.pending_turnover_usdt === b.pending_turnover_usdt &&
    a.resting_exits === b.resting_exits &&
    a.share_lots === b.share_lots &&
    a.short_units === b.short_units &&
    a.symbol_resting_exits === b.symbol_resting_exits &&
    a.turnover_usdt === b.turnover_usdt &&
    a.losses === b.losses,
);

const writeExposure = keepNewest(
  (row: ExposureView): string =>
    `[${numberText(row.gross_other_sent_usdt)},${numberText(row.gross_other_usdt)}` +
    `,${numberOrNull(row.liquidation_distance)},${numberText(row.long_lots)}` +
    `,${numberText(row.long_units)},${quotedOrNull(row.opposed_by_long)}` +
    `,${quotedOrNull(row.opposed_by_short)},${numberOrNull(row.other_mark_at_ms)}` +
    `,${listText(row.other_marks, (item) => `[${quoted(item[0])},${numberText(item[1])}]`)}` +
    `,${numberText(row.other_positions)},${wordOrNull(row.other_regime)},${numberText(row.position_lots)}` +
    `,${numberOrNull(row.position_since_ms)},${numberOrNull(row.recorded_price)}` +
    `,${numberText(row.short_lots)},${numberText(row.short_units)}` +
    (row.exits_beyond_long === undefined
      ? row.exits_beyond_short !== undefined
        ? ',{}'
        : ''
      : `,${numberText(row.exits_beyond_long)}`) +
    (row.exits_beyond_short === undefined ? '' : `,${numberText(row.exits_beyond_short)}`) +
    ']',
  (a, b) =>
    a.gross_other_sent_usdt === b.gross_other_sent_usdt &&
    a.gross_other_usdt === b.gross_other_usdt &&
    a.liquidation_distance === b.liquidation_distance &&
    a.long_lots === b.long_lots &&
    a.long_units === b.long_units &&
    a.opposed_by_long === b.opposed_by_long &&
    a.opposed_by_short === b.opposed_by_short &&
    a.other_mark_at_ms === b.other_mark_at_ms &&
    a.other_marks.length === b.other_marks.length &&
    a.other_marks.every((item, i) => item[0] === b.other_marks[i]?.[0] && item[1] === b.other_marks[i]?.[1]) &&
    a.other_positions === b.other_positions &&
    a.other_regime === b.other_regime &&
    a.position_lots === b.position_lots &&
    a.position_since_ms === b.position_since_ms &&
    a.recorded_price === b.recorded_price &&
    a.short_lots === b.short_lots &&
    a.short_units === b.short_units &&
    a.exits_beyond_long === b.exits_beyond_long &&
    a.exits_beyond_short === b.exits_beyond_short,
);

const writeRules = keepByIdentity(
  (row: RulesView): string =>
    `[${listText(row.bracket_caps, numberText)},${numberText(row.lot_mantissa)}` +
    `,${numberText(row.lot_scale)},${numberText(row.maintenance_rate)},${numberText(row.max_lots)}` +
    `,${numberText(row.max_market_lots)},${numberText(row.max_price_ticks)},${numberText(row.min_lots)}` +
    `,${numberText(row.min_notional_usdt)},${numberText(row.min_price_ticks)}` +
    `,${numberText(row.multiplier_down)},${numberText(row.multiplier_up)}` +
    `,${numberText(row.observed_at_ms)},${numberText(row.taker_fee)},${numberText(row.tick_mantissa)}` +
    `,${numberText(row.tick_scale)},${row.trading}]`,
);

const writeMarket = keepByIdentity(
  (row: MarketView): string =>
    `[${numberOrNull(row.ask)},${numberText(row.bar_count)},${numberText(row.bar_ms)}` +
    `,${numberOrNull(row.bars_as_of_ms)},${numberOrNull(row.bid)},${numberOrNull(row.funding_at_ms)}` +
    `,${numberOrNull(row.funding_rate_8h)},"${row.held_regime}",${numberText(row.history_count)}` +
    `,${numberOrNull(row.jump_ratio)},${row.leverage_locked},${numberOrNull(row.leverage_setting)}` +
    `,${numberOrNull(row.liquidity)},${numberOrNull(row.liquidity_floor)},${numberOrNull(row.mark)}` +
    `,${numberOrNull(row.mark_at_ms)},${numberOrNull(row.quote_at_ms)}` +
    `,${row.rules === null ? 'null' : writeRules(row.rules)},${numberOrNull(row.sigma)}` +
    `,${numberOrNull(row.sigma_baseline)}]`,
);

function writeOrder(row: OrderView): string {
  return (
    `[${quotedOrNull(row.agent)},${quoted(row.client_order_id)},${numberText(row.filled_lots)}` +
    `,${row.is_open},${row.is_protective},${numberText(row.lots)},"${row.order_type}"` +
    `,${numberOrNull(row.price_ticks)},${row.reduce_only},"${row.side}",${quoted(row.symbol)}]`
  );
}

const writePacing = keepNewest(
  (row: PacingView): string =>
    `[${numberText(row.account_sends)},${numberOrNull(row.account_sends_free_at_ms)}` +
    `,${numberText(row.agent_sends)},${numberOrNull(row.agent_sends_free_at_ms)}` +
    `,${numberOrNull(row.breaker_until_ms)},${numberText(row.fees_usdt)}` +
    `,${numberOrNull(row.last_open_fill_at_ms)},${wordOrNull(row.last_open_fill_side)}` +
    `,${numberOrNull(row.last_open_parent_at_ms)},${numberText(row.pending_fees_usdt)}` +
    `,${numberText(row.pending_turnover_usdt)},${numberText(row.turnover_usdt)}` +
    (row.venue_sends_free_at_ms === undefined ? '' : `,${numberText(row.venue_sends_free_at_ms)}`) +
    ']',
  (a, b) =>
    a.account_sends === b.account_sends &&
    a.account_sends_free_at_ms === b.account_sends_free_at_ms &&
    a.agent_sends === b.agent_sends &&
    a.agent_sends_free_at_ms === b.agent_sends_free_at_ms &&
    a.breaker_until_ms === b.breaker_until_ms &&
    a.fees_usdt === b.fees_usdt &&
    a.last_open_fill_at_ms === b.last_open_fill_at_ms &&
    a.last_open_fill_side === b.last_open_fill_side &&
    a.last_open_parent_at_ms === b.last_open_parent_at_ms &&
    a.pending_fees_usdt === b.pending_fees_usdt &&
    a.pending_turnover_usdt === b.pending_turnover_usdt &&
    a.turnover_usdt === b.turnover_usdt &&
    a.venue_sends_free_at_ms === b.venue_sends_free_at_ms,
);

const writeState = keepNewest(
  (row: StateView): string =>
    `[${wordOrNull(row.layer)},${quotedOrNull(row.reason)},${wordOrNull(row.scope)},"${row.state}"]`,
  (a, b) => a.layer === b.layer && a.reason === b.reason && a.scope === b.scope && a.state === b.state,
);

const writeTrust = keepNewest(
  (row: TrustView): string =>
    `[${quotedOrNull(row.claimed_skill_sha256)},${listText(row.signals, wordOrNull)}` +
    `,${quotedOrNull(row.token_skill_sha256)}]`,
  (a, b) =>
    a.claimed_skill_sha256 === b.claimed_skill_sha256 &&
    a.signals.length === b.signals.length &&
    a.signals.every((item, i) => item === b.signals[i]) &&
    a.token_skill_sha256 === b.token_skill_sha256,
);

function writeGrant(row: ApprovalGrant): string {
  return (
    `[${quoted(row.agent)},${quoted(row.approval_id)},${numberText(row.expires_at_ms)}` +
    `,${numberText(row.leverage)},${numberText(row.lots)},${quoted(row.policy_hash)}` +
    `,${numberText(row.price_ticks)},"${row.side}",${quoted(row.symbol)},${numberText(row.quorum)}]`
  );
}

function writeApproval(row: ApprovalView): string {
  return (
    `[${numberText(row.approved_usdt)},${row.grant === null ? 'null' : writeGrant(row.grant)}` +
    `,${numberText(row.opened_usdt)},${numberOrNull(row.order_price_ticks)}` +
    `,${numberText(row.pending_count)},${quotedOrNull(row.pending_id)}]`
  );
}

function writeHolding(row: HoldingView): string {
  return (
    `[${quotedOrNull(row.held_by)},${row.is_unowned},${quotedOrNull(row.unproven_order)}` +
    `,${quotedOrNull(row.exit_decision)},${numberOrNull(row.exit_until_ms)},${numberText(row.open_exits)}]`
  );
}

function writeOpenings(row: OpeningsView): string {
  return `[${numberText(row.own)},${numberText(row.all)},${numberText(row.venue_limit)}]`;
}

export function writeContext(row: ExecutionContext): string {
  return (
    `[${row.account === null ? 'null' : writeAccount(row.account)},${quoted(row.account_name)}` +
    `,${writeAgent(row.agent)},${numberOrNull(row.clock_skew_ms)},${quotedOrNull(row.duplicate_of)}` +
    `,${numberText(row.exit_rung)},${writeExposure(row.exposure)}` +
    `,${listText(row.leaving_order_ids, quoted)},${writeMarket(row.market)},${numberText(row.now_ms)}` +
    `,${row.order === null ? 'null' : writeOrder(row.order)},${quotedOrNull(row.own_order_id)}` +
    `,${writePacing(row.pacing)},${numberOrNull(row.parent_price_ticks)},"${row.phase}"` +
    `,${quotedOrNull(row.schema_violation)},${numberOrNull(row.slice_lots)},${writeState(row.state)}` +
    `,${writeTrust(row.trust)},${quoted(row.venue)}` +
    (row.duplicate_until_ms === undefined
      ? row.approval !== undefined || row.holding !== undefined || row.openings !== undefined
        ? ',{}'
        : ''
      : `,${numberText(row.duplicate_until_ms)}`) +
    (row.approval === undefined
      ? row.holding !== undefined || row.openings !== undefined
        ? ',{}'
        : ''
      : `,${writeApproval(row.approval)}`) +
    (row.holding === undefined ? (row.openings !== undefined ? ',{}' : '') : `,${writeHolding(row.holding)}`) +
    (row.openings === undefined ? '' : `,${writeOpenings(row.openings)}`) +
    ']'
  );
}

export function writeRequest(row: ExecutionRequest): string {
  return (
    `[${quoted(row.account)},${quotedOrNull(row.after_decision_id)},${quoted(row.agent)}` +
    `,${quotedOrNull(row.client_order_id)},${numberOrNull(row.fraction)},"${row.intent}"` +
    `,${numberOrNull(row.limit_price)},${numberOrNull(row.max_slippage_bps)}` +
    `,${wordOrNull(row.order_type)},"${row.origin}",${row.reduce_only},${quotedOrNull(row.request_id)}` +
    `,${numberOrNull(row.requested_leverage)},${numberOrNull(row.requested_notional)}` +
    `,${wordOrNull(row.side)},${quotedOrNull(row.skill_sha256)},${quotedOrNull(row.strategy_id)}` +
    `,${quotedOrNull(row.symbol)},${numberText(row.timestamp_ms)},"${row.tool}"` +
    `,${numberOrNull(row.valid_until_ms)},${quoted(row.venue)},${numberOrNull(row.quantity)}]`
  );
}

export function writeEffectiveRow(row: EffectiveAction): string {
  return (
    `["${row.action}",${numberOrNull(row.leverage)},${wordOrNull(row.limit_price)}` +
    `,${numberOrNull(row.lots)},${numberOrNull(row.max_slippage_bps)},${numberText(row.notional)}` +
    `,"${row.order_type}",${numberOrNull(row.price_ticks)},${wordOrNull(row.quantity)},${row.reduce_only}` +
    `,${wordOrNull(row.requested_quantity)},"${row.side}",${wordOrNull(row.time_in_force)}]`
  );
}

export function writeReasonRow(row: Reason): string {
  return `["${row.code}",${figureText(row.observed)},${figureText(row.limit)},${wordOrNull(row.unit)}]`;
}

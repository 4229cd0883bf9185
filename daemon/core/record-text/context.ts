import type {
  AccountView,
  AgentView,
  ExecutionContext,
  ExposureView,
  OrderView,
  PacingView,
  StateView,
  TrustView,
} from '../context.ts';
import { writeMarket } from './market.ts';
import { listText, type Names, numberOrNull, numberText, quoted, quotedOrNull, wordOrNull } from './scalars.ts';

/** `canonicalJson(context)` of SAE-CTX. @throws CanonicalJsonError when a figure is not finite */
export function writeContext(context: ExecutionContext): string {
  return (
    `{"account":${context.account === null ? 'null' : writeAccount(context.account)}` +
    `,"account_name":${quoted(context.account_name)},"agent":${writeAgent(context.agent)}` +
    `,"clock_skew_ms":${numberOrNull(context.clock_skew_ms)},"duplicate_of":${quotedOrNull(context.duplicate_of)}` +
    `,"exit_rung":${numberText(context.exit_rung)},"exposure":${writeExposure(context.exposure)}` +
    `,"leaving_order_ids":${listText(context.leaving_order_ids, quoted)},"market":${writeMarket(context.market)}` +
    `,"now_ms":${numberText(context.now_ms)},"order":${context.order === null ? 'null' : writeOrder(context.order)}` +
    `,"own_order_id":${quotedOrNull(context.own_order_id)},"pacing":${writePacing(context.pacing)}` +
    `,"parent_price_ticks":${numberOrNull(context.parent_price_ticks)},"phase":"${context.phase}"` +
    `,"schema_violation":${quotedOrNull(context.schema_violation)},"slice_lots":${numberOrNull(context.slice_lots)}` +
    `,"state":${writeState(context.state)},"trust":${writeTrust(context.trust)},"venue":${quoted(context.venue)}}`
  );
}

function writeAccount(account: AccountView): string {
  return (
    `{"available_usdt":${numberText(account.available_usdt)},"daily_loss":${numberText(account.daily_loss)}` +
    `,"drawdown":${numberText(account.drawdown)},"equity_usdt":${numberText(account.equity_usdt)}` +
    `,"margin_ratio":${numberText(account.margin_ratio)},"observed_at_ms":${numberText(account.observed_at_ms)}` +
    `,"reserved_margin_usdt":${numberText(account.reserved_margin_usdt)}}`
  );
}

function writeAgent(agent: AgentView): string {
  return (
    `{"fees_usdt":${numberText(agent.fees_usdt)},"gross_other_usdt":${numberText(agent.gross_other_usdt)}` +
    `,"long_units":${numberText(agent.long_units)},"other_positions":${numberText(agent.other_positions)}` +
    `,"p_risk":${numberText(agent.p_risk)},"pending_fees_usdt":${numberText(agent.pending_fees_usdt)}` +
    `,"pending_turnover_usdt":${numberText(agent.pending_turnover_usdt)},"share_lots":${numberText(agent.share_lots)}` +
    `,"short_units":${numberText(agent.short_units)},"turnover_usdt":${numberText(agent.turnover_usdt)}}`
  );
}

function writeExposure(exposure: ExposureView): string {
  return (
    `{"gross_other_sent_usdt":${numberText(exposure.gross_other_sent_usdt)}` +
    `,"gross_other_usdt":${numberText(exposure.gross_other_usdt)}` +
    `,"liquidation_distance":${numberOrNull(exposure.liquidation_distance)}` +
    `,"long_lots":${numberText(exposure.long_lots)},"long_units":${numberText(exposure.long_units)}` +
    `,"opposed_by_long":${quotedOrNull(exposure.opposed_by_long)}` +
    `,"opposed_by_short":${quotedOrNull(exposure.opposed_by_short)}` +
    `,"other_marks":${listText(exposure.other_marks, writeMark)}` +
    `,"other_positions":${numberText(exposure.other_positions)},"other_regime":${wordOrNull(exposure.other_regime)}` +
    `,"position_since_ms":${numberOrNull(exposure.position_since_ms)}` +
    `,"short_lots":${numberText(exposure.short_lots)},"short_units":${numberText(exposure.short_units)}}`
  );
}
function writeMark([symbol, mark]: readonly [string, number]): string {
  return `[${quoted(symbol)},${numberText(mark)}]`;
}

function writeOrder(order: OrderView): string {
  return (
    `{"agent":${quotedOrNull(order.agent)},"client_order_id":${quoted(order.client_order_id)}` +
    `,"filled_lots":${numberText(order.filled_lots)},"is_open":${order.is_open}` +
    `,"is_protective":${order.is_protective},"lots":${numberText(order.lots)},"order_type":"${order.order_type}"` +
    `,"price_ticks":${numberOrNull(order.price_ticks)},"reduce_only":${order.reduce_only}` +
    `,"side":"${order.side}","symbol":${quoted(order.symbol)}}`
  );
}

function writePacing(pacing: PacingView): string {
  return (
    `{"account_sends":${numberText(pacing.account_sends)}` +
    `,"account_sends_free_at_ms":${numberOrNull(pacing.account_sends_free_at_ms)}` +
    `,"agent_sends":${numberText(pacing.agent_sends)}` +
    `,"agent_sends_free_at_ms":${numberOrNull(pacing.agent_sends_free_at_ms)}` +
    `,"breaker_until_ms":${numberOrNull(pacing.breaker_until_ms)},"fees_usdt":${numberText(pacing.fees_usdt)}` +
    `,"last_open_fill_at_ms":${numberOrNull(pacing.last_open_fill_at_ms)}` +
    `,"last_open_fill_side":${wordOrNull(pacing.last_open_fill_side)}` +
    `,"last_open_parent_at_ms":${numberOrNull(pacing.last_open_parent_at_ms)}` +
    `,"pending_fees_usdt":${numberText(pacing.pending_fees_usdt)}` +
    `,"pending_turnover_usdt":${numberText(pacing.pending_turnover_usdt)}` +
    `,"turnover_usdt":${numberText(pacing.turnover_usdt)}}`
  );
}

function writeState(state: StateView): string {
  return (
    `{"layer":${wordOrNull(state.layer)},"reason":${quotedOrNull(state.reason)}` +
    `,"scope":${wordOrNull(state.scope)},"state":"${state.state}"}`
  );
}

function writeTrust(trust: TrustView): string {
  return (
    `{"claimed_skill_sha256":${quotedOrNull(trust.claimed_skill_sha256)},"signals":${listText(trust.signals, wordOrNull)}` +
    `,"token_skill_sha256":${quotedOrNull(trust.token_skill_sha256)}}`
  );
}

export const CONTEXT_IS_WHOLE: readonly [
  Names<
    ExecutionContext,
    | 'account'
    | 'account_name'
    | 'agent'
    | 'clock_skew_ms'
    | 'duplicate_of'
    | 'exit_rung'
    | 'exposure'
    | 'leaving_order_ids'
    | 'market'
    | 'now_ms'
    | 'order'
    | 'own_order_id'
    | 'pacing'
    | 'parent_price_ticks'
    | 'phase'
    | 'schema_violation'
    | 'slice_lots'
    | 'state'
    | 'trust'
    | 'venue'
  >,
  Names<
    AccountView,
    | 'available_usdt'
    | 'daily_loss'
    | 'drawdown'
    | 'equity_usdt'
    | 'margin_ratio'
    | 'observed_at_ms'
    | 'reserved_margin_usdt'
  >,
  Names<
    AgentView,
    | 'fees_usdt'
    | 'gross_other_usdt'
    | 'long_units'
    | 'other_positions'
    | 'p_risk'
    | 'pending_fees_usdt'
    | 'pending_turnover_usdt'
    | 'share_lots'
    | 'short_units'
    | 'turnover_usdt'
  >,
  Names<
    ExposureView,
    | 'gross_other_sent_usdt'
    | 'gross_other_usdt'
    | 'liquidation_distance'
    | 'long_lots'
    | 'long_units'
    | 'opposed_by_long'
    | 'opposed_by_short'
    | 'other_marks'
    | 'other_positions'
    | 'other_regime'
    | 'position_since_ms'
    | 'short_lots'
    | 'short_units'
  >,
  Names<
    OrderView,
    | 'agent'
    | 'client_order_id'
    | 'filled_lots'
    | 'is_open'
    | 'is_protective'
    | 'lots'
    | 'order_type'
    | 'price_ticks'
    | 'reduce_only'
    | 'side'
    | 'symbol'
  >,
  Names<
    PacingView,
    | 'account_sends'
    | 'account_sends_free_at_ms'
    | 'agent_sends'
    | 'agent_sends_free_at_ms'
    | 'breaker_until_ms'
    | 'fees_usdt'
    | 'last_open_fill_at_ms'
    | 'last_open_fill_side'
    | 'last_open_parent_at_ms'
    | 'pending_fees_usdt'
    | 'pending_turnover_usdt'
    | 'turnover_usdt'
  >,
  Names<StateView, 'layer' | 'reason' | 'scope' | 'state'>,
  Names<TrustView, 'claimed_skill_sha256' | 'signals' | 'token_skill_sha256'>,
] = [true, true, true, true, true, true, true, true];

import type {
  AccountBody,
  AlertBody,
  AlertsBody,
  FillsBody,
  MarketBody,
  OrderBody,
  PositionBody,
} from '../contract/types/reads.ts';
import { wordOrNull } from '../core/canonical-json.ts';
import { CORE_VERSION } from '../core/core-version.ts';
import { writeAsked } from '../core/decide/asked.ts';
import { type Explanation, explainDecision, explainWithoutPolicy, writeArithmetic } from '../core/decide/explain.ts';
import { findRegime } from '../core/rules/budgets.ts';
import { smallestOrderUsdt } from '../core/rules/price.ts';
import type { RecordedAlert } from '../engine/callers/recent.ts';
import type { LiveCore } from '../engine/flow/core.ts';
import { ownE8 } from '../engine/orders/holding.ts';
import { isTerminal, type OrderState } from '../engine/orders/orders.ts';
import { bareRequest, GATE_AGENT, parentAsk } from '../engine/plan/orders.ts';
import { isFlat, type PositionState } from '../engine/positions/positions.ts';
import type { Caller } from '../engine/records/callers.ts';
import type { DecisionEvent, ExplainedDecision, ReportedDecision } from '../engine/records/decisions.ts';
import { formatPriceE8, formatQuantityE8, fromE8, lotE8, tickE8 } from '../engine/records/units.ts';
import type { SymbolRules } from '../engine/records/venue.ts';
import { markInTicks, orderUnits, unitsInUsdt } from '../engine/snapshot/exposure.ts';
import { buildContext } from '../engine/snapshot/snapshot.ts';
import { describeHeld, seesAll } from './holders.ts';

export function averageText(order: OrderState, rules: SymbolRules | undefined): string | null {
  if (order.averagePrice === null) return null;
  // Averages fall between ticks: two more digits, without trailing zeros.
  const digits = rules === undefined ? 8 : Math.round(Math.log10(rules.tickScale)) + 2;
  return String(Number(order.averagePrice.toFixed(digits)));
}

export function describeOrder(core: LiveCore, order: OrderState): OrderBody {
  const rules = core.state.rules.get(order.symbol);
  const live = core.market.symbol(order.symbol);
  const isLive = !isTerminal(order);
  const reserved =
    isLive && rules !== undefined
      ? unitsInUsdt(orderUnits(order, live === null ? 0 : markInTicks(live.mark, rules), rules), rules)
      : 0;
  return {
    agent: order.agent,
    average_price: averageText(order, rules),
    client_order_id: order.clientOrderId,
    decision_id: order.decisionId,
    filled_quantity: formatQuantityE8(order.executedE8, rules),
    foreign: order.foreign,
    limit_price: order.priceE8 === null ? null : formatPriceE8(order.priceE8, rules),
    // For foreign orders the venue writes LIMIT and STOP_MARKET.
    order_type: order.orderType.toLowerCase(),
    quantity: formatQuantityE8(order.quantityE8, rules),
    reduce_only: order.reduceOnly,
    reserved_notional_usdt: reserved,
    side: order.side,
    slice: order.slice,
    status: order.status,
    symbol: order.symbol,
    updated_at_ms: core.state.time.venueMs(order.updatedAtMs),
    venue_order_id: order.venueOrderId,
  };
}

export function describePositions(core: LiveCore, caller: Caller): readonly PositionBody[] {
  const bodies: PositionBody[] = [];
  for (const position of [...core.state.positions.values()].sort((a, b) => (a.symbol < b.symbol ? -1 : 1))) {
    if (isFlat(position)) continue;
    const rules = core.state.rules.get(position.symbol);
    const live = core.market.symbol(position.symbol);
    const quantity = fromE8(position.quantityE8);
    const mark = live?.mark ?? null;
    bodies.push({
      ...describeHolder(core, caller, position),
      entry_price: position.entryPrice > 0 ? String(Number(position.entryPrice.toFixed(8))) : null,
      leverage: position.leverage,
      liquidation_price: position.liquidationPrice === null ? null : String(position.liquidationPrice),
      mark_price: mark === null ? null : String(mark),
      notional_usdt: mark === null ? 0 : Math.abs(quantity) * mark,
      quantity: formatQuantityE8(position.quantityE8, rules),
      symbol: position.symbol,
      unrealised_pnl_usdt:
        mark === null || position.entryPrice <= 0
          ? position.unrealisedPnlUsdt
          : quantity * (mark - position.entryPrice),
    });
  }
  return bodies;
}

function describeHolder(
  core: LiveCore,
  caller: Caller,
  position: PositionState,
): Pick<PositionBody, 'agent_share' | 'held' | 'holder'> {
  const { holder, symbol } = position;
  const isNamed = holder !== null && (seesAll(caller) || holder === caller.agent);
  const share = isNamed ? { [holder]: formatQuantityE8(ownE8(position), core.state.rules.get(symbol)) } : {};
  return {
    agent_share: share,
    ...(seesAll(caller) ? { holder } : { held: describeHeld(core, caller.agent, symbol) }),
  };
}

export function describeAccount(core: LiveCore): AccountBody {
  const live = core.market.account;
  const now = core.nowMs();
  const { pacing, account } = core.state;
  return {
    account: core.settings.account,
    available_usdt: live?.availableUsdt ?? null,
    daily_loss: live === null ? null : core.state.dailyLoss(now, live.marginBalanceUsdt),
    drawdown:
      live === null
        ? null
        : core.state.drawdown(now, live.marginBalanceUsdt, core.policySpec.account.drawdown.window_ms),
    equity_usdt: live?.marginBalanceUsdt ?? null,
    fees_24h_usdt: pacing.account.fees.sum(core.passedMs()),
    margin_ratio: live?.marginRatio ?? null,
    observed_at_ms: live?.observedAtMs ?? null,
    turnover_24h_usdt: pacing.account.turnover.sum(core.passedMs()),
    venue: core.settings.venue,
    wallet_usdt: account?.wallet_usdt ?? null,
  };
}

export function describeMarket(core: LiveCore, agent: string, symbol: string): MarketBody {
  const policy = core.policyFor(GATE_AGENT);
  const context = buildContext({
    state: core.state,
    inputs: core.market.inputs(core.nowMs()),
    request: bareRequest(core.settings, symbol, core.nowMs()),
    policy,
    ask: parentAsk(core.settings),
  });
  const found = findRegime(context, policy);
  const market = context.market;
  const rules = core.state.rules.get(symbol);
  return {
    ask: market.ask,
    bars_as_of_ms: market.bars_as_of_ms,
    bid: market.bid,
    funding_rate_8h: market.funding_rate_8h,
    held: describeHeld(core, agent, symbol),
    jump_ratio: market.jump_ratio,
    liquidity: market.liquidity,
    liquidity_floor: market.liquidity_floor,
    lot_size: rules === undefined ? null : formatQuantityE8(lotE8(rules), rules),
    mark_at_ms: market.mark_at_ms,
    mark_price: market.mark,
    min_notional_usdt: rules?.minNotionalUsdt ?? null,
    smallest_order_usdt: smallestOrderUsdt(market, policy.budgets.slippage_bps, policy.spec.market.collar_bps),
    quote_at_ms: market.quote_at_ms,
    regime: found.regime,
    regime_cause: found.cause,
    sigma: market.sigma,
    sigma_baseline: market.sigma_baseline,
    symbol,
    tick_size: rules === undefined ? null : formatPriceE8(tickE8(rules), rules),
  };
}

/** A cursor that no page can have issued; a 400 over HTTP. */
class CursorError extends Error {
  readonly code = 'CURSOR_UNKNOWN';
}

/** Our list cursors are whole numbers above 0. @throws CursorError */
export function parseCursor(cursor: string): number {
  if (/^[1-9]\d{0,14}$/.test(cursor)) return Number(cursor);
  throw new CursorError(`${JSON.stringify(cursor.slice(0, 80))} was not issued`);
}

/** A page of the last fills, newest first: an agent's own, else everybody's. The cursor is as of {@link describeAlerts}. */
export function describeFills(core: LiveCore, caller: Caller, limit: number, cursor: string | null): FillsBody {
  const isReported = seesAll(caller);
  const read = (seq: number, count: number) =>
    core.state.fills.readBefore(seq, count, ({ agent }) => isReported || agent === caller.agent);
  const { next, page } = readPage(limit, cursor, read);
  return {
    fills: page.map(({ seq, agent: owner, decisionId, holder, trade }) => ({
      seq,
      at_ms: trade.at_venue_ms,
      trade_id: trade.trade_id,
      symbol: trade.symbol,
      side: trade.side,
      quantity: formatQuantityE8(trade.quantity_e8, core.state.rules.get(trade.symbol)),
      price: String(Number(trade.price.toFixed(8))),
      fee_usdt: trade.fee_usdt,
      realised_pnl_usdt: trade.realised_pnl_usdt,
      is_maker: trade.is_maker,
      client_order_id: trade.client_order_id,
      decision_id: decisionId,
      agent: owner,
      ...(isReported ? { holder } : {}),
    })),
    next,
  };
}

/** The cursor is the number of the last record on the previous page. */
function readPage<R extends { readonly seq: number }>(
  limit: number,
  cursor: string | null,
  readBefore: (seq: number, count: number) => readonly R[],
): { readonly page: readonly R[]; readonly next: string | null } {
  const found = readBefore(cursor === null ? Number.POSITIVE_INFINITY : parseCursor(cursor), limit + 1);
  const page = found.slice(0, limit);
  return { page, next: found.length > limit ? String(page.at(-1)?.seq) : null };
}

export function describeAlert({ seq, atMs, code, detail, symbol, acknowledged }: RecordedAlert): AlertBody {
  const seen = acknowledged && { at_ms: acknowledged.atMs, by: acknowledged.by, reason: acknowledged.reason };
  return { seq, at_ms: atMs, code, detail, symbol, acknowledged: seen };
}

/** A page of the last alerts, newest first; the cursor is the number of the last record on the previous page. */
export function describeAlerts(core: LiveCore, limit: number, cursor: string | null): AlertsBody {
  const { next, page } = readPage(limit, cursor, (seq, count) => core.state.alerts.readBefore(seq, count));
  return { alerts: page.map(describeAlert), next };
}

type Recorded = Pick<DecisionEvent, 'context' | 'request'>;

/** Another version of the core decided: what bound it is not derived here. */
const NOT_DERIVED: Explanation = { arithmetic: { line: null, rows: [] }, asked: null, bound_by: null };

/** Why a recorded decision is what it is, under the policy that it was taken by. */
function explainRecorded(core: LiveCore, { context, request }: Recorded, reported: ReportedDecision): Explanation {
  const { verdicts } = reported;
  if (verdicts === null) return NOT_DERIVED;
  const policy = reported.core_version === CORE_VERSION ? core.policyOf(reported.policy_hash, request.agent) : null;
  const decision = { ...reported, verdicts };
  return policy === null
    ? explainWithoutPolicy(request, context, decision)
    : explainDecision(request, context, policy, decision);
}

/** A recorded decision as it is told later, with what is derived of it. */
export function tellExplained(core: LiveCore, event: DecisionEvent): ExplainedDecision {
  const reported = core.retell(event);
  return { ...reported, ...explainRecorded(core, event, reported) };
}

/** The members that an answer has behind the decision's own, to stand before the closing brace. */
export function explanationText(core: LiveCore, event: Recorded, reported: ReportedDecision): string {
  const { arithmetic, asked, bound_by: boundBy } = explainRecorded(core, event, reported);
  return `,"arithmetic":${writeArithmetic(arithmetic)},"asked":${writeAsked(asked)},"bound_by":${wordOrNull(boundBy)}`;
}

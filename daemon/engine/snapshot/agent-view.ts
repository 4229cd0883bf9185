/** What `decide` sees of who asks: its pace and its share, and what stands against it in the symbol. */

import type { AgentView, HoldingView, OpeningsView, PacingView } from '../../core/context.ts';
import type { ExecutionRequest } from '../../core/request.ts';
import type { BreakerState } from '../callers/pacing.ts';
import type { PassedTime } from '../kept/passed-time.ts';
import { closableE8, isBesideNobodys, isReleasedFrom, ownE8, ownE8Of, unownedE8 } from '../orders/holding.ts';
import { remainingE8 } from '../orders/order.ts';
import { isPlanned, isUnproven, liveOrders, type OrderState } from '../orders/orders.ts';
import { createPosition, type PositionState } from '../positions/positions.ts';
import type { Draft, LiveInputs, Own, SymbolInputs } from '../readings/inputs.ts';
import type { SymbolRules } from '../records/venue.ts';
import type { GateViews } from '../state/views.ts';
import { viewLosses } from './agent-losses.ts';
import {
  closableLots,
  type Exposure,
  exposedInOrder,
  isOther,
  markInTicks,
  orderUnits,
  othersThan,
  UNVALUED_USDT,
  unitsInUsdt,
  worstCase,
} from './exposure.ts';
import type { Subject } from './subject.ts';

export function viewPacing(subject: Subject): PacingView {
  const { inputs, policy, state, symbol, tMs: now } = subject;
  const { agent } = subject.request;
  const { time } = state;
  const pending = pendingTurnover(state, inputs, subject.ask, null);
  const account = state.pacing.account;
  const own = state.pacing.readAgent(agent);
  const symbolPace = state.pacing.readSymbol(symbol);
  const sends = account.sends.count(now, policy.budgets.order_rate.window_ms);
  const agentSends = own.sends.count(now, (policy.agentBudgets ?? policy.budgets).order_rate.window_ms);
  const breaker = state.pacing.breakers.get(agent);
  const view: Draft<PacingView> = {
    account_sends: sends.tokens,
    account_sends_free_at_ms: time.venueMsOf(sends.freeAtMs),
    agent_sends: agentSends.tokens,
    agent_sends_free_at_ms: time.venueMsOf(agentSends.freeAtMs),
    breaker_until_ms: breaker === undefined || breaker.untilMs <= now ? null : breakerEndMs(breaker, time),
    fees_usdt: account.fees.sum(now),
    last_open_fill_at_ms: time.venueMsOf(symbolPace.lastOpenFillAtMs),
    last_open_fill_side: symbolPace.lastOpenFillSide,
    last_open_parent_at_ms: time.venueMsOf(symbolPace.lastOpenParentAtMs),
    pending_fees_usdt: pending.feesUsdt,
    pending_turnover_usdt: pending.turnoverUsdt,
    turnover_usdt: account.turnover.sum(now),
  };
  if (inputs.venueSendsFreeAtMs !== undefined) view.venue_sends_free_at_ms = inputs.venueSendsFreeAtMs;
  return view;
}

/** As it is recorded, venue time; one without an end has none in either time. */
function breakerEndMs({ untilMs }: BreakerState, time: PassedTime): number {
  return untilMs === Number.MAX_SAFE_INTEGER ? untilMs : time.venueMs(untilMs);
}

/**
 * Opening orders that may still fill, the decided one excepted: turnover to come, at the worse of mark and limit, and
 * the fees on it. `agent`: of its orders alone; null: of all.
 */
export function pendingTurnover(
  state: GateViews,
  inputs: LiveInputs,
  own: Own,
  agent: string | null,
): { readonly turnoverUsdt: number; readonly feesUsdt: number } {
  let turnoverUsdt = 0;
  let feesUsdt = 0;
  for (const [symbol, orders] of state.orders.live) {
    if (orders.size === 0) continue;
    const rules = state.rules.get(symbol);
    if (rules === undefined) continue;
    const live = inputs.symbols.get(symbol);
    const markTicks = live === undefined ? 0 : markInTicks(live.mark, rules);
    for (const order of othersThan(orders, own, agent)) {
      if (order.reduceOnly) continue;
      const usdt = unitsInUsdt(orderUnits(order, markTicks, rules), rules);
      turnoverUsdt += usdt;
      feesUsdt += usdt * rules.takerFee;
    }
  }
  return { turnoverUsdt, feesUsdt };
}

export function viewAgent(subject: Subject): AgentView {
  const { ask, inputs, live, policy, rules, state, symbol, tMs: now } = subject;
  const { agent } = subject.request;
  const pace = state.pacing.readAgent(agent);
  const counted =
    rules === null || live === null ? { longUnits: 0, shortUnits: 0 } : countShare(subject, symbol, live, rules);
  const others = policy.agentBudgets === null ? { gross: 0, positions: 0 } : agentElsewhere(subject);
  const pending =
    policy.agentBudgets === null ? { turnoverUsdt: 0, feesUsdt: 0 } : pendingTurnover(state, inputs, ask, agent);
  const resting = countRestingExits(subject);
  const view: Draft<AgentView> = {
    fees_usdt: pace.fees.sum(now),
    gross_other_usdt: others.gross,
    long_units: counted.longUnits,
    other_positions: others.positions,
    p_risk: state.trades.risk(agent, inputs.nowMs, policy.traderState),
    pending_fees_usdt: pending.feesUsdt,
    pending_turnover_usdt: pending.turnoverUsdt,
    resting_exits: resting.own,
    share_lots: rules === null ? 0 : viewShare(subject, rules),
    short_units: counted.shortUnits,
    symbol_resting_exits: resting.inSymbol,
    turnover_usdt: pace.turnover.sum(now),
  };
  if (policy.lossTiers !== null) view.losses = viewLosses(state, inputs, agent);
  return view;
}

/** What its caller may close. RISK: beside lots of nobody, an amend may close what the agent's other exits leave. */
function viewShare(subject: Subject, rules: SymbolRules): number {
  const position = subject.state.positions.get(subject.symbol);
  return position === undefined ? 0 : closableLots(position, shareOf(subject, position), rules);
}
function shareOf({ ask, request, state, symbol }: Subject, position: PositionState): number {
  const { agent, intent, origin } = request;
  if (origin === 'gate') return position.holder === null && !position.isContested ? 0 : ownE8(position);
  if (position.holder !== agent) return 0;
  const own = closableE8(position, liveOrders(state.orders, symbol));
  if (intent !== 'modify' || unownedE8(position) === 0) return own;
  let taken = 0;
  for (const order of liveOrders(state.orders, symbol))
    if (order.reduceOnly && !order.protective && order !== ask.own && order.agent === agent)
      taken += remainingE8(order);
  return Math.sign(own) * Math.max(0, Math.abs(own) - taken);
}

/**
 * The agent's own of all symbols, and all agents' of this one; only where they matter: for a limit order that may be
 * one more. Those that made room, or are to be placed again, count as well: they will rest.
 */
function countRestingExits({ request, state, symbol }: Subject): { readonly own: number; readonly inSymbol: number } {
  const { agent, order_type } = request;
  let [own, inSymbol] = [0, 0];
  if (order_type !== 'limit' || (state.positions.get(symbol)?.quantityE8 ?? 0) === 0) return { own, inSymbol };
  for (const claim of state.claims.open)
    if (claim.wants === 'rest') {
      if (claim.agent === agent) own += 1;
      if (claim.symbol === symbol) inSymbol += 1;
    }
  return { own, inSymbol };
}

/** Worst case of the agent's own part of a symbol. */
function countShare(
  { ask, request: { agent }, state }: Subject,
  symbol: string,
  { mark }: SymbolInputs,
  rules: SymbolRules,
): Exposure {
  const share = ownE8Of(state.positions.get(symbol), agent);
  const held = { longE8: Math.max(0, share), shortE8: Math.max(0, -share) };
  return worstCase(held, othersThan(liveOrders(state.orders, symbol), ask, agent), markInTicks(mark, rules), rules);
}

function agentElsewhere(subject: Subject): { gross: number; positions: number } {
  const { inputs, state, symbol } = subject;
  let gross = 0;
  let positions = 0;
  for (const other of exposedInOrder(state)) {
    if (other === symbol) continue;
    const rules = state.rules.get(other);
    const live = inputs.symbols.get(other);
    if (rules === undefined || live === undefined) {
      gross = UNVALUED_USDT;
      continue;
    }
    const counted = countShare(subject, other, live, rules);
    const units = Math.max(counted.longUnits, counted.shortUnits);
    if (units === 0) continue;
    positions += 1;
    gross = Math.min(UNVALUED_USDT, gross + unitsInUsdt(units, rules));
  }
  return { gross, positions };
}

/** Open orders that Binance takes of an account in a symbol, where its filters do not say. */
export const MAX_ORDERS = 200;

/** What stands against opening in the symbol, or against one more exit there; undefined: nothing does. */
export function viewHolding({ ask, inputs, request, state, symbol, tMs }: Subject): HoldingView | undefined {
  const { own, phase } = ask;
  if (phase === 'standing' || request.intent === 'cancel') return undefined;
  const live = liveOrders(state.orders, symbol);
  const known = state.positions.get(symbol);
  if (known === undefined && live.size === 0) return undefined;
  // Nothing was ever read or held there, and orders stand there all the same: a person's, an operator's.
  const position = known ?? createPosition(symbol);
  const exit = findExitInProgress(state, symbol);
  const view: HoldingView = {
    held_by: heldBy(position.holder, isReleasedFrom(position, request.agent, tMs), request),
    is_unowned: position.isContested || isBesideNobodys(position, live),
    unproven_order: findUnproven(live, own),
    exit_decision: exit,
    exit_until_ms: exit === null ? null : (inputs.exitsWaitUntilMs ?? null),
    open_exits: countOpen(state, symbol, request.agent, own),
  };
  const isNothing = view.held_by === null && !view.is_unowned && view.unproven_order === null;
  return isNothing && exit === null && view.open_exits === 0 ? undefined : view;
}

/** An agent is not told which other one it is. */
function heldBy(holder: string | null, isReleased: boolean, { agent, origin }: ExecutionRequest): string | null {
  if (origin === 'operator') return holder;
  if (holder !== null && holder !== agent) return 'another';
  return isReleased ? 'released' : null;
}

function findUnproven(live: ReadonlySet<OrderState>, own: OrderState | null): string | null {
  for (const order of live) {
    if (order === own || order.foreign || order.protective) continue;
    if (isUnproven(order)) return order.clientOrderId;
  }
  return null;
}

/** Exits of an agent that close now, beside the one that is amended: that stays one. */
function countOpen({ claims }: GateViews, symbol: string, agent: string, amended: OrderState | null): number {
  const own = amended === null ? null : claims.of(amended);
  let open = 0;
  for (const claim of claims.open)
    if (claim.wants === 'now' && claim.origin === 'agent' && claim.agent === agent && claim.symbol === symbol)
      open += claim === own ? 0 : 1;
  return open;
}

/**
 * The decision of an exit that closes now, or of one that still stands at the venue after the position was closed: nothing
 * opens beside it. Null: there is none.
 */
export function findExitInProgress(state: GateViews, symbol: string): string | null {
  for (const claim of state.claims.open) if (claim.symbol === symbol && claim.wants === 'now') return claim.decisionId;
  const position = state.positions.get(symbol);
  if (position !== undefined && position.quantityE8 !== 0) return null;
  for (const order of liveOrders(state.orders, symbol))
    if (order.reduceOnly && !order.protective && !order.foreign && !isPlanned(order)) return order.decisionId;
  return null;
}

/** Orders that open beside the decided one; undefined: there are none, or nothing is opened. */
export function viewOpenings({ ask, request, rules, state, symbol }: Subject): OpeningsView | undefined {
  const { agent, intent } = request;
  if (intent !== 'open' && intent !== 'modify') return undefined;
  let [own, all] = [0, 0];
  for (const order of liveOrders(state.orders, symbol)) {
    if (order.reduceOnly || order.protective || order.foreign || !isOther(order, ask)) continue;
    all += 1;
    if (order.agent === agent) own += 1;
  }
  return all === 0 ? undefined : { own, all, venue_limit: rules?.maxOrders ?? MAX_ORDERS };
}

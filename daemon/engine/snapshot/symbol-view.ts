/** What `decide` sees of the symbol: its market, and whose it is. */

import type { RulesView } from '../../core/arithmetic/quantities.ts';
import type { CompiledPolicy } from '../../core/compiled-policy.ts';
import type { HoldingView, MarketView, OpeningsView } from '../../core/context.ts';
import type { ExecutionRequest } from '../../core/request.ts';
import { isBesideNobodys, isReleasedFrom } from '../orders/holding.ts';
import { isPlanned, isUnproven, liveOrders, type OrderState } from '../orders/orders.ts';
import { createPosition } from '../positions/positions.ts';
import { isOther, type Own, type SymbolInputs } from '../readings/inputs.ts';
import { floorLots, floorTicks } from '../records/units.ts';
import type { SymbolRules } from '../records/venue.ts';
import type { GateViews } from '../state/views.ts';
import { isLeverageLocked } from './exposure.ts';
import type { Subject } from './subject.ts';

/** The last view of each symbol that the venue has filters for. */
const rulesCache = new Map<string, { readonly rules: SymbolRules; readonly hash: string; readonly view: RulesView }>();
/** Filters in the form that `decide` reads; brackets cut to what the policy's leverage can reach. */
export function viewRules(rules: SymbolRules, policy: CompiledPolicy): RulesView {
  const cached = rulesCache.get(rules.symbol);
  if (cached?.rules === rules && cached.hash === policy.hash) return cached.view;
  const caps: number[] = [];
  for (let leverage = 1; leverage <= Math.max(1, Math.floor(policy.budgets.leverage)); leverage += 1) {
    let cap = 0;
    for (const bracket of rules.brackets)
      if (bracket.initialLeverage >= leverage) cap = Math.max(cap, bracket.notionalCap);
    caps.push(cap);
  }
  const limit = policy.budgets.symbol_notional_usdt;
  const tier = rules.brackets.find((bracket) => limit < bracket.notionalCap) ?? rules.brackets.at(-1);
  const view: RulesView = {
    bracket_caps: caps,
    lot_mantissa: rules.lotMantissa,
    lot_scale: rules.lotScale,
    maintenance_rate: tier?.maintenanceRate ?? 1,
    // INVARIANT: what is decided is a safe integer in units of 1e-8, too.
    max_lots: Math.min(rules.maxLots, floorLots(Number.MAX_SAFE_INTEGER, rules)),
    max_market_lots: Math.min(rules.maxMarketLots, floorLots(Number.MAX_SAFE_INTEGER, rules)),
    max_price_ticks: Math.min(rules.maxPriceTicks, floorTicks(Number.MAX_SAFE_INTEGER, rules)),
    min_lots: rules.minLots,
    min_notional_usdt: rules.minNotionalUsdt,
    min_price_ticks: rules.minPriceTicks,
    multiplier_down: rules.multiplierDown,
    multiplier_up: rules.multiplierUp,
    observed_at_ms: rules.observedAtMs,
    taker_fee: rules.takerFee,
    tick_mantissa: rules.tickMantissa,
    tick_scale: rules.tickScale,
    trading: rules.trading,
  };
  rulesCache.set(rules.symbol, { rules, hash: policy.hash, view });
  return view;
}

const ALL_COUNT: Own = { own: null, leaving: null };
/** The last view of each symbol that a feed watches. */
const marketCache = new Map<string, { readonly live: SymbolInputs; readonly view: MarketView }>();
/** The same view until a feed brings news or leverage changes, so that its text need not be written again. */
export function viewMarket({ ask, live, policy, request, rules: known, state, symbol }: Subject): MarketView {
  const rules = known === null ? null : viewRules(known, policy);
  const position = state.positions.get(symbol);
  const features = live?.features ?? null;
  // RISK: an amended order rests already: it is opened by the setting of now, whatever leverage its amend may have.
  const own = request.intent === 'modify' ? ALL_COUNT : ask;
  const locked = isLeverageLocked(position, liveOrders(state.orders, symbol), own);
  const setting = position?.leverage ?? null;
  const last = live === null ? undefined : marketCache.get(symbol);
  const cached = last?.live === live ? last?.view : undefined;
  if (cached?.rules === rules && cached.leverage_locked === locked && cached.leverage_setting === setting)
    return cached;
  const view: MarketView = {
    ask: live?.ask ?? null,
    bar_count: features?.bar_count ?? 0,
    bar_ms: features?.bar_ms ?? policy.spec.market.bar_ms,
    bars_as_of_ms: features?.bars_as_of_ms ?? null,
    bid: live?.bid ?? null,
    funding_at_ms: live?.fundingAtMs ?? null,
    funding_rate_8h: live?.fundingRate8h ?? null,
    held_regime: live?.heldRegime ?? 'extreme',
    history_count: features?.history_count ?? 0,
    jump_ratio: features?.jump_ratio ?? null,
    leverage_locked: locked,
    leverage_setting: setting,
    liquidity: features?.liquidity ?? null,
    liquidity_floor: features?.liquidity_floor ?? null,
    mark: live?.mark ?? null,
    mark_at_ms: live?.markAtMs ?? null,
    quote_at_ms: live?.quoteAtMs ?? null,
    rules,
    sigma: features?.sigma ?? null,
    sigma_baseline: features?.sigma_baseline ?? null,
  };
  // Without features the bar length is the policy's, which may change.
  if (live !== null && features !== null) marketCache.set(symbol, { live, view });
  return view;
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

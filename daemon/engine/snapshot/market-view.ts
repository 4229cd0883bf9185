import type { CompiledPolicy } from '../../core/compiled-policy.ts';
import type { MarketView } from '../../core/context.ts';
import type { RulesView } from '../../core/quantities.ts';
import { liveOrders } from '../orders/orders.ts';
import type { SymbolInputs } from '../readings/inputs.ts';
import { floorLots, floorTicks } from '../records/units.ts';
import type { SymbolRules } from '../records/venue.ts';
import { isLeverageLocked } from './margin.ts';
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

/** The last view of each symbol that a feed watches. */
const marketCache = new Map<string, { readonly live: SymbolInputs; readonly view: MarketView }>();
/** The same view until a feed brings news or leverage changes, so that its text need not be written again. */
export function viewMarket({ ask, live, policy, rules: known, state, symbol }: Subject): MarketView {
  const rules = known === null ? null : viewRules(known, policy);
  const position = state.positions.get(symbol);
  const features = live?.features ?? null;
  const locked = isLeverageLocked(position, liveOrders(state.orders, symbol), ask);
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

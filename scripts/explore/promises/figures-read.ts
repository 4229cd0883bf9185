import type { MarketView } from '../../../daemon/core/context.ts';
import type { DecisionEvent } from '../../../daemon/engine/records/decisions.ts';
import type { GateEvent } from '../../../daemon/engine/records/events.ts';
import type { SymbolRules } from '../../../daemon/engine/records/venue.ts';
import type { MarketEvent } from '../../../daemon/engine/records/venue-events.ts';
import { type Found, unequal } from '../plain/told.ts';

/** What was last recorded of each market. */
export class PlainReadings {
  readonly markets = new Map<string, MarketEvent>();
  readonly rules = new Map<string, SymbolRules>();
  /** Leverage that the exchange has for a symbol. */
  readonly leverage = new Map<string, number>();
  /** When it was last set: a reading that was asked for before does not show it. */
  readonly #setAtMs = new Map<string, number>();

  take(event: GateEvent): void {
    if (event.kind === 'account') {
      for (const [symbol, leverage] of Object.entries(event.payload.leverage))
        if (event.payload.requested_at_ms > (this.#setAtMs.get(symbol) ?? 0)) this.leverage.set(symbol, leverage);
    } else if (event.kind === 'leverage' && event.payload.lost !== true) {
      this.leverage.set(event.payload.symbol, event.payload.leverage);
      this.#setAtMs.set(event.payload.symbol, event.payload.confirmed_at_ms ?? 0);
    }
    if (event.kind === 'market') this.markets.set(event.payload.symbol, event.payload);
    else if (event.kind === 'rules') this.rules.set(event.payload.rules.symbol, event.payload.rules);
  }
}

/**
 * Leverage, filters, bars and regime that a decision was taken on are those that were recorded last. What changes within
 * a bar is recorded with the decision alone.
 */
export function* compareReadings(plain: PlainReadings, { context, request }: DecisionEvent): Generator<Found> {
  const { market } = context;
  const symbol = request.symbol ?? '';
  // Not known while a reading contradicts what was set.
  if (market.leverage_setting !== null)
    yield* unequal('leverage-setting', market.leverage_setting, plain.leverage.get(symbol) ?? null);
  const known = plain.markets.get(symbol);
  if (market.mark !== null && known !== undefined) yield* compareMarket(market, known);
  const rules = plain.rules.get(symbol);
  if (rules !== undefined) yield* compareRules(market, rules);
}

function* compareMarket(view: MarketView, { features, hold }: MarketEvent): Generator<Found> {
  yield* unequal('regime', view.held_regime, hold?.regime ?? 'extreme');
  if (features === null) return;
  yield* unequal('bars', view.bar_count, features.bar_count);
  yield* unequal('bars-until', view.bars_as_of_ms, features.bars_as_of_ms);
  yield* unequal('history', view.history_count, features.history_count);
  yield* unequal('liquidity-floor', view.liquidity_floor, features.liquidity_floor);
  yield* unequal('baseline', view.sigma_baseline, features.sigma_baseline);
}

function* compareRules({ rules: view }: MarketView, rules: SymbolRules): Generator<Found> {
  const known = [
    ['lot', rules.lotMantissa / rules.lotScale, view === null ? null : view.lot_mantissa / view.lot_scale],
    ['tick', rules.tickMantissa / rules.tickScale, view === null ? null : view.tick_mantissa / view.tick_scale],
    ['lots-at-least', rules.minLots, view?.min_lots],
    ['lots-at-most', rules.maxLots, view?.max_lots],
    ['market-lots-at-most', rules.maxMarketLots, view?.max_market_lots],
    ['ticks-at-least', rules.minPriceTicks, view?.min_price_ticks],
    ['ticks-at-most', rules.maxPriceTicks, view?.max_price_ticks],
    ['price-at-least', rules.multiplierDown, view?.multiplier_down],
    ['price-at-most', rules.multiplierUp, view?.multiplier_up],
    ['notional-at-least', rules.minNotionalUsdt, view?.min_notional_usdt],
    ['taker-fee', rules.takerFee, view?.taker_fee],
    ['trading', String(rules.trading), String(view?.trading)],
    ['rules-read', rules.observedAtMs, view?.observed_at_ms],
  ] as const;
  for (const [name, recorded, seen] of known) yield* unequal(name, seen ?? null, recorded);
}

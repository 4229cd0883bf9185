import type { Side } from '../../core/request.ts';
import type { Rejection } from '../../engine/records/venue.ts';
import { HALF_SPREAD_BPS } from '../market/walk/market-inputs.ts';
import { type Fill, type ReplayOrder, type ReplayStop, ReplayVenue, refuse, type Taken } from './venue.ts';

/**
 * What a taker pays, as a stated function of notional and bar volume: the marginal price at a depth of n USDT lies
 * HALF_SPREAD_BPS + IMPACT_BPS * sqrt(n / V) basis points beyond the mark, V the quote volume of the running bar; so an
 * order of n pays HALF_SPREAD_BPS + 2/3 IMPACT_BPS * sqrt(n / V) on average. Own impact does not persist.
 */
export const IMPACT_BPS = 100;
/** Takes the place of the volume of a bar without one, USDT. */
export const MIN_QUOTE_VOLUME = 1000;

/** Average distance from the mark that a taker order of `notional` USDT pays, bps. */
export function averageSlippageBps(notional: number, quoteVolume: number): number {
  return HALF_SPREAD_BPS + (2 / 3) * IMPACT_BPS * Math.sqrt(notional / Math.max(quoteVolume, MIN_QUOTE_VOLUME));
}

/** Largest notional in USDT whose last unit still costs no more than `boundBps` from the mark; 0 below the spread. */
export function depthWithin(boundBps: number, quoteVolume: number): number {
  const room = (boundBps - HALF_SPREAD_BPS) / IMPACT_BPS;
  return room <= 0 ? 0 : room * room * Math.max(quoteVolume, MIN_QUOTE_VOLUME);
}

export function takerPrice(mark: number, side: Side, slippageBps: number): number {
  return side === 'buy' ? mark * (1 + slippageBps / 1e4) : mark * (1 - slippageBps / 1e4);
}

/** What the exchange refuses, with its codes and messages. */
const NO_TRADING = refuse('-4140', 'Invalid symbol status for opening position.', 'other');
const NOTHING_TO_REDUCE = refuse('-2022', 'ReduceOnly Order is rejected.', 'nothing_to_reduce');
const NO_MARGIN = refuse('-2019', 'Margin is insufficient.', 'account_differs');
const OTHER_STOP = refuse('-4130', 'An open stop or take profit order with closePosition is existing.', 'stop_exists');
const NOT_RESTING = refuse('-2013', 'Order does not exist.', 'other');
const BEYOND_POSITION = refuse('-4118', 'ReduceOnly Order Failed.', 'nothing_to_reduce');

/**
 * The exchange side of the replay: takers pay the fill model, makers their price once the mark reaches it; margin is
 * checked when an order arrives, reduce-only is enforced, stops fire on the mark.
 */
export class ReplayExchange extends ReplayVenue {
  protected place(order: ReplayOrder, isIoc: boolean): Taken {
    if (!this.clock.isLive(order.symbol)) return { rejection: NO_TRADING, fill: null };
    if (order.reduceOnly) {
      const reducible = this.reducible(order);
      if (reducible === 0) return { rejection: NOTHING_TO_REDUCE, fill: null };
      order.lots = Math.min(order.lots, reducible);
    } else if (!this.#hasMargin(order)) return { rejection: NO_MARGIN, fill: null };
    const fill = this.#take(order);
    if (!isIoc && order.filled < order.lots) {
      this.resting.set(order.id, order);
      this.updateMargin(order.symbol);
    }
    return { rejection: null, fill };
  }

  /** Without a bound. */
  protected close(order: ReplayOrder): Taken {
    const fill = this.#close(order, order.lots);
    return fill === null ? { rejection: NOTHING_TO_REDUCE, fill } : { rejection: null, fill };
  }

  protected placeStop(stop: ReplayStop): Rejection | null {
    for (const { side, symbol } of this.stops.values())
      if (symbol === stop.symbol && side === stop.side) return OTHER_STOP;
    return null;
  }

  protected change(order: ReplayOrder, lots: number, priceTicks: number): Taken {
    const left = lots - order.filled;
    if (left <= 0) return { rejection: NOT_RESTING, fill: null };
    if (!order.reduceOnly) {
      this.remove(order);
      const enough = this.#hasMargin({ ...order, lots: left, priceTicks });
      this.resting.set(order.id, order);
      if (!enough) {
        this.updateMargin(order.symbol);
        return { rejection: NO_MARGIN, fill: null };
      }
    } else if (left > this.reducible(order) && lots > order.lots) return { rejection: BEYOND_POSITION, fill: null };
    order.lots = lots;
    order.priceTicks = priceTicks;
    const fill = this.#take(order);
    if (order.filled >= order.lots) this.resting.delete(order.id);
    this.updateMargin(order.symbol);
    return { rejection: null, fill };
  }

  isTriggered(symbol: number, fromTicks: number, toTicks: number): boolean {
    const low = Math.min(fromTicks, toTicks);
    const high = Math.max(fromTicks, toTicks);
    for (const order of this.resting.values()) {
      if (order.symbol !== symbol) continue;
      if (order.side === 'buy' ? low <= order.priceTicks : high >= order.priceTicks) return true;
    }
    for (const { side, symbol: where, triggerTicks } of this.stops.values())
      if (where === symbol && (side === 'sell' ? low <= triggerTicks : high >= triggerTicks)) return true;
    return false;
  }

  /**
   * All of it is done before any of it is told: an answer to one fill, a cancel say, comes too late for what the same
   * marks have filled.
   */
  settle(): void {
    const news: (() => void)[] = [];
    for (const order of [...this.resting.values()]) {
      const ticks = this.clock.markTicks[order.symbol]!;
      if (!this.clock.isLive(order.symbol)) continue;
      if (order.side === 'buy' ? ticks > order.priceTicks : ticks < order.priceTicks) continue;
      const fill = this.#fillResting(order);
      news.push(() => (fill === null ? this.tellExpired(order) : this.tellFill(order, fill)));
    }
    for (const stop of [...this.stops.values()]) {
      const ticks = this.clock.markTicks[stop.symbol]!;
      if (!this.clock.isLive(stop.symbol)) continue;
      if (stop.side === 'sell' ? ticks > stop.triggerTicks : ticks < stop.triggerTicks) continue;
      this.stops.delete(stop.id);
      const fill = this.#close(stop, Number.POSITIVE_INFINITY);
      news.push(() => this.tellStop(stop, fill));
    }
    for (const tell of news) tell();
  }

  /** At the market; null: there is nothing to close. */
  #close(order: ReplayOrder | ReplayStop, most: number): Fill | null {
    const lots = Math.min(most, this.reducible(order));
    if (lots === 0) return null;
    const { side, symbol } = order;
    const mark = this.clock.marks[symbol]!;
    const slippage = averageSlippageBps(lots * this.lotValue(symbol, mark), this.clock.quoteVolume(symbol));
    return this.book(order, lots, takerPrice(mark, side, slippage), false);
  }

  /** Null: there was nothing left to reduce. */
  #fillResting(order: ReplayOrder): Fill | null {
    let lots = order.lots - order.filled;
    if (order.reduceOnly) lots = Math.min(lots, this.reducible(order));
    this.remove(order);
    if (lots === 0) return null;
    return this.book(order, lots, this.clock.priceOf(order.symbol, order.priceTicks), true);
  }

  /** Takes what lies within the order's price. */
  #take(order: ReplayOrder): Fill | null {
    const { priceTicks, symbol, side } = order;
    const mark = this.clock.marks[symbol]!;
    const bound = this.clock.priceOf(symbol, priceTicks);
    const boundBps = (side === 'buy' ? bound / mark - 1 : 1 - bound / mark) * 1e4;
    const volume = this.clock.quoteVolume(symbol);
    const depth = Math.floor(depthWithin(boundBps, volume) / this.lotValue(symbol, mark));
    const lots = Math.min(order.lots - order.filled, depth);
    if (lots <= 0) return null;
    const slippage = averageSlippageBps(lots * this.lotValue(symbol, mark), volume);
    return this.book(order, lots, takerPrice(mark, side, slippage), false);
  }

  /** Initial margin and both fees of what the order could open. */
  #hasMargin(order: ReplayOrder): boolean {
    const opening = Math.max(0, order.lots - this.reducible(order));
    if (opening === 0) return true;
    const price = Math.max(this.clock.marks[order.symbol]!, this.clock.priceOf(order.symbol, order.priceTicks));
    const notional = opening * this.lotValue(order.symbol, price);
    const { takerFee } = this.clock.market.series[order.symbol]!.bars.instrument;
    return notional / Math.max(1, order.leverage) + 2 * takerFee * notional <= this.account.availableUsdt();
  }
}

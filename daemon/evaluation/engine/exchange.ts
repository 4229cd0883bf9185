import type { Side } from '../../core/request.ts';
import type { Rejection } from '../../engine/records/venue.ts';
import type { Cause } from '../../engine/tables/cause.ts';
import type { ReplayAccount } from './account.ts';
import type { MarketClock } from './clock.ts';
import { averageSlippageBps, depthWithin, takerPrice } from './fill-model.ts';
import type { Amendment, Fill, MarketClose, Placement, ReplayOrder, ReplayStop, ReplayVenue } from './venue.ts';

export type { Fill, ReplayOrder, ReplayStop } from './venue.ts';

/** What the exchange refuses, with its codes and messages. */
function refuse(code: string, message: string, cause: Cause): Rejection {
  return { cause, code, message, retryAfterMs: null };
}
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
export class ReplayExchange implements ReplayVenue {
  readonly #account: ReplayAccount;
  readonly #clock: MarketClock;
  readonly resting = new Map<string, ReplayOrder>();
  readonly stops = new Map<string, ReplayStop>();
  /** What resting orders and stops do as the mark moves. */
  onFill: (order: ReplayOrder, fill: Fill, isEnded: boolean) => void = () => undefined;
  onExpired: (order: ReplayOrder) => void = () => undefined;
  onStop: (stop: ReplayStop, fill: Fill | null) => void = () => undefined;

  constructor(account: ReplayAccount, clock: MarketClock) {
    this.#account = account;
    this.#clock = clock;
  }

  /** A limit order, IOC or GTC. */
  place(order: ReplayOrder, isIoc: boolean): Placement {
    const { symbol } = order;
    if (!this.#clock.isLive(symbol)) return { kind: 'rejected', rejection: NO_TRADING };
    if (order.reduceOnly) {
      const reducible = this.#reducible(order);
      if (reducible === 0) return { kind: 'rejected', rejection: NOTHING_TO_REDUCE };
      order.lots = Math.min(order.lots, reducible);
    } else if (!this.#hasMargin(order)) return { kind: 'rejected', rejection: NO_MARGIN };
    const fill = this.#take(order, order.priceTicks);
    const rests = !isIoc && order.filled < order.lots;
    if (rests) {
      this.resting.set(order.id, order);
      this.#updateMargin(symbol);
    }
    return { kind: 'done', fill, rests };
  }

  /** Closes at the market without a bound. */
  close({ symbol, lots }: MarketClose): Placement {
    const fill = this.#close(symbol, lots);
    return fill === null ? { kind: 'rejected', rejection: NOTHING_TO_REDUCE } : { kind: 'done', fill, rests: false };
  }

  #close(symbol: number, lots: number): Fill | null {
    const held = this.#account.lots(symbol);
    const size = Math.min(lots, Math.abs(held));
    if (size === 0) return null;
    const side = held > 0 ? 'sell' : 'buy';
    const mark = this.#clock.marks[symbol]!;
    const notional = size * this.#lotValue(symbol, mark);
    const price = takerPrice(mark, side, averageSlippageBps(notional, this.#clock.quoteVolume(symbol)));
    return this.#book(symbol, side, size, price, false);
  }

  cancel(id: string): boolean {
    const order = this.resting.get(id);
    if (order === undefined) return false;
    this.resting.delete(id);
    this.#updateMargin(order.symbol);
    return true;
  }

  placeStop(stop: ReplayStop): Rejection | null {
    for (const { side, symbol } of this.stops.values())
      if (symbol === stop.symbol && side === stop.side) return OTHER_STOP;
    this.stops.set(stop.id, stop);
    return null;
  }
  cancelStop(id: string): boolean {
    return this.stops.delete(id);
  }
  setLeverage(symbol: number, leverage: number): boolean {
    this.#account.setLeverage(symbol, leverage);
    return true;
  }

  amend(id: string, lots: number, priceTicks: number): Amendment {
    const order = this.resting.get(id);
    if (order === undefined || lots <= order.filled) return { rejection: NOT_RESTING, fill: null };
    const wanted: ReplayOrder = { ...order, lots: lots - order.filled, filled: 0, priceTicks };
    const held = order.lots;
    if (!order.reduceOnly) {
      this.resting.delete(id);
      this.#updateMargin(order.symbol);
      const enough = this.#hasMargin(wanted);
      this.resting.set(id, order);
      if (!enough) {
        this.#updateMargin(order.symbol);
        return { rejection: NO_MARGIN, fill: null };
      }
    } else if (lots - order.filled > this.#reducible(order) && lots > held)
      return { rejection: BEYOND_POSITION, fill: null };
    order.lots = lots;
    order.priceTicks = priceTicks;
    const fill = this.#take(order, priceTicks);
    if (order.filled >= order.lots) this.resting.delete(id);
    this.#updateMargin(order.symbol);
    return { rejection: null, fill };
  }

  cancelAll(): void {
    const orders = [...this.resting.values()];
    this.resting.clear();
    this.stops.clear();
    for (const order of orders) this.#updateMargin(order.symbol);
  }

  /** Whether a resting order or a stop of the symbol would act somewhere between two marks. */
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
   * What the present marks do to resting orders and stops. All of it is done before any of it is told: an answer to one
   * fill, a cancel say, comes too late for what the same marks have filled.
   */
  settle(): void {
    const news: (() => void)[] = [];
    this.#fillRestingOrders(news);
    this.#fireStops(news);
    for (const tell of news) tell();
  }

  #fillRestingOrders(news: (() => void)[]): void {
    for (const order of [...this.resting.values()]) {
      const ticks = this.#clock.markTicks[order.symbol]!;
      if (!this.#clock.isLive(order.symbol)) continue;
      if (order.side === 'buy' ? ticks > order.priceTicks : ticks < order.priceTicks) continue;
      const fill = this.#fillResting(order);
      news.push(() => (fill === null ? this.onExpired(order) : this.onFill(order, fill, true)));
    }
  }

  #fireStops(news: (() => void)[]): void {
    for (const stop of [...this.stops.values()]) {
      const ticks = this.#clock.markTicks[stop.symbol]!;
      if (!this.#clock.isLive(stop.symbol)) continue;
      if (stop.side === 'sell' ? ticks > stop.triggerTicks : ticks < stop.triggerTicks) continue;
      this.stops.delete(stop.id);
      const held = this.#account.lots(stop.symbol);
      const acts = stop.side === 'sell' ? held > 0 : held < 0;
      const fill = acts ? this.#close(stop.symbol, Math.abs(held)) : null;
      news.push(() => this.onStop(stop, fill));
    }
  }

  /** Null: there was nothing left to reduce. */
  #fillResting(order: ReplayOrder): Fill | null {
    let lots = order.lots - order.filled;
    if (order.reduceOnly) lots = Math.min(lots, this.#reducible(order));
    this.resting.delete(order.id);
    this.#updateMargin(order.symbol);
    if (lots === 0) return null;
    order.filled += lots;
    const price = this.#clock.priceOf(order.symbol, order.priceTicks);
    return this.#book(order.symbol, order.side, lots, price, true);
  }

  /** Takes what lies within the order's price. */
  #take(order: ReplayOrder, priceTicks: number): Fill | null {
    const { symbol, side } = order;
    const mark = this.#clock.marks[symbol]!;
    const bound = this.#clock.priceOf(symbol, priceTicks);
    const boundBps = (side === 'buy' ? bound / mark - 1 : 1 - bound / mark) * 1e4;
    const volume = this.#clock.quoteVolume(symbol);
    const depth = Math.floor(depthWithin(boundBps, volume) / this.#lotValue(symbol, mark));
    const lots = Math.min(order.lots - order.filled, depth);
    if (lots <= 0) return null;
    const slippage = averageSlippageBps(lots * this.#lotValue(symbol, mark), volume);
    const fill = this.#book(symbol, side, lots, takerPrice(mark, side, slippage), false);
    order.filled += lots;
    return fill;
  }

  #book(symbol: number, side: Side, lots: number, price: number, isMaker: boolean): Fill {
    const feeUsdt = this.#account.fill(symbol, side === 'buy' ? lots : -lots, price, isMaker);
    return { lots, price, feeUsdt, isMaker };
  }

  #lotValue(symbol: number, price: number): number {
    const { lotMantissa, lotScale } = this.#clock.market.series[symbol]!.bars.instrument;
    return (lotMantissa * price) / lotScale;
  }

  #reducible(order: ReplayOrder): number {
    const held = this.#account.lots(order.symbol);
    return order.side === 'sell' ? Math.max(0, held) : Math.max(0, -held);
  }

  /** Initial margin and both fees of what the order could open. */
  #hasMargin(order: ReplayOrder): boolean {
    const held = this.#account.lots(order.symbol);
    const closing = order.side === 'sell' ? Math.max(0, held) : Math.max(0, -held);
    const opening = Math.max(0, order.lots - closing);
    if (opening === 0) return true;
    const price = Math.max(this.#clock.marks[order.symbol]!, this.#clock.priceOf(order.symbol, order.priceTicks));
    const notional = opening * this.#lotValue(order.symbol, price);
    const { takerFee } = this.#clock.market.series[order.symbol]!.bars.instrument;
    return notional / Math.max(1, order.leverage) + 2 * takerFee * notional <= this.#account.availableUsdt();
  }

  #updateMargin(symbol: number): void {
    let margin = 0;
    for (const order of this.resting.values()) {
      if (order.symbol !== symbol || order.reduceOnly) continue;
      const price = this.#clock.priceOf(symbol, order.priceTicks);
      margin += ((order.lots - order.filled) * this.#lotValue(symbol, price)) / Math.max(1, order.leverage);
    }
    this.#account.setOrderMargin(symbol, margin);
  }
}

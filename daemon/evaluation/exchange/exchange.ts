import type {
  CancelOutcome,
  OrderInstruction,
  OrderKind,
  Rejection,
  StopInstruction,
  SubmitOutcome,
  VenueOrder,
} from '../../engine/records/venue.ts';
import type { MarketClock } from '../market/walk/clock.ts';
import type { ReplayAccount } from './account.ts';
import { averageSlippageBps, depthWithin, takerPrice } from './fill-model.ts';
import {
  type Answered,
  type Fill,
  type ReplayOrder,
  type ReplayStop,
  reportOrder,
  reportStop,
  type Taken,
} from './orders.ts';

/** What the driver asks of an exchange, and hears of it. */
export type DrivenVenue = Pick<
  ReplayExchange,
  'submit' | 'submitStop' | 'amend' | 'cancel' | 'setLeverage' | 'onReport'
>;

/** What the exchange refuses, with its codes and messages. */
const NO_TRADING = refuse('-4140', 'Invalid symbol status for opening position.', 'other');
const NOTHING_TO_REDUCE = refuse('-2022', 'ReduceOnly Order is rejected.', 'nothing_to_reduce');
const NO_MARGIN = refuse('-2019', 'Margin is insufficient.', 'account_differs');
const OTHER_STOP = refuse('-4130', 'An open stop or take profit order with closePosition is existing.', 'stop_exists');
const NOT_THERE = refuse('-2013', 'Order does not exist.', 'other');
const BEYOND_POSITION = refuse('-4118', 'ReduceOnly Order Failed.', 'nothing_to_reduce');

/**
 * The exchange of a replay: it answers at once and in the form of every venue, so that nothing is ever unknown. Takers pay
 * the fill model, makers their price once the mark reaches it; margin is checked when an order arrives, reduce-only is
 * enforced, stops fire on the mark. The account behind it moves with every fill.
 */
export class ReplayExchange {
  readonly resting = new Map<string, ReplayOrder>();
  /** By id; at most one on a side of a symbol, as at the exchange. */
  readonly stops = new Map<string, ReplayStop>();
  /** What resting orders and stops do as the mark moves. */
  onReport: (report: VenueOrder, fill: Fill | null) => void = () => undefined;
  readonly #account: ReplayAccount;
  readonly #clock: MarketClock;

  constructor(account: ReplayAccount, clock: MarketClock) {
    this.#account = account;
    this.#clock = clock;
  }

  /** `leverage`: at which it is charged. */
  submit(sent: OrderInstruction, leverage: number): Answered {
    const symbol = this.#indexOf(sent.symbol);
    const { clientOrderId: id, priceE8, quantityE8, reduceOnly, side } = sent;
    const order: ReplayOrder = {
      id,
      symbol,
      side,
      lots: this.#clock.grid.lots(symbol, quantityE8),
      filled: 0,
      paidE8: 0,
      priceTicks: this.#clock.grid.ticks(symbol, priceE8 ?? 0),
      reduceOnly,
      leverage,
      sent,
    };
    return this.#answer(
      order,
      priceE8 === null ? this.#closeBy(order) : this.#place(order, sent.timeInForce !== 'GTC'),
    );
  }

  /** In place. */
  amend(sent: OrderInstruction): Answered {
    const order = this.resting.get(sent.clientOrderId);
    if (order === undefined) return { outcome: { kind: 'rejected', rejection: NOT_THERE }, fill: null };
    const { grid } = this.#clock;
    const lots = grid.lots(order.symbol, sent.quantityE8);
    const taken = this.#change(order, lots, grid.ticks(order.symbol, sent.priceE8 ?? 0));
    if (taken.rejection === null) order.sent = sent;
    return this.#answer(order, taken);
  }

  submitStop(sent: StopInstruction): SubmitOutcome {
    const symbol = this.#indexOf(sent.symbol);
    const triggerTicks = this.#clock.grid.ticks(symbol, sent.triggerE8);
    const stop = { id: sent.clientOrderId, symbol, side: sent.side, triggerTicks, sent };
    const rejection = this.#placeStop(stop);
    if (rejection !== null) return { kind: 'rejected', rejection };
    this.stops.set(stop.id, stop);
    return { kind: 'accepted', order: reportStop(this.#clock, stop, 'working', null) };
  }

  cancel(id: string, kind: OrderKind): CancelOutcome {
    const order = this.resting.get(id);
    const stop = this.stops.get(id);
    if (kind === 'algo' && stop !== undefined) {
      this.stops.delete(id);
      return { kind: 'canceled', order: reportStop(this.#clock, stop, 'canceled', null) };
    }
    if (kind === 'algo' || order === undefined) return { kind: 'unknown', detail: 'it is not there' };
    this.#remove(order);
    return { kind: 'canceled', order: reportOrder(this.#clock, order, false, 'canceled') };
  }

  setLeverage(symbol: string, leverage: number): SubmitOutcome {
    this.#account.setLeverage(this.#indexOf(symbol), leverage);
    return { kind: 'accepted', order: null };
  }

  #place(order: ReplayOrder, isIoc: boolean): Taken {
    if (!this.#clock.isLive(order.symbol)) return { rejection: NO_TRADING, fill: null };
    if (order.reduceOnly) {
      const reducible = this.#reducible(order);
      if (reducible === 0) return { rejection: NOTHING_TO_REDUCE, fill: null };
      order.lots = Math.min(order.lots, reducible);
    } else if (!this.#hasMargin(order)) return { rejection: NO_MARGIN, fill: null };
    const fill = this.#take(order);
    if (!isIoc && order.filled < order.lots) {
      this.resting.set(order.id, order);
      this.#updateMargin(order.symbol);
    }
    return { rejection: null, fill };
  }

  /** Without a bound. */
  #closeBy(order: ReplayOrder): Taken {
    const fill = this.#close(order, order.lots);
    return fill === null ? { rejection: NOTHING_TO_REDUCE, fill } : { rejection: null, fill };
  }

  #placeStop(stop: ReplayStop): Rejection | null {
    for (const { side, symbol } of this.stops.values())
      if (symbol === stop.symbol && side === stop.side) return OTHER_STOP;
    return null;
  }

  #change(order: ReplayOrder, lots: number, priceTicks: number): Taken {
    const left = lots - order.filled;
    if (left <= 0) return { rejection: NOT_THERE, fill: null };
    if (!order.reduceOnly) {
      this.#remove(order);
      const enough = this.#hasMargin({ ...order, lots: left, priceTicks });
      this.resting.set(order.id, order);
      if (!enough) {
        this.#updateMargin(order.symbol);
        return { rejection: NO_MARGIN, fill: null };
      }
    } else if (left > this.#reducible(order) && lots > order.lots) return { rejection: BEYOND_POSITION, fill: null };
    order.lots = lots;
    order.priceTicks = priceTicks;
    const fill = this.#take(order);
    if (order.filled >= order.lots) this.resting.delete(order.id);
    this.#updateMargin(order.symbol);
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
      const ticks = this.#clock.markTicks[order.symbol]!;
      if (!this.#clock.isLive(order.symbol)) continue;
      if (order.side === 'buy' ? ticks > order.priceTicks : ticks < order.priceTicks) continue;
      const fill = this.#fillResting(order);
      news.push(() =>
        this.onReport(reportOrder(this.#clock, order, fill !== null, fill === null ? 'expired' : null), fill),
      );
    }
    for (const stop of [...this.stops.values()]) {
      const ticks = this.#clock.markTicks[stop.symbol]!;
      if (!this.#clock.isLive(stop.symbol)) continue;
      if (stop.side === 'sell' ? ticks > stop.triggerTicks : ticks < stop.triggerTicks) continue;
      this.stops.delete(stop.id);
      const fill = this.#close(stop, Number.POSITIVE_INFINITY);
      news.push(() => this.onReport(reportStop(this.#clock, stop, fill === null ? 'expired' : 'filled', fill), fill));
    }
    for (const tell of news) tell();
  }

  /** At the market; null: there is nothing to close. */
  #close(order: ReplayOrder | ReplayStop, most: number): Fill | null {
    const lots = Math.min(most, this.#reducible(order));
    if (lots === 0) return null;
    const { side, symbol } = order;
    const mark = this.#clock.marks[symbol]!;
    const slippage = averageSlippageBps(lots * this.#lotValue(symbol, mark), this.#clock.quoteVolume(symbol));
    return this.#book(order, lots, takerPrice(mark, side, slippage), false);
  }

  /** Null: there was nothing left to reduce. */
  #fillResting(order: ReplayOrder): Fill | null {
    let lots = order.lots - order.filled;
    if (order.reduceOnly) lots = Math.min(lots, this.#reducible(order));
    this.#remove(order);
    if (lots === 0) return null;
    return this.#book(order, lots, this.#clock.priceOf(order.symbol, order.priceTicks), true);
  }

  /** Takes what lies within the order's price. */
  #take(order: ReplayOrder): Fill | null {
    const { priceTicks, symbol, side } = order;
    const mark = this.#clock.marks[symbol]!;
    const bound = this.#clock.priceOf(symbol, priceTicks);
    const boundBps = (side === 'buy' ? bound / mark - 1 : 1 - bound / mark) * 1e4;
    const volume = this.#clock.quoteVolume(symbol);
    const depth = Math.floor(depthWithin(boundBps, volume) / this.#lotValue(symbol, mark));
    const lots = Math.min(order.lots - order.filled, depth);
    if (lots <= 0) return null;
    const slippage = averageSlippageBps(lots * this.#lotValue(symbol, mark), volume);
    return this.#book(order, lots, takerPrice(mark, side, slippage), false);
  }

  /** Initial margin and both fees of what the order could open. */
  #hasMargin(order: ReplayOrder): boolean {
    const opening = Math.max(0, order.lots - this.#reducible(order));
    if (opening === 0) return true;
    const price = Math.max(this.#clock.marks[order.symbol]!, this.#clock.priceOf(order.symbol, order.priceTicks));
    const notional = opening * this.#lotValue(order.symbol, price);
    const { takerFee } = this.#clock.market.series[order.symbol]!.bars.instrument;
    return notional / Math.max(1, order.leverage) + 2 * takerFee * notional <= this.#account.availableUsdt();
  }

  #remove(order: ReplayOrder): void {
    this.resting.delete(order.id);
    this.#updateMargin(order.symbol);
  }
  #reducible({ side, symbol }: Pick<ReplayOrder, 'side' | 'symbol'>): number {
    const held = this.#account.lots(symbol);
    return Math.max(0, side === 'sell' ? held : -held);
  }
  #book(order: ReplayOrder | ReplayStop, lots: number, price: number, isMaker: boolean): Fill {
    const { side, symbol } = order;
    const feeUsdt = this.#account.fill(symbol, side === 'buy' ? lots : -lots, price, isMaker);
    if ('filled' in order) {
      order.filled += lots;
      order.paidE8 += this.#clock.grid.quantityE8(symbol, lots) * price;
    }
    return { lots, price, feeUsdt, isMaker };
  }
  #lotValue(symbol: number, price: number): number {
    const { lotMantissa, lotScale } = this.#clock.market.series[symbol]!.bars.instrument;
    return (lotMantissa * price) / lotScale;
  }
  /** Margin that resting opening orders hold. */
  #updateMargin(symbol: number): void {
    let margin = 0;
    for (const order of this.resting.values()) {
      if (order.symbol !== symbol || order.reduceOnly) continue;
      const price = this.#clock.priceOf(symbol, order.priceTicks);
      margin += ((order.lots - order.filled) * this.#lotValue(symbol, price)) / Math.max(1, order.leverage);
    }
    this.#account.setOrderMargin(symbol, margin);
  }

  #answer(order: ReplayOrder, { fill, rejection }: Taken): Answered {
    if (rejection !== null) return { outcome: { kind: 'rejected', rejection }, fill: null };
    const end = this.resting.has(order.id) ? 'rests' : null;
    return { outcome: { kind: 'accepted', order: reportOrder(this.#clock, order, fill !== null, end) }, fill };
  }
  #indexOf(symbol: string): number {
    return this.#clock.market.symbols.indexOf(symbol);
  }
}

function refuse(code: string, message: string, cause: Rejection['cause']): Rejection {
  return { cause, code, message, retryAfterMs: null };
}

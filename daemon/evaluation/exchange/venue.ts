import type { Side } from '../../core/request.ts';
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

/** A fill is so much older than the word on it. */
export const FILLED_BEFORE_MS = 1;

/** An order at the exchange. Lots and ticks of the symbol at `symbol`. */
export interface ReplayOrder {
  readonly id: string;
  readonly symbol: number;
  readonly side: Side;
  lots: number;
  filled: number;
  /** What was paid for that, USDT in units of 1e-8. */
  paidE8: number;
  /** Of a limit order; at the market there is none. */
  priceTicks: number;
  readonly reduceOnly: boolean;
  readonly leverage: number;
  /** In the form in force. */
  sent: OrderInstruction;
}
/** One closePosition stop on the mark. */
export interface ReplayStop {
  readonly id: string;
  readonly symbol: number;
  readonly side: Side;
  readonly triggerTicks: number;
  readonly sent: StopInstruction;
}
export interface Fill {
  readonly lots: number;
  /** Average, USDT. */
  readonly price: number;
  readonly feeUsdt: number;
  readonly isMaker: boolean;
}
/** What became of an order, or of its change: refused, or taken with what it has filled at once. */
export type Taken =
  | { readonly rejection: null; readonly fill: Fill | null }
  | { readonly rejection: Rejection; readonly fill: null };
export interface Answered {
  readonly outcome: SubmitOutcome;
  readonly fill: Fill | null;
}

/**
 * An exchange of a replay: it answers at once and in the form of every venue, so that nothing is ever unknown. What is
 * refused and filled is said by whoever extends it. The account behind it moves with every fill.
 */
export abstract class ReplayVenue {
  readonly resting = new Map<string, ReplayOrder>();
  /** By id; at most one on a side of a symbol, as at the exchange. */
  readonly stops = new Map<string, ReplayStop>();
  /** What resting orders and stops do as the mark moves. */
  onReport: (report: VenueOrder, fill: Fill | null) => void = () => undefined;
  protected readonly account: ReplayAccount;
  protected readonly clock: MarketClock;

  constructor(account: ReplayAccount, clock: MarketClock) {
    this.account = account;
    this.clock = clock;
  }

  /** `leverage`: at which it is charged. */
  submit(sent: OrderInstruction, leverage: number): Answered {
    const symbol = this.#indexOf(sent.symbol);
    const { clientOrderId: id, priceE8, quantityE8, reduceOnly, side } = sent;
    const order: ReplayOrder = {
      id,
      symbol,
      side,
      lots: this.clock.grid.lots(symbol, quantityE8),
      filled: 0,
      paidE8: 0,
      priceTicks: this.clock.grid.ticks(symbol, priceE8 ?? 0),
      reduceOnly,
      leverage,
      sent,
    };
    return this.#answer(order, priceE8 === null ? this.close(order) : this.place(order, sent.timeInForce !== 'GTC'));
  }

  /** In place. */
  amend(sent: OrderInstruction): Answered {
    const order = this.resting.get(sent.clientOrderId);
    if (order === undefined) return { outcome: { kind: 'rejected', rejection: NOT_THERE }, fill: null };
    const { grid } = this.clock;
    const lots = grid.lots(order.symbol, sent.quantityE8);
    const taken = this.change(order, lots, grid.ticks(order.symbol, sent.priceE8 ?? 0));
    if (taken.rejection === null) order.sent = sent;
    return this.#answer(order, taken);
  }

  submitStop(sent: StopInstruction): SubmitOutcome {
    const symbol = this.#indexOf(sent.symbol);
    const triggerTicks = this.clock.grid.ticks(symbol, sent.triggerE8);
    const stop = { id: sent.clientOrderId, symbol, side: sent.side, triggerTicks, sent };
    const rejection = this.placeStop(stop);
    if (rejection !== null) return { kind: 'rejected', rejection };
    this.stops.set(stop.id, stop);
    return { kind: 'accepted', order: this.#reportStop(stop, 'working', null) };
  }

  cancel(id: string, kind: OrderKind): CancelOutcome {
    const order = this.resting.get(id);
    const stop = this.stops.get(id);
    if (kind === 'algo' && stop !== undefined) {
      this.stops.delete(id);
      return { kind: 'canceled', order: this.#reportStop(stop, 'canceled', null) };
    }
    if (kind === 'algo' || order === undefined) return { kind: 'unknown', detail: 'it is not there' };
    this.remove(order);
    return { kind: 'canceled', order: this.#report(order, false, 'canceled') };
  }

  setLeverage(symbol: string, leverage: number): SubmitOutcome {
    this.account.setLeverage(this.#indexOf(symbol), leverage);
    return { kind: 'accepted', order: null };
  }

  /** Whether a resting order or a stop of the symbol would act somewhere between two marks. */
  abstract isTriggered(symbol: number, fromTicks: number, toTicks: number): boolean;
  /** What the present marks do to resting orders and stops. */
  abstract settle(): void;
  /** A limit order, IOC or GTC. What rests afterwards is in `resting`. */
  protected abstract place(order: ReplayOrder, isIoc: boolean): Taken;
  /** A reduce-only order without a price. */
  protected abstract close(order: ReplayOrder): Taken;
  protected abstract change(order: ReplayOrder, lots: number, priceTicks: number): Taken;
  /** Null: it may be placed. */
  protected abstract placeStop(stop: ReplayStop): Rejection | null;

  protected tellFill(order: ReplayOrder, fill: Fill): void {
    this.onReport(this.#report(order, true, null), fill);
  }
  protected tellExpired(order: ReplayOrder): void {
    this.onReport(this.#report(order, false, 'expired'), null);
  }
  /** Null: there was nothing to close. */
  protected tellStop(stop: ReplayStop, fill: Fill | null): void {
    this.onReport(this.#reportStop(stop, fill === null ? 'expired' : 'filled', fill), fill);
  }

  protected remove(order: ReplayOrder): void {
    this.resting.delete(order.id);
    this.updateMargin(order.symbol);
  }
  protected reducible({ side, symbol }: Pick<ReplayOrder, 'side' | 'symbol'>): number {
    const held = this.account.lots(symbol);
    return Math.max(0, side === 'sell' ? held : -held);
  }
  protected book(order: ReplayOrder | ReplayStop, lots: number, price: number, isMaker: boolean): Fill {
    const { side, symbol } = order;
    const feeUsdt = this.account.fill(symbol, side === 'buy' ? lots : -lots, price, isMaker);
    if ('filled' in order) {
      order.filled += lots;
      order.paidE8 += this.clock.grid.quantityE8(symbol, lots) * price;
    }
    return { lots, price, feeUsdt, isMaker };
  }
  protected lotValue(symbol: number, price: number): number {
    const { lotMantissa, lotScale } = this.clock.market.series[symbol]!.bars.instrument;
    return (lotMantissa * price) / lotScale;
  }
  /** Margin that resting opening orders hold. */
  protected updateMargin(symbol: number): void {
    let margin = 0;
    for (const order of this.resting.values()) {
      if (order.symbol !== symbol || order.reduceOnly) continue;
      const price = this.clock.priceOf(symbol, order.priceTicks);
      margin += ((order.lots - order.filled) * this.lotValue(symbol, price)) / Math.max(1, order.leverage);
    }
    this.account.setOrderMargin(symbol, margin);
  }

  #answer(order: ReplayOrder, { fill, rejection }: Taken): Answered {
    if (rejection !== null) return { outcome: { kind: 'rejected', rejection }, fill: null };
    return { outcome: { kind: 'accepted', order: this.#report(order, fill !== null, null) }, fill };
  }
  /** `end`: it has ended by this; null: by what it has filled, if it has. */
  #report(order: ReplayOrder, hasFilled: boolean, end: VenueOrder['status'] | null): VenueOrder {
    const { id, filled, paidE8, reduceOnly, sent, side, symbol } = order;
    const executedE8 = this.clock.grid.quantityE8(symbol, filled);
    const resting = executedE8 > 0 ? 'partially_filled' : 'working';
    const over = executedE8 >= sent.quantityE8 ? 'filled' : 'expired';
    return {
      kind: 'regular',
      symbol: sent.symbol,
      clientOrderId: id,
      venueOrderId: id,
      side,
      type: sent.priceE8 === null ? 'MARKET' : 'LIMIT',
      quantityE8: sent.quantityE8,
      executedE8,
      priceE8: sent.priceE8,
      triggerE8: null,
      reduceOnly,
      closePosition: false,
      status: end ?? (this.resting.has(id) ? resting : over),
      averagePrice: executedE8 === 0 ? null : paidE8 / executedE8,
      // It was filled before that was told, and before the account is read.
      updatedAtMs: this.clock.nowMs - (hasFilled ? FILLED_BEFORE_MS : 0),
    };
  }
  #reportStop({ id, sent, side, symbol }: ReplayStop, status: VenueOrder['status'], fill: Fill | null): VenueOrder {
    return {
      kind: 'algo',
      symbol: sent.symbol,
      clientOrderId: id,
      venueOrderId: id,
      side,
      type: 'STOP_MARKET',
      quantityE8: 0,
      executedE8: fill === null ? 0 : this.clock.grid.quantityE8(symbol, fill.lots),
      priceE8: null,
      triggerE8: sent.triggerE8,
      reduceOnly: true,
      closePosition: true,
      status,
      averagePrice: fill === null ? null : fill.price,
      updatedAtMs: this.clock.nowMs - (fill === null ? 0 : FILLED_BEFORE_MS),
    };
  }
  #indexOf(symbol: string): number {
    return this.clock.market.symbols.indexOf(symbol);
  }
}

export function refuse(code: string, message: string, cause: Rejection['cause']): Rejection {
  return { cause, code, message, retryAfterMs: null };
}
const NOT_THERE = refuse('-2013', 'Order does not exist.', 'other');

import type { Rejection } from '../../daemon/engine/records/venue.ts';
import type { Cause } from '../../daemon/engine/tables/cause.ts';
import type { ReplayAccount } from '../../daemon/evaluation/engine/account.ts';
import type { MarketClock } from '../../daemon/evaluation/engine/clock.ts';
import type {
  Amendment,
  Fill,
  MarketClose,
  Placement,
  ReplayOrder,
  ReplayStop,
  ReplayVenue,
} from '../../daemon/evaluation/engine/venue.ts';

function refuse(code: string, message: string, cause: Cause): Rejection {
  return { cause, code, message, retryAfterMs: null };
}
const NO_MARGIN = refuse('-2019', 'Margin is insufficient.', 'account_differs');
const BAND = refuse(
  '-4131',
  "The counterparty's best price does not meet the PERCENT_PRICE filter limit.",
  'price_band',
);
const BUSY = refuse('-1001', 'Internal error; unable to process your request. Please try again.', 'try_again');
const MIN_NOTIONAL = refuse('-4164', "Order's notional must be no smaller than the least one.", 'other');
const REDUCE_ONLY = refuse('-2022', 'ReduceOnly Order is rejected.', 'nothing_to_reduce');
const OTHER_STOP = refuse(
  '-4130',
  'An open stop order with closePosition in the direction is existing.',
  'stop_exists',
);
const WOULD_TRIGGER = refuse('-2021', 'Order would immediately trigger.', 'would_fire');
const NOT_MODIFIED = refuse('-5026', 'Order has reached its modification limit.', 'other');
const NOT_THERE = refuse('-2013', 'Order does not exist.', 'other');

/** How often of a hundred. */
export interface VenueTemper {
  readonly rejectsOpening: number;
  readonly rejectsExit: number;
  readonly rejectsStop: number;
  readonly rejectsAmend: number;
  readonly fillsPart: number;
  readonly fillsNone: number;
  readonly expiresResting: number;
}

/**
 * A venue by a script: what becomes of the n-th order depends on the seed and on n alone, so that equal histories stay
 * equal, and one order more or less shows. It answers at once. Every order that arrives, and all that becomes of it, is
 * written down.
 */
export class ScriptedVenue implements ReplayVenue {
  readonly resting = new Map<string, ReplayOrder>();
  readonly stops = new Map<string, ReplayStop>();
  /** Lots, ticks and names, in order. */
  readonly log: string[] = [];
  onFill: ReplayVenue['onFill'] = () => undefined;
  onExpired: ReplayVenue['onExpired'] = () => undefined;
  onStop: ReplayVenue['onStop'] = () => undefined;
  readonly #account: ReplayAccount;
  readonly #clock: MarketClock;
  readonly #seed: number;
  readonly #temper: VenueTemper;
  #arrivals = 0;
  /** By order: its place among the arrivals, and how often the mark has touched it. */
  readonly #touches = new Map<string, { readonly nr: number; times: number }>();

  constructor(account: ReplayAccount, clock: MarketClock, seed: number, temper: VenueTemper) {
    this.#account = account;
    this.#clock = clock;
    this.#seed = seed;
    this.#temper = temper;
  }

  place(order: ReplayOrder, isIoc: boolean): Placement {
    const nr = this.#arrive(`${order.id} ${isIoc ? 'IOC' : 'GTC'}`, order, order.priceTicks, order.reduceOnly);
    this.#touches.set(order.id, { nr, times: 0 });
    const refused = order.reduceOnly ? this.#refusesExit(order, nr) : this.#refusesOpening(nr);
    if (refused !== null) return this.#reject(order.id, refused);
    const fill = this.#isCrossing(order, order.priceTicks) ? this.#take(order, nr) : null;
    const rests = !isIoc && order.filled < order.lots;
    if (rests) this.resting.set(order.id, order);
    this.#updateMargin(order.symbol);
    return { kind: 'done', fill, rests };
  }

  close(order: MarketClose): Placement {
    const nr = this.#arrive(`${order.id} MARKET`, order, null, true);
    const refused = this.#refusesExit(order, nr);
    if (refused !== null) return this.#reject(order.id, refused);
    const lots = Math.min(order.lots, this.#reducible(order));
    const fill = this.#book(order.id, order.symbol, order.side, lots, this.#clock.markTicks[order.symbol]!);
    return { kind: 'done', fill, rests: false };
  }

  placeStop(stop: ReplayStop): Rejection | null {
    const nr = this.#arrive(`${stop.id} STOP`, { ...stop, lots: 0 }, stop.triggerTicks, true);
    const isBeyond = this.#isTriggering(stop);
    const refused = [...this.stops.values()].some(({ side, symbol }) => symbol === stop.symbol && side === stop.side)
      ? OTHER_STOP
      : isBeyond
        ? WOULD_TRIGGER
        : this.#draw(nr, 1) < this.#temper.rejectsStop
          ? this.#draw(nr, 2) < 50
            ? BUSY
            : MIN_NOTIONAL
          : null;
    if (refused !== null) {
      this.#reject(stop.id, refused);
      return refused;
    }
    this.stops.set(stop.id, stop);
    return null;
  }

  cancelStop(id: string): boolean {
    const wasThere = this.stops.delete(id);
    if (wasThere) this.#say(`${id} canceled`);
    return wasThere;
  }

  cancel(id: string): boolean {
    const order = this.resting.get(id);
    if (order === undefined) return false;
    this.resting.delete(id);
    this.#updateMargin(order.symbol);
    this.#say(`${id} canceled`);
    return true;
  }

  amend(id: string, lots: number, priceTicks: number): Amendment {
    const order = this.resting.get(id);
    if (order === undefined) return { rejection: NOT_THERE, fill: null };
    const nr = this.#arrive(`${id} AMEND`, { ...order, lots }, priceTicks, order.reduceOnly);
    if (lots <= order.filled || this.#draw(nr, 1) < this.#temper.rejectsAmend) {
      this.#reject(id, NOT_MODIFIED);
      return { rejection: NOT_MODIFIED, fill: null };
    }
    order.lots = lots;
    order.priceTicks = priceTicks;
    const fill = this.#isCrossing(order, priceTicks) ? this.#take(order, nr) : null;
    if (order.filled >= order.lots) this.resting.delete(id);
    this.#updateMargin(order.symbol);
    return { rejection: null, fill };
  }

  setLeverage(symbol: number, leverage: number): boolean {
    this.#say(`leverage ${symbol} ${leverage}`);
    this.#account.setLeverage(symbol, leverage);
    return true;
  }

  cancelAll(): void {
    throw new Error('no world of the differential test is liquidated');
  }

  /** Every step of the mark is one at which something may happen. */
  isTriggered(): boolean {
    return true;
  }

  /** One thing happens at a time. */
  settle(): void {
    for (const order of this.resting.values())
      if (this.#isCrossing(order, order.priceTicks) && this.#touch(order)) return;
    for (const stop of this.stops.values()) {
      if (!this.#isTriggering(stop)) continue;
      this.stops.delete(stop.id);
      const lots = this.#reducible(stop);
      const ticks = this.#clock.markTicks[stop.symbol]!;
      const fill = lots === 0 ? null : this.#book(stop.id, stop.symbol, stop.side, lots, ticks);
      if (fill === null) this.#say(`${stop.id} expired`);
      this.onStop(stop, fill);
      return;
    }
  }

  /** Whether anything came of it. */
  #touch(order: ReplayOrder): boolean {
    const touched = this.#touches.get(order.id)!;
    touched.times += 1;
    const draw = this.#draw(touched.nr, 100 + touched.times);
    const most = Math.min(
      order.lots - order.filled,
      order.reduceOnly ? this.#reducible(order) : Number.POSITIVE_INFINITY,
    );
    const { expiresResting, fillsNone, fillsPart } = this.#temper;
    if (most <= 0 || draw < expiresResting) {
      this.resting.delete(order.id);
      this.#updateMargin(order.symbol);
      this.#say(`${order.id} expired`);
      this.onExpired(order);
      return true;
    }
    if (draw < expiresResting + fillsNone) return false;
    const isPart = draw < expiresResting + fillsNone + fillsPart;
    const lots = isPart ? Math.max(1, Math.floor(most / 2)) : most;
    order.filled += lots;
    const isEnded = order.filled >= order.lots;
    if (isEnded) this.resting.delete(order.id);
    const fill = this.#book(order.id, order.symbol, order.side, lots, order.priceTicks, true);
    this.#updateMargin(order.symbol);
    this.onFill(order, fill, isEnded);
    return true;
  }

  #take(order: ReplayOrder, nr: number): Fill | null {
    const most = Math.min(
      order.lots - order.filled,
      order.reduceOnly ? this.#reducible(order) : Number.POSITIVE_INFINITY,
    );
    const draw = this.#draw(nr, 3);
    const { fillsNone, fillsPart } = this.#temper;
    if (draw < fillsNone || most <= 0) return null;
    const lots = draw < fillsNone + fillsPart ? Math.max(1, Math.floor((most * (1 + (draw % 3))) / 4)) : most;
    order.filled += lots;
    const mark = this.#clock.markTicks[order.symbol]!;
    // Between the mark and the order's own price.
    const ticks = Math.round(mark + ((order.priceTicks - mark) * (draw % 4)) / 4);
    return this.#book(order.id, order.symbol, order.side, lots, ticks);
  }

  #refusesOpening(nr: number): Rejection | null {
    if (this.#draw(nr, 1) >= this.#temper.rejectsOpening) return null;
    const which = this.#draw(nr, 2);
    return which < 40 ? NO_MARGIN : which < 70 ? BAND : MIN_NOTIONAL;
  }

  #refusesExit(order: MarketClose, nr: number): Rejection | null {
    const reducible = this.#reducible(order);
    if (reducible === 0) return REDUCE_ONLY;
    let resting = 0;
    for (const other of this.resting.values())
      if (other.symbol === order.symbol && other.side === order.side && other.reduceOnly)
        resting += other.lots - other.filled;
    if (resting > 0 && resting + order.lots > reducible) return REDUCE_ONLY;
    if (this.#draw(nr, 1) >= this.#temper.rejectsExit) return null;
    const which = this.#draw(nr, 2);
    return which < 40 ? BAND : which < 80 ? BUSY : MIN_NOTIONAL;
  }

  #isCrossing({ side, symbol }: ReplayOrder, priceTicks: number): boolean {
    const mark = this.#clock.markTicks[symbol]!;
    return side === 'buy' ? mark <= priceTicks : mark >= priceTicks;
  }
  #isTriggering({ side, symbol, triggerTicks }: ReplayStop): boolean {
    const mark = this.#clock.markTicks[symbol]!;
    return side === 'sell' ? mark <= triggerTicks : mark >= triggerTicks;
  }
  #reducible({ side, symbol }: Pick<ReplayOrder, 'side' | 'symbol'>): number {
    const held = this.#account.lots(symbol);
    return Math.max(0, side === 'sell' ? held : -held);
  }

  #arrive(what: string, { side, symbol, lots }: MarketClose, ticks: number | null, reduceOnly: boolean): number {
    this.#arrivals += 1;
    const form = `${this.#clock.market.symbols[symbol]} ${side} ${lots} at ${ticks ?? 'any price'}`;
    this.#say(`${what} ${form}${reduceOnly ? ' reduceOnly' : ''}`);
    return this.#arrivals;
  }
  #reject(id: string, rejection: Rejection): Placement {
    this.#say(`${id} rejected ${rejection.code}`);
    return { kind: 'rejected', rejection };
  }
  #book(id: string, symbol: number, side: 'buy' | 'sell', lots: number, ticks: number, isMaker = false): Fill {
    const price = this.#clock.priceOf(symbol, ticks);
    const feeUsdt = this.#account.fill(symbol, side === 'buy' ? lots : -lots, price, isMaker);
    this.#say(`${id} filled ${lots} at ${ticks}, held ${this.#account.lots(symbol)}`);
    return { lots, price, feeUsdt, isMaker };
  }
  #say(what: string): void {
    this.log.push(`${this.#clock.nowMs} ${what}`);
  }

  #updateMargin(symbol: number): void {
    const { lotMantissa, lotScale } = this.#clock.market.series[symbol]!.bars.instrument;
    let usdt = 0;
    for (const order of this.resting.values()) {
      if (order.symbol !== symbol || order.reduceOnly) continue;
      const value =
        ((order.lots - order.filled) * lotMantissa * this.#clock.priceOf(symbol, order.priceTicks)) / lotScale;
      usdt += value / Math.max(1, order.leverage);
    }
    this.#account.setOrderMargin(symbol, usdt);
  }

  /** 0 to 99. */
  #draw(nr: number, what: number): number {
    let hash = Math.imul(this.#seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(nr, 0xc2b2ae35) ^ Math.imul(what, 0x27d4eb2f);
    hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
    hash = Math.imul(hash ^ (hash >>> 12), 0x297a2d39);
    return ((hash ^ (hash >>> 15)) >>> 0) % 100;
  }
}

import type { Rejection } from '../../daemon/engine/records/venue.ts';
import type { ReplayAccount } from '../../daemon/evaluation/exchange/account.ts';
import {
  type Fill,
  type ReplayOrder,
  type ReplayStop,
  ReplayVenue,
  refuse,
  type Taken,
} from '../../daemon/evaluation/exchange/venue.ts';
import type { MarketClock } from '../../daemon/evaluation/market/walk/clock.ts';

const NO_MARGIN = refuse('-2019', 'Margin is insufficient.', 'account_differs');
const BAND = refuse('-4131', 'PERCENT_PRICE filter limit.', 'price_band');
const BUSY = refuse('-1001', 'Internal error; unable to process your request.', 'try_again');
const MIN_NOTIONAL = refuse('-4164', "Order's notional must be no smaller than the least one.", 'other');
const REDUCE_ONLY = refuse('-2022', 'ReduceOnly Order is rejected.', 'nothing_to_reduce');
const OTHER_STOP = refuse('-4130', 'An open stop order in the direction is existing.', 'stop_exists');
const WOULD_TRIGGER = refuse('-2021', 'Order would immediately trigger.', 'would_fire');
const NOT_MODIFIED = refuse('-5026', 'Order has reached its modification limit.', 'other');

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
 * equal, and one order more or less shows. Every order that arrives, and all that becomes of it, is written down.
 */
export class ScriptedVenue extends ReplayVenue {
  /** Lots, ticks and names, in order. */
  readonly log: string[] = [];
  readonly #seed: number;
  readonly #temper: VenueTemper;
  #arrivals = 0;
  /** By order: its place among the arrivals, and how often the mark has touched it. */
  readonly #touches = new Map<string, { readonly nr: number; times: number }>();

  constructor(account: ReplayAccount, clock: MarketClock, seed: number, temper: VenueTemper) {
    super(account, clock);
    this.#seed = seed;
    this.#temper = temper;
  }

  protected place(order: ReplayOrder, isIoc: boolean): Taken {
    const nr = this.#arrive(isIoc ? 'IOC' : 'GTC', order, order.lots, order.priceTicks);
    this.#touches.set(order.id, { nr, times: 0 });
    const rejection = order.reduceOnly ? this.#refusesExit(order, nr) : this.#refusesOpening(nr);
    if (rejection !== null) return this.#reject(order.id, rejection);
    const fill = this.#isReached(order, order.priceTicks) ? this.#take(order, nr) : null;
    if (!isIoc && order.filled < order.lots) this.resting.set(order.id, order);
    this.updateMargin(order.symbol);
    return { rejection, fill };
  }
  protected close(order: ReplayOrder): Taken {
    const rejection = this.#refusesExit(order, this.#arrive('MARKET', order, order.lots, null));
    if (rejection !== null) return this.#reject(order.id, rejection);
    const lots = Math.min(order.lots, this.reducible(order));
    return { rejection, fill: this.#fill(order, lots, this.clock.markTicks[order.symbol]!) };
  }
  protected placeStop(stop: ReplayStop): Rejection | null {
    const nr = this.#arrive('STOP', stop, 0, stop.triggerTicks);
    const isOther = [...this.stops.values()].some(({ side, symbol }) => symbol === stop.symbol && side === stop.side);
    const isRefused = this.#draw(nr, 1) < this.#temper.rejectsStop;
    const drawn = isRefused ? (this.#draw(nr, 2) < 50 ? BUSY : MIN_NOTIONAL) : null;
    const refused = isOther ? OTHER_STOP : this.#isReached(opposite(stop), stop.triggerTicks) ? WOULD_TRIGGER : drawn;
    return refused === null ? null : this.#reject(stop.id, refused).rejection;
  }
  protected change(order: ReplayOrder, lots: number, priceTicks: number): Taken {
    const nr = this.#arrive('AMEND', order, lots, priceTicks);
    if (lots <= order.filled || this.#draw(nr, 1) < this.#temper.rejectsAmend)
      return this.#reject(order.id, NOT_MODIFIED);
    order.lots = lots;
    order.priceTicks = priceTicks;
    const fill = this.#isReached(order, priceTicks) ? this.#take(order, nr) : null;
    if (order.filled >= order.lots) this.resting.delete(order.id);
    this.updateMargin(order.symbol);
    return { rejection: null, fill };
  }
  override cancel(...args: Parameters<ReplayVenue['cancel']>): ReturnType<ReplayVenue['cancel']> {
    const outcome = super.cancel(...args);
    if (outcome.kind === 'canceled') this.#say(`${args[0]} canceled`);
    return outcome;
  }
  override setLeverage(symbol: string, leverage: number): void {
    this.#say(`leverage ${symbol} ${leverage}`);
    super.setLeverage(symbol, leverage);
  }

  /** Every step of the mark is one at which something may happen. */
  isTriggered(): boolean {
    return true;
  }
  /** One thing happens at a time. */
  settle(): void {
    for (const order of this.resting.values())
      if (this.#isReached(order, order.priceTicks) && this.#touch(order)) return;
    for (const stop of this.stops.values()) {
      if (!this.#isReached(opposite(stop), stop.triggerTicks)) continue;
      this.stops.delete(stop.id);
      const lots = this.reducible(stop);
      const fill = lots === 0 ? null : this.#fill(stop, lots, this.clock.markTicks[stop.symbol]!);
      if (fill === null) this.#say(`${stop.id} expired`);
      this.tellStop(stop, fill);
      return;
    }
  }

  /** Whether anything came of it. */
  #touch(order: ReplayOrder): boolean {
    const touched = this.#touches.get(order.id)!;
    touched.times += 1;
    const draw = this.#draw(touched.nr, 100 + touched.times);
    const most = this.#open(order);
    const { expiresResting, fillsNone, fillsPart } = this.#temper;
    if (most <= 0 || draw < expiresResting) {
      this.remove(order);
      this.#say(`${order.id} expired`);
      this.tellExpired(order);
      return true;
    }
    if (draw < expiresResting + fillsNone) return false;
    const isPart = draw < expiresResting + fillsNone + fillsPart;
    const fill = this.#fill(order, isPart ? Math.max(1, Math.floor(most / 2)) : most, order.priceTicks, true);
    if (order.filled >= order.lots) this.resting.delete(order.id);
    this.updateMargin(order.symbol);
    this.tellFill(order, fill);
    return true;
  }
  #take(order: ReplayOrder, nr: number): Fill | null {
    const most = this.#open(order);
    const draw = this.#draw(nr, 3);
    const { fillsNone, fillsPart } = this.#temper;
    if (draw < fillsNone || most <= 0) return null;
    const lots = draw < fillsNone + fillsPart ? Math.max(1, Math.floor((most * (1 + (draw % 3))) / 4)) : most;
    const mark = this.clock.markTicks[order.symbol]!;
    // Between the mark and the order's own price.
    return this.#fill(order, lots, Math.round(mark + ((order.priceTicks - mark) * (draw % 4)) / 4));
  }
  #open(order: ReplayOrder): number {
    const left = order.lots - order.filled;
    return order.reduceOnly ? Math.min(left, this.reducible(order)) : left;
  }
  #fill(order: ReplayOrder | ReplayStop, lots: number, ticks: number, isMaker = false): Fill {
    const fill = this.book(order, lots, this.clock.priceOf(order.symbol, ticks), isMaker);
    this.#say(`${order.id} filled ${lots} at ${ticks}, held ${this.account.lots(order.symbol)}`);
    return fill;
  }

  #refusesOpening(nr: number): Rejection | null {
    if (this.#draw(nr, 1) >= this.#temper.rejectsOpening) return null;
    const which = this.#draw(nr, 2);
    return which < 40 ? NO_MARGIN : which < 70 ? BAND : MIN_NOTIONAL;
  }
  #refusesExit(order: ReplayOrder, nr: number): Rejection | null {
    const reducible = this.reducible(order);
    let resting = 0;
    for (const other of this.resting.values())
      if (other.symbol === order.symbol && other.side === order.side && other.reduceOnly)
        resting += other.lots - other.filled;
    if (reducible === 0 || (resting > 0 && resting + order.lots > reducible)) return REDUCE_ONLY;
    if (this.#draw(nr, 1) >= this.#temper.rejectsExit) return null;
    const which = this.#draw(nr, 2);
    return which < 40 ? BAND : which < 80 ? BUSY : MIN_NOTIONAL;
  }
  #isReached({ side, symbol }: Pick<ReplayOrder, 'side' | 'symbol'>, priceTicks: number): boolean {
    const mark = this.clock.markTicks[symbol]!;
    return side === 'buy' ? mark <= priceTicks : mark >= priceTicks;
  }

  #arrive(
    what: string,
    { id, side, symbol, sent }: ReplayOrder | ReplayStop,
    lots: number,
    ticks: number | null,
  ): number {
    this.#arrivals += 1;
    const reduces = !('reduceOnly' in sent) || sent.reduceOnly ? ' reduceOnly' : '';
    const form = `${this.clock.market.symbols[symbol]} ${side} ${lots} at ${ticks ?? 'any price'}`;
    this.#say(`${id} ${what} ${form}${reduces}`);
    return this.#arrivals;
  }
  #reject(id: string, rejection: Rejection): { readonly rejection: Rejection; readonly fill: null } {
    this.#say(`${id} rejected ${rejection.code}`);
    return { rejection, fill: null };
  }
  #say(what: string): void {
    this.log.push(`${this.clock.nowMs} ${what}`);
  }
  /** 0 to 99. */
  #draw(nr: number, what: number): number {
    let hash = Math.imul(this.#seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(nr, 0xc2b2ae35) ^ Math.imul(what, 0x27d4eb2f);
    hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
    hash = Math.imul(hash ^ (hash >>> 12), 0x297a2d39);
    return ((hash ^ (hash >>> 15)) >>> 0) % 100;
  }
}

/** A stop is reached from the other side than a limit order. */
function opposite({ side, symbol }: ReplayStop): Pick<ReplayOrder, 'side' | 'symbol'> {
  return { side: side === 'sell' ? 'buy' : 'sell', symbol };
}

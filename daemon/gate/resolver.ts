import type { GateCore } from './gate-core.ts';
import { endedEvent, type OrderSender } from './order-sender.ts';
import { pause } from './pause.ts';
import type { VenueOrder, VenueTrade } from './ports.ts';
import { everyLiveOrder, isTerminal, type OrderState, statusOf } from './state/orders.ts';

/** Wall-clock steps between lookups, and the one that repeats after them (BINANCE.md part B 2.4). */
const LOOKUP_STEPS_MS: readonly number[] = [250, 500, 1000, 2000];
const LAST_STEP_MS = 5000;
/** Successful not-founds, past the acceptance horizon, before an order counts as not placed. */
const NOT_FOUND_NEEDED = 3;
/** After this many steps without proof the order is `lost`: still reserved, still looked up, an operator is told. */
const STEPS_UNTIL_LOST = 12;

/**
 * Resolves orders whose outcome is not known. The reservation stays at full size until the venue proves what happened;
 * a failed lookup proves nothing and never advances the count. Until resolved the symbol is in `reducing`.
 */
export class Resolver {
  readonly #core: GateCore;
  readonly #sender: OrderSender;
  readonly #running = new Map<string, Promise<void>>();
  readonly #signal: AbortSignal;

  constructor(core: GateCore, sender: OrderSender, signal: AbortSignal) {
    this.#core = core;
    this.#sender = sender;
    this.#signal = signal;
  }

  get pending(): number {
    return this.#running.size;
  }

  /** Resolves when the order is proven or lost; one resolution per order. */
  resolve(order: OrderState): Promise<void> {
    const running = this.#running.get(order.clientOrderId);
    if (running !== undefined) return running;
    const started = this.#run(order)
      .catch((error: unknown) => {
        if (!this.#signal.aborted)
          this.#core.alert('RESOLVE_FAILED', `resolving ${order.clientOrderId}: ${String(error)}`, order.symbol);
      })
      .finally(() => this.#running.delete(order.clientOrderId));
    this.#running.set(order.clientOrderId, started);
    return started;
  }

  async #run(order: OrderState): Promise<void> {
    this.#setSymbolState(order, 'reducing');
    // From here and not from the decision: what was sent later may be accepted later.
    const horizon =
      Math.max(order.sentAtMs ?? order.plannedAtMs, this.#core.nowMs()) + this.#core.ports.venue.acceptanceHorizonMs;
    let notFound = 0;
    const others = new Set<string>();
    for (let step = 0; !this.#signal.aborted; step += 1) {
      const outcome = await this.#core.ports.venue.lookupOrder(order.symbol, order.clientOrderId, order.kind);
      if (outcome.kind === 'found' && this.#mayStillChange(order, outcome.order, horizon)) {
        // RISK: the old form proves nothing while the amend may still arrive: both go on counting.
        this.#sender.adopt(order, outcome.order);
      } else if (outcome.kind === 'found' && !isTerminal(outcome.order.status) && neverRests(order)) {
        // It is being matched, or the answer is of before: how it ends decides what is left to be done.
        this.#sender.adopt(order, outcome.order);
      } else if (outcome.kind === 'found') {
        this.#settleAmend(order, outcome.order.lots, outcome.order.priceTicks);
        this.#sender.adopt(order, outcome.order);
        if (order.status === 'unknown' || order.status === 'lost' || order.status === 'in_flight') {
          // The report said nothing new to `adopt` (same status word): the order is known all the same.
          this.#sender.record(order, {
            ...endedEvent(this.#core, order, outcome.order.status, ''),
            detail: null,
            venue_order_id: outcome.order.venueOrderId,
          });
        }
        this.#finish(order);
        return;
      }
      if (isTerminal(statusOf(order)) && order.amend === null) {
        // A report from elsewhere proved it meanwhile.
        this.#finish(order);
        return;
      }
      if (outcome.kind === 'not_found') {
        if (this.#core.nowMs() > horizon) notFound += 1;
        if (notFound >= NOT_FOUND_NEEDED && (await this.#endAbsent(order, others))) {
          this.#finish(order);
          return;
        }
      }
      if (step === STEPS_UNTIL_LOST && order.status !== 'lost') {
        this.#sender.record(order, endedEvent(this.#core, order, 'lost', 'no proof of what became of it'));
        this.#core.alert(
          'ORDER_LOST',
          `order ${order.clientOrderId} is lost: it stays reserved, the symbol stays in reducing until it is found or an operator ends it (npx holdfast end-order ${order.clientOrderId})`,
          order.symbol,
        );
      }
      await pause(this.#core.ports.time, LOOKUP_STEPS_MS[step] ?? LAST_STEP_MS, this.#signal);
    }
  }

  /**
   * No lookup finds the order: ends it by what the open lists and the trades prove of it. False: they prove nothing yet.
   * `others`: venue ids of orders that are known not to be this one.
   */
  async #endAbsent(order: OrderState, others: Set<string>): Promise<boolean> {
    const open = await this.#core.ports.venue.fetchOpenOrders([order.symbol]);
    if (open.kind === 'failed' || open.value.some((other) => other.clientOrderId === order.clientOrderId)) return false;
    const trades = await this.#core.ports.venue.fetchTrades(order.symbol, null, order.plannedAtMs - 1000);
    if (trades.kind === 'failed') return false;
    const isOwnKnown = order.kind === 'regular' && order.venueOrderId !== null;
    if (!isOwnKnown && (await this.#mayBeTraded(order, trades.value, others))) return false;
    if (order.amend !== null)
      this.#core.append('order_intent', {
        action: 'amend_failed',
        client_order_id: order.clientOrderId,
        lots: null,
        price_ticks: null,
        reason: 'order absent',
      });
    if (isTerminal(statusOf(order))) return true;
    // RISK: what the venue acknowledged was placed: it ended with what its own trades say, never as if it had not been.
    if (isOwnKnown) this.#sender.adopt(order, endedReport(order, trades.value, this.#core.nowMs()));
    else if (order.acknowledgedAtMs !== null)
      this.#sender.record(order, endedEvent(this.#core, order, 'canceled', 'no longer at the venue'));
    else this.#sender.record(order, endedEvent(this.#core, order, 'not_placed', 'proven absent at the venue'));
    return true;
  }

  /** A trade of no order that we know may be this one's, until its order is looked up and has another client id. */
  async #mayBeTraded(order: OrderState, trades: readonly VenueTrade[], others: Set<string>): Promise<boolean> {
    const since = (order.sentAtMs ?? order.plannedAtMs) - 1000;
    for (const trade of trades) {
      const { venueOrderId } = trade;
      if (trade.atMs < since || trade.side !== order.side || others.has(venueOrderId)) continue;
      if (this.#core.state.orders.byVenueId.has(`${order.symbol} ${venueOrderId}`)) continue;
      const found = await this.#core.ports.venue.lookupByVenueId(order.symbol, venueOrderId);
      if (found.kind !== 'found') return true;
      // What a conditional order turned into may carry any id, but reduces as the stop itself does.
      if (order.kind === 'algo') {
        if (found.order.reduceOnly || found.order.closePosition || !order.reduceOnly) return true;
      } else if (found.order.clientOrderId === order.clientOrderId) {
        this.#sender.adopt(order, found.order);
        return true;
      }
      others.add(venueOrderId);
    }
    return false;
  }

  /** An amend whose outcome is not known, on an order that still shows its old form, before the horizon. */
  #mayStillChange(order: OrderState, report: VenueOrder, horizonMs: number): boolean {
    if (order.amend === null || isTerminal(report.status) || this.#core.nowMs() > horizonMs) return false;
    return order.amend.lots !== report.lots || order.amend.priceTicks !== report.priceTicks;
  }

  #finish(order: OrderState): void {
    this.#running.delete(order.clientOrderId);
    this.#setSymbolState(order, 'active');
  }

  /**
   * Called at every tick: nothing unproven is ever left without a search, and no symbol stays closed for orders that are
   * known by now.
   */
  sweep(): void {
    for (const order of everyLiveOrder(this.#core.state.orders))
      if (order.status === 'unknown' || order.status === 'lost') void this.resolve(order);
    for (const entry of [...this.#core.state.layers.values()]) {
      if (entry.layer !== 'breaker' || entry.setBy !== 'resolver' || entry.name === null) continue;
      if (!this.#isSearching(entry.name)) this.#setActive(entry.name);
    }
  }

  #settleAmend(order: OrderState, lots: number, priceTicks: number | null): void {
    if (order.amend === null) return;
    const isNew = order.amend.lots === lots && order.amend.priceTicks === priceTicks;
    this.#core.append('order_intent', {
      action: isNew ? 'amended' : 'amend_failed',
      client_order_id: order.clientOrderId,
      lots: null,
      price_ticks: null,
      reason: 'looked up',
    });
  }

  #isSearching(symbol: string): boolean {
    return [...this.#running.keys()].some((id) => this.#core.state.orders.all.get(id)?.symbol === symbol);
  }

  /** The breaker layer of the symbol while any of its orders is not known. */
  #setSymbolState(order: OrderState, state: 'reducing' | 'active'): void {
    const entry = this.#core.state.layers.get(`breaker|symbol|${order.symbol}`);
    if (state === 'active') {
      if (entry?.setBy === 'resolver' && !this.#isSearching(order.symbol)) this.#setActive(order.symbol);
      return;
    }
    if (entry === undefined) this.#appendState(order.symbol, 'reducing', 'the outcome of an order is not known');
  }
  #setActive(symbol: string): void {
    this.#appendState(symbol, 'active', 'every order of the symbol is known again');
  }
  #appendState(symbol: string, state: 'reducing' | 'active', reason: string): void {
    this.#core.append('state', {
      clears_at_ms: null,
      clears_when: state === 'active' ? '' : 'every order of the symbol is known again',
      layer: 'breaker',
      name: symbol,
      reason,
      scope: 'symbol',
      set_by: 'resolver',
      state,
    });
  }
}

/** Filled or ended at once: IOC and MARKET. */
export function neverRests(order: OrderState): boolean {
  return order.kind === 'regular' && !order.foreign && order.timeInForce !== 'GTC';
}

/** How an acknowledged order ended that the venue no longer knows: as its own trades say. */
function endedReport(order: OrderState, trades: readonly VenueTrade[], nowMs: number): VenueOrder {
  const own = trades.filter((trade) => trade.venueOrderId === order.venueOrderId);
  const tradedLots = own.reduce((sum, trade) => sum + trade.lots, 0);
  const executedLots = Math.max(order.executedLots, tradedLots);
  return {
    kind: order.kind,
    symbol: order.symbol,
    clientOrderId: order.clientOrderId,
    venueOrderId: order.venueOrderId ?? '',
    side: order.side,
    type: order.orderType,
    lots: order.lots,
    executedLots,
    priceTicks: order.priceTicks,
    triggerTicks: order.triggerTicks,
    reduceOnly: order.reduceOnly,
    closePosition: false,
    status: executedLots >= order.lots ? 'filled' : 'canceled',
    averagePrice: tradedLots > 0 ? own.reduce((sum, trade) => sum + trade.price * trade.lots, 0) / tradedLots : null,
    updatedAtMs: own.at(-1)?.atMs ?? nowMs,
  };
}

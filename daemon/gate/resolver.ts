import { setTimeout as delay } from 'node:timers/promises';
import type { GateCore } from './gate-core.ts';
import { endedEvent, type OrderSender } from './order-sender.ts';
import type { OrderState } from './state/orders.ts';

/** Wall-clock steps between lookups; the last one repeats (BINANCE.md part B 2.4). */
const LOOKUP_STEPS_MS = [250, 500, 1000, 2000, 5000] as const;
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
    let notFound = 0;
    for (let step = 0; !this.#signal.aborted; step += 1) {
      const outcome = await this.#core.ports.venue.lookupOrder(order.symbol, order.clientOrderId, order.kind);
      if (outcome.kind === 'found') {
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
        this.#setSymbolState(order, 'active');
        return;
      }
      if (outcome.kind === 'not_found') {
        const horizon = (order.sentAtMs ?? order.plannedAtMs) + this.#core.ports.venue.acceptanceHorizonMs;
        if (this.#core.nowMs() > horizon) notFound += 1;
        if (notFound >= NOT_FOUND_NEEDED && (await this.#isAbsent(order))) {
          if (order.amend === null)
            this.#sender.record(order, endedEvent(this.#core, order, 'not_placed', 'proven absent at the venue'));
          else
            this.#core.append('order_intent', {
              action: 'amend_failed',
              client_order_id: order.clientOrderId,
              lots: null,
              price_ticks: null,
              reason: 'order absent',
            });
          this.#setSymbolState(order, 'active');
          return;
        }
      }
      if (step === STEPS_UNTIL_LOST && order.status !== 'lost') {
        this.#sender.record(order, endedEvent(this.#core, order, 'lost', 'no proof of what became of it'));
        this.#core.alert(
          'ORDER_LOST',
          `order ${order.clientOrderId} is lost: it stays reserved, the symbol stays in reducing`,
          order.symbol,
        );
      }
      await delay(LOOKUP_STEPS_MS[Math.min(step, LOOKUP_STEPS_MS.length - 1)], undefined, { signal: this.#signal });
    }
  }

  /** Absent from both open lists, and no trade of the venue carries its id. */
  async #isAbsent(order: OrderState): Promise<boolean> {
    const open = await this.#core.ports.venue.fetchOpenOrders([order.symbol]);
    if (open.kind === 'failed' || open.value.some((other) => other.clientOrderId === order.clientOrderId)) return false;
    const trades = await this.#core.ports.venue.fetchTrades(order.symbol, null, order.plannedAtMs - 1000);
    if (trades.kind === 'failed') return false;
    // A trade of no order that we know may be this one's.
    const since = order.sentAtMs ?? order.plannedAtMs;
    return !trades.value.some(
      (trade) =>
        trade.atMs >= since - 1000 &&
        !this.#core.state.orders.byVenueId.has(`${order.symbol} ${trade.venueOrderId}`) &&
        trade.side === order.side,
    );
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

  /** The breaker layer of the symbol while any of its orders is not known. */
  #setSymbolState(order: OrderState, state: 'reducing' | 'active'): void {
    const others = [...this.#running.keys()].some(
      (id) => id !== order.clientOrderId && this.#core.state.orders.all.get(id)?.symbol === order.symbol,
    );
    const key = `breaker|symbol|${order.symbol}`;
    const isSet = this.#core.state.layers.get(key)?.setBy === 'resolver';
    if (state === 'reducing' ? isSet || this.#core.state.layers.has(key) : !isSet || others) return;
    this.#core.append('state', {
      clears_at_ms: null,
      clears_when: 'every order of the symbol is known again',
      layer: 'breaker',
      name: order.symbol,
      reason: 'the outcome of an order is not known',
      scope: 'symbol',
      set_by: 'resolver',
      state,
    });
  }
}

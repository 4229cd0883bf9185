import { everyLiveOrder, liveOrders, type OrderState } from '../../engine/orders/orders.ts';
import { isInFlight, isPlanned, isResting, isTerminal, isUnproven, neverRests } from '../../engine/tables/status.ts';
import type { Appended, GateCore } from '../journal/journal.ts';
import { endedEvent } from '../journal/order-records.ts';
import type { Resolver } from './resolver.ts';
import type { OrderSender } from './sender.ts';
import { watchCancels } from './slow-orders.ts';

/** Wall-clock time between two attempts at the same cancel, ms. */
const RETRY_MS = 500;
/** The same for an order that nothing shows at the venue: its look-ups go on beside them. */
const UNSEEN_RETRY_MS = 5_000;

/** Cancels orders and believes it only when the venue proves it: until then they count in full (BY-32). */
export class Canceler {
  readonly #core: GateCore;
  readonly #sender: OrderSender;
  readonly #resolver: Resolver;
  readonly #running = new Map<string, Promise<void>>();
  readonly #triedAt = new Map<string, number>();
  readonly #lookForSlow: () => void;

  constructor(core: GateCore, sender: OrderSender, resolver: Resolver) {
    this.#core = core;
    this.#sender = sender;
    this.#resolver = resolver;
    this.#lookForSlow = watchCancels(core);
  }

  /**
   * Records the wish, asks the venue, records the proof; an unsent slice is simply dropped. One attempt at a time.
   * `onCanceled`: the venue says that it is canceled, which is not proven yet.
   */
  cancel(order: OrderState, reason: string, onCanceled?: () => void): Promise<void> {
    const running = this.#running.get(order.clientOrderId);
    if (running !== undefined) return running;
    const started = this.#cancel(order, reason, onCanceled).finally(() => this.#running.delete(order.clientOrderId));
    this.#running.set(order.clientOrderId, started);
    return mayBeLeft(started);
  }

  /**
   * A cancel that was refused, lost, or requested too early is requested again until the order has ended (BY-32). An
   * order that was on its way when its cancel was asked for, and whose answer is lost, may rest: no look-up need show it
   * first. Null: none is due.
   */
  retryUnproven(): Promise<unknown> | null {
    this.#lookForSlow();
    const now = this.#core.ports.time.monotonicMs();
    const due: OrderState[] = [];
    for (const order of everyLiveOrder(this.#core.state.orders)) if (this.#isDueAgain(order, now)) due.push(order);
    return due.length === 0 ? null : Promise.all(due.map((order) => this.cancel(order, 'canceled again')));
  }
  #isDueAgain(order: OrderState, now: number): boolean {
    if (!order.cancelRequested || !mayRest(order) || this.#running.has(order.clientOrderId)) return false;
    const waitMs = isResting(order) ? RETRY_MS : UNSEEN_RETRY_MS;
    return now - (this.#triedAt.get(order.clientOrderId) ?? Number.NEGATIVE_INFINITY) >= waitMs;
  }

  /** Records the wish alone, and the end of what was never sent. Null: it was on record, or the order has ended. */
  note(order: OrderState, reason: string): Pick<Appended, 'committed'> | null {
    if (isTerminal(order)) return null;
    if (isPlanned(order)) return this.#sender.record(order, endedEvent(this.#core, order, 'canceled', reason));
    if (order.cancelRequested) return null;
    return this.#core.append('order_intent', {
      action: 'cancel',
      client_order_id: order.clientOrderId,
      quantity_e8: null,
      price_e8: null,
      reason,
    });
  }

  async #cancel(order: OrderState, reason: string, onCanceled?: () => void): Promise<void> {
    await this.note(order, reason)?.committed;
    if (isTerminal(order)) return;
    // On its way: the sender drops it if it can; once it rests it is canceled like any other.
    if (isInFlight(order)) return;
    this.#triedAt.set(order.clientOrderId, this.#core.ports.time.monotonicMs());
    const ask = this.#sender.proof.ask();
    const outcome = await this.#core.ports.venue.cancel(order.symbol, order.clientOrderId, order.kind);
    this.#core.ports.observer.submitted(`cancel_${outcome.kind}`);
    if (outcome.kind === 'canceled') {
      onCanceled?.();
      if (outcome.order !== null) this.#sender.adopt(order, outcome.order, ask);
    }
    // Whatever comes of our request, and however late: an order whose end is proven is looked for no more.
    if (!isTerminal(order)) await this.#lookUp(order, outcome.kind === 'canceled');
    if (outcome.kind !== 'canceled')
      this.#noteRefusal(order, outcome.kind === 'rejected' ? outcome.rejection.message : outcome.detail);
    if (isTerminal(order)) this.#triedAt.delete(order.clientOrderId);
  }

  /** Told once for each answer: the cancel is requested again every {@link RETRY_MS}. */
  #noteRefusal(order: OrderState, reason: string): void {
    if (isTerminal(order) || order.cancelRefusal === reason) return;
    this.#core.append('order_intent', {
      action: 'cancel_failed',
      client_order_id: order.clientOrderId,
      quantity_e8: null,
      price_e8: null,
      reason,
    });
  }

  /**
   * Rejected and unknown prove nothing: a lookup tells whether the order filled, was canceled or
   * triggered. One that fails proves nothing either, and takes nothing back: the cancel is requested again.
   */
  async #lookUp(order: OrderState, isAcknowledged: boolean): Promise<void> {
    const ask = this.#sender.proof.ask();
    const found = await this.#core.ports.venue.lookupOrder(order.symbol, order.clientOrderId, order.kind);
    if (found.kind === 'found') this.#sender.adopt(order, found.order, ask);
    else if (found.kind === 'not_found' && order.kind === 'algo' && isAcknowledged)
      this.#sender.proof.recordAbsent(order, 'canceled', 'no longer at the venue', ask);
    else if (found.kind === 'not_found') void this.#resolver.resolve(order);
  }

  /** All are requested when this returns; resolves with the answers. */
  cancelMatching(symbol: string | null, matches: (order: OrderState) => boolean, reason: string): Promise<void> {
    const orders =
      symbol === null ? everyLiveOrder(this.#core.state.orders) : [...liveOrders(this.#core.state.orders, symbol)];
    const asked = orders
      .filter((order) => !isTerminal(order) && matches(order))
      .map((order) => this.cancel(order, reason));
    return mayBeLeft(Promise.all(asked).then(() => undefined));
  }
}

/** It rests, or nobody knows what became of it and it is of a form that rests. */
function mayRest(order: OrderState): boolean {
  if (isResting(order)) return true;
  return isUnproven(order) && !neverRests(order);
}

/**
 * Whoever does not wait for a cancel does not see it fail: that must not end the process, and it is requested again.
 */
function mayBeLeft(running: Promise<void>): Promise<void> {
  running.catch(() => undefined);
  return running;
}

import type { GateCore } from './gate-core.ts';
import { endedEvent, type OrderSender } from './order-sender.ts';
import type { Resolver } from './resolver.ts';
import { everyLiveOrder, isTerminal, liveOrders, type OrderState } from './state/orders.ts';

/** Cancels orders and believes it only when the venue proves it: until then they count in full (BY-32). */
export class Canceler {
  readonly #core: GateCore;
  readonly #sender: OrderSender;
  readonly #resolver: Resolver;

  constructor(core: GateCore, sender: OrderSender, resolver: Resolver) {
    this.#core = core;
    this.#sender = sender;
    this.#resolver = resolver;
  }

  /** Records the wish, asks the venue, records the proof; an unsent slice is simply dropped. */
  async cancel(order: OrderState, reason: string): Promise<void> {
    if (isTerminal(order.status)) return;
    if (order.status === 'pending_send') {
      this.#sender.record(order, endedEvent(this.#core, order, 'canceled', reason));
      return;
    }
    if (!order.cancelRequested) {
      const intent = this.#core.append('order_intent', {
        action: 'cancel',
        client_order_id: order.clientOrderId,
        lots: null,
        price_ticks: null,
        reason,
      });
      await intent.committed;
    }
    const outcome = await this.#core.ports.venue.cancel(order.symbol, order.clientOrderId, order.kind);
    this.#core.ports.observer.submitted(`cancel_${outcome.kind}`);
    if (outcome.kind === 'canceled') {
      if (outcome.order !== null) this.#sender.adopt(order, outcome.order);
      if (!isTerminal(order.status)) await this.#lookUp(order);
      return;
    }
    // Rejected and unknown prove nothing: filled, canceled or triggered are told apart by a lookup.
    await this.#lookUp(order);
  }

  async #lookUp(order: OrderState): Promise<void> {
    const found = await this.#core.ports.venue.lookupOrder(order.symbol, order.clientOrderId, order.kind);
    if (found.kind === 'found') this.#sender.adopt(order, found.order);
    else if (found.kind === 'not_found' && order.kind === 'algo')
      this.#sender.record(order, endedEvent(this.#core, order, 'canceled', 'no longer at the venue'));
    else void this.#resolver.resolve(order);
  }

  async cancelMatching(symbol: string | null, matches: (order: OrderState) => boolean, reason: string): Promise<void> {
    const orders =
      symbol === null ? [...everyLiveOrder(this.#core.state.orders)] : [...liveOrders(this.#core.state.orders, symbol)];
    await Promise.all(
      orders.filter((order) => !isTerminal(order.status) && matches(order)).map((order) => this.cancel(order, reason)),
    );
  }
}

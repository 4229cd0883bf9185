import type { GateCore } from './gate-core.ts';
import { endedEvent, type OrderSender } from './order-sender.ts';
import { LOOK_AGAIN_MS, pause } from './pause.ts';
import { waitsForOwnExits } from './state/closable-share.ts';
import { liveOrders, type OrderState } from './state/orders.ts';

/** Wall time between two looks at a clock that stands still, or at orders that are not known, ms. */
const LOOK_EVERY_MS = 25;

/**
 * Exits beyond their own rate: they wait for the bucket and go out as one (DESIGN "Verified exit"). So do those of an
 * agent whose earlier exits may close all of its share: they wait until it is known what those did.
 */
export class MergedExits {
  readonly #core: GateCore;
  readonly #sender: OrderSender;
  readonly #signal: AbortSignal;
  /** By {@link mergeKey}: what still takes equal exits along. */
  readonly #waiting = new Map<string, Promise<void>>();
  /** Lots that a waiting exit is to close, of which its order may be only the venue's largest. */
  readonly #whole = new WeakMap<OrderState, number>();

  constructor(core: GateCore, sender: OrderSender, signal: AbortSignal) {
    this.#core = core;
    this.#sender = sender;
    this.#signal = signal;
  }

  /**
   * Waits with an unsent exit until it is due. The first of equal ones takes along all that have come in meanwhile and
   * `send`s their lots; the others resolve with it. What comes later waits by itself.
   */
  join(order: OrderState, wholeLots: number, send: (lots: number) => Promise<void>): Promise<void> {
    this.#whole.set(order, wholeLots);
    const key = mergeKey(order);
    const waiting = this.#waiting.get(key);
    if (waiting !== undefined) return waiting;
    const run = this.#run(order, key, send);
    this.#waiting.set(key, run);
    return run;
  }

  async #run(order: OrderState, key: string, send: (lots: number) => Promise<void>): Promise<void> {
    try {
      await this.#untilDue(order);
      await this.#untilOwnAreKnown(order);
    } finally {
      this.#waiting.delete(key);
    }
    const equal = [...liveOrders(this.#core.state.orders, order.symbol)].filter(
      (other) => other.status === 'pending_send' && other.reduceOnly && mergeKey(other) === key,
    );
    const lots = equal.reduce((sum, other) => sum + (this.#whole.get(other) ?? other.lots), 0);
    for (const other of equal) {
      const detail = other === order ? 'sent as one merged exit' : 'merged into one exit';
      this.#sender.record(other, endedEvent(this.#core, other, 'canceled', detail));
    }
    // Canceled meanwhile, and nobody else waits: there is nothing to send.
    if (lots > 0) await send(lots);
  }

  /**
   * RISK: an exit is never sent beside one of the same agent that may have closed the same lots: the rest of the position
   * is another's. One that ended without a fill leaves the share as it is, and the waiting one goes out.
   */
  async #untilOwnAreKnown(order: OrderState): Promise<void> {
    const { orders, positions } = this.#core.state;
    const { agent, symbol } = order;
    if (agent === null || order.origin !== 'agent' || this.#core.policyFor(agent).exitScope !== 'own') return;
    const isClosing = (): boolean => waitsForOwnExits(positions.get(symbol), liveOrders(orders, symbol), agent);
    while (order.status === 'pending_send' && isClosing())
      await pause(this.#core.ports.time, LOOK_EVERY_MS, this.#signal);
  }

  async #untilDue(order: OrderState): Promise<void> {
    const { clock, time } = this.#core.ports;
    while (this.#core.nowMs() < order.dueAtMs && !this.#signal.aborted) {
      const { scale } = clock;
      const waitMs = scale > 0 ? Math.max(1, (order.dueAtMs - this.#core.nowMs()) / scale) : LOOK_EVERY_MS;
      await pause(time, Math.min(LOOK_AGAIN_MS, waitMs), this.#signal);
    }
  }
}

/** Exits that may go out as one: the same agent, symbol and side, and the same bound on the price; none is not 0 bps. */
export function mergeKey(
  order: Pick<OrderState, 'agent' | 'symbol' | 'side' | 'timeInForce' | 'priceTicks' | 'slippageBps'>,
): string {
  const price =
    order.timeInForce === 'GTC'
      ? `at ${order.priceTicks}`
      : order.slippageBps === null
        ? 'at any price'
        : `within ${order.slippageBps}`;
  return [order.agent ?? '', order.symbol, order.side, price].join('\u0000');
}

import type { GateCore } from '../journal/journal.ts';
import { everyLiveOrder, type OrderState } from '../state/orders.ts';

/** So long after its cancel was asked for an order may rest before a person is told, wall ms. */
const SLOW_MS = 60_000;
/** Between two alerts of one that goes on so, wall ms. */
const TELL_EVERY_MS = 3_600_000;

interface Watched {
  readonly sinceMs: number;
  toldAtMs: number | null;
}

/**
 * Orders that stay although their cancel was asked for. RISK: the cancel is asked for again and again; whoever halted, or
 * tightened a cap, would take an order for gone that can still fill, and a stop of an old position would close the next.
 */
export class SlowCancels {
  readonly #core: GateCore;
  readonly #watched = new Map<OrderState, Watched>();

  constructor(core: GateCore) {
    this.#core = core;
  }

  /** Called in every round. */
  look(): void {
    const now = this.#core.ports.time.monotonicMs();
    for (const order of this.#watched.keys()) if (!isStaying(order)) this.#watched.delete(order);
    for (const order of everyLiveOrder(this.#core.state.orders)) {
      if (!isStaying(order)) continue;
      const known = this.#watched.get(order);
      if (known === undefined) this.#watched.set(order, { sinceMs: now, toldAtMs: null });
      else this.#tell(order, known, now);
    }
  }

  #tell(order: OrderState, watched: Watched, now: number): void {
    if (now - watched.sinceMs < SLOW_MS) return;
    if (watched.toldAtMs !== null && now - watched.toldAtMs < TELL_EVERY_MS) return;
    watched.toldAtMs = now;
    const seconds = Math.round((now - watched.sinceMs) / 1_000);
    this.#core.alert(
      'CANCEL_FAILED',
      `the cancel of ${order.clientOrderId} was asked for ${seconds} s ago, and it is ${order.status} (${order.cancelRefusal ?? 'no answer'}); it is asked for again`,
      order.symbol,
    );
  }
}

/** What is lost has an alert of its own. */
function isStaying({ cancelRequested, status }: OrderState): boolean {
  return cancelRequested && (status === 'working' || status === 'partially_filled' || status === 'unknown');
}

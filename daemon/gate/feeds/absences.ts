import { Elapsed } from '../journal/deadline.ts';
import type { GateCore } from '../journal/journal.ts';
import type { OrderState } from '../state/orders.ts';

/** Answers in a row that neither list nor find an order, before it counts as ended. */
const ABSENT_TIMES = 3;

/**
 * Orders that rested and that the venue neither lists nor finds. It answers from copies that lag (BINANCE.md fact 6), so
 * that only an absence that repeats, for longer than an order takes to arrive, proves anything.
 */
export class Absences {
  readonly #core: GateCore;
  readonly #seen = new Map<string, { readonly since: Elapsed; times: number }>();

  constructor(core: GateCore) {
    this.#core = core;
  }

  /** Counts one more answer without the order; true once they prove that it has ended. */
  isProven(order: OrderState): boolean {
    const known = this.#seen.get(order.clientOrderId) ?? { since: new Elapsed(this.#core), times: 0 };
    known.times += 1;
    this.#seen.set(order.clientOrderId, known);
    if (known.times < ABSENT_TIMES || known.since.ms() < this.#core.ports.venue.acceptanceHorizonMs) return false;
    this.#seen.delete(order.clientOrderId);
    return true;
  }

  /** The order was seen again, or its end is proven. */
  end(order: OrderState): void {
    this.#seen.delete(order.clientOrderId);
  }
}

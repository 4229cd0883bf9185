import type { OrderState } from './order.ts';

/** Where orders are found. */
export interface OrderMaps {
  readonly all: Map<string, OrderState>;
  /** Orders not proven terminal, by symbol. */
  readonly live: Map<string, Set<OrderState>>;
  readonly byDecision: Map<string, OrderState[]>;
  /** By {@link venueKeyOf}. */
  readonly byVenueId: Map<string, OrderState>;
}

/** Key of an order in the venue's numbers; null: it has none. */
export function venueKeyOf({ symbol, venueOrderId }: Pick<OrderState, 'symbol' | 'venueOrderId'>): string | null {
  return venueOrderId === null ? null : `${symbol} ${venueOrderId}`;
}

/**
 * How long an order stays in the views after its end, ms of event time: longer than the hour of trades that a start reads
 * again. Older ones lie in a table of the ledger (engine/state/leave.ts).
 */
export const KEEP_ENDED_MS = 2 * 3_600_000;

interface Ended {
  readonly order: OrderState;
  readonly endedAtMs: number;
  /** When it ended, or was found to have to stay. */
  readonly sinceMs: number;
}
/** All orders of a decision, or an order that no decision planned. */
export interface EndedGroup {
  readonly orders: readonly OrderState[];
  /** When the last of them ended. */
  readonly endedAtMs: number;
}
const NONE: readonly EndedGroup[] = [];

/**
 * Ended orders by time of their end, until they leave the views. All orders of a decision leave together, so that
 * an execution is shown or read back as a whole. It is driven by events alone: a restart drops the same orders.
 */
export class EndedOrders {
  private queue: Ended[] = [];
  /** Orders that may leave but wait for others of their decision, with the time of their end. */
  private readonly waiting = new Map<OrderState, number>();

  add(order: OrderState, endedAtMs: number): void {
    this.queue.push({ order, endedAtMs, sinceMs: endedAtMs });
  }

  /** The order is live after all. This is rare, so the whole queue is searched. */
  remove(order: OrderState): void {
    this.queue = this.queue.filter((ended) => ended.order !== order);
    this.waiting.delete(order);
  }

  /**
   * Drops orders from the book that ended at least {@link KEEP_ENDED_MS} before `nowMs`, the time of an event, and
   * returns them. One that may not leave is looked at again after that time.
   */
  dropOld(
    book: OrderMaps,
    nowMs: number,
    mayLeave: (order: OrderState, endedAtMs: number) => boolean,
  ): readonly EndedGroup[] {
    const untilMs = nowMs - KEEP_ENDED_MS;
    let due = 0;
    while (due < this.queue.length && this.queue[due]!.sinceMs <= untilMs) due += 1;
    if (due === 0) return NONE;
    const dropped: EndedGroup[] = [];
    for (const ended of this.queue.splice(0, due)) {
      const { order, endedAtMs } = ended;
      if (mayLeave(order, endedAtMs)) dropped.push(...this.#drop(book, order, endedAtMs));
      else this.queue.push({ ...ended, sinceMs: nowMs });
    }
    return dropped;
  }

  #drop(book: OrderMaps, order: OrderState, endedAtMs: number): readonly EndedGroup[] {
    const { decisionId } = order;
    const known = decisionId === null ? undefined : book.byDecision.get(decisionId);
    const orders = known ?? [order];
    this.waiting.set(order, endedAtMs);
    // INVARIANT: an order that may still fill is never forgotten. Only ended orders wait here until they are removed.
    if (!orders.every((one) => this.waiting.has(one))) return NONE;
    const ends = orders.map((one) => this.waiting.get(one) ?? endedAtMs);
    for (const one of orders) {
      this.waiting.delete(one);
      forget(book, one);
    }
    if (decisionId !== null) book.byDecision.delete(decisionId);
    return [{ orders, endedAtMs: Math.max(...ends) }];
  }
}

function forget(book: OrderMaps, order: OrderState): void {
  // The id may be in use again.
  if (book.all.get(order.clientOrderId) === order) book.all.delete(order.clientOrderId);
  const key = venueKeyOf(order);
  if (key !== null && book.byVenueId.get(key) === order) book.byVenueId.delete(key);
}

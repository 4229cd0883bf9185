import { keeps } from './keep.ts';
import type { OrderMaps, OrderState } from './order.ts';

/**
 * How long ended orders stay in the views, ms of event time. Their late fills, trades and repeated
 * requests arrive within minutes. Older ones are read from the ledger (gate/reads/recall.ts).
 */
export const KEEP_ENDED_MS = 7 * 86_400_000;

/**
 * Ended orders by time of their end, until they leave the views. All orders of a decision leave together, so that
 * an execution is shown or read back as a whole. It is driven by events alone: a restart drops the same orders.
 */
export class EndedOrders {
  #queue: { readonly order: OrderState; readonly endedAtMs: number }[] = [];
  #head = 0;
  /** Orders that are old enough but wait for others of their decision. */
  #waiting = new Set<OrderState>();

  static {
    keeps(
      EndedOrders,
      (view) => ({ queue: view.#queue, head: view.#head, waiting: view.#waiting }),
      (kept) => {
        const made = new EndedOrders();
        made.#queue = kept.queue;
        made.#head = kept.head;
        made.#waiting = kept.waiting;
        return made;
      },
    );
  }

  add(order: OrderState, endedAtMs: number): void {
    this.#queue.push({ order, endedAtMs });
  }

  /** The order is live after all. This is rare, so the whole queue is searched. */
  remove(order: OrderState): void {
    this.#queue = this.#queue.slice(this.#head).filter((entry) => entry.order !== order);
    this.#head = 0;
    this.#waiting.delete(order);
  }

  setBack(nowMs: number): void {
    this.#queue = this.#queue.map(({ order, endedAtMs }) => ({ order, endedAtMs: Math.min(endedAtMs, nowMs) }));
  }

  /**
   * Drops orders from the book that ended at least {@link KEEP_ENDED_MS} before `nowMs`, the time of an event.
   * `mayGoOn`: the decision may have further orders.
   */
  dropOld(book: OrderMaps, nowMs: number, mayGoOn: (decisionId: string) => boolean): void {
    for (let next = this.#queue[this.#head]; next !== undefined; next = this.#queue[this.#head]) {
      if (next.endedAtMs > nowMs - KEEP_ENDED_MS) break;
      this.#head += 1;
      const { decisionId } = next.order;
      if (decisionId !== null && mayGoOn(decisionId)) this.add(next.order, nowMs);
      else this.#drop(book, next.order);
    }
    if (this.#head < 1024 || this.#head * 2 < this.#queue.length) return;
    this.#queue = this.#queue.slice(this.#head);
    this.#head = 0;
  }

  #drop(book: OrderMaps, order: OrderState): void {
    const siblings = order.decisionId === null ? undefined : book.byDecision.get(order.decisionId);
    if (siblings === undefined || (siblings.length === 1 && siblings[0] === order)) forget(book, order);
    else {
      this.#waiting.add(order);
      // INVARIANT: an order that may still fill is never forgotten. Only ended orders wait here until they are removed.
      for (let i = 0; i < siblings.length; i += 1) if (!this.#waiting.has(siblings[i]!)) return;
      for (const sibling of siblings) {
        this.#waiting.delete(sibling);
        forget(book, sibling);
      }
    }
    if (order.decisionId !== null) book.byDecision.delete(order.decisionId);
  }
}

function forget(book: OrderMaps, order: OrderState): void {
  // The id may be in use again.
  if (book.all.get(order.clientOrderId) === order) book.all.delete(order.clientOrderId);
  if (order.venueOrderId === null) return;
  const key = `${order.symbol} ${order.venueOrderId}`;
  if (book.byVenueId.get(key) === order) book.byVenueId.delete(key);
}

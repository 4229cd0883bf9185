import { keeps } from './keep.ts';
import type { OrderMaps, OrderState } from './order.ts';

/**
 * Orders that have ended stay in the views for this long, ms of event time: their late fills, trades and repeated
 * requests arrive within minutes. What is asked of older ones is read from the ledger (gate/reads/recall.ts).
 */
export const KEEP_ENDED_MS = 7 * 86_400_000;

/**
 * Ended orders in the order of their end, until they leave the views. All orders of a decision leave together, so that
 * an execution is shown whole or read back whole. Driven by events alone: a restart drops the very same orders.
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

  /** It lives after all. Rare: the whole queue is gone through. */
  remove(order: OrderState): void {
    this.#queue = this.#queue.slice(this.#head).filter((entry) => entry.order !== order);
    this.#head = 0;
    this.#waiting.delete(order);
  }

  setBack(nowMs: number): void {
    this.#queue = this.#queue.map(({ order, endedAtMs }) => ({ order, endedAtMs: Math.min(endedAtMs, nowMs) }));
  }

  /**
   * Drops from the book what ended at least {@link KEEP_ENDED_MS} before `nowMs`, the time of an event. `mayGoOn`: further
   * orders of the decision may follow.
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
      // INVARIANT: what may still fill is never forgotten: only what has ended waits here, until it is removed.
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

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
  #orders: OrderState[] = [];
  /** When each of them ended: a column takes a third of what pairs would. */
  #endedAtMs: number[] = [];
  /** Those before it have left. */
  #head = 0;
  /** Orders that are old enough but wait for others of their decision. */
  #waiting = new Set<OrderState>();

  static {
    keeps(
      EndedOrders,
      (view) => ({ orders: view.#orders, endedAtMs: view.#endedAtMs, head: view.#head, waiting: view.#waiting }),
      (kept) => {
        const made = new EndedOrders();
        made.#orders = kept.orders;
        made.#endedAtMs = kept.endedAtMs;
        made.#head = kept.head;
        made.#waiting = kept.waiting;
        return made;
      },
    );
  }

  add(order: OrderState, endedAtMs: number): void {
    this.#orders.push(order);
    this.#endedAtMs.push(endedAtMs);
  }

  /** The order is live after all. This is rare, so the whole queue is searched. */
  remove(order: OrderState): void {
    this.#dropHead();
    this.#endedAtMs = this.#endedAtMs.filter((_, i) => this.#orders[i] !== order);
    this.#orders = this.#orders.filter((entry) => entry !== order);
    this.#waiting.delete(order);
  }

  setBack(nowMs: number): void {
    this.#endedAtMs = this.#endedAtMs.map((endedAtMs) => Math.min(endedAtMs, nowMs));
  }

  /**
   * Drops orders from the book that ended at least {@link KEEP_ENDED_MS} before `nowMs`, the time of an event.
   * `mayGoOn`: the decision may have further orders.
   */
  dropOld(book: OrderMaps, nowMs: number, mayGoOn: (decisionId: string) => boolean): void {
    for (let order = this.#orders[this.#head]; order !== undefined; order = this.#orders[this.#head]) {
      if (this.#endedAtMs[this.#head]! > nowMs - KEEP_ENDED_MS) break;
      this.#head += 1;
      const { decisionId } = order;
      if (decisionId !== null && mayGoOn(decisionId)) this.add(order, nowMs);
      else this.#drop(book, order);
    }
    if (this.#head >= 1024 && this.#head * 2 >= this.#orders.length) this.#dropHead();
  }

  #dropHead(): void {
    this.#orders = this.#orders.slice(this.#head);
    this.#endedAtMs = this.#endedAtMs.slice(this.#head);
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

import { keeps } from './keep.ts';
import type { OrderState } from './order.ts';
import type { OrdersBy } from './orders-by.ts';
import { type SettledOrders, venueKeyOf } from './settled-orders.ts';

/** Where orders are found. */
export interface OrderMaps {
  readonly all: OrdersBy<'client'>;
  /** Orders not proven terminal, by symbol. */
  readonly live: Map<string, Set<OrderState>>;
  readonly byDecision: OrdersBy<'decision', OrderState[]>;
  readonly byVenueId: OrdersBy<'venue'>;
  readonly settled: SettledOrders;
}

/**
 * How long ended orders stay in the views, ms. Their late fills, trades and repeated
 * requests arrive within minutes. Older ones are read from the ledger (gate/reads/recall.ts).
 */
export const KEEP_ENDED_MS = 7 * 86_400_000;
/** As long as that, so far back the exchange tells of trades, an order stays of which some were not read. */
const KEEP_UNTOLD_MS = 90 * 86_400_000;
/** When they are settled: nothing more is heard of nearly all of them by then, and no call to the venue lasts as long. */
export const SETTLE_AFTER_MS = 60_000;
/** How much later those are looked at again that could not be settled, or were brought back: their trades came late. */
export const LOOK_AGAIN_MS = 540_000;

/**
 * Ended orders by time of their end, until they leave the views. All orders of a decision leave together, so that
 * an execution is shown or read back as a whole. It is driven by events alone: a restart drops the same orders.
 */
export class EndedOrders {
  /** Never, for who folds a history once and soon lets go of it: Infinity. */
  readonly settleAfterMs: number;
  /** A number is that of the settled row of which the order is. */
  #orders: (OrderState | number)[] = [];
  /** When each of them ended: a column takes a third of what pairs would. */
  #endedAtMs: number[] = [];
  /** Those before it have left. */
  #head = 0;
  /** Those before it were looked at, whether they can be settled. */
  #considered = 0;
  /** Those before it were looked at for the second and last time. */
  #again = 0;
  /** Orders that are old enough but wait for others of their decision. */
  #waiting = new Set<OrderState>();

  static {
    keeps(
      EndedOrders,
      (view) => ({
        settleAfterMs: view.settleAfterMs,
        orders: view.#orders,
        endedAtMs: view.#endedAtMs,
        head: view.#head,
        considered: view.#considered,
        again: view.#again,
        waiting: view.#waiting,
      }),
      (kept) => {
        const made = new EndedOrders(kept.settleAfterMs);
        made.#orders = kept.orders;
        made.#endedAtMs = kept.endedAtMs;
        made.#head = kept.head;
        made.#considered = kept.considered;
        made.#again = kept.again;
        made.#waiting = kept.waiting;
        return made;
      },
    );
  }

  constructor(settleAfterMs = SETTLE_AFTER_MS) {
    this.settleAfterMs = settleAfterMs;
  }

  add(order: OrderState, endedAtMs: number): void {
    this.#orders.push(order);
    this.#endedAtMs.push(endedAtMs);
  }

  /** The order is live after all. This is rare, so the whole queue is searched. */
  remove(order: OrderState): void {
    this.#dropHead();
    const before = this.#orders.indexOf(order);
    if (before >= 0 && before < this.#considered) this.#considered -= 1;
    if (before >= 0 && before < this.#again) this.#again -= 1;
    this.#endedAtMs = this.#endedAtMs.filter((_, i) => this.#orders[i] !== order);
    this.#orders = this.#orders.filter((entry) => entry !== order);
    this.#waiting.delete(order);
  }

  /**
   * Drops orders from the book that ended at least {@link KEEP_ENDED_MS} before `nowMs`, the time of an event.
   * `mayGoOn`: the decision may have further orders.
   */
  dropOld(book: OrderMaps, nowMs: number, mayGoOn: (decisionId: string) => boolean): void {
    for (let order = this.#orders[this.#head]; order !== undefined; order = this.#orders[this.#head]) {
      if (this.#endedAtMs[this.#head]! > nowMs - KEEP_ENDED_MS) break;
      this.#head += 1;
      if (typeof order === 'number') {
        book.settled.dropOrder(order);
        continue;
      }
      const { decisionId } = order;
      // RISK: whose trades those are that a daemon reads after a long absence, only their order tells.
      if ((decisionId !== null && mayGoOn(decisionId)) || isUntold(order, nowMs)) this.add(order, nowMs);
      else this.#drop(book, order);
    }
    if (this.#head >= 1024 && this.#head * 4 >= this.#orders.length) this.#dropHead();
  }

  #dropHead(): void {
    this.#orders = this.#orders.slice(this.#head);
    this.#endedAtMs = this.#endedAtMs.slice(this.#head);
    this.#considered = Math.max(0, this.#considered - this.#head);
    this.#again = Math.max(0, this.#again - this.#head);
    this.#head = 0;
  }

  /** Whether {@link consider} has any to show. */
  isDue(nowMs: number): boolean {
    const untilMs = nowMs - this.settleAfterMs;
    const next = this.#endedAtMs[Math.max(this.#considered, this.#head)];
    const again = this.#endedAtMs[Math.max(this.#again, this.#head)];
    return (next !== undefined && next <= untilMs) || (again !== undefined && again <= untilMs - LOOK_AGAIN_MS);
  }

  /**
   * Shows each order that ended long enough before `nowMs`, and once more later. What is not settled then stays an
   * object.
   */
  consider(nowMs: number, settle: (order: OrderState) => void): void {
    const untilMs = nowMs - this.settleAfterMs;
    this.#considered = Math.max(this.#considered, this.#head);
    while (this.#endedAtMs[this.#considered]! <= untilMs) {
      this.#considered += 1;
      this.#show(this.#considered - 1, settle);
    }
    this.#again = Math.max(this.#again, this.#head);
    while (this.#endedAtMs[this.#again]! <= untilMs - LOOK_AGAIN_MS) {
      this.#again += 1;
      this.#show(this.#again - 1, settle);
    }
  }
  #show(at: number, settle: (order: OrderState) => void): void {
    const order = this.#orders[at]!;
    if (typeof order !== 'number') settle(order);
  }

  /** Where orders stand that were shown and have not left; null: one of them does not. */
  places(orders: readonly OrderState[]): readonly number[] | null {
    const places: number[] = [];
    for (let i = this.#considered - 1; i >= this.#head && places.length < orders.length; i -= 1) {
      const entry = this.#orders[i]!;
      if (typeof entry !== 'number' && orders.includes(entry)) places.push(i);
    }
    return places.length === orders.length ? places : null;
  }
  settle(places: readonly number[], row: number): void {
    for (const place of places) this.#orders[place] = row;
  }

  /** They are objects again: in the order of their ends, of which the first may have left. `left`: how many have not. */
  bringBack(row: number, orders: readonly OrderState[], left: number): void {
    const byEnd = orders.toSorted((a, b) => (a.endedSeq ?? 0) - (b.endedSeq ?? 0));
    const gone = orders.length - left;
    if (left > 0) for (const order of byEnd.slice(0, gone)) this.#waiting.add(order);
    const found = this.#placesOf(row, left);
    for (const [i, order] of byEnd.slice(gone).entries()) if (i < found.length) this.#orders[found[i]!] = order;
  }
  #placesOf(row: number, most: number): readonly number[] {
    const places: number[] = [];
    for (let i = this.#head; i < this.#orders.length && places.length < most; i += 1)
      if (this.#orders[i] === row) places.push(i);
    return places;
  }
  #drop(book: OrderMaps, order: OrderState): void {
    const siblings = order.decisionId === null ? undefined : book.byDecision.held.get(order.decisionId);
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

/** Trades of it are still to be read. */
function isUntold({ executedE8, foreign, tradedE8, updatedAtMs }: OrderState, nowMs: number): boolean {
  return !foreign && executedE8 > tradedE8 && updatedAtMs > nowMs - KEEP_UNTOLD_MS;
}

function forget(book: OrderMaps, order: OrderState): void {
  // The id may be in use again.
  if (book.all.held.get(order.clientOrderId) === order) book.all.delete(order.clientOrderId);
  if (order.venueOrderId === null) return;
  const key = venueKeyOf(order) ?? '';
  if (book.byVenueId.held.get(key) === order) book.byVenueId.delete(key);
}

import { isTerminal, type OrderState } from '../orders/orders.ts';
import type { StandingForm } from './judge-resting.ts';

/** Orders that rule 15 looks at again although nothing has tightened: pure, for the daemon and a replay alike. */

const NO_ORDERS: ReadonlySet<OrderState> = new Set();

/**
 * Orders that rest larger or dearer than when they were looked at last (an amend of theirs was proven, or somebody changed
 * them at the venue), and those that had ended for us and are open after all, whose room may be taken since. They alone are
 * due: none of it tightens anything for anybody else's orders, and must not have them canceled for a mark that moved.
 */
export class GrownOrders {
  readonly #seen = new WeakMap<OrderState, StandingForm>();
  readonly #due = new Set<OrderState>();
  #resting = NO_ORDERS;

  /** Those due: found now, or earlier and not {@link settle settled} since. */
  find(resting: readonly OrderState[]): ReadonlySet<OrderState> {
    if (resting.length + this.#due.size === 0) {
      this.#resting = NO_ORDERS;
      return this.#due;
    }
    const live = new Set(resting);
    for (const order of this.#due) if (!live.has(order)) this.#due.delete(order);
    for (const order of resting) {
      const now = { quantityE8: order.quantityE8, priceE8: order.priceE8 ?? 0 };
      const before = this.#seen.get(order);
      this.#seen.set(order, now);
      if (before === undefined) continue;
      const isBack = !this.#resting.has(order);
      if (isBack || now.quantityE8 > before.quantityE8 || now.priceE8 > before.priceE8) this.#due.add(order);
    }
    this.#resting = live;
    return this.#due;
  }

  /** They were reviewed, but of these it could not be told whether they fit. */
  settle(unclear: ReadonlySet<OrderState>): void {
    for (const order of this.#due) if (!unclear.has(order)) this.#due.delete(order);
  }
}

/**
 * Orders that a review did not count, since they are being canceled, with those that it found to fit without them: once one
 * of the former fills after all, before its cancel is taken, the latter are due again.
 */
export class LeavingOrders {
  /** By order that leaves: those that fit without it, and how much of it had filled then. */
  readonly #left = new Map<OrderState, Map<OrderState, number>>();

  /** Those due, until a review is {@link noteReview noted} that finds them to fit. */
  findBeside(): ReadonlySet<OrderState> {
    if (this.#left.size === 0) return NO_ORDERS;
    const due = new Set<OrderState>();
    for (const [order, beside] of this.#left) {
      for (const [other, filledE8] of beside) if (order.executedE8 > filledE8) due.add(other);
      if (isTerminal(order) && ![...beside.keys()].some((other) => due.has(other))) this.#left.delete(order);
    }
    return due;
  }

  /** `leaving`: what the review did not count; `fits`: what it found to fit without them. */
  noteReview(leaving: Iterable<OrderState>, fits: ReadonlySet<OrderState>): void {
    for (const [order, beside] of this.#left) {
      for (const other of beside.keys()) if (fits.has(other) || isTerminal(other)) beside.delete(other);
      if (beside.size === 0) this.#left.delete(order);
    }
    if (fits.size === 0) return;
    for (const order of leaving) {
      const beside = this.#left.get(order) ?? new Map<OrderState, number>();
      this.#left.set(order, beside);
      for (const other of fits) beside.set(other, order.executedE8);
    }
  }
}

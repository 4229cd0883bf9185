import { isNotPlaced, isResting, isUnknown, type OrderState } from '../orders/orders.ts';
import { Elapsed, type PlanClock } from '../plan/deadline.ts';

/** Time after which a stop is tried again, or moved, ms; doubled with each failure beyond `enough`. */
const RETRY_MS = 5_000;
const LONGEST_RETRY_MS = 300_000;
/**
 * By then an answer, a lookup or a list has shown a stop that rests, ms of wall time since it was sent: twice as long as
 * the venue takes what was sent.
 */
const SHOWN_WITHIN_MS = 12_000;

/**
 * Tries to place the stops of symbols, or to move them. RISK: that no answer refuses a stop does not mean that it rests: one after the
 * other may be lost on its way, and each would look like the first.
 */
export class StopTries {
  readonly #clock: PlanClock;
  /** As many failures in a row that something else is to be done. */
  readonly #enough: number;
  readonly #begunAt = new Map<string, Elapsed>();
  readonly #failures = new Map<string, number>();
  /** The one that was sent last, until it is known what became of it. */
  readonly #sent = new Map<string, OrderState>();
  readonly #unknownSince = new WeakMap<OrderState, Elapsed>();

  constructor(clock: PlanClock, enough: number) {
    this.#clock = clock;
    this.#enough = enough;
  }

  /** Whether another try is due; it then counts as begun. */
  begin(symbol: string): boolean {
    const beyond = Math.max(0, (this.#failures.get(symbol) ?? 0) - this.#enough);
    const waitMs = Math.min(LONGEST_RETRY_MS, RETRY_MS * 2 ** beyond);
    if ((this.#begunAt.get(symbol)?.ms() ?? waitMs) < waitMs) return false;
    this.#begunAt.set(symbol, new Elapsed(this.#clock));
    return true;
  }

  noteSent(symbol: string, order: OrderState): void {
    this.#sent.set(symbol, order);
    this.#unknownSince.set(order, this.#begunAt.get(symbol) ?? new Elapsed(this.#clock));
    if (isResting(order)) this.noteStanding(symbol);
  }
  noteFailed(symbol: string): void {
    this.#failures.set(symbol, (this.#failures.get(symbol) ?? 0) + 1);
  }
  noteStanding(symbol: string): void {
    this.#failures.delete(symbol);
    this.#sent.delete(symbol);
  }
  /** The next try waits for nothing. */
  noteGivenUp(symbol: string): void {
    this.#begunAt.delete(symbol);
  }
  forget(symbol: string): void {
    this.noteStanding(symbol);
    this.noteGivenUp(symbol);
  }

  isEnough(symbol: string): boolean {
    return (this.#failures.get(symbol) ?? 0) >= this.#enough;
  }

  /** Nobody has shown it for so long that it counts as not there. */
  isUnknownForLong(order: OrderState): boolean {
    if (!isUnknown(order)) return false;
    const since = this.#unknownSince.get(order);
    if (since !== undefined) return since.ms() >= SHOWN_WITHIN_MS * Math.max(1, this.#clock.scale);
    this.#unknownSince.set(order, new Elapsed(this.#clock));
    return false;
  }

  /** The one that was sent last, where it turned out not to rest: a failure, counted once. Null: none did. */
  takeMissing(symbol: string): OrderState | null {
    const order = this.#sent.get(symbol);
    if (order === undefined || !(isNotPlaced(order) || this.isUnknownForLong(order))) return null;
    this.#sent.delete(symbol);
    this.noteFailed(symbol);
    return order;
  }
}

import type { TimePort } from '../../time/time-port.ts';
import type { OrderCount } from '../venue-port.ts';

/** The venue's order limits per account: so many orders per window. */
const LIMITS = [
  { windowMs: 10_000, max: 300 },
  { windowMs: 60_000, max: 1_200 },
] as const;
const LONGEST_MS = 60_000;

/**
 * How much of the venue's limit an order may use. `own`: operator, stops and the gate's exits, all of it. `closing`:
 * an agent's exit that closes at once. `other`: everything else that agents send.
 */
export const SHARES = { own: 1, closing: 0.8, other: 0.5 } as const;
export type OrderClass = keyof typeof SHARES;

/**
 * Orders of the account, as we send them and as the venue's answers count them: others may send for the same
 * account. It uses sliding windows of wall time, which also satisfy any fixed windows of the venue.
 */
export class OrderCounts {
  readonly #time: TimePort;
  /** Times at which orders were sent, oldest first. */
  #sent: number[] = [];

  constructor(time: TimePort) {
    this.#time = time;
  }

  /** Notes an order when it is decided, so that decisions of the same turn see it. */
  note(): void {
    const now = this.#time.monotonicMs();
    this.#drop(now);
    this.#sent.push(now);
  }

  /** Attributes orders that the venue counts beyond ours to somebody else; true: there were some. */
  adopt(counts: readonly OrderCount[]): boolean {
    const now = this.#time.monotonicMs();
    this.#drop(now);
    const known = this.#sent.length;
    for (const { windowMs, used } of counts) {
      const most = LIMITS.find((limit) => limit.windowMs === windowMs)?.max ?? 0;
      for (let more = Math.min(used, most) - this.#within(now, windowMs); more > 0; more -= 1) this.#sent.push(now);
    }
    return this.#sent.length > known;
  }

  /**
   * Wall time until another order of that class may be sent, ms; 0: now. `noted`: how many of the requested ones
   * already count.
   */
  waitMs(orderClass: OrderClass, noted = 0): number {
    const now = this.#time.monotonicMs();
    this.#drop(now);
    let waitMs = 0;
    for (const { windowMs, max } of LIMITS) {
      const may = Math.floor(max * SHARES[orderClass]) + noted;
      // The order that must leave the window first. This runs at every decision, so it counts nothing.
      const blocking = this.#sent.at(-may);
      if (blocking !== undefined && blocking > now - windowMs)
        waitMs = Math.max(waitMs, Math.max(1, blocking + windowMs - now));
    }
    return waitMs;
  }

  #within(now: number, windowMs: number): number {
    let count = 0;
    for (let i = this.#sent.length - 1; i >= 0 && this.#sent[i]! > now - windowMs; i -= 1) count += 1;
    return count;
  }
  #drop(now: number): void {
    let old = 0;
    while (old < this.#sent.length && this.#sent[old]! <= now - LONGEST_MS) old += 1;
    if (old > 0) this.#sent = this.#sent.slice(old);
  }
}

import type { OrderCount } from '../records/venue.ts';

/** What the venue takes of one account: orders in a window (BINANCE.md part B, 2.3). */
const LIMITS = [
  { windowMs: 10_000, max: 300 },
  { windowMs: 60_000, max: 1_200 },
] as const;
const LONGEST_MS = 60_000;

/**
 * How much of the venue's limit an order may use up. `own`: operator, stops and the gate's exits, all of it. `closing`:
 * an agent's exit that closes now; `other`: whatever else agents ask for. What one leaves over no later one takes.
 */
export const SHARES = { own: 1, closing: 0.8, other: 0.5 } as const;
export type OrderClass = keyof typeof SHARES;

/**
 * Orders of the account at the venue, as we send them and as its answers count them: others may send for the same
 * account. Sliding windows of wall time, which hold in any fixed ones that the venue counts in.
 */
export class OrderCounts {
  readonly #wallMs: () => number;
  /** Instants at which an order went out, oldest first. */
  #sent: number[] = [];

  /** `wallMs`: wall time that never goes back. */
  constructor(wallMs: () => number) {
    this.#wallMs = wallMs;
  }

  /** An order goes out: noted when that is decided, so that what is decided in one turn counts as well. */
  note(): void {
    const now = this.#wallMs();
    this.#drop(now);
    this.#sent.push(now);
  }

  /** What an answer of the venue counts beyond what is known here was sent by somebody else; true: there was something. */
  adopt(counts: readonly OrderCount[]): boolean {
    const now = this.#wallMs();
    this.#drop(now);
    const known = this.#sent.length;
    for (const { windowMs, used } of counts) {
      const most = LIMITS.find((limit) => limit.windowMs === windowMs)?.max ?? 0;
      for (let more = Math.min(used, most) - this.#within(now, windowMs); more > 0; more -= 1) this.#sent.push(now);
    }
    return this.#sent.length > known;
  }

  /** Wall time until another order of that class may go out, ms; 0: now. `noted`: so many of what is asked for count already. */
  waitMs(orderClass: OrderClass, noted = 0): number {
    const now = this.#wallMs();
    this.#drop(now);
    let waitMs = 0;
    for (const { windowMs, max } of LIMITS) {
      const may = Math.floor(max * SHARES[orderClass]) + noted;
      // The one that has to leave the window first; asked at every decision, so nothing is counted.
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

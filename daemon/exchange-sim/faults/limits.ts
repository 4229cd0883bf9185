import { apiError } from '../refusals/params.ts';

export const WEIGHT_PER_MINUTE = 2400;
export const ORDERS_PER_10S = 300;
export const ORDERS_PER_MINUTE = 1200;

/** Counts within fixed windows of wall time, as the exchange does. */
class Window {
  readonly #lengthMs: number;
  #slot = -1;
  #used = 0;

  constructor(lengthMs: number) {
    this.#lengthMs = lengthMs;
  }

  add(wallMs: number, amount: number): number {
    const slot = Math.floor(wallMs / this.#lengthMs);
    if (slot !== this.#slot) {
      this.#slot = slot;
      this.#used = 0;
    }
    this.#used += amount;
    return this.#used;
  }
}

/** Which limits refuse; the others are only reported. */
export type EnforcedLimits = boolean | 'orders';

/** Request weight and order counts. */
export class RateLimits {
  readonly #enforced: EnforcedLimits;
  readonly #weight = new Window(60_000);
  readonly #orders10s = new Window(10_000);
  readonly #orders1m = new Window(60_000);

  constructor(enforced: EnforcedLimits) {
    this.#enforced = enforced;
  }

  /** Whether too much request weight is refused, or only told. */
  get refusesWeight(): boolean {
    return this.#enforced === true;
  }

  /** Returns the header to send; throws -1003 (HTTP 429) above the limit. */
  useWeight(wallMs: number, weight: number): Record<string, string> {
    const used = this.#weight.add(wallMs, weight);
    if (this.refusesWeight && used > WEIGHT_PER_MINUTE) throw apiError('TOO_MANY_REQUESTS', String(WEIGHT_PER_MINUTE));
    return { 'X-MBX-USED-WEIGHT-1M': String(used) };
  }

  /** Returns the headers to send; throws -1015 (HTTP 429) above a limit. */
  countOrder(wallMs: number): Record<string, string> {
    const in10s = this.#orders10s.add(wallMs, 1);
    const in1m = this.#orders1m.add(wallMs, 1);
    if (this.#enforced !== false && in10s > ORDERS_PER_10S)
      throw apiError('TOO_MANY_ORDERS', String(ORDERS_PER_10S), '10 SECONDS');
    if (this.#enforced !== false && in1m > ORDERS_PER_MINUTE)
      throw apiError('TOO_MANY_ORDERS', String(ORDERS_PER_MINUTE), 'MINUTE');
    return { 'X-MBX-ORDER-COUNT-10S': String(in10s), 'X-MBX-ORDER-COUNT-1M': String(in1m) };
  }
}

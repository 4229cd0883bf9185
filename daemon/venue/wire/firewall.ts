import type { VenueCall } from './ccxt-binance.ts';

/** Waits after one refusal, and after each further one, wall ms. */
const OTHERS_MS = [5_000, 10_000, 20_000, 40_000, 60_000] as const;
const CLOSING_MS = [1_000, 2_000, 4_000, 8_000, 10_000] as const;
/** Until it is looked again whether the one request that asks was answered, wall ms. */
const ASKING_MS = 500;

/**
 * The venue's firewall refuses the address (403), and names no time. RISK: an unbroken stream of requests is what it
 * refuses, and ends in a ban, with positions held. So the wait grows with each refusal, and once it is over one request
 * alone finds out whether it is refused still. What closes waits less, and for nobody. Any other answer ends it.
 */
export class Firewall {
  #refusals = 0;
  /** When the last refusal came that counts, wall ms. */
  #sinceMs = Number.NEGATIVE_INFINITY;
  #asking: VenueCall | null = null;

  leftAloneMs(closes: boolean, nowMs: number): number {
    if (this.#refusals === 0) return 0;
    const waits = closes ? CLOSING_MS : OTHERS_MS;
    const waitMs = waits[Math.min(this.#refusals, waits.length) - 1] ?? 0;
    const leftMs = this.#sinceMs + waitMs - nowMs;
    if (leftMs > 0) return leftMs;
    return !closes && this.#asking !== null ? ASKING_MS : 0;
  }

  /** It leaves now. */
  noteSent(call: VenueCall): void {
    if (this.#refusals > 0 && !call.closes) this.#asking = call;
  }

  /** `isRefused` null: there was no answer. Of several that were on their way together only one counts. */
  noteEnd(call: VenueCall, isRefused: boolean | null, sentAtMs: number, nowMs: number): void {
    if (this.#asking === call) this.#asking = null;
    if (isRefused === null || sentAtMs < this.#sinceMs) return;
    this.#refusals = isRefused ? this.#refusals + 1 : 0;
    this.#sinceMs = isRefused ? nowMs : Number.NEGATIVE_INFINITY;
  }
}

import type { TimePort } from '../../time/time-port.ts';
import type { RawAnswer } from './raw-answer.ts';

export interface BanTerms {
  /** Wall milliseconds of the first ban. */
  readonly ms: number;
  /** Each request that comes while it lasts makes it this many times as long, counted from then. */
  readonly factor: number;
  readonly maxMs: number;
}

/** A ban of the address (HTTP 418), which grows with every request that does not respect it. */
export class Ban {
  readonly #time: TimePort;
  #terms: BanTerms | null = null;
  #lengthMs = 0;
  #untilMs = Number.NEGATIVE_INFINITY;
  /** Requests that came while it lasted. */
  offences = 0;

  constructor(time: TimePort) {
    this.#time = time;
  }

  start(terms: BanTerms): void {
    this.#terms = terms;
    this.#lengthMs = terms.ms;
    this.#untilMs = this.#time.monotonicMs() + terms.ms;
    this.offences = 0;
  }

  lift(): void {
    this.#terms = null;
    this.offences = 0;
  }

  /** Wall milliseconds that are left of it. */
  leftMs(): number {
    return this.#terms === null ? 0 : Math.max(0, this.#untilMs - this.#time.monotonicMs());
  }

  /** What a request gets while the ban lasts, which makes it longer; null when there is none. */
  refuse(): RawAnswer | null {
    const terms = this.#terms;
    if (terms === null || this.leftMs() === 0) return null;
    this.offences += 1;
    this.#lengthMs = Math.min(terms.maxMs, this.#lengthMs * terms.factor);
    this.#untilMs = Math.max(this.#untilMs, this.#time.monotonicMs() + this.#lengthMs);
    const untilMs = Math.ceil(this.#time.hostMs() + this.leftMs());
    const msg = `Way too many requests; IP(127.0.0.1) banned until ${untilMs}. Please use the websocket for live updates to avoid bans.`;
    const headers = { 'Retry-After': String(Math.ceil(this.leftMs() / 1000)) };
    return { status: 418, headers, body: JSON.stringify({ code: -1003, msg }) };
  }
}

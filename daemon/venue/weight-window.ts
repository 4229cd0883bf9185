import { VENUE_WEIGHT_PER_MINUTE } from './weights.ts';

const MINUTE_MS = 60_000;
/**
 * So soon after the turn of a minute it is not certain in which one the venue counted: its clock and ours are not one,
 * ms.
 */
const TURN_MS = 500;

/**
 * The request weight that the venue has counted for this address within its current minute: what its answers said
 * (`x-mbx-used-weight-1m`), and what is on its way. Whoever else uses the address, and processes that ran before this
 * one, are in it.
 */
export class WeightWindow {
  readonly #nowMs: () => number | null;
  #minute: number | null = null;
  /** As answers said, the highest of this minute, and what ended without one. */
  #reported = 0;
  /** Number of the last request that had begun when that was told. */
  #reportedAfter = 0;
  #begun = 0;
  #underway = 0;
  /** What the last minute had come to: an answer right after it that says as much belongs to it. */
  #before = Number.POSITIVE_INFINITY;

  /** `nowMs`: the clock by which the venue counts; null while it is not known. */
  constructor(nowMs: () => number | null) {
    this.#nowMs = nowMs;
  }

  /** Weight that the venue still takes in this minute. */
  get left(): number {
    this.#turn();
    return VENUE_WEIGHT_PER_MINUTE - this.#reported - this.#underway;
  }

  /** A request leaves. What is returned takes the text of its header once, undefined without an answer. */
  begin(weight: number): (usedText: string | undefined) => void {
    this.#turn();
    const minute = this.#minute;
    const isEarly = this.#isEarly();
    this.#begun += 1;
    const number = this.#begun;
    this.#underway += weight;
    return (usedText) => {
      this.#turn();
      this.#underway -= weight;
      if (minute !== null && minute !== this.#minute) return;
      const used = Number(usedText ?? Number.NaN);
      if (!Number.isSafeInteger(used) || used < 0) this.#reported += weight;
      else if (isEarly && used >= this.#before) return;
      // The venue's count never falls: one that is lower, and was requested later, shows that the higher was of before.
      else if (used > this.#reported || number > this.#reportedAfter) this.#reported = used;
      this.#reportedAfter = this.#begun;
    };
  }

  /** Ms until the next minute has begun for certain. */
  get untilNextMs(): number {
    return MINUTE_MS - ((this.#nowMs() ?? 0) % MINUTE_MS) + TURN_MS;
  }

  #isEarly(): boolean {
    const nowMs = this.#nowMs();
    return nowMs !== null && nowMs % MINUTE_MS < TURN_MS;
  }
  #turn(): void {
    const nowMs = this.#nowMs();
    if (nowMs === null) return;
    const minute = Math.floor(nowMs / MINUTE_MS);
    if (minute === this.#minute) return;
    // The first answers come before the clock is known, and are of this minute unless it has just begun.
    const isKnown = this.#minute !== null || this.#isEarly();
    this.#before = this.#minute === minute - 1 ? Math.max(1, this.#reported) : Number.POSITIVE_INFINITY;
    this.#minute = minute;
    if (isKnown) this.#reported = 0;
  }
}

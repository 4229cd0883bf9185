import { bisect } from './bisect.ts';
import { keeps } from './keep.ts';

/** Kept longer than the span, ms: events are dated by two clocks, which may lie apart. */
const KEEP_MORE_MS = 3_600_000;

interface Bucket {
  readonly index: number;
  value: number;
}

/**
 * Sum over a trailing span of time, kept in buckets so that it stays small whatever the number of additions. The sum is
 * always the same fold, oldest bucket first, so that it is bit for bit a function of what was added: what is remembered
 * between two questions is a beginning of that very fold.
 */
export class RollingSum {
  readonly #spanMs: number;
  readonly #bucketMs: number;
  #buckets: Bucket[] = [];
  /** Sum of the buckets [from, to); the newest bucket may still grow and is never among them. */
  #fold: { readonly from: number; to: number; sum: number } | null = null;

  static {
    keeps(
      RollingSum,
      (view) => ({ spanMs: view.#spanMs, bucketMs: view.#bucketMs, buckets: view.#buckets }),
      (kept) => {
        const made = new RollingSum(kept.spanMs, kept.bucketMs);
        made.#buckets = kept.buckets;
        return made;
      },
    );
  }

  constructor(spanMs: number, bucketMs: number) {
    this.#spanMs = spanMs;
    this.#bucketMs = bucketMs;
  }

  add(atMs: number, value: number): void {
    const index = Math.floor(atMs / this.#bucketMs);
    const last = this.#buckets.at(-1);
    if (last !== undefined && last.index >= index) {
      this.#addTo(index, value);
      return;
    }
    this.#buckets.push({ index, value });
    const first = Math.floor((index * this.#bucketMs - this.#spanMs - KEEP_MORE_MS) / this.#bucketMs);
    let drop = 0;
    while (this.#buckets[drop]!.index < first) drop += 1;
    if (drop === 0) return;
    this.#buckets.splice(0, drop);
    this.#fold = null;
  }

  /** What corrects an earlier figure counts with it, and leaves the span with it. */
  #addTo(index: number, value: number): void {
    const at = bisect(this.#buckets.length, (i) => this.#buckets[i]!.index >= index);
    const bucket = this.#buckets[at];
    if (bucket?.index === index) bucket.value += value;
    else this.#buckets.splice(at, 0, { index, value });
    if (at < this.#buckets.length - 1) this.#fold = null;
  }

  /** The clock was set back to `nowMs`: what was added at later instants was added by now. */
  setBack(nowMs: number): void {
    const newest = Math.floor(nowMs / this.#bucketMs);
    const later = bisect(this.#buckets.length, (i) => this.#buckets[i]!.index > newest);
    const moved = this.#buckets.splice(later);
    this.#fold = null;
    for (const { value } of moved) this.add(nowMs, value);
  }

  /** A bucket counts until all of it has left the span: never too small a sum. Amortised O(1) as time goes on. */
  sum(nowMs: number): number {
    const first = Math.floor((nowMs - this.#spanMs) / this.#bucketMs);
    const from = bisect(this.#buckets.length, (i) => this.#buckets[i]!.index >= first);
    const fold = this.#fold?.from === from ? this.#fold : { from, to: from, sum: 0 };
    for (; fold.to < this.#buckets.length - 1; fold.to += 1) fold.sum += this.#buckets[fold.to]!.value;
    this.#fold = fold;
    return Math.max(0, fold.sum + (this.#buckets[fold.to]?.value ?? 0));
  }
}

/** Sum over a trailing span of time, kept in buckets so that it stays small whatever the number of additions. */
export class RollingSum {
  readonly #spanMs: number;
  readonly #bucketMs: number;
  readonly #buckets: { index: number; value: number }[] = [];

  constructor(spanMs: number, bucketMs: number) {
    this.#spanMs = spanMs;
    this.#bucketMs = bucketMs;
  }

  add(atMs: number, value: number): void {
    const index = Math.floor(atMs / this.#bucketMs);
    const last = this.#buckets.at(-1);
    if (last !== undefined && last.index >= index) last.value += value;
    else this.#buckets.push({ index, value });
  }

  /** A bucket counts until all of it has left the span: never too small a sum. */
  sum(nowMs: number): number {
    const first = Math.floor((nowMs - this.#spanMs) / this.#bucketMs);
    while (this.#buckets.length > 0 && this.#buckets[0]!.index < first) this.#buckets.shift();
    let total = 0;
    for (const bucket of this.#buckets) total += bucket.value;
    return Math.max(0, total);
  }
}

/** Order tokens taken over time: exact instants, pruned to the longest window in use. */
export class TokenWindow {
  readonly #entries: { readonly atMs: number; readonly tokens: number }[] = [];

  add(atMs: number, tokens: number): void {
    this.#entries.push({ atMs, tokens });
  }

  /** Tokens taken in (now - window, now], and when the oldest of them leaves. */
  count(nowMs: number, windowMs: number): { readonly tokens: number; readonly freeAtMs: number | null } {
    const oldest = nowMs - windowMs;
    let tokens = 0;
    let freeAtMs: number | null = null;
    for (let i = this.#entries.length - 1; i >= 0; i -= 1) {
      const entry = this.#entries[i]!;
      if (entry.atMs <= oldest) break;
      tokens += entry.tokens;
      freeAtMs = entry.atMs + windowMs;
    }
    return { tokens, freeAtMs };
  }

  prune(olderThanMs: number): void {
    let drop = 0;
    while (drop < this.#entries.length && this.#entries[drop]!.atMs <= olderThanMs) drop += 1;
    if (drop > 0) this.#entries.splice(0, drop);
  }
}

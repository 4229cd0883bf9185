/** Equity net of transfers at an instant. */
export interface DatedEquity {
  readonly atMs: number;
  /** USDT. */
  readonly equity: number;
}

/**
 * Samples of equity in the order in which they became known, and the equity as it was known at an instant in O(log n).
 * An answer may be older than a rebase before it, so that instants alone do not order them: the latest instant reached
 * so far does.
 */
export class EquitySamples {
  readonly #samples: DatedEquity[] = [];
  /** Latest instant among the samples kept up to this one. */
  readonly #reachedMs: number[] = [];
  /** Samples before it are dropped; the arrays are cut now and then, not at every sample. */
  #head = 0;

  get oldest(): DatedEquity | undefined {
    return this.#samples[this.#head];
  }

  *[Symbol.iterator](): Generator<DatedEquity> {
    for (let i = this.#head; i < this.#samples.length; i += 1) yield this.#samples[i]!;
  }

  add(sample: DatedEquity): void {
    const reachedMs = this.#reachedMs.at(-1) ?? Number.NEGATIVE_INFINITY;
    this.#samples.push(sample);
    this.#reachedMs.push(Math.max(reachedMs, sample.atMs));
  }

  /** Drops what is not after `untilMs`, but for the last of it: it is what equity was then. */
  dropUntil(untilMs: number): void {
    const before = this.#head;
    while (this.#head + 1 < this.#samples.length && this.#samples[this.#head + 1]!.atMs <= untilMs) this.#head += 1;
    if (this.#head === before) return;
    this.#reachFromHead();
    if (this.#head < 1024 || this.#head * 2 < this.#samples.length) return;
    this.#samples.splice(0, this.#head);
    this.#reachedMs.splice(0, this.#head);
    this.#head = 0;
  }

  /** What a dropped sample had reached no longer counts. */
  #reachFromHead(): void {
    let reached = Number.NEGATIVE_INFINITY;
    for (let i = this.#head; i < this.#samples.length; i += 1) {
      reached = Math.max(reached, this.#samples[i]!.atMs);
      if (this.#reachedMs[i] === reached) return;
      this.#reachedMs[i] = reached;
    }
  }

  /** Adds to the equity of the newest samples, back to the first one that is not after `atMs`. */
  correctAfter(atMs: number, amountUsdt: number): void {
    for (let i = this.#samples.length - 1; i >= this.#head && this.#samples[i]!.atMs > atMs; i -= 1) {
      const sample = this.#samples[i]!;
      this.#samples[i] = { atMs: sample.atMs, equity: sample.equity + amountUsdt };
    }
  }

  /** Equity as it was known at an instant: the last sample not after it, else the first one after; null: none. */
  at(instantMs: number): number | null {
    let after = this.#head;
    let end = this.#samples.length;
    while (after < end) {
      const middle = (after + end) >>> 1;
      if (this.#reachedMs[middle]! > instantMs) end = middle;
      else after = middle + 1;
    }
    return this.#samples[Math.max(this.#head, after - 1)]?.equity ?? null;
  }
}

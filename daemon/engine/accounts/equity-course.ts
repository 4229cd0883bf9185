/** Equity net of transfers at an instant. */
export interface DatedEquity {
  readonly atMs: number;
  /** USDT. */
  readonly equity: number;
}

const FIRST_SPAN_MS = 60_000;
const MAX_SPANS = 4_096;

/**
 * Equity since the first reading, for whoever looks at it: of each span of time its lowest and its highest reading, so that
 * a loss shows however long the span is. When there are too many spans, each becomes twice as long.
 */
export class EquityCourse {
  private spanMs = FIRST_SPAN_MS;
  /** Of each span, oldest first. */
  private low: DatedEquity[] = [];
  private high: DatedEquity[] = [];

  add({ atMs, equity }: DatedEquity): void {
    const sample = { atMs, equity };
    const last = this.low.length - 1;
    if (last >= 0 && this.#spanOf(this.low[last]!) === this.#spanOf(sample)) {
      if (equity < this.low[last]!.equity) this.low[last] = sample;
      if (equity > this.high[last]!.equity) this.high[last] = sample;
      return;
    }
    this.low.push(sample);
    this.high.push(sample);
    while (this.low.length > MAX_SPANS) {
      this.spanMs *= 2;
      this.#gather();
    }
  }

  /** Takes the spans from that of an instant on from these samples, where none of these spans began before them. */
  retake(fromMs: number, samples: Iterable<DatedEquity>): void {
    const from = this.#spanOf({ atMs: fromMs });
    const first = this.low.findIndex((each) => this.#spanOf(each) >= from);
    const [oldest] = samples;
    if (first < 0 || oldest === undefined) return;
    if (Math.min(this.low[first]!.atMs, this.high[first]!.atMs) < oldest.atMs) return;
    this.low.length = first;
    this.high.length = first;
    for (const sample of samples) if (this.#spanOf(sample) >= from) this.add(sample);
  }

  /** Lowest and highest readings since an instant, oldest first. */
  since(fromMs: number): readonly DatedEquity[] {
    return this.low.flatMap((low, i) => {
      const high = this.high[i]!;
      const both = low.atMs === high.atMs ? [low] : low.atMs < high.atMs ? [low, high] : [high, low];
      return both.filter(({ atMs }) => atMs >= fromMs);
    });
  }

  #spanOf({ atMs }: Pick<DatedEquity, 'atMs'>): number {
    return Math.floor(atMs / this.spanMs);
  }

  #gather(): void {
    const [lows, highs] = [this.low, this.high];
    this.low = [];
    this.high = [];
    lows.forEach((low, i) => {
      const high = highs[i]!;
      const [earlier, later] = low.atMs <= high.atMs ? [low, high] : [high, low];
      this.add(earlier);
      this.add(later);
    });
  }
}

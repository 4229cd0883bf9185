import { bisect } from '../kept/rolling-windows.ts';
import { isNear, READING_MS, type ReadSpan } from './recent-moves.ts';

/** Equity net of transfers at an instant. */
export interface DatedEquity {
  readonly atMs: number;
  /** USDT. */
  readonly equity: number;
}
export interface EquitySample extends DatedEquity {
  /** As much of it as the reading before shows as well: what a maximum takes in. */
  readonly peak: number;
}
/** With when it was read. */
type ReadSample = EquitySample & ReadSpan;

/** From one sample to the next: they come every few seconds. */
export const LONG_GAP_MS = 3_600_000;

/** Samples of equity, oldest first, and the equity as it was known at an instant in O(log n). */
export class EquitySamples {
  /** Columns: an object for each of the samples of two days would take five times as much. */
  private readonly atMs: number[] = [];
  private readonly equity: number[] = [];
  private readonly peak: number[] = [];
  private readonly fromMs: number[] = [];
  private readonly toMs: number[] = [];
  /** Samples before it are dropped; the arrays are cut now and then, not at every sample. */
  private head = 0;
  get oldestMs(): number | undefined {
    return this.atMs[this.head];
  }

  *[Symbol.iterator](): Generator<EquitySample> {
    for (let i = this.head; i < this.atMs.length; i += 1)
      yield { atMs: this.atMs[i]!, equity: this.equity[i]!, peak: this.peak[i]! };
  }

  add({ atMs, equity, fromMs, peak, toMs }: ReadSample): void {
    this.atMs.push(atMs);
    this.equity.push(equity);
    this.peak.push(peak);
    this.fromMs.push(fromMs);
    this.toMs.push(toMs);
  }

  /** Drops what is not after `untilMs`, but for the last of it: it is what equity was then. */
  dropUntil(untilMs: number): void {
    while (this.head + 1 < this.atMs.length && this.atMs[this.head + 1]! <= untilMs) this.head += 1;
    if (this.head < 1024 || this.head * 2 < this.atMs.length) return;
    for (const column of this.#columns()) column.splice(0, this.head);
    this.head = 0;
  }

  #columns(): readonly number[][] {
    return [this.atMs, this.equity, this.peak, this.fromMs, this.toMs];
  }

  /** Drops what was read while something was moved; the earliest instant of it; null: there is none. */
  dropReadAt(movedMs: number): number | null {
    let earliestMs: number | null = null;
    for (let i = this.atMs.length - 1; i >= this.head && this.atMs[i]! > movedMs - READING_MS; i -= 1) {
      if (!isNear(movedMs, { fromMs: this.fromMs[i]!, toMs: this.toMs[i]! })) continue;
      earliestMs = Math.min(earliestMs ?? Number.POSITIVE_INFINITY, this.atMs[i]!);
      for (const column of this.#columns()) column.splice(i, 1);
    }
    return earliestMs;
  }

  /** Adds to the equity of the newest samples, back to the first one that is not after `atMs`. */
  correctAfter(atMs: number, amountUsdt: number): void {
    for (let i = this.atMs.length - 1; i >= this.head && this.atMs[i]! > atMs; i -= 1) {
      this.equity[i]! += amountUsdt;
      this.peak[i]! += amountUsdt;
    }
  }

  /**
   * Equity as it was known at an instant: the last sample not after it, else the first one after; null: none. RISK: where
   * none was taken for long, as the daemon was down, it may have been either: the larger counts, so that no loss since is
   * hidden.
   */
  at(instantMs: number): number | null {
    const after = this.head + bisect(this.atMs.length - this.head, (i) => this.atMs[this.head + i]! > instantMs);
    const before = Math.max(this.head, after - 1);
    const equity = this.equity[before];
    if (equity === undefined) return null;
    const isGap = after > before && this.atMs[after]! - this.atMs[before]! > LONG_GAP_MS;
    return isGap ? Math.max(equity, this.equity[after]!) : equity;
  }
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

/**
 * Equity over time, net of transfers, dated by `t`: the maximum of the drawdown window and the reference of the day (SAE-DD).
 * A rebase restarts the maximum; it is recorded and lifts no other layer.
 */

/** Durations with one set of labels. */
export interface DurationSeries {
  /** Counts per bucket, not cumulated; the last one is everything above. */
  readonly counts: Float64Array;
  /** Seconds. */
  sum: number;
}

/**
 * Buckets of a Prometheus histogram. An observation with prom-client's own costs more than the decision that it times.
 */
export class DurationHistogram {
  readonly #name: string;
  readonly #help: string;
  readonly #bounds: readonly number[];

  /** `bounds`: upper bounds of the buckets, seconds, ascending. */
  constructor(name: string, help: string, bounds: readonly number[]) {
    this.#name = name;
    this.#help = help;
    this.#bounds = bounds;
  }

  createSeries(): DurationSeries {
    return { counts: new Float64Array(this.#bounds.length + 1), sum: 0 };
  }

  observe(series: DurationSeries, seconds: number): void {
    const bounds = this.#bounds;
    let bucket = 0;
    while (bucket < bounds.length && seconds > (bounds[bucket] ?? 0)) bucket += 1;
    series.counts[bucket] = (series.counts[bucket] ?? 0) + 1;
    series.sum += seconds;
  }

  /** Prometheus text. `labels` are written verbatim: `a="x",b="y"`, or empty. */
  format(all: Iterable<{ readonly labels: string; readonly series: DurationSeries }>): string {
    const name = this.#name;
    const lines = [`# HELP ${name} ${this.#help}`, `# TYPE ${name} histogram`];
    for (const { labels, series } of all) {
      let count = 0;
      series.counts.forEach((each, bucket) => {
        count += each;
        const bound = `le="${this.#bounds[bucket] ?? '+Inf'}"`;
        lines.push(`${name}_bucket{${labels === '' ? bound : `${bound},${labels}`}} ${count}`);
      });
      const braced = labels === '' ? '' : `{${labels}}`;
      lines.push(`${name}_sum${braced} ${series.sum}`, `${name}_count${braced} ${count}`);
    }
    return lines.join('\n');
  }
}

import { Counter, Gauge, Registry } from 'prom-client';
import type { FlightCounter } from './in-flight.ts';

/** Bounds of the duration buckets, seconds. */
const BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export interface HttpMetrics {
  /** `route` is the pattern, never the path that was asked for, so that callers cannot grow the set of labels. */
  observe(route: string, status: number, seconds: number): void;
  /** Prometheus text. */
  text(): Promise<string>;
}

/** Durations of one route and status. */
interface Series {
  readonly route: string;
  readonly status: number;
  /** Per bucket, not cumulated; the last one is everything above. */
  readonly counts: Float64Array;
  sum: number;
}
const DURATION = 'holdfast_http_request_duration_seconds';

export function createHttpMetrics(flights: FlightCounter, streamCount: () => number): HttpMetrics {
  const registry = new Registry();
  const registers = [registry];
  new Gauge({
    name: 'holdfast_http_in_flight',
    help: 'Authenticated requests that are being answered.',
    registers,
    collect() {
      this.set(flights.total);
    },
  });
  new Gauge({
    name: 'holdfast_http_event_streams',
    help: 'Open server-sent event streams.',
    registers,
    collect() {
      this.set(streamCount());
    },
  });
  new Counter({
    name: 'holdfast_http_shed_total',
    help: 'Requests refused because their token had too many in flight.',
    registers,
    collect() {
      this.reset();
      this.inc(flights.shed);
    },
  });
  const series = new Map<string, Map<number, Series>>();
  const seriesOf = (route: string, status: number): Series => {
    const byStatus = series.get(route) ?? new Map<number, Series>();
    series.set(route, byStatus);
    const added = { route, status, counts: new Float64Array(BUCKETS.length + 1), sum: 0 };
    byStatus.set(status, added);
    return added;
  };
  return {
    observe(route, status, seconds) {
      const one = series.get(route)?.get(status) ?? seriesOf(route, status);
      let bucket = 0;
      while (bucket < BUCKETS.length && seconds > (BUCKETS[bucket] ?? 0)) bucket += 1;
      one.counts[bucket] = (one.counts[bucket] ?? 0) + 1;
      one.sum += seconds;
    },
    async text() {
      const all = [...series.values()].flatMap((byStatus) => [...byStatus.values()]);
      return `${(await registry.metrics()).trimEnd()}\n${formatDurations(all)}\n`;
    },
  };
}

/** A histogram in Prometheus text. prom-client's own costs more per request than the rest of the route's bookkeeping. */
function formatDurations(all: readonly Series[]): string {
  const lines = [
    `# HELP ${DURATION} Time from the request line to the end of the response.`,
    `# TYPE ${DURATION} histogram`,
  ];
  for (const { route, status, counts, sum } of all) {
    const labels = `route="${route}",status="${status}"`;
    let count = 0;
    counts.forEach((each, bucket) => {
      count += each;
      lines.push(`${DURATION}_bucket{le="${BUCKETS[bucket] ?? '+Inf'}",${labels}} ${count}`);
    });
    lines.push(`${DURATION}_sum{${labels}} ${sum}`, `${DURATION}_count{${labels}} ${count}`);
  }
  return lines.join('\n');
}

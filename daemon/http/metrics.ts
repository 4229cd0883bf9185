import { Counter, Gauge, Registry } from 'prom-client';
import { DurationHistogram, type DurationSeries } from './duration-histogram.ts';
import type { FlightCounter } from './in-flight.ts';

/** Bounds of the duration buckets, seconds. */
const BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export interface HttpMetrics {
  /** `route` is the pattern, never the requested path, so that callers cannot grow the set of labels. */
  observe(route: string, status: number, seconds: number): void;
  /** Prometheus text. */
  text(): Promise<string>;
}

/** Durations of one route and status. */
interface RouteSeries {
  readonly labels: string;
  readonly series: DurationSeries;
}

export function createHttpMetrics(flights: FlightCounter, streamCount: () => number): HttpMetrics {
  const registry = new Registry();
  const registers = [registry];
  new Gauge({
    name: 'holdfast_http_in_flight',
    help: 'Authenticated requests in progress.',
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
  const durations = new DurationHistogram(
    'holdfast_http_request_duration_seconds',
    'Time from the request line to the end of the response.',
    BUCKETS,
  );
  const routes = new Map<string, Map<number, RouteSeries>>();
  const addSeries = (route: string, status: number): RouteSeries => {
    const byStatus = routes.get(route) ?? new Map<number, RouteSeries>();
    routes.set(route, byStatus);
    const added = { labels: `route="${route}",status="${status}"`, series: durations.createSeries() };
    byStatus.set(status, added);
    return added;
  };
  return {
    observe(route, status, seconds) {
      const { series } = routes.get(route)?.get(status) ?? addSeries(route, status);
      durations.observe(series, seconds);
    },
    async text() {
      const all = [...routes.values()].flatMap((byStatus) => [...byStatus.values()]);
      return `${(await registry.metrics()).trimEnd()}\n${durations.format(all)}\n`;
    },
  };
}

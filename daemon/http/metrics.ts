import { Counter, Gauge, Registry } from 'prom-client';
import { TRADING_TOOLS } from '../contract/tools.ts';
import { DurationHistogram, type DurationSeries } from './duration-histogram.ts';
import type { FlightCounter } from './in-flight.ts';

/** Bounds of the duration buckets, seconds. */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Durations are kept by what a call does, since a histogram by route and status grows to more than a thousand series. */
function actionOf(route: string): string {
  const [method = '', path = ''] = route.split(' ');
  const [, tool] = /^\/v1\/tools\/(\w+)$/.exec(path) ?? [];
  if (tool !== undefined) return TRADING.has(tool) ? tool : 'read';
  if (path.startsWith('/v1/dry-run/')) return 'dry_run';
  if (path === '/v1/intercept') return 'intercept';
  if (path === '/mcp') return 'mcp';
  if (path === '/v1/events' || path === '/v1/stream') return 'stream';
  if (!path.startsWith('/v1/')) return 'open';
  return method === 'GET' ? 'read' : 'operate';
}
const TRADING: ReadonlySet<string> = new Set(TRADING_TOOLS);

export interface HttpMetrics {
  /** `route` is the pattern, never the requested path, so that callers cannot grow the set of labels. */
  observe(route: string, status: number, seconds: number): void;
  /** Prometheus text. */
  text(): Promise<string>;
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
  const counts = new Map<string, number[]>();
  new Counter({
    name: 'holdfast_http_requests_total',
    help: 'Answered requests by route and status.',
    labelNames: ['route', 'status'],
    registers,
    collect() {
      this.reset();
      for (const [route, byStatus] of counts)
        byStatus.forEach((count, status) => {
          this.inc({ route, status: String(status) }, count);
        });
    },
  });
  const durations = new DurationHistogram(
    'holdfast_http_request_duration_seconds',
    'Time from the request line to the end of the response.',
    BUCKETS,
  );
  const series = new Map<string, DurationSeries>();
  const seriesOf = new Map<string, DurationSeries>();
  const findSeries = (route: string): DurationSeries => {
    const action = actionOf(route);
    const found = series.get(action) ?? durations.createSeries();
    series.set(action, found);
    seriesOf.set(route, found);
    return found;
  };
  return {
    observe(route, status, seconds) {
      const byStatus = counts.get(route) ?? [];
      counts.set(route, byStatus);
      byStatus[status] = (byStatus[status] ?? 0) + 1;
      durations.observe(seriesOf.get(route) ?? findSeries(route), seconds);
    },
    async text() {
      const all = [...series].map(([action, each]) => ({ labels: `action="${action}"`, series: each }));
      return `${(await registry.metrics()).trimEnd()}\n${durations.format(all)}\n`;
    },
  };
}

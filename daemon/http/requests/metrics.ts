import { Counter, Gauge, Registry } from 'prom-client';
import { TRADING_TOOLS } from '../../core/request.ts';
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

const LABELS = ['route', 'status'] as const;

export interface HttpMetrics {
  /** `route` is the pattern, never the requested path, so that callers cannot grow the set of labels. */
  observe(route: string, status: number, seconds: number): void;
  /** Prometheus text. */
  text(): Promise<string>;
}

export function createHttpMetrics(flights: FlightCounter, streamCount: () => number): HttpMetrics {
  const registry = new Registry();
  const families = new Families([registry]);
  watchFlights(families, flights, streamCount);
  const counts = new Map<string, number[]>();
  families.counter('holdfast_http_requests_total', 'Answered requests by route and status.', LABELS, (family) => {
    for (const [route, byStatus] of counts)
      byStatus.forEach((count, status) => {
        family.inc({ route, status: String(status) }, count);
      });
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

/** Families whose series are read anew at each scrape. */
export class Families {
  readonly #registers: Registry[];

  constructor(registers: Registry[]) {
    this.#registers = registers;
  }

  gauge(name: string, help: string, labelNames: readonly string[], read: (family: Gauge) => void): void {
    new Gauge({ name, help, labelNames, registers: this.#registers, collect: readAnew(read) });
  }
  counter(name: string, help: string, labelNames: readonly string[], read: (family: Counter) => void): void {
    new Counter({ name, help, labelNames, registers: this.#registers, collect: readAnew(read) });
  }
}

function readAnew<F extends Gauge | Counter>(read: (family: F) => void): (this: F) => void {
  return function () {
    this.reset();
    read(this);
  };
}

function watchFlights(families: Families, flights: FlightCounter, streamCount: () => number): void {
  families.gauge('holdfast_http_in_flight', 'Authenticated requests in progress.', [], (family) =>
    family.set(flights.total),
  );
  families.gauge('holdfast_http_event_streams', 'Open server-sent event streams.', [], (family) =>
    family.set(streamCount()),
  );
  const shed = 'Requests refused because their token had too many in flight.';
  families.counter('holdfast_http_shed_total', shed, [], (family) => family.inc(flights.shed));
}

export const OPEN_METRICS_TYPE = 'application/openmetrics-text; version=1.0.0; charset=utf-8';
const MEDIA_TYPE = 'application/openmetrics-text';
/** Prometheus sends 300 characters. */
const MAX_ACCEPT = 2_000;
const VERSIONS: ReadonlySet<string | undefined> = new Set([undefined, '1.0.0', '0.0.1']);

/** Whether an Accept header asks for OpenMetrics, and for plain text no more than for that. */
export function wantsOpenMetrics(accept: string | undefined): boolean {
  if (accept !== undefined && accept.length > MAX_ACCEPT) return false;
  let open = 0;
  let plain = 0;
  for (const range of (accept ?? '').split(',')) {
    const [type = '', ...rest] = range.split(';').map((part) => part.trim().toLowerCase());
    const parameters = new Map(rest.map((part) => part.split('=').map((each) => each.trim()) as [string, string]));
    const quality = Number(parameters.get('q') ?? 1);
    if (!(quality >= 0 && quality <= 1)) continue;
    if (type === MEDIA_TYPE && VERSIONS.has(parameters.get('version'))) open = Math.max(open, quality);
    if (type === 'text/plain') plain = Math.max(plain, quality);
  }
  return open > 0 && open >= plain;
}

/** Prometheus text as OpenMetrics: families of counters are named without `_total`, no line is empty, and an end. */
export function toOpenMetrics(text: string): string {
  const lines = text.split('\n').filter((line) => line !== '');
  const counters = new Set(lines.flatMap((line) => /^# TYPE (\S+)_total counter$/.exec(line)?.[1] ?? []));
  const reported = lines.map((line) =>
    line.replace(/^(# (?:HELP|TYPE) )(\S+)_total /, (whole, start: string, name: string) =>
      counters.has(name) ? `${start}${name} ` : whole,
    ),
  );
  return `${reported.join('\n')}\n# EOF\n`;
}

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

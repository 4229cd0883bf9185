import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { FlightCounter } from './in-flight.ts';

/** Bounds of the duration buckets, seconds. */
const BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export interface HttpMetrics {
  /** `route` is the pattern, never the path that was asked for, so that callers cannot grow the set of labels. */
  observe(route: string, status: number, seconds: number): void;
  /** Prometheus text. */
  text(): Promise<string>;
}

interface Observer {
  observe(seconds: number): void;
}

export function createHttpMetrics(flights: FlightCounter, streamCount: () => number): HttpMetrics {
  const registry = new Registry();
  const registers = [registry];
  const duration = new Histogram({
    name: 'holdfast_http_request_duration_seconds',
    help: 'Time from the request line to the end of the response.',
    labelNames: ['route', 'status'],
    buckets: BUCKETS,
    registers,
  });
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
  const observers = new Map<string, Map<number, Observer>>();
  return {
    observe(route, status, seconds) {
      let byStatus = observers.get(route);
      if (byStatus === undefined) {
        byStatus = new Map();
        observers.set(route, byStatus);
      }
      let observer = byStatus.get(status);
      if (observer === undefined) {
        observer = duration.labels({ route, status: String(status) });
        byStatus.set(status, observer);
      }
      observer.observe(seconds);
    },
    text: () => registry.metrics(),
  };
}

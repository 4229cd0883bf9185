import { at, type Breach } from '../breach.ts';
import type { History } from '../history.ts';
import { START_MS } from '../market.ts';

const minuteOf = (atMs: number): number => Math.floor((START_MS + atMs) / 60_000);

/**
 * The venue's own count for a minute bounds the requests, over every start: in a minute in which nobody else is at the
 * address none is refused for its weight (docs/architecture.md, docs/operating.md).
 */
export function findWeighedDown({ world: { venue, wire } }: History): readonly Breach[] {
  const shared = new Set(venue.weights.map(({ atMs }) => minuteOf(atMs)));
  return wire.overweight
    .filter(({ servedAtMs }) => !shared.has(minuteOf(servedAtMs)))
    .map(({ method, path, servedAtMs }) => ({
      code: 'weight/refused',
      detail: `${method} ${path} is refused for its weight at ${at(servedAtMs)}`,
    }));
}

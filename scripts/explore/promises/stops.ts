import type { AlgoOrder } from '../../../daemon/exchange-sim/core/state.ts';
import { at, type Breach } from '../breach.ts';
import type { History } from '../history.ts';
import { START_MS } from '../market.ts';

/**
 * From when a position is there, or its stop is gone, until it has one again, ms: it is read, a stop is tried three times
 * with five seconds between, each try may be lost, and then the position is closed.
 */
const PROTECTED_WITHIN_MS = 45_000;
/** What tells of a position without its stop, or of a venue that takes nothing. */
const TELLING = /^(STOP_|EXIT_|EXITS_|FLATTEN_|POSITION_|VENUE_|FEEDS_|LIQUIDATED|CANCEL_FAILED|SYMBOL_CLOSED)/;

interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * Where the policy asks for stops, whatever the exchange answers to one: a position is protected, or closed, or an alert
 * tells of it. Not while nobody runs, and not while the exchange is to be left alone.
 * @except another daemon runs, or a ledger was put back
 * @except the ledger fails, or a clock jumps
 * @except a person trades by hand
 */
export function findStopBreaches(history: History): readonly Breach[] {
  const { plan, world } = history;
  if (plan.setup.stopBps === null || world.homes.seconds.length + world.homes.restores.length > 0) return [];
  if (plan.steps.some(({ do: { kind } }) => kind === 'trouble')) return [];
  const ready = readySpans(history);
  const breaches: Breach[] = [];
  for (const symbol of world.exchange.world.state.markets.keys()) {
    // Whose a position is that somebody else has changed takes a minute to be known.
    if (world.venue.hands.some((hand) => hand.what === 'order' && hand.symbol === symbol)) continue;
    for (const bare of bareSpans(history, symbol)) {
      const span = ready
        .map((each) => ({ fromMs: Math.max(each.fromMs, bare.fromMs), toMs: Math.min(each.toMs, bare.toMs) }))
        .find(
          ({ fromMs, toMs }) =>
            toMs - fromMs > PROTECTED_WITHIN_MS && !world.wire.leftAlone.isAskedWithin(fromMs, toMs),
        );
      if (span === undefined || isReported(history, symbol, bare)) continue;
      breaches.push({
        code: 'stop/missing',
        detail: `${symbol} is held without a stop from ${at(span.fromMs)} to ${at(span.toMs)}, and no alert says so`,
      });
    }
  }
  return breaches;
}

function isReported({ events }: History, symbol: string, { fromMs, toMs }: Span): boolean {
  return events.some(
    ({ atMs, event }) =>
      event.kind === 'alert' &&
      TELLING.test(event.payload.code) &&
      (event.payload.symbol === symbol || event.payload.symbol === null) &&
      atMs >= fromMs &&
      atMs <= toMs,
  );
}

/** In which a position is held and no stop stands at the exchange. */
function bareSpans({ endMs, fills, world }: History, symbol: string): readonly Span[] {
  const stops = [...world.exchange.world.state.algoOrders.values()].filter((algo) => algo.symbol === symbol);
  const changes = fills.filter((fill) => fill.symbol === symbol);
  const instants = [
    ...new Set([
      ...changes.map(({ atMs }) => atMs),
      ...stops.flatMap((stop) => [stop.createdMs - START_MS, endOf(stop)]),
    ]),
  ]
    .filter((atMs) => atMs < endMs)
    .sort((a, b) => a - b);
  const spans: Span[] = [];
  let bareSinceMs: number | null = null;
  for (const atMs of instants) {
    const quantityE8 = changes.findLast((fill) => fill.atMs <= atMs)?.after ?? 0;
    const isBare = quantityE8 !== 0 && !stops.some((stop) => protects(stop, quantityE8, atMs));
    if (isBare) bareSinceMs ??= atMs;
    else if (bareSinceMs !== null) {
      spans.push({ fromMs: bareSinceMs, toMs: atMs });
      bareSinceMs = null;
    }
  }
  if (bareSinceMs !== null) spans.push({ fromMs: bareSinceMs, toMs: endMs });
  return spans;
}

function endOf({ status, updatedMs }: AlgoOrder): number {
  return status === 'NEW' ? Number.POSITIVE_INFINITY : updatedMs - START_MS;
}

function protects(stop: AlgoOrder, quantityE8: number, atMs: number): boolean {
  const closes = stop.side === (quantityE8 > 0 ? 'SELL' : 'BUY') && stop.closePosition;
  return closes && stop.createdMs - START_MS <= atMs && endOf(stop) > atMs;
}

/** In which a process runs that has read everything. */
export function readySpans({ endMs, events, world }: History): readonly Span[] {
  const spans: Span[] = [];
  for (const { fromMs, toMs } of world.lives) {
    const endsMs = toMs ?? endMs;
    let sinceMs: number | null = null;
    for (const { atMs, event } of events) {
      if (event.kind !== 'state' || event.payload.layer !== 'boot' || event.payload.scope !== 'account') continue;
      if (atMs < fromMs || atMs > endsMs) continue;
      if (event.payload.state === 'active') sinceMs ??= atMs;
      else if (sinceMs !== null) {
        spans.push({ fromMs: sinceMs, toMs: atMs });
        sinceMs = null;
      }
    }
    if (sinceMs !== null) spans.push({ fromMs: sinceMs, toMs: endsMs });
  }
  return spans;
}

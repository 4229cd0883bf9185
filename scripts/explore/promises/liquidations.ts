import { at, type Breach } from '../breach.ts';
import type { History } from '../history.ts';
import { START_MS } from '../market.ts';

/** Income is read once a minute, ms. */
const REPORTED_WITHIN_MS = 75_000;

/**
 * A position that the exchange has liquidated is told, by one alert for each.
 * @except it cost nothing
 * @except a ledger was put back
 * @except the world is over within 75 s
 * @except of alerts too many: another daemon runs
 */
export function findLiquidationBreaches({ endMs, events, world }: History): readonly Breach[] {
  const { liquidations } = world.exchange.world.state;
  const breaches: Breach[] = [];
  for (const { fee, insurance, symbol, timeMs } of liquidations) {
    const atMs = timeMs - START_MS;
    // Of one that cost nothing there is no row.
    if ((fee === 0n && insurance === 0n) || atMs > endMs - REPORTED_WITHIN_MS || world.homes.restores.length > 0)
      continue;
    const isReported = events.some(
      ({ event, atMs: reportedMs }) =>
        event.kind === 'alert' &&
        event.payload.code === 'LIQUIDATED' &&
        event.payload.symbol === symbol &&
        reportedMs >= atMs,
    );
    if (!isReported) breaches.push({ code: 'liquidation/untold', detail: `${symbol} was liquidated at ${at(atMs)}` });
  }
  const reported = events.filter(({ event }) => event.kind === 'alert' && event.payload.code === 'LIQUIDATED').length;
  if (reported > liquidations.length && world.homes.seconds.length === 0)
    breaches.push({
      code: 'liquidation/told-twice',
      detail: `${reported} alerts, ${liquidations.length} liquidations`,
    });
  return breaches;
}

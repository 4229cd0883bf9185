import { at, type Breach } from '../breach.ts';
import type { History } from '../history.ts';

/**
 * An alert blames nobody who did nothing.
 * @except of a ledger or a daemon, where another one was at work
 */
export function findFalseAlerts({ events, world: { homes } }: History): readonly Breach[] {
  const areOthersAtWork = homes.restores.length + homes.seconds.length > 0;
  const breaches: Breach[] = [];
  for (const { atMs, event } of events) {
    if (event.kind !== 'alert') continue;
    const { code, detail } = event.payload;
    const isOfOthers = code === 'LEDGER_BEHIND_VENUE' || code === 'OTHER_DAEMON';
    // No hand gives an order another form at the exchange.
    if (code === 'ORDER_CHANGED' || (isOfOthers && !areOthersAtWork))
      breaches.push({ code: `alert-false/${code}`, detail: `at ${at(atMs)}: ${detail}` });
  }
  return breaches;
}

import { at, type Breach } from '../breach.ts';
import type { History } from '../history.ts';

/** An order that counts as lost is told of, by its id (docs/runbook.md). */
export function findUntoldLosses({ events, orderEvents }: History): readonly Breach[] {
  return [...orderEvents].flatMap(([id, words]) => {
    const lost = words.find(({ event }) => event.status === 'lost');
    if (lost === undefined) return [];
    const isReported = events.some(
      ({ event }) =>
        event.kind === 'alert' && event.payload.code === 'ORDER_LOST' && event.payload.detail.includes(`${id} `),
    );
    return isReported
      ? []
      : [{ code: 'lost/untold', detail: `${id} is lost at ${at(lost.atMs)}, and no alert says so` }];
  });
}

/**
 * An alert blames nobody who did nothing.
 * @except of a ledger or a daemon, where another one was at work
 */
export function findFalseAlerts({ events, world: { homes, venue } }: History): readonly Breach[] {
  const areOthersAtWork = homes.restores.length + homes.seconds.length > 0;
  const breaches: Breach[] = [];
  for (const { atMs, event } of events) {
    if (event.kind !== 'alert') continue;
    const { code, detail } = event.payload;
    const isOfOthers = code === 'LEDGER_BEHIND_VENUE' || code === 'OTHER_DAEMON';
    // A hand that changed an order is told of: by its id.
    const isOfAHand = venue.hands.some(
      ({ clientId, atMs: byMs }) => byMs <= atMs && clientId !== null && detail.includes(clientId),
    );
    if ((code === 'ORDER_CHANGED' && !isOfAHand) || (isOfOthers && !areOthersAtWork))
      breaches.push({ code: `alert-false/${code}`, detail: `at ${at(atMs)}: ${detail}` });
  }
  return breaches;
}

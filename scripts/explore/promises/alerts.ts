import { isOpen } from '../../../daemon/exchange-sim/core/orders.ts';
import { at, type Breach } from '../breach.ts';
import type { History } from '../history.ts';

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

/**
 * That somebody changed an order of ours at the exchange is told, where it rests on until all is quiet (docs/alerts.md,
 * `ORDER_CHANGED`).
 * @except its agent has changed it as well
 * @except another daemon runs, or a ledger was put back
 */
export function findChangesUnreported({ events, orders, world }: History): readonly Breach[] {
  const { exchange, gate, homes, venue, wire } = world;
  if (gate?.keeper.isReconciled !== true || homes.restores.length + homes.seconds.length > 0) return [];
  const books = [...exchange.world.state.orders.values()];
  return venue.hands.flatMap(({ atMs, clientId }) => {
    const by = orders.get(clientId ?? '');
    const order = books.find((each) => each.clientOrderId === clientId);
    if (by === undefined || order === undefined || !isOpen(order)) return [];
    const isChanged = wire.records.some((record) => record.method === 'PUT' && record.clientId === clientId);
    if (isChanged || Number(order.quantity) === by.planned.quantity_e8) return [];
    const isReported = events.some(
      ({ event }) =>
        event.kind === 'alert' &&
        event.payload.code === 'ORDER_CHANGED' &&
        event.payload.detail.includes(order.clientOrderId),
    );
    if (isReported) return [];
    return [{ code: 'hand-untold', detail: `${clientId} was changed by hand at ${at(atMs)}, and nobody is told` }];
  });
}

import { readE8 } from '../../../daemon/engine/records/units.ts';
import { isOpen } from '../../../daemon/exchange-sim/core/orders/orders.ts';
import { at, type Breach } from '../breach.ts';
import { askedE8 } from '../decided.ts';
import type { History } from '../history.ts';
import { START_MS } from '../market.ts';

/**
 * What rests for one exit, with what it has closed, is never more than was asked for: a half rests as a half.
 * @except it was changed since
 * @except fewer than the exchange takes are left, or would be
 * @except a ledger was put back
 * @except it closes all, however much that is when it is its turn
 */
export function findRestingTwice(history: History): readonly Breach[] {
  const { decisions, events, fills, orders, world } = history;
  if (world.homes.restores.length > 0) return [];
  const books = new Map([...world.exchange.world.state.orders.values()].map((order) => [order.clientOrderId, order]));
  const changed = new Set(world.wire.records.filter(({ method }) => method === 'PUT').map(({ clientId }) => clientId));
  const byRoot = new Map<string, { readonly id: string; readonly quantityE8: number }[]>();
  const ofAll = new Set(
    events.flatMap(({ event }) =>
      event.kind === 'exit_target' && event.payload.action === 'opened' && event.payload.is_whole
        ? [event.payload.decision_id]
        : [],
    ),
  );
  const breaches: Breach[] = [];
  for (const { clientId, method, params, servedAtMs, status } of world.wire.records) {
    const order = orders.get(clientId ?? '');
    if (clientId === null || method !== 'POST' || status !== 200 || servedAtMs === null || order === undefined)
      continue;
    const { decision, planned } = order;
    const root = decisions.get(decision.rootId);
    if (
      root === undefined ||
      ofAll.has(root.id) ||
      !planned.reduce_only ||
      planned.protective ||
      params.text('timeInForce') !== 'GTC'
    )
      continue;
    const known = byRoot.get(root.id) ?? [];
    byRoot.set(root.id, known);
    known.push({ id: clientId, quantityE8: readE8(params.text('quantity') ?? '0') });
    if (known.some(({ id }) => changed.has(id))) continue;
    let sum = 0;
    for (const { id, quantityE8 } of known) {
      const booked = books.get(id);
      const isOver = booked !== undefined && !isOpen(booked) && booked.updatedMs - START_MS <= servedAtMs;
      const filled = fills.filter((fill) => fill.clientId === id && fill.atMs <= servedAtMs);
      sum += isOver ? filled.reduce((all, fill) => all + fill.quantityE8, 0) : quantityE8;
    }
    const least = world.venue.minE8(planned.symbol);
    if (sum <= Math.max(askedE8(root.event), least) + 2 * least) continue;
    breaches.push({
      code: 'exit-rests-more',
      detail: `${root.id} asks for ${askedE8(root.event)}; with ${clientId} ${sum} rest or are closed at ${at(servedAtMs)}`,
    });
  }
  return breaches;
}

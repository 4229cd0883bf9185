import { at, type Breach } from '../breach.ts';
import type { History } from '../history.ts';
import type { Decision } from '../records.ts';
import type { WireRecord } from '../wire.ts';
import { e8 } from './exact.ts';
import { rawOf } from './raw.ts';

/** Why an order has no decision that covers it; null: one does. */
function findFault(order: WireRecord, deciders: readonly Decision[] | undefined): string | null {
  const { clientId, params, sentAtMs } = order;
  if (deciders === undefined) return 'no decision names it';
  const before = deciders.filter((each) => each.atMs <= sentAtMs);
  if (before.length === 0) return 'it was decided later';
  if (params.text('closePosition') === 'true') return null;
  const quantityE8 = e8(params.text('quantity') ?? '0');
  const isBuy = params.text('side') === 'BUY';
  const price = params.text('price');
  const isCovered = before.some(({ event: { orders } }) =>
    orders.some((planned) => {
      if (planned.client_order_id !== clientId || planned.symbol !== params.text('symbol')) return false;
      if (isBuy !== (planned.side === 'buy') || BigInt(planned.quantity_e8) < quantityE8) return false;
      if (planned.reduce_only !== (params.text('reduceOnly') === 'true')) return false;
      if (planned.price_e8 === null) return true;
      const priceE8 = e8(price ?? '0');
      return price !== undefined && (isBuy ? priceE8 <= BigInt(planned.price_e8) : priceE8 >= BigInt(planned.price_e8));
    }),
  );
  return isCovered ? null : `no decision covers ${params.text('side')} ${params.text('quantity')} at ${price}`;
}

/**
 * Whatever order leaves was decided and recorded before, with its symbol, its side, at most its size, and no worse
 * price [TM-1].
 * @except a restored copy of the ledger has lost it
 */
export function findUndecided(history: History): readonly Breach[] {
  const { homes, wire } = history.world;
  if (homes.restores.length > 0) return [];
  const deciders = new Map<string, Decision[]>();
  for (const decision of rawOf(history).decisions)
    for (const { client_order_id: id } of decision.event.orders) {
      const known = deciders.get(id);
      if (known === undefined) deciders.set(id, [decision]);
      else known.push(decision);
    }
  return wire.records.flatMap((order) => {
    const { clientId, life, method, path, sentAtMs } = order;
    if (method !== 'POST' || clientId === null || !/\/(order|algoOrder)$/.test(path) || homes.isSecond(life)) return [];
    const fault = findFault(order, deciders.get(clientId));
    if (fault === null) return [];
    return [{ code: 'second/undecided', detail: `${clientId}, sent at ${at(sentAtMs)}: ${fault}` }];
  });
}

/**
 * A process opens nothing before it has recorded that it is reconciled (docs/architecture.md, docs/operating.md).
 * @except a restored copy of the ledger has lost it
 */
export function findOpenedAtBoot(history: History): readonly Breach[] {
  const { world } = history;
  const reconciled = history.events.filter(
    ({ event }) => event.kind === 'state' && event.payload.layer === 'boot' && event.payload.state === 'active',
  );
  return world.lives.flatMap(({ fromMs, number, toMs }) => {
    if (world.homes.isSecond(number) || world.homes.restores.length > 0) return [];
    const readyAtMs = reconciled.find(({ atMs }) => atMs >= fromMs && (toMs === null || atMs <= toMs))?.atMs;
    const early = rawOf(history).openings.find(
      ({ isLess, send, sentAtMs }) =>
        !isLess && send.wire.life === number && (readyAtMs === undefined || sentAtMs < readyAtMs),
    );
    if (early === undefined) return [];
    const detail = `${early.id} left at ${at(early.sentAtMs)} in a process that was ${readyAtMs === undefined ? 'never' : 'not yet'} reconciled`;
    return [{ code: 'second/opened-at-boot', detail }];
  });
}

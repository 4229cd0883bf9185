import { readE8 } from '../../../daemon/engine/records/units.ts';
import type { Breach } from '../breach.ts';
import { type History, isOwnersHandIn, isReportedLate } from '../history.ts';
import { OPERATOR } from '../records.ts';
import { wantedE8 } from './room.ts';

/** From the record that the account is to be reconciled until it is, where nothing fails, by how noisy the way is, ms. */
const RECONCILED_WITHIN_MS = [2_000, 2_000, 6_000] as const;

/**
 * At quiet, what the API shows is what the books say.
 * @except a person has left the account in another mode
 * @except a person trades by hand, or an answer was late
 * @except another daemon or a restore is behind what stands there
 * @except an exit waits for its rate, or for older ones
 * @except an order left in the last second, or the account is to be reconciled for so little
 */
export function findViewBreaches(history: History): readonly Breach[] {
  const { world } = history;
  const { gate } = world;
  if (gate !== null && !gate.keeper.isReconciled && isOfAnotherMode(history)) return [];
  if (gate !== null && !gate.keeper.isReconciled && hasJustBegun(history)) return [];
  if (gate === null || !gate.keeper.isReconciled)
    return [{ code: 'view/not-ready', detail: 'the daemon is not reconciled at the end' }];
  const breaches: Breach[] = [];
  const positions = new Map(gate.getPositions(OPERATOR).positions.map((position) => [position.symbol, position]));
  for (const symbol of world.exchange.world.state.markets.keys()) {
    const shown = readE8(positions.get(symbol)?.quantity ?? '0');
    if (shown !== world.venue.heldE8(symbol) && !isInDispute(history, symbol))
      breaches.push({
        code: 'view/position',
        detail: `${symbol}: ${shown} shown, the books have ${world.venue.heldE8(symbol)}`,
      });
    const shares = Object.values(positions.get(symbol)?.agent_share ?? {}).reduce((sum, text) => sum + readE8(text), 0);
    // What the owner has bought belongs to nobody.
    const mayLack = isOwnersHandIn(history, symbol) || isReportedLate(history, symbol);
    const isMore = mayLack ? Math.abs(shares) > Math.abs(shown) : shares !== shown;
    if (positions.has(symbol) && isMore)
      breaches.push({ code: 'view/shares', detail: `${symbol}: shares of ${shares}, a position of ${shown}` });
  }
  const shownOpen = new Set(
    gate.getOrders(OPERATOR, { open: true }, 5000, null).items.map((order) => order.client_order_id),
  );
  const state = world.exchange.world.state;
  const realOpen = new Set<string>();
  for (const order of state.orders.values())
    if (order.status === 'NEW' || order.status === 'PARTIALLY_FILLED') realOpen.add(order.clientOrderId);
  for (const algo of state.algoOrders.values()) if (algo.status === 'NEW') realOpen.add(algo.clientAlgoId);
  for (const id of realOpen)
    if (!shownOpen.has(id))
      breaches.push({ code: 'view/order-missing', detail: `${id} is open at the exchange and not shown` });
  for (const id of shownOpen) {
    if (realOpen.has(id) || waitsForRate(history, id) || waitsForOlder(history, id) || isOnItsWay(history, id))
      continue;
    const last = history.orderEvents.get(id)?.at(-1);
    const { symbol = '' } = history.orders.get(id)?.planned ?? {};
    if (last?.event.status === 'lost' && isLostBesideHand(history, symbol)) continue;
    breaches.push({
      code: 'view/order-stuck',
      detail: `${id} is shown open (${last?.event.status ?? 'pending_send'}) and not at the exchange`,
    });
  }
  return breaches;
}

/** The exchange's clock was put right at the quiet, and that has just been seen. */
function hasJustBegun({ endMs, events, plan }: History): boolean {
  const last = events.findLast(({ event }) => event.kind === 'state' && event.payload.layer === 'boot');
  const isBegun = last?.event.kind === 'state' && last.event.payload.state !== 'active';
  return isBegun && last.atMs > endMs - RECONCILED_WITHIN_MS[plan.setup.noise];
}

/** An account that a person has left in another mode. */
function isOfAnotherMode({ world }: History): boolean {
  const last = world.venue.account.settings.at(-1);
  if (last === undefined) return false;
  return last.isHedged || last.isMultiAssets;
}

/**
 * What another ledger, or a lost part of this one, has done: an order that rests, or a stop, may have made the difference,
 * and then both figures count until it has lasted for a minute.
 */
export function isInDispute(history: History, symbol: string): boolean {
  if (isLostBesideHand(history, symbol)) return true;
  const { exchange, gate, homes, venue } = history.world;
  const { algoOrders, markets } = exchange.world.state;
  const stops = [...algoOrders.values()].filter((algo) => algo.symbol === symbol && algo.status === 'NEW');
  const open = (markets.get(symbol)?.openOrders.size ?? 0) + stops.length;
  if (open === 0 || homes.restores.length + homes.seconds.length === 0) return false;
  return gate?.core.state.positions.get(symbol)?.disputedE8 === venue.heldE8(symbol);
}

/**
 * An order that never arrived, or nobody can say, and somebody else's trade that may have been its: the order is lost, which
 * an alert tells, and both count until an operator ends it.
 */
function isLostBesideHand(history: History, symbol: string): boolean {
  const { events, orderEvents, orders } = history;
  if (!isOwnersHandIn(history, symbol)) return false;
  const isLost = [...orders].some(
    ([id, { planned }]) => planned.symbol === symbol && orderEvents.get(id)?.at(-1)?.event.status === 'lost',
  );
  return (
    isLost &&
    events.some(
      ({ event }) => event.kind === 'alert' && event.payload.code === 'ORDER_LOST' && event.payload.symbol === symbol,
    )
  );
}

/** It left in the last moment of the world, or its decision is being written. */
function isOnItsWay({ endMs, world }: History, id: string): boolean {
  const core = world.gate?.core;
  const order = core?.state.orders.all.get(id);
  const isBeingWritten =
    core !== undefined && order?.status === 'in_flight' && (order.sentAtMs ?? 0) > core.nowMs() - ON_ITS_WAY_MS;
  const hasLeft = world.wire.records.some(
    (record) => record.clientId === id && record.sentAtMs > endMs - ON_ITS_WAY_MS,
  );
  return isBeingWritten || hasLeft;
}
const ON_ITS_WAY_MS = 1_000;

/**
 * A take-profit for which those that were asked for before it, whatever holds them up, and what rests leave nothing: of its
 * agent's lots, of which a stranger's trade may have closed some by itself.
 */
function waitsForOlder(history: History, id: string): boolean {
  const { endMs, orders, shareAt, world } = history;
  const order = orders.get(id);
  if (order?.planned.reduce_only !== true || order.planned.time_in_force !== 'GTC') return false;
  const { symbol } = order.planned;
  const held = Math.min(Math.abs(shareAt(order.decision.agent, symbol, endMs)), Math.abs(world.venue.heldE8(symbol)));
  const atEnd = { atMs: endMs, seq: Number.POSITIVE_INFINITY };
  const wanted = wantedE8(history, { clientId: id, order }, atEnd, new Set());
  return held > 0 && wanted + world.venue.minE8(symbol) > held;
}

/** An exit beyond its agent's rate waits, unsent, as long as the rate is used up. */
function waitsForRate({ world }: History, id: string): boolean {
  const core = world.gate?.core;
  const order = core?.state.orders.all.get(id);
  if (core === undefined || order?.status !== 'pending_send' || !order.reduceOnly || order.agent === null) return false;
  const { max, window_ms: windowMs } = core.policySpec.exits.rate;
  // The last token may have come free this very moment.
  return core.state.pacing.readAgent(order.agent).exits.count(core.nowMs(), windowMs + 1_000).tokens >= max;
}

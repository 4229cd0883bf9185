import { readE8 } from '../../daemon/engine/records/units.ts';
import { isOpen } from '../../daemon/exchange-sim/core/orders/orders.ts';
import { START_MS } from './market.ts';
import type { PlayedWorld } from './played-world.ts';
import { OPERATOR } from './records.ts';

const LOOKED_EVERY_MS = 500;

/** Lets time pass, and compares what the daemon shows with the exchange's books as it does. */
export async function watchAgreement(world: PlayedWorld, ms: number): Promise<void> {
  const untilMs = world.time.nowMs + ms;
  world.watchedFromMs = world.time.nowMs;
  while (world.time.nowMs < untilMs) {
    await world.time.advance(Math.min(LOOKED_EVERY_MS, untilMs - world.time.nowMs));
    const detail = findDifference(world);
    if (detail === null) continue;
    const orders = [...world.exchange.world.state.orders.values()];
    const lastOrderMs = Math.max(0, ...orders.map(({ updatedMs }) => updatedMs - START_MS));
    world.differences.push({ atMs: world.time.nowMs, lastOrderMs, detail });
  }
}

function findDifference({ exchange, gate, venue }: PlayedWorld): string | null {
  if (gate === null || !gate.keeper.isReconciled) return null;
  const { positions } = gate.getPositions(OPERATOR);
  for (const symbol of exchange.world.state.markets.keys()) {
    const { quantity } = positions.find((position) => position.symbol === symbol) ?? { quantity: '0' };
    const shown = readE8(quantity);
    if (shown !== venue.heldE8(symbol)) return `${symbol}: ${shown} shown, the books have ${venue.heldE8(symbol)}`;
  }
  const { orders } = gate.core.state;
  for (const order of exchange.world.state.orders.values()) {
    const status = orders.all.get(order.clientOrderId)?.status;
    // What is being asked or answered this moment is on its way.
    if (status === undefined || status === 'in_flight') continue;
    const isShownOpen = status === 'working' || status === 'partially_filled' || status === 'unknown';
    if (isShownOpen !== isOpen(order))
      return `${order.clientOrderId} is shown as ${status}, the books have ${order.status}`;
  }
  return null;
}

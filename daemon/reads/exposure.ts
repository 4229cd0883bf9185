import type { LiveCore } from '../engine/flow/core.ts';
import { liveOrders } from '../engine/orders/orders.ts';
import { longE8, shortE8 } from '../engine/positions/positions.ts';
import { ceilLots } from '../engine/records/units.ts';
import { markInTicks, unitsInUsdt, worstCase } from '../engine/snapshot/exposure.ts';

/** Worst-case exposure of a symbol in USDT, for status and limits. */
export function exposureUsdt(core: LiveCore, symbol: string): { readonly used: number; readonly worst: number } {
  const rules = core.state.rules.get(symbol);
  const live = core.market.symbol(symbol);
  const position = core.state.positions.get(symbol);
  if (rules === undefined || live === null) return { used: 0, worst: 0 };
  const held =
    position === undefined ? { longE8: 0, shortE8: 0 } : { longE8: longE8(position), shortE8: shortE8(position) };
  const ticks = markInTicks(live.mark, rules);
  const worst = worstCase(held, liveOrders(core.state.orders, symbol), ticks, rules);
  return {
    used: unitsInUsdt(ceilLots(Math.max(held.longE8, held.shortE8), rules) * ticks, rules),
    worst: unitsInUsdt(Math.max(worst.longUnits, worst.shortUnits), rules),
  };
}

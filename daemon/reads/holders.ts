import type { Held } from '../contract/types/reads.ts';
import type { LiveCore } from '../engine/flow/core.ts';
import { isBesideNobodys, isReleasedFrom, ownE8 } from '../engine/orders/holding.ts';
import { liveOrders } from '../engine/orders/orders.ts';
import type { Caller } from '../engine/records/callers.ts';

/** Operators and monitors are told names; an agent is told its own alone. */
export const seesAll = ({ role }: Pick<Caller, 'role'>): boolean => role === 'operator' || role === 'monitor';

/** Whose a symbol is, for a caller that is told no names (DESIGN 12.1). */
export function describeHeld(core: LiveCore, agent: string, symbol: string): Held {
  const { orders, positions } = core.state;
  const position = positions.get(symbol);
  if (position !== undefined) {
    const isUnowned = position.isContested || isBesideNobodys(position, liveOrders(orders, symbol));
    // Its holder has closed its own: until the rest is gone it stays its holder, and opens nothing.
    const isNobodys = position.holder === null || ownE8(position) === 0;
    if (isUnowned && isNobodys) return 'nobody';
    if (position.holder !== null) return position.holder === agent ? 'yours' : 'another';
    if (isReleasedFrom(position, agent, core.passedMs())) return 'another';
  }
  const reservedFor = core.policyFor(agent).reserved.get(symbol);
  return reservedFor === undefined || reservedFor === agent ? 'free' : 'another';
}

/** Symbols that an agent holds, flat ones too. */
export function symbolsHeldBy(core: LiveCore, agent: string): string[] {
  const held = [...core.state.positions.values()].filter(({ holder }) => holder === agent);
  return held.map(({ symbol }) => symbol).sort();
}

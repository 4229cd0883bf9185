import { at, type Breach } from '../breach.ts';
import type { History } from '../history.ts';

/**
 * An agent opens nothing while the symbol's leverage at the exchange is above what that agent may borrow, whoever had it
 * set: the whole position is held, and liquidated, by that setting. What a person sets there is told of elsewhere.
 * [EX-20]
 * @except a person changes settings
 */
export function findLeverageBreaches({ orders, plan, world }: History): readonly Breach[] {
  const { capped } = plan.setup;
  if (capped === undefined || plan.steps.some(({ do: { kind } }) => kind === 'setting')) return [];
  const breaches: Breach[] = [];
  for (const { leverage, wire, symbol } of world.venue.sends) {
    const order = orders.get(wire.clientId ?? '');
    if (order === undefined || order.planned.reduce_only || wire.method !== 'POST') continue;
    const { agent, origin } = order.decision;
    if (origin !== 'agent' || agent !== capped.agent || leverage <= capped.leverage) continue;
    breaches.push({
      code: 'leverage/above-own',
      detail: `${wire.clientId} of ${agent} comes to ${symbol} at ${at(wire.servedAtMs ?? wire.sentAtMs)}, which is set to ${leverage} x; ${capped.leverage} x is the most for ${agent}`,
    });
  }
  return breaches;
}

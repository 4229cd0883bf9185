import { at, type Breach } from '../breach.ts';
import type { History } from '../history.ts';

/**
 * Nothing opens at more leverage than it may, whoever had it set: what a person sets is judged elsewhere.
 * @except a person changes settings
 */
export function findLeverageBreaches(history: History): readonly Breach[] {
  if (history.plan.steps.some(({ do: { kind } }) => kind === 'setting')) return [];
  return [...findAboveOwn(history), ...findAboveDecided(history)];
}

/**
 * An agent opens nothing while the symbol's leverage at the exchange is above what that agent may borrow, whoever had it
 * set: the whole position is held, and liquidated, by that setting. [EX-20]
 */
function findAboveOwn({ orders, plan, world }: History): readonly Breach[] {
  const { capped } = plan.setup;
  if (capped === undefined) return [];
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

/**
 * Nor does anything open at more than its decision leaves it: what it was charged with, or the setting that stayed as it was
 * decided. Of two openings of one turn the first one may set more than the second was permitted with. [EX-20]
 */
function findAboveDecided({ orders, plan, world }: History): readonly Breach[] {
  if (plan.setup.account?.begins.some(({ of }) => of === 'leverage')) return [];
  return world.venue.sends.flatMap(({ leverage, wire, symbol }) => {
    const order = orders.get(wire.clientId ?? '');
    if (order === undefined || order.planned.reduce_only || wire.method !== 'POST') return [];
    const { leverage_locked: isKept, leverage_setting: kept } = order.decision.event.context.market;
    const most = Math.max(order.planned.leverage, isKept ? (kept ?? 0) : 0);
    if (leverage <= most) return [];
    const detail = `${wire.clientId} comes to ${symbol} at ${at(wire.servedAtMs ?? wire.sentAtMs)}, which is set to ${leverage} x; its decision leaves ${most} x`;
    return [{ code: 'leverage/above-decided', detail }];
  });
}

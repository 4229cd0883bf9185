import { readE8 } from '../../../daemon/gate/units.ts';
import { at, type Breach } from '../breach.ts';
import type { History } from '../history.ts';

/** From the signal's answer until its cancels have been sent, ms. */
const CANCELED_WITHIN_MS = 3_000;

/**
 * What opens and rests when a signal leaves only exits is asked back, unless the policy says that it stays. Told from the
 * requests that were sent: where answers are lost or refused it is not judged.
 */
export function findSignalBreaches(history: History): readonly Breach[] {
  const { fills, orders, plan, world } = history;
  if (plan.setup.onBreach === 'hold') return [];
  if (plan.steps.some(({ do: { kind } }) => /^(fault|wire|trouble|crash|restart)$/.test(kind))) return [];
  const { records } = world.wire;
  const breaches: Breach[] = [];
  for (const { agent, answeredAtMs, askedAtMs, step, symbol, what } of world.operatorCalls) {
    const action = plan.steps[step]?.do;
    if (what !== 'signal' || answeredAtMs === null || action?.kind !== 'signal' || action.signal !== 'anomaly')
      continue;
    const untilMs = answeredAtMs + CANCELED_WITHIN_MS;
    if (action.ttlMs < CANCELED_WITHIN_MS || untilMs > history.endMs) continue;
    for (const { answeredAtMs: placedAtMs, clientId, method, params, status } of records) {
      const order = orders.get(clientId ?? '');
      if (method !== 'POST' || order === undefined || order.planned.reduce_only || status !== 200) continue;
      if (!/^GT[CD]$/.test(params.text('timeInForce') ?? '') || (placedAtMs ?? askedAtMs) >= askedAtMs) continue;
      if ((symbol !== null && symbol !== order.planned.symbol) || (agent !== null && agent !== order.decision.agent))
        continue;
      const filled = fills.filter((fill) => fill.clientId === clientId && fill.atMs <= untilMs);
      const amended = records.findLast(
        (one) => one.method === 'PUT' && one.clientId === clientId && one.status === 200,
      );
      const quantityE8 = readE8((amended?.params ?? params).text('quantity') ?? '0');
      if (filled.reduce((sum, fill) => sum + fill.quantityE8, 0) >= quantityE8) continue;
      const isAskedBack = records.some(
        (record) => record.method === 'DELETE' && record.clientId === clientId && record.sentAtMs <= untilMs,
      );
      if (!isAskedBack)
        breaches.push({
          code: 'signal/rests',
          detail: `anomaly (step ${step}) answered at ${at(answeredAtMs)}; opening ${clientId} of ${order.decision.agent} rests on`,
        });
    }
  }
  return breaches;
}

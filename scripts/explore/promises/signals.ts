import type { IntendedPolicySpec } from '../../../daemon/core/policy.ts';
import type { SignalEvent } from '../../../daemon/engine/records/people-events.ts';
import { isOpen } from '../../../daemon/exchange-sim/core/orders/orders.ts';
import { at, type Breach } from '../breach.ts';
import type { History } from '../history.ts';
import { START_MS } from '../market.ts';
import { isCalm } from './quiet.ts';

/** From the signal's answer until its cancels have been sent, ms. */
const CANCELED_WITHIN_MS = 3_000;
/** What failed longer ago holds up nothing any more, ms. */
const SETTLED_MS = 10_000;

/** What a signal asks back, and what it is called. */
export function findSignalBreaches(history: History): readonly Breach[] {
  return [...findChangedSignals(history), ...findRestingOn(history)];
}

/** While a signal stands, whatever is reported after it is the same one, and none is milder. */
function findChangedSignals({ events }: History): readonly Breach[] {
  const breaches: Breach[] = [];
  const standing = new Map<string, SignalEvent & { readonly untilMs: number }>();
  for (const { atMs, event } of events) {
    if (event.kind !== 'signal') continue;
    const {
      account,
      agent,
      ended_reason: ended,
      kind,
      set_by: reporter,
      severity,
      signal_id: id,
      symbol,
    } = event.payload;
    if (ended !== undefined) {
      for (const [key, known] of standing) if (known.signal_id === id) standing.delete(key);
      continue;
    }
    const key = JSON.stringify([reporter, kind, account, agent, symbol]);
    const known = standing.get(key);
    // It lasts for so long; that the clocks are set has no part in it.
    standing.set(key, { ...event.payload, untilMs: atMs + event.payload.expires_at_ms - event.at_ms });
    if (known === undefined || atMs >= known.untilMs || event.at_ms >= known.expires_at_ms) continue;
    if (id === known.signal_id && severity >= known.severity) continue;
    const code = id === known.signal_id ? 'signal/milder' : 'signal/renamed';
    const was = `${known.signal_id} (${known.severity})`;
    breaches.push({ code, detail: `${was} stood at ${at(atMs)}, and became ${id} (${severity})` });
  }
  return breaches;
}

/**
 * What opens and rests when a signal leaves only exits is asked back, unless the policy says that it stays. Told from the
 * requests that were sent, and from the exchange's books.
 * @except something fails within ten seconds before, or the process stops
 * @except the signal, or the world, is over within three seconds
 */
function findRestingOn(history: History): readonly Breach[] {
  const { orders, plan, world } = history;
  if (plan.setup.onBreach === 'hold' || !world.policies.every(({ policy }) => endsOpening(policy.spec))) return [];
  const { records } = world.wire;
  const breaches: Breach[] = [];
  for (const { agent, answeredAtMs, askedAtMs, step, symbol, what } of world.operatorCalls) {
    const action = plan.steps[step]?.do;
    if (what !== 'signal' || answeredAtMs === null || action?.kind !== 'signal' || action.signal !== 'anomaly')
      continue;
    const untilMs = answeredAtMs + CANCELED_WITHIN_MS;
    if (action.ttlMs < CANCELED_WITHIN_MS || untilMs > history.endMs) continue;
    if (!isCalm(history, askedAtMs - SETTLED_MS, untilMs)) continue;
    for (const { answeredAtMs: placedAtMs, clientId, method, params, status } of records) {
      const order = orders.get(clientId ?? '');
      if (method !== 'POST' || order === undefined || order.planned.reduce_only || status !== 200) continue;
      if (!/^GT[CD]$/.test(params.text('timeInForce') ?? '') || (placedAtMs ?? askedAtMs) >= askedAtMs) continue;
      if ((symbol !== null && symbol !== order.planned.symbol) || (agent !== null && agent !== order.decision.agent))
        continue;
      if (!restsAt(history, clientId, untilMs)) continue;
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

/** By a policy of its own an anomaly may merely tighten. */
function endsOpening({ trust }: IntendedPolicySpec): boolean {
  return trust.signals.anomaly?.reduce_only === true;
}

/** By the exchange's books: it is open still, or ended later, by whomever. */
function restsAt({ world }: History, clientId: string | null, atMs: number): boolean {
  for (const order of world.exchange.world.state.orders.values())
    if (order.clientOrderId === clientId) return isOpen(order) || order.updatedMs - START_MS > atMs;
  return false;
}

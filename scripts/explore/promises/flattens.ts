import { at, type Breach } from '../breach.ts';
import type { History } from '../history.ts';
import { isCalm } from './quiet.ts';

/** From the call of a flatten until its first exit leaves: less than any way there and back takes, ms. */
const LEAVES_WITHIN_MS = 9;
/** What was filled so long before is known, and nothing else is going on, ms. */
const SETTLED_MS = 15_000;

/**
 * On a healthy exchange the first exit of a flatten leaves at once: no list and no cancel comes before it. [EX-60]
 * @except something else happens within fifteen seconds
 * @except answers take a time of their own
 */
export function findLateFlattens(history: History): readonly Breach[] {
  const { plan, world } = history;
  if (plan.setup.noise !== 0) return [];
  const breaches: Breach[] = [];
  for (const { answeredAtMs, askedAtMs, failure, step, symbol, what } of world.operatorCalls) {
    if (what !== 'flatten' || failure !== null || answeredAtMs === null) continue;
    if (!isCalm(history, askedAtMs - SETTLED_MS, answeredAtMs)) continue;
    const isOfOne = (name: string): boolean => symbol === null || symbol === name;
    const held = [...world.exchange.world.state.markets.keys()].filter(
      (name) => isOfOne(name) && isHeldQuietly(history, name, askedAtMs),
    );
    if (held.length === 0) continue;
    const first = world.wire.records.find(
      ({ clientId, method, sentAtMs }) =>
        method === 'POST' &&
        sentAtMs >= askedAtMs &&
        history.orders.get(clientId ?? '')?.decision.origin === 'operator' &&
        history.orders.get(clientId ?? '')?.planned.reduce_only === true,
    );
    const afterMs = (first?.sentAtMs ?? Number.POSITIVE_INFINITY) - askedAtMs;
    if (afterMs > LEAVES_WITHIN_MS)
      breaches.push({
        code: 'flatten/late',
        detail: `flatten (step ${step}) at ${at(askedAtMs)}, with ${held.join(' and ')} held; its first exit leaves ${afterMs} ms later`,
      });
  }
  return breaches;
}

/** Held by the books, and neither filled nor closed by anybody shortly before. */
function isHeldQuietly({ decisions, fills, world }: History, symbol: string, atMs: number): boolean {
  const last = fills.findLast((fill) => fill.symbol === symbol && fill.atMs <= atMs);
  if (last === undefined || last.after === 0 || last.atMs > atMs - SETTLED_MS) return false;
  const isBusy = [...decisions.values()].some(
    (decision) =>
      decision.symbol === symbol &&
      Math.abs(decision.atMs - atMs) <= SETTLED_MS &&
      decision.origin !== 'operator' &&
      decision.event.decision.effective?.action === 'exit',
  );
  const isAsked = world.operatorCalls.some(
    (call) => call.what === 'flatten' && call.askedAtMs !== atMs && Math.abs(call.askedAtMs - atMs) <= SETTLED_MS,
  );
  return !isBusy && !isAsked;
}

import { isOpen } from '../../../daemon/exchange-sim/core/orders/orders.ts';
import { at, type Breach } from '../breach.ts';
import { closesAll, type History } from '../history.ts';
import type { Decision } from '../records.ts';
import { isCalm } from './quiet.ts';

/** From a full close until the openings of before are gone: asked back at once, and on the way for so long, ms. */
const GONE_WITHIN_MS = 8_000;

/**
 * After a full close no opening of its agent from before it goes on, on either side: none fills later than a cancel takes,
 * and none rests at the end. [EX-35]
 * @except something fails within eight seconds
 */
export function findLeftOpenings(history: History): readonly Breach[] {
  const breaches: Breach[] = [];
  for (const call of history.world.calls) {
    const decision = closesAll(call) ? history.decisionOf(call) : null;
    // A repeat is answered with what became of the first.
    if (decision === null || decision.seq <= call.askedAtSeq) continue;
    if (!isCalm(history, decision.atMs - GONE_WITHIN_MS, decision.atMs + GONE_WITHIN_MS)) continue;
    for (const [id, { decision: opening, planned }] of history.orders) {
      if (!isOfBefore(history, opening, decision) || planned.reduce_only || planned.protective) continue;
      const what = `${decision.agent} ${planned.symbol}: full close (step ${call.step}) decided at ${at(decision.atMs)}`;
      const late = history.fills.find((fill) => fill.clientId === id && fill.atMs > decision.atMs + GONE_WITHIN_MS);
      if (late !== undefined)
        breaches.push({
          code: 'close/left-opening',
          detail: `${what}; ${id}, ${planned.side} of before, fills at ${at(late.atMs)}`,
        });
      else if (restsAtTheEnd(history, id))
        breaches.push({ code: 'close/left-opening', detail: `${what}; ${id}, ${planned.side} of before, rests on` });
    }
  }
  return breaches;
}

function isOfBefore(history: History, opening: Decision, close: Decision): boolean {
  const root = history.decisions.get(opening.rootId);
  return (
    root !== undefined &&
    root.seq < close.seq &&
    root.origin === 'agent' &&
    root.agent === close.agent &&
    root.symbol === close.symbol
  );
}

function restsAtTheEnd({ world }: History, id: string): boolean {
  return [...world.exchange.world.state.orders.values()].some((order) => order.clientOrderId === id && isOpen(order));
}

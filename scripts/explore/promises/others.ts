import { at, type Breach } from '../breach.ts';
import type { History } from '../history.ts';

const ASKED_WITHIN_MS = 3_000;

/** One agent's exit cancels nothing of another's. */
export function findRoomBreaches(history: History): readonly Breach[] {
  // Where an agent may exit the whole position, its exit may take the place of another's.
  if (history.plan.setup.exitScope === 'account') return [];
  const breaches: Breach[] = [];
  for (const { atMs, event, seq } of history.events) {
    if (event.kind !== 'order_intent' || event.payload.action !== 'cancel') continue;
    if (!event.payload.reason.startsWith('makes room')) continue;
    const canceled = history.orders.get(event.payload.client_order_id);
    if (canceled === undefined || canceled.decision.origin !== 'agent') continue;
    const { agent, symbol } = canceled.decision;
    // An order that waited is decided again when it goes out: that is when it needs room.
    const exits = [...history.decisions.values()].filter(
      (decision) =>
        decision.event.orders.some((planned) => planned.reduce_only && planned.symbol === symbol) &&
        decision.seq < seq &&
        decision.atMs >= atMs - ASKED_WITHIN_MS,
    );
    if (exits.length === 0 || exits.some((decision) => decision.agent === agent || decision.origin !== 'agent'))
      continue;
    breaches.push({
      code: 'others/canceled-for-room',
      detail: `${event.payload.client_order_id} of ${agent} in ${symbol} canceled at ${at(atMs)} to make room for an exit of ${exits.map((decision) => decision.agent).join(', ')}`,
    });
  }
  return breaches;
}

import { at, type Breach } from '../breach.ts';
import type { History } from '../history.ts';

/** The decision that an alert names: `exit d-… ended`, or the order of it that does not rest. */
const NAMED = /exit (\S+) (?:of (\S+) )?(?:ended|does not rest)/;

/**
 * That an exit ended, or rests no more, is told once nothing of it can fill any more. [EX-50]
 * @except a ledger was put back
 */
export function findEndedEarly({ decisions, events, fills, world }: History): readonly Breach[] {
  // A decision of before a restore may bear the id of one since.
  if (world.homes.restores.length > 0) return [];
  const breaches: Breach[] = [];
  for (const { atMs, event } of events) {
    if (event.kind !== 'alert' || !/^EXIT_(ENDED|DROPPED)$/.test(event.payload.code)) continue;
    const [, first = '', second] = NAMED.exec(event.payload.detail) ?? [];
    const decision = decisions.get(second ?? first);
    if (decision === undefined) continue;
    const later = fills.find((fill) => fill.atMs > atMs && fill.order?.decision.rootId === decision.rootId);
    if (later === undefined) continue;
    breaches.push({
      code: 'alert/ended-early',
      detail: `the exit ${decision.id} of ${decision.agent} is told to have ended at ${at(atMs)}, and fills ${later.quantityE8} at ${at(later.atMs)} (${later.clientId})`,
    });
  }
  return breaches;
}

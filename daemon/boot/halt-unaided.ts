import { layerKey } from '../engine/callers/layers.ts';
import type { GateEvents } from '../engine/records/events.ts';
import type { Ledger } from '../ledger/types.ts';
import type { Folded } from './fold.ts';

/**
 * Halts the account of a partly archived ledger that a start found without a sound checkpoint: an operator looks at it
 * before anything opens. Exits of operators and protective stops remain.
 */
export function haltUnaided(ledger: Ledger, { isPartial, state }: Folded): void {
  const standing = state.layers.get(layerKey('operator', 'account', null));
  if (standing?.state === 'halted') return;
  const what = isPartial
    ? 'no checkpoint is sound and an archive cannot be read, so what its records say is not known (audit verify names it)'
    : 'no checkpoint was sound, and all archives were folded again';
  const payload: GateEvents['state'] = {
    clears_at_ms: null,
    clears_when: 'an operator clears it',
    layer: 'operator',
    name: null,
    reason: `${what}: check positions, orders and limits first`,
    scope: 'account',
    set_by: 'start',
    state: 'halted',
  };
  const [event] = ledger.appendSync([{ kind: 'state', at_ms: state.lastEventAtMs, payload }]);
  if (event !== undefined) state.apply({ kind: 'state', at_ms: event.at_ms, seq: event.seq, payload });
}

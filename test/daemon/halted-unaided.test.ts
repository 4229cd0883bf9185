import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { haltUnaided } from '../../daemon/boot/open-gate.ts';
import { type LayerEntry, layerKey, OPERATOR } from '../../daemon/engine/callers/layers.ts';
import type { LedgerRecord } from '../../daemon/engine/flow/ports.ts';
import type { GateEvent } from '../../daemon/engine/records/events.ts';
import type { StateEvent } from '../../daemon/engine/records/people-events.ts';
import type { LedgerEvent } from '../../daemon/ledger/types.ts';
import { FoldedLedger, T0 } from '../engine/fold-fixture.ts';

/** The operator's layer of a ledger that was folded without a sound checkpoint; `standing`: what was set before. */
function haltedOver(
  standing: Partial<StateEvent>,
  lastAtMs = T0,
): { readonly records: number; readonly layer: LayerEntry | undefined } {
  const ledger = new FoldedLedger();
  const set = { clears_at_ms: null, clears_when: 'then', layer: 'operator', name: null, reason: 'by hand' } as const;
  const payload: StateEvent = { ...set, scope: 'account', set_by: 'ann', state: 'halted', ...standing };
  ledger.append({ kind: 'state', at_ms: T0, payload });
  const alert = { code: 'DISK_FULL', detail: 'later', symbol: null } as const;
  if (lastAtMs > T0) ledger.append({ kind: 'alert', at_ms: lastAtMs, payload: alert });
  const before = ledger.events.length;
  const appendSync = (records: readonly LedgerRecord[]) =>
    records.map((record) => ledger.append(record as GateEvent) as unknown as LedgerEvent);
  haltUnaided({ appendSync }, { fromSeq: 0, isPartial: false, seq: before, state: ledger.state });
  const layer = ledger.refold().layers.get(layerKey(OPERATOR));
  return { records: ledger.events.length - before, layer };
}

describe('a ledger that was folded without a sound checkpoint is halted until an operator has looked [LE-82]', () => {
  it('also where an operator has lifted the halt, and it ends after its delay', () => {
    const { layer } = haltedOver({ clears_at_ms: T0 + 60_000 });
    assert.deepEqual([layer?.state, layer?.clearsAtMs], ['halted', null]);
    assert.match(layer?.reason ?? '', /no checkpoint was sound/);
  });

  it('which ends no flatten, whatever state it left', () => {
    for (const state of ['reducing', 'halted'] as const)
      for (const clears_at_ms of [null, T0 + 60_000]) {
        const { layer } = haltedOver({ clears_at_ms, flatten: true, state });
        assert.deepEqual([layer?.state, layer?.clearsAtMs, layer?.isFlattening], ['halted', null, true]);
        assert.equal(layer?.flattensUntilMs, clears_at_ms, 'the end that an operator gave it stays');
      }
  });

  it('which begins none again that ended when the time was over that an operator gave it', () => {
    for (const state of ['reducing', 'halted'] as const) {
      const { layer } = haltedOver({ clears_at_ms: T0 + 60_000, flatten: true, state }, T0 + 60_000);
      assert.deepEqual([layer?.state, layer?.clearsAtMs, layer?.isFlattening], ['halted', null, false]);
    }
  });

  it('once: a halt that only an operator clears stands as it is', () => {
    const { layer, records } = haltedOver({});
    assert.deepEqual([records, layer?.reason], [0, 'by hand']);
  });
});

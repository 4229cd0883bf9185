import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { GateEvent } from '../../daemon/engine/records/events.ts';
import { GateState } from '../../daemon/engine/state/gate-state.ts';
import { upcast } from '../../daemon/engine/state/upcast.ts';
import { MemoryStorage } from '../../daemon/ledger/disk/memory-storage.ts';
import { openLedger } from '../../daemon/ledger/ledger.ts';
import { Beliefs, heldIn } from '../../scripts/explore/lots/beliefs.ts';
import { FollowedLots } from '../../scripts/explore/lots/followed-lots.ts';
import { LEDGER_FORMS, restoreLedger } from '../fixtures/ledgers.ts';
import { ledgerOptions } from '../ledger/temp-ledger.ts';

for (const form of LEDGER_FORMS)
  test(`the lot book of a ledger of ${form} holds what the gate's views hold, after each record`, (t) => {
    const storage = new MemoryStorage(restoreLedger(form));
    const ledger = openLedger(ledgerOptions('', { storage }));
    t.after(() => {
      ledger.close();
      storage.close();
    });
    const state = new GateState();
    const beliefs = new Beliefs();
    const held = heldIn(state);
    const followed = new FollowedLots();
    let compared = 0;
    for (const stored of ledger.iterateEvents()) {
      if (stored.kind === 'genesis') continue;
      const event = stored as unknown as GateEvent;
      // Records of before are counted in the steps that were on record then.
      const present = upcast(state, event);
      state.apply(event);
      beliefs.note(present, state, held);
      const noted = beliefs.of(present);
      assert.deepEqual(
        followed.follow(present, noted, () => 0),
        [],
        `record ${event.seq}`,
      );
      compared += noted.filter(({ held }) => held !== 0).length;
    }
    assert.ok(compared > 0, 'nothing was held');
  });

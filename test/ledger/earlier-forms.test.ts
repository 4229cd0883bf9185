import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { auditorOf } from '../../daemon/boot/ledger/audit-span.ts';
import { canonicalJson } from '../../daemon/core/canonical-json.ts';
import { CORE_VERSION } from '../../daemon/core/core-version.ts';
import type { DecisionEvent } from '../../daemon/engine/records/decisions.ts';
import { MemoryStorage } from '../../daemon/ledger/disk/memory-storage.ts';
import { openLedger } from '../../daemon/ledger/ledger.ts';
import type { LedgerReader } from '../../daemon/ledger/types.ts';
import { verifyLedger } from '../../daemon/ledger/verify/verify.ts';
import { DaemonWorld } from '../daemon/harness.ts';
import { LEDGER_FORMS, restoreLedger } from '../fixtures/ledgers.ts';
import type { Cleanups } from '../temp-folder.ts';
import { ledgerOptions } from './temp-ledger.ts';

function open(t: Cleanups, form: (typeof LEDGER_FORMS)[number]): LedgerReader {
  const storage = new MemoryStorage(restoreLedger(form));
  const ledger = openLedger(ledgerOptions('', { storage }));
  t.after(() => {
    ledger.close();
    storage.close();
  });
  return ledger;
}
const decisionsOf = (ledger: LedgerReader): readonly DecisionEvent[] =>
  [...ledger.iterateEvents({ kind: 'decision' })].map(({ payload }) => payload as DecisionEvent);

for (const form of LEDGER_FORMS)
  describe(`a ledger of ${form}`, () => {
    test('verifies: chain, fold, look-ups, and what this version of the core decided [SAE-AUDIT] [LE-116 LE-120]', (t) => {
      const ledger = open(t, form);
      const auditor = auditorOf(ledger);
      const result = verifyLedger(ledger, auditor);
      assert.ok(result.ok, JSON.stringify(result));
      assert.equal(result.decisions, 14);
      const others = decisionsOf(ledger).filter(({ decision }) => (decision.core_version ?? null) !== CORE_VERSION);
      const counted = auditor.elsewhere.reduce((sum, { decisions }) => sum + decisions, 0);
      assert.ok(counted <= others.length, `${counted} of ${others.length} are derived elsewhere`);
      if (form !== 'form-1') assert.equal(counted, others.length);
    });

    test('starts a daemon, which holds what it planned and tells what it decided [AN-55]', async (t) => {
      const ledger = open(t, form);
      const world = await DaemonWorld.of(t);
      await world.putBackLedger(restoreLedger(form));
      await world.startAgain();
      const { gate } = world.daemon;
      const operator = { role: 'operator', agent: 'operator', tokenId: 'o', skillSha256: null } as const;
      for (const { decision, orders, parent_decision_id: parent } of decisionsOf(ledger)) {
        const reported = gate.getDecision(operator, decision.decision_id);
        assert.equal(canonicalJson(reported?.decision.effective), canonicalJson(decision.effective));
        assert.equal(reported?.decision.core_version, decision.core_version ?? null);
        const isHere = decision.verdicts !== undefined || decision.core_version === CORE_VERSION;
        assert.equal(reported?.decision.verdicts !== null, isHere, decision.decision_id);
        if (parent === null && orders.length > 0)
          assert.equal(reported?.execution.orders.length, orders.length, decision.decision_id);
      }
    });

    test('answers a request id again with the decision that it got', async (t) => {
      const ledger = open(t, form);
      const world = await DaemonWorld.of(t);
      await world.putBackLedger(restoreLedger(form));
      await world.startAgain();
      const event = decisionsOf(ledger).find(({ request }) => request.request_id === 'r-1');
      assert.ok(event !== undefined);
      const outcome = await world.daemon.gate.runTool(
        { role: 'agent', agent: 'agent', tokenId: 'a', skillSha256: null },
        {
          tool: 'place_order',
          args: {
            symbol: 'BTCUSDT',
            intent: 'open',
            side: 'buy',
            requested_notional: 120,
            requested_leverage: 1,
            order_type: 'market',
            max_slippage_bps: 20,
            strategy_id: 'demo',
            request_id: 'r-1',
            rationale: 'trend',
          },
        },
      );
      assert.equal(outcome.kind, 'decided', JSON.stringify(outcome));
      const text = (outcome as { readonly text: string }).text;
      const { decision } = JSON.parse(text) as { readonly decision: { readonly decision_id: string } };
      assert.equal(decision.decision_id, event.decision.decision_id);
    });
  });

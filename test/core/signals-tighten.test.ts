import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SIGNAL_KINDS } from '../../daemon/core/policy.ts';
import { forAll } from '../for-all.ts';
import { cases } from './decide-cases.ts';
import { type Case, codesOf, decideCase, hasAmpleBrackets } from './decision-fixture.ts';

const withSignals = (drawn: Case, signals: Case['context']['trust']['signals']): Case => ({
  ...drawn,
  context: { ...drawn.context, trust: { ...drawn.context.trust, signals } },
});
const lotsOf = ({ effective }: ReturnType<typeof decideCase>): number =>
  effective?.action === 'open' ? effective.lots : 0;

test('SAE-TRUST: signals permit no lot and no leverage more than without them, and leave exits as they are [TM-23 TM-27]', () => {
  const seen = { tighter: 0, same: 0, exits: 0 };
  forAll(
    [cases, fc.subarray([...SIGNAL_KINDS], { minLength: 1 })],
    { seed: 29, numRuns: 2500, includeErrorInReport: true },
    (drawn, signals) => {
      const [free, held] = [decideCase(withSignals(drawn, [])), decideCase(withSignals(drawn, signals))];
      if (free.effective?.action === 'exit' || free.effective?.action === 'cancel') {
        seen.exits += 1;
        const of = ({ decision, effective, reasons }: typeof held) => ({ decision, effective, reasons });
        assert.deepEqual(of(held), of(free));
        return;
      }
      if (!hasAmpleBrackets(drawn)) return;
      assert.ok(free.decision !== 'BLOCK' || held.decision === 'BLOCK', codesOf(free).join());
      // A nearer price bound values a lot at less, so one more may fit into the notional that was requested.
      const isNearer = (held.effective?.max_slippage_bps ?? 0) < (free.effective?.max_slippage_bps ?? 0);
      if (isNearer && drawn.context.slice_lots === null && drawn.request.quantity === null)
        assert.ok((held.effective?.notional ?? 0) <= (drawn.request.requested_notional ?? 0) + 1e-9);
      else assert.ok(lotsOf(held) <= lotsOf(free));
      assert.ok((held.effective?.leverage ?? 0) <= (free.effective?.leverage ?? 0) || free.effective === null);
      seen[lotsOf(held) < lotsOf(free) ? 'tighter' : 'same'] += 1;
    },
  );
  for (const [what, times] of Object.entries(seen)) assert.ok(times > 50, `${what}: ${times}`);
});

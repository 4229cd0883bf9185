import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { applyFill, createPosition } from '../../../daemon/gate/state/positions.ts';

test('an exit of the operator, a stop and a cut are split over the shares in proportion, in whole lots', () => {
  const holdings = fc.dictionary(fc.constantFrom('alice', 'bob', 'carol', 'dave'), fc.integer({ min: 1, max: 50 }));
  fc.assert(
    fc.property(holdings, fc.integer({ min: 1, max: 200 }), fc.boolean(), (held, lots, isShort) => {
      const position = createPosition('BTCUSDT');
      const [open, close] = isShort ? (['sell', 'buy'] as const) : (['buy', 'sell'] as const);
      for (const [agent, share] of Object.entries(held)) applyFill(position, open, share, agent, 60_000, 1);
      const total = Object.values(held).reduce((sum, share) => sum + share, 0);
      const closed = Math.min(lots, total);
      if (closed > 0) applyFill(position, close, closed, null, 60_000, 2, true);
      let left = 0;
      for (const [agent, share] of Object.entries(held)) {
        const now = Math.abs(position.shares.get(agent) ?? 0);
        left += now;
        assert.ok(Math.abs(share - now - (closed * share) / total) < 1, `${agent} lost ${share - now} of ${share}`);
      }
      assert.equal(left, total - closed);
    }),
    { seed: 7 },
  );
});

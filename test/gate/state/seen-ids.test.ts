import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { SeenIds } from '../../../daemon/gate/state/seen-ids.ts';

const KEEP_MS = 100;
const step = fc.record({
  scope: fc.constantFrom('BTCUSDT', 'ETHUSDT'),
  id: fc.integer({ min: 0, max: 30 }),
  atMs: fc.integer({ min: 0, max: 600 }),
});

describe('ids that were seen', () => {
  it('are forgotten in the order of their coming, once they are older than what is kept, and never before', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const seen = new SeenIds(KEEP_MS);
        const kept = new Map<string, [id: string, atMs: number][]>();
        const newest = new Map<string, number>();
        for (const { scope, id: number, atMs } of steps) {
          const id = `${number}`;
          const known = kept.get(scope) ?? [];
          kept.set(scope, known);
          const isNew = !known.some(([other]) => other === id);
          assert.equal(seen.add(scope, id, atMs), isNew, `${scope} ${id} at ${atMs}`);
          if (!isNew) continue;
          known.push([id, atMs]);
          newest.set(scope, Math.max(newest.get(scope) ?? atMs, atMs));
          while (known.length > 0 && known[0]![1] < newest.get(scope)! - KEEP_MS) known.shift();
          for (let other = 0; other <= 30; other++)
            assert.equal(
              seen.has(scope, `${other}`),
              known.some(([each]) => each === `${other}`),
              `${scope} ${other}`,
            );
        }
      }),
      { numRuns: 200, seed: 1 },
    );
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { SeenIds } from '../../../daemon/engine/kept/collections.ts';
import { forAll } from '../../for-all.ts';
import { reread, textOf } from '../text-of.ts';

const KEEP_MS = 100;
const step = fc.record({
  scope: fc.constantFrom('BTCUSDT', 'ETHUSDT'),
  id: fc.integer({ min: 0, max: 30 }),
  atMs: fc.integer({ min: 0, max: 600 }),
});
const readBack = (seen: SeenIds): SeenIds => reread(textOf(seen), new SeenIds(0));

describe('ids that were seen', () => {
  it('are forgotten in the order of their coming, once they are older than what is kept, and never before', () => {
    forAll([fc.array(step, { maxLength: 80 })], { numRuns: 200, seed: 1 }, (steps) => {
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
    });
  });

  it('are forgotten so where there are hundreds of them, also when they were read back and the clock was set back', () => {
    const many = fc.record({ id: fc.integer({ min: 0, max: 400 }), laterMs: fc.integer({ min: -3, max: 4 }) });
    const events = fc.array(many, { minLength: 300, maxLength: 600, size: 'max' });
    forAll(
      [events, fc.integer({ min: 0, max: 150 })],
      { numRuns: 30, seed: 2, endOnFailure: true },
      (steps, keepLast) => {
        let seen = new SeenIds(KEEP_MS, keepLast);
        let kept: { readonly id: string; readonly atMs: number }[] = [];
        let newestMs = Number.NEGATIVE_INFINITY;
        let atMs = 0;
        for (const [i, { id: number, laterMs }] of steps.entries()) {
          const id = `t-${number}`;
          atMs += laterMs;
          const isNew = !kept.some((one) => one.id === id);
          assert.equal(seen.add('BTCUSDT', id, atMs), isNew, `${id} at ${atMs}`);
          if (isNew) {
            kept.push({ id, atMs });
            newestMs = Math.max(newestMs, atMs);
            while (kept.length > keepLast && kept[0]!.atMs < newestMs - KEEP_MS) kept.shift();
          }
          if (i % 50 === 17) seen = readBack(seen);
          if (i === 250) {
            atMs -= 20;
            const nowMs = atMs;
            seen.setBack(nowMs);
            kept = kept.map((one) => ({ ...one, atMs: Math.min(one.atMs, nowMs) }));
            newestMs = Math.min(newestMs, nowMs);
          }
          assert.equal(seen.keptSinceMs('BTCUSDT'), newestMs - KEEP_MS);
          for (let other = i % 13; other <= 400; other += 13)
            assert.equal(
              seen.has('BTCUSDT', `t-${other}`),
              kept.some((one) => one.id === `t-${other}`),
              `t-${other} after ${i}`,
            );
        }
      },
    );
  });
});

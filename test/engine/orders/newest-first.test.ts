import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { newestFirst } from '../../../daemon/engine/orders/orders.ts';
import { clientOrderId } from '../../../daemon/engine/plan/orders.ts';
import { forAll } from '../../for-all.ts';

const GENESIS = 'fbf717aa';
const places = fc.record({
  epoch: fc.constantFrom<number | null>(null, 1_740_960_600, 1_740_960_601),
  seq: fc.oneof(fc.integer({ min: 1, max: 5_000 }), fc.constantFrom(9, 10, 35, 36, 37, 1_295, 1_296)),
  slice: fc.integer({ min: 0, max: 40 }),
  attempt: fc.integer({ min: 0, max: 40 }),
  plannedAtMs: fc.constantFrom<number>(1, 2),
});

test('newest first: orders of one millisecond stand in the order of their records, whatever the length of their ids', () => {
  forAll(
    [fc.array(places, { maxLength: 12 })],
    {
      numRuns: 2_000,
      seed: 66,
      examples: [[[9, 10, 35, 36].map((seq) => ({ epoch: null, seq, slice: 0, attempt: 0, plannedAtMs: 1 }))]],
    },
    (drawn) => {
      const orders = drawn.map(({ epoch, seq, slice, attempt, plannedAtMs }) => ({
        plannedAtMs,
        clientOrderId: clientOrderId({ genesisId: GENESIS, epoch }, seq, slice, attempt),
        place: [plannedAtMs, epoch ?? 0, seq, slice, attempt],
      }));
      const byPlace = orders.toSorted((a, b) => {
        const at = a.place.findIndex((part, index) => part !== b.place[index]);
        return at === -1 ? 0 : (b.place[at] ?? 0) - (a.place[at] ?? 0);
      });
      assert.deepEqual(orders.toSorted(newestFirst), byPlace);
    },
  );
});

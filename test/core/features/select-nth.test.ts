import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { insertInOrder, selectNth } from '../../../daemon/core/features/order-statistic.ts';
import { forAll } from '../../for-all.ts';

const values = fc.array(
  fc.oneof(fc.integer({ min: 0, max: 5 }), fc.double({ noNaN: true }), fc.constant(Number.POSITIVE_INFINITY)),
  { minLength: 1, maxLength: 300 },
);

test('selects what a sort would put there, whatever the order and however many are equal', () => {
  forAll([values, fc.nat()], { seed: 62 }, (list, any) => {
    const nth = any % list.length;
    // What lies beyond the count is room of its caller's.
    const room = Float64Array.from([...list, -1, -2, -3]);
    const sorted = [...list].sort((a, b) => a - b);
    assert.equal(selectNth(room, list.length, nth) === sorted[nth], true);
    assert.deepEqual([...room.slice(list.length)], [-1, -2, -3]);
    assert.deepEqual(
      [...room.slice(0, list.length)].sort((a, b) => a - b).map((value) => value + 0),
      sorted.map((value) => value + 0),
      'the values are the same',
    );
  });
});

test('inserts as a stable sort would order, equals in the order of their coming', () => {
  forAll([fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 200 })], { seed: 63 }, (keys) => {
    const entries = keys.map((key, place) => ({ key, place }));
    const compare = (a: { readonly key: number }, b: { readonly key: number }): number => a.key - b.key;
    const inserted: { readonly key: number; readonly place: number }[] = [];
    for (const entry of entries) insertInOrder(inserted, entry, compare);
    assert.deepEqual(inserted, entries.sort(compare));
  });
});

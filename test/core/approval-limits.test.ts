import assert from 'node:assert/strict';
import { test } from 'node:test';
import { codesOf, decideWith } from './decision-fixture.ts';
import { NO_APPROVAL } from './table-approval.ts';

test('three approvals of one agent wait at most: a further order asks nobody [AP-13 AP-14]', () => {
  const policy = { approvals: { when: [{}], window_ms: 3_600_000, expiry_ms: 300_000 } };
  const with_ = (count: number) =>
    decideWith({ policy, context: { approval: { ...NO_APPROVAL, pending_count: count } } });
  assert.deepEqual(codesOf(with_(2)), ['APPROVAL_REQUIRED']);
  assert.ok(with_(2).approval != null, 'a third may wait');
  const fourth = with_(3);
  assert.deepEqual(codesOf(fourth), ['APPROVAL_REQUIRED']);
  assert.ok(fourth.approval == null);
  assert.deepEqual([fourth.reasons[0]?.observed, fourth.reasons[0]?.unit], [3, 'pending']);
});

test('a later slice of an approved order keeps the price that was approved [AN-19 AP-37]', () => {
  const slice = (ticks: number | null) =>
    decideWith({ context: { phase: 'slice', slice_lots: 5, approval: { ...NO_APPROVAL, order_price_ticks: ticks } } })
      .effective;
  const free = slice(null);
  const held = slice(600_100);
  assert.ok(free !== null && 'price_ticks' in free && held !== null && 'price_ticks' in held);
  assert.ok((free.price_ticks ?? 0) > 600_100, 'without one it would pay more');
  assert.equal(held.price_ticks, 600_100);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { marginRatio } from '../../../daemon/engine/feeds/account-reading.ts';
import type { AccountSnapshot } from '../../../daemon/engine/records/venue.ts';

type Position = AccountSnapshot['positions'][number];

/** An account of 10,000 USDT with a maintenance margin of 1,000. */
function ratioOf(...positions: readonly Partial<Position>[]): number {
  const account = { marginBalanceUsdt: 10_000, maintenanceMarginUsdt: 1_000, positions };
  return marginRatio(account as unknown as AccountSnapshot);
}
const isolated = (margin: number, maintenance: number): Partial<Position> => ({
  isolatedMarginUsdt: margin,
  maintenanceMarginUsdt: maintenance,
});

test('the margin ratio is maintenance margin over margin balance, and of isolated positions the worst one [AN-98 PK-110]', () => {
  assert.equal(ratioOf(), 0.1);
  assert.equal(ratioOf({ isolatedMarginUsdt: null, maintenanceMarginUsdt: 900 }), 0.1);
  assert.equal(ratioOf(isolated(100, 30), isolated(100, 60), isolated(100, 20)), 0.6);
  assert.equal(ratioOf(isolated(100, 5)), 0.1, 'the account itself may be the worst');
  assert.equal(ratioOf(isolated(0, 5)), 1, 'nothing is left of it');
});

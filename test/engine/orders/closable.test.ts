import assert from 'node:assert/strict';
import { test } from 'node:test';
import { closableE8, ownE8 } from '../../../daemon/engine/orders/holding.ts';
import { liveOrders } from '../../../daemon/engine/orders/orders.ts';
import { inLots, T0 } from '../fold-fixture.ts';
import { FoldedClaims } from '../folded-claims.ts';

test('the holder may close what its fills opened, and no lots of a person, while a fill of it is in doubt [DESIGN 12.1]', () => {
  const book = new FoldedClaims();
  book.hold(10);
  book.open('o-1', 10, { rests: true });
  book.report('o-1', 'working', 0);
  // Five of the opening fill at 1,000, and a person buys 8: more than the opening explains.
  book.read(23, T0 + 1_500, T0 + 1_000);
  book.report('o-1', 'partially_filled', 5, T0 + 1_530, { venue_at_ms: T0 + 1_000 });
  assert.equal(inLots(ownE8(book.position)), 15);
  assert.equal(inLots(closableE8(book.position, liveOrders(book.state.orders, 'BTCUSDT'))), 15);
});

test('of an opening whose answer is lost it may close what a reading shows, not what an exit has closed of that [DESIGN 12.1]', () => {
  const book = new FoldedClaims();
  book.open('o-1', 10);
  book.open('o-2', 5, { rests: true });
  book.report('o-1', 'unknown', 0);
  // All of the first fills, nothing of the second, and an exit closes four before any report tells of the first.
  book.read(10, T0 + 1_000);
  book.exit('x-1', 4, { isWhole: false });
  book.report('x-1', 'filled', 4);
  const { disputedE8, quantityE8 } = book.position;
  assert.deepEqual([inLots(quantityE8), inLots(disputedE8 ?? 0)], [-4, 6]);
  assert.equal(inLots(closableE8(book.position, liveOrders(book.state.orders, 'BTCUSDT'))), 6);
});

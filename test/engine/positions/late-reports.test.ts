import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isBesideNobodys, ownE8 } from '../../../daemon/engine/orders/holding.ts';
import { liveOrders } from '../../../daemon/engine/orders/orders.ts';
import { longE8 } from '../../../daemon/engine/positions/positions.ts';
import { inLots, T0, tradeEvent } from '../fold-fixture.ts';
import { FoldedClaims } from '../folded-claims.ts';

const lotsOf = ({ position }: FoldedClaims): readonly [number, number] => [
  inLots(ownE8(position)),
  inLots(position.quantityE8 - ownE8(position)),
];

test('an opening and an exit that fill between two readings, and are reported behind the second, stay the holder’s', () => {
  const book = new FoldedClaims();
  book.hold(10);
  book.open('o-1', 5, { rests: true });
  book.report('o-1', 'working', 0);
  book.takeProfit('t-1', 4);
  book.report('t-1', 'working', 0);
  book.read(10, T0 + 10, T0);
  // Four of the opening fill at 1,000, and the exit of four at 1,400: by its date, and by its lots, the reading agrees.
  book.read(10, T0 + 1_500, T0 + 1_400);
  book.report('o-1', 'partially_filled', 4, T0 + 1_520, { venue_at_ms: T0 + 1_000 });
  book.report('t-1', 'filled', 4, T0 + 1_530, { venue_at_ms: T0 + 1_400 });
  book.ledger.append(tradeEvent('1', 'o-1', T0 + 1_600, { lots: 4, at_venue_ms: T0 + 1_000 } as never));
  book.ledger.append(tradeEvent('2', 't-1', T0 + 1_600, { lots: 4, side: 'sell', at_venue_ms: T0 + 1_400 } as never));
  const beside = isBesideNobodys(book.position, liveOrders(book.state.orders, 'BTCUSDT'));
  assert.ok(inLots(longE8(book.position)) >= 10);
  // The last one fills.
  book.report('o-1', 'filled', 5, T0 + 1_900, { venue_at_ms: T0 + 1_800 });
  book.ledger.append(tradeEvent('3', 'o-1', T0 + 1_950, { lots: 1, at_venue_ms: T0 + 1_800 } as never));
  for (let n = 1; n <= 40; n += 1) book.read(11, T0 + 1_500 + n * 2_000, T0 + 1_800);
  assert.deepEqual([beside, lotsOf(book)], [false, [11, 0]]);
});

test('an exit and an opening that fill between two readings make nothing nobody’s: what rests stays', () => {
  const book = new FoldedClaims();
  book.hold(10);
  book.open('o-1', 4, { rests: true });
  book.report('o-1', 'working', 0);
  book.takeProfit('t-1', 4);
  book.report('t-1', 'working', 0);
  book.read(10, T0 + 10, T0);
  // The exit fills at 1,000, the opening at 1,400.
  book.read(10, T0 + 1_500, T0 + 1_400);
  book.report('t-1', 'filled', 4, T0 + 1_520, { venue_at_ms: T0 + 1_000 });
  assert.equal(isBesideNobodys(book.position, liveOrders(book.state.orders, 'BTCUSDT')), false);
  book.report('o-1', 'filled', 4, T0 + 1_530, { venue_at_ms: T0 + 1_400 });
  assert.deepEqual(lotsOf(book), [10, 0]);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ownE8 } from '../../../daemon/engine/orders/holding.ts';
import { longE8, shortE8 } from '../../../daemon/engine/positions/positions.ts';
import { asListed, inLots, T0, tradeEvent } from '../fold-fixture.ts';
import { FoldedClaims } from '../folded-claims.ts';

const lotsOf = ({ position }: FoldedClaims): readonly [number, number] => [
  inLots(ownE8(position)),
  inLots(position.quantityE8 - ownE8(position)),
];
type Trips = { open: Map<string, Map<string, { lots: number }>>; closed: Map<string, unknown[]> };
const tripsOf = ({ state }: FoldedClaims): Trips => state.trades as unknown as Trips;
const sale = (lots: number) => ({ lots, price: 50_000, side: 'sell' }) as const;

test('a liquidation ends the holder’s round trips: else its losses never count, and what it opens next closes what is long gone', () => {
  const book = new FoldedClaims();
  book.hold(10);
  book.read(10, T0 + 10, T0);
  assert.equal(inLots(tripsOf(book).open.get('alice')?.get('BTCUSDT')?.lots ?? 0), 10);
  book.ledger.append(tradeEvent('t', 'autoclose-17', T0 + 15, sale(10)));
  book.read(0, T0 + 2_000);
  book.read(0, T0 + 20_000);
  assert.deepEqual(lotsOf(book), [0, 0]);
  assert.equal(tripsOf(book).open.get('alice')?.get('BTCUSDT'), undefined, 'the round trip is still open');
  assert.equal(tripsOf(book).closed.get('alice')?.length, 1);
});

test('the first listing of a liquidation’s order says what it had filled: its trades take the holder’s lots all the same [EX-11]', () => {
  const book = new FoldedClaims();
  book.hold(10);
  book.read(15, T0 + 10);
  assert.deepEqual(lotsOf(book), [10, 5]);
  const foreign = { ...asListed(5, 500_000), reduce_only: true, side: 'sell' as const };
  book.report('autoclose-17', 'partially_filled', 3, T0 + 16, { foreign });
  book.ledger.append(tradeEvent('t', 'autoclose-17', T0 + 15, sale(3)));
  for (const ms of [2_000, 8_000, 14_000]) book.read(12, T0 + ms, T0 + 15);
  assert.deepEqual(lotsOf(book), [7, 5]);
});

test('a liquidation whose order is listed first, reported and traded counts once, out of the holder’s', () => {
  const book = new FoldedClaims();
  book.hold(10);
  book.read(15, T0 + 10);
  const foreign = { ...asListed(8, 500_000), reduce_only: true, side: 'sell' as const };
  book.report('autoclose-17', 'working', 0, T0 + 16, { foreign });
  book.report('autoclose-17', 'filled', 8, T0 + 17);
  book.ledger.append(tradeEvent('t', 'autoclose-17', T0 + 17, sale(8)));
  for (const ms of [2_000, 8_000, 14_000]) book.read(7, T0 + ms, T0 + 17);
  assert.deepEqual(lotsOf(book), [2, 5]);
});

test('a liquidation closes what is held, and no more: what a person had beside it was not known', () => {
  const book = new FoldedClaims();
  book.hold(10);
  book.read(10, T0 + 10, T0);
  // A person buys 5; all 15 are liquidated before the next reading.
  book.ledger.append(tradeEvent('t', 'autoclose-17', T0 + 15, { lots: 15, price: 50_000, side: 'sell' }));
  const { position } = book;
  assert.deepEqual([inLots(longE8(position)), inLots(shortE8(position)), inLots(ownE8(position))], [0, 0, 0]);
});

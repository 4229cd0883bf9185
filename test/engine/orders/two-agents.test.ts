import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ownE8 } from '../../../daemon/engine/orders/holding.ts';
import { inLots, T0, tradeEvent } from '../fold-fixture.ts';
import { FoldedClaims } from '../folded-claims.ts';

/** Lots of the holder, and of nobody. */
const lotsOf = ({ position }: FoldedClaims): readonly [number, number] => [
  inLots(ownE8(position)),
  inLots(position.quantityE8 - ownE8(position)),
];
/** Bob holds the symbol with 10 lots; 5 beside them are of a late fill of alice's order that had counted as ended. */
function bobs(): FoldedClaims {
  const book = new FoldedClaims();
  book.open('a-1', 5, { agent: 'alice' });
  book.report('a-1', 'not_placed', 0);
  book.open('b-1', 10, { agent: 'bob' });
  book.report('b-1', 'filled', 10, T0 + 5);
  book.report('a-1', 'filled', 5, T0 + 6);
  assert.deepEqual([book.position.holder, lotsOf(book)], ['bob', [10, 5]]);
  return book;
}
test('hand sales come out of nobody’s lots first [DESIGN 12.1, EX-11]', () => {
  const book = bobs();
  book.read(10, T0 + 20);
  assert.deepEqual(lotsOf(book), [10, 0]);
});
/** The same, told late of before bob's. */
function afterAlice(): FoldedClaims {
  const book = new FoldedClaims();
  book.open('a-1', 5, { agent: 'alice' });
  book.report('a-1', 'not_placed', 0);
  book.open('b-1', 10, { agent: 'bob' });
  book.report('b-1', 'filled', 10, T0 + 5);
  book.report('a-1', 'filled', 5, T0 + 4);
  assert.deepEqual([book.position.holder, lotsOf(book)], ['bob', [10, 5]]);
  return book;
}
test('a cut takes the holder’s lots first [EX-62]', () => {
  const book = afterAlice();
  book.exit('x-1', 2, { origin: 'gate', cause: 'cut' as never, atMs: T0 + 80_000, isWhole: false });
  book.report('x-1', 'filled', 2, T0 + 80_001);
  assert.deepEqual(lotsOf(book), [8, 5]);
});
test('a liquidation takes the holder’s lots [EX-11]', () => {
  const book = afterAlice();
  book.ledger.append(tradeEvent('t', 'autoclose-17', T0 + 80_001, { lots: 2, price: 50_000, side: 'sell' }));
  book.read(13, T0 + 80_010, T0 + 80_001);
  assert.deepEqual(lotsOf(book), [8, 5]);
});

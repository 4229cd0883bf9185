import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inLots, T0, tradeEvent } from '../fold-fixture.ts';
import { FoldedClaims } from '../folded-claims.ts';

const MINUTE = 60_000;
/** So many fills of alice's, a minute apart, each with its trade. */
function fillOn(book: FoldedClaims, count: number): void {
  for (let n = 1; n <= count; n += 1) {
    const atMs = T0 + n * MINUTE;
    book.open(`o-${n}`, 1, { atMs });
    book.report(`o-${n}`, 'filled', 1, atMs + 1);
    book.ledger.append(tradeEvent(String(n), `o-${n}`, atMs + 1, { lots: 1 }));
    book.read(inLots(book.position.quantityE8), atMs + 500, atMs + 1);
  }
}
const entriesOf = ({ position }: FoldedClaims): number => position.book.entries.length;

test('all is summed up after ten minutes [docs/evidence/engine.md, step 3]', () => {
  const book = new FoldedClaims();
  fillOn(book, 60);
  assert.ok(entriesOf(book) <= 24, `${entriesOf(book)}`);
});
test('also where a person’s order filled: no trade of it is ever read', () => {
  const book = new FoldedClaims();
  book.list('web-1', 5);
  book.report('web-1', 'filled', 5, T0 + 1);
  book.ledger.append(tradeEvent('99999', null, T0 + 1, { lots: 5 }));
  fillOn(book, 60);
  assert.ok(entriesOf(book) <= 24, `${entriesOf(book)}`);
});
test('also where a trade was read before its order’s report', () => {
  const book = new FoldedClaims();
  book.open('o-0', 1);
  book.ledger.append(tradeEvent('0', 'o-0', T0 + 1, { lots: 1 }));
  book.report('o-0', 'filled', 1, T0 + 2);
  fillOn(book, 60);
  assert.ok(entriesOf(book) <= 24, `${entriesOf(book)}`);
});

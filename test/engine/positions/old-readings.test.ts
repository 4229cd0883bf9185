import assert from 'node:assert/strict';
import { test } from 'node:test';
import { closableE8, lackingE8, ownE8 } from '../../../daemon/engine/orders/holding.ts';
import { liveOrders } from '../../../daemon/engine/orders/orders.ts';
import { isSettled, longE8, shortE8, surelyHeldE8 } from '../../../daemon/engine/positions/positions.ts';
import { toProtectE8 } from '../../../daemon/engine/positions/snapshot.ts';
import { inLots, T0, tradeEvent } from '../fold-fixture.ts';
import { FoldedClaims } from '../folded-claims.ts';

/** Alice holds 10 beside an opening of 5 that rests. */
function resting(): FoldedClaims {
  const book = new FoldedClaims();
  book.hold(10);
  book.open('o-1', 5, { rests: true });
  book.report('o-1', 'working', 0);
  return book;
}

test('a liquidation that a believed reading shows leaves nothing in doubt once its trade is read', () => {
  const book = new FoldedClaims();
  book.hold(10);
  book.read(10, T0 + 1_000, T0);
  book.read(5, T0 + 2_300, T0 + 2_000);
  const trade = tradeEvent('7', 'autoclose-17', T0 + 2_400, { lots: 5, price: 50_000, side: 'sell' });
  book.ledger.append({ ...trade, payload: { ...trade.payload, at_venue_ms: T0 + 2_000 } });
  const { position } = book;
  assert.deepEqual([inLots(ownE8(position)), inLots(surelyHeldE8(position)), isSettled(position)], [5, 5, true]);
});

test('a reading that is disputed stays so, whatever is in doubt of before it [TM-45]', () => {
  for (const shown of [8, -20]) {
    const book = resting();
    book.read(20, T0 + 1_100, T0 + 1_000);
    book.exit('x-1', 4, { atMs: T0 + 1_200, isWhole: false });
    // The exit on its way forbids to believe it yet.
    book.read(shown, T0 + 1_400, T0 + 1_350);
    book.report('o-1', 'filled', 5, T0 + 1_500, { venue_at_ms: T0 + 1_000 });
    const { position } = book;
    assert.equal(inLots(longE8(position)), 25, 'it may have filled behind the reading of its millisecond');
    assert.equal(inLots(shortE8(position)), Math.max(0, -shown));
    assert.equal(inLots(surelyHeldE8(position)), Math.max(0, shown));
    assert.ok(lackingE8(position, 'sell') > 0);
  }
});

test('a venue that goes on telling what was is not believed, and the worse of both counts [TM-45]', () => {
  const book = new FoldedClaims();
  book.hold(10);
  book.read(10, T0 + 1_000, T0);
  book.open('o-1', 90, { atMs: T0 + 2_000 });
  book.report('o-1', 'filled', 90, T0 + 2_100, { venue_at_ms: T0 + 2_100 });
  for (let n = 1; n <= 30; n += 1) {
    book.read(10, T0 + 2_000 + n * 2_000, T0);
    const { position } = book;
    assert.equal(inLots(longE8(position)), 100);
    assert.equal(inLots(surelyHeldE8(position)), 10);
  }
  // Nor where it does not say since when.
  book.read(10, T0 + 64_000, 0);
  assert.equal(inLots(longE8(book.position)), 100);
  const closed = new FoldedClaims();
  closed.hold(10);
  closed.read(10, T0 + 1_000, T0);
  closed.exit('x-1', 10, { atMs: T0 + 2_000 });
  closed.report('x-1', 'filled', 10, T0 + 2_100, { venue_at_ms: T0 + 2_100 });
  const longs: (number | null)[] = [];
  for (let n = 1; n <= 10; n += 1) {
    closed.read(10, T0 + 2_000 + n * 2_000, T0);
    longs.push(inLots(longE8(closed.position)));
  }
  assert.deepEqual(longs, [0, 0, 0, 0, 0, 10, 10, 10, 10, 10], 'none lags for ten seconds');
});

test('what was in doubt is believed at once where the next reading shows it [EX-28]', () => {
  const book = resting();
  book.read(10, T0 + 100, T0);
  // A person sells all but two at 2,000, which is believed; the opening fills in that millisecond, behind it.
  book.read(2, T0 + 2_005, T0 + 2_000);
  book.report('o-1', 'filled', 5, T0 + 2_030, { venue_at_ms: T0 + 2_000 });
  assert.deepEqual([inLots(book.position.quantityE8), inLots(longE8(book.position))], [2, 7]);
  book.read(7, T0 + 4_000, T0 + 2_000);
  const { position, state } = book;
  assert.equal(inLots(closableE8(position, liveOrders(state.orders, 'BTCUSDT'))), 7);
  assert.equal(inLots(toProtectE8(position, T0 + 4_040)), 7);
});

test('a fill that a trade dates before a believed reading is in doubt until the next one', () => {
  const book = resting();
  // A person buys two beside the opening of five.
  book.read(17, T0 + 1_100, T0 + 1_000);
  book.report('o-1', 'filled', 5, T0 + 1_500, { venue_at_ms: T0 + 1_500 });
  const { position } = book;
  assert.deepEqual([inLots(position.quantityE8), inLots(surelyHeldE8(position))], [22, 22]);
  book.ledger.append(tradeEvent('9', 'o-1', T0 + 900, { lots: 5 }));
  assert.deepEqual([inLots(position.quantityE8), inLots(longE8(position))], [17, 22], 'the reading has it');
  book.read(17, T0 + 3_100, T0 + 1_000);
  assert.deepEqual([inLots(longE8(position)), inLots(ownE8(position)), isSettled(position)], [17, 15, true]);
});

test('a symbol is not free while lots of its holder are in doubt [DESIGN 12.1]', () => {
  const book = resting();
  for (const second of [12, 18, 24]) book.read(0, T0 + second * 1_000);
  assert.deepEqual([book.position.quantityE8, book.position.holder], [0, 'alice'], 'the opening rests');
  book.report('o-1', 'filled', 5, T0 + 25_000, { venue_at_ms: T0 + 11_000 });
  assert.deepEqual([inLots(longE8(book.position)), book.position.holder], [5, 'alice']);
  book.read(0, T0 + 26_000);
  assert.deepEqual([longE8(book.position), book.position.holder], [0, null]);
});

test('a fill of an order that was decided after a believed reading leaves nothing in doubt, whatever its date', () => {
  for (const filledMs of [500, 1_000]) {
    const book = new FoldedClaims();
    book.hold(10);
    book.read(15, T0 + 1_100, T0 + 1_000);
    book.exit('x-1', 5, { atMs: T0 + 1_200, isWhole: false });
    book.report('x-1', 'filled', 5, T0 + 1_300, { venue_at_ms: T0 + filledMs });
    const { position } = book;
    assert.deepEqual([inLots(position.quantityE8), inLots(ownE8(position))], [10, 5]);
    assert.ok(isSettled(position));
  }
});

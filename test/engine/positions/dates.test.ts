import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isBesideNobodys, ownE8 } from '../../../daemon/engine/orders/holding.ts';
import { liveOrders } from '../../../daemon/engine/orders/orders.ts';
import { longE8 } from '../../../daemon/engine/positions/positions.ts';
import { decisionEvent, inLots, T0, tradeEvent } from '../fold-fixture.ts';
import { accountEvent, FoldedClaims } from '../folded-claims.ts';

const lotsOf = ({ position }: FoldedClaims): readonly [number, number] => [
  inLots(ownE8(position)),
  inLots(position.quantityE8 - ownE8(position)),
];
/** Asked for, answered and recorded; `changedMs`: as the venue dates the position. */
function read(book: FoldedClaims, lots: number, askedMs: number, heardMs: number, changedMs: number): void {
  const event = accountEvent(lots, T0 + askedMs, T0 + changedMs);
  book.ledger.append({ ...event, at_ms: T0 + heardMs });
}

test('a clock of the venue that is 60 ms ahead of ours: what a reading contains its own report does not move again', () => {
  const book = new FoldedClaims();
  book.hold(10);
  read(book, 10, 10, 20, 5);
  book.exit('x-1', 5, { atMs: T0 + 1_000, isWhole: false });
  // At 1,005 the exit fills and a person buys 8. Both are dated 1,065; the answer comes at 1,020, the report at 1,080.
  read(book, 13, 1_010, 1_020, 1_065);
  book.report('x-1', 'filled', 5, T0 + 1_080, { venue_at_ms: T0 + 1_065 });
  assert.ok(inLots(longE8(book.position)) >= 13, `13 are held: ${inLots(longE8(book.position))}`);
  for (const ms of [3_000, 9_000, 15_000]) read(book, 13, ms, ms + 10, 1_065);
  assert.deepEqual(lotsOf(book), [5, 8]);
});
test('the same of a liquidation: it is told by a reading and by its trade, and counts once', () => {
  const book = new FoldedClaims();
  book.hold(10);
  read(book, 10, 10, 20, 5);
  // At 1,005 five are liquidated: dated 1,065; the answer comes at 1,020.
  read(book, 5, 1_010, 1_020, 1_065);
  const trade = tradeEvent('t', 'autoclose-17', T0 + 1_100, { lots: 5, price: 50_000, side: 'sell' });
  book.ledger.append({ ...trade, payload: { ...trade.payload, at_venue_ms: T0 + 1_065 } });
  const atOnce = inLots(longE8(book.position));
  for (const ms of [3_000, 9_000, 15_000]) read(book, 5, ms, ms + 10, 1_065);
  assert.deepEqual([atOnce, lotsOf(book)], [5, [5, 0]]);
});
test('a rest of what an opening filled in doubt is its agent’s, once readings have settled it', () => {
  const book = new FoldedClaims();
  book.hold(10);
  read(book, 10, 10, 20, 5);
  book.open('o-1', 5, { atMs: T0 + 1_000 });
  // At 1,005 the opening fills and a person buys 3. Both are dated 1,065; the answer comes at 1,020, the report at 1,080.
  read(book, 18, 1_010, 1_020, 1_065);
  book.report('o-1', 'filled', 5, T0 + 1_080, { venue_at_ms: T0 + 1_065 });
  for (const ms of [3_000, 9_000, 15_000]) read(book, 18, ms, ms + 10, 1_065);
  assert.deepEqual([inLots(book.position.quantityE8), lotsOf(book)], [18, [15, 3]]);
});
test('a position that the venue dates ahead: what fills between an answer and its hearing is the holder’s', () => {
  const book = new FoldedClaims();
  book.hold(10);
  book.open('o-1', 7, { rests: true });
  book.report('o-1', 'working', 0, T0 + 5);
  // The venue's clock was an hour ahead when the ten were filled, and is right again: the row keeps that date.
  read(book, 10, 1_000, 1_020, 3_600_000);
  read(book, 10, 3_000, 3_020, 3_600_000);
  // Five fill at 3,010, after the answer was made, and are reported at 3,030; two more at 3,500.
  book.report('o-1', 'partially_filled', 5, T0 + 3_030, { venue_at_ms: T0 + 3_010 });
  const shown = inLots(longE8(book.position));
  book.report('o-1', 'filled', 7, T0 + 3_510, { venue_at_ms: T0 + 3_500 });
  for (const ms of [5_000, 11_000, 17_000, 23_000]) read(book, 17, ms, ms + 20, 3_500);
  assert.ok(shown >= 15);
  assert.deepEqual(lotsOf(book), [17, 0]);
});

test('a take-profit that fills between an answer and its hearing makes nothing nobody’s', () => {
  const book = new FoldedClaims();
  book.hold(10);
  book.takeProfit('t-1', 5);
  book.report('t-1', 'working', 0, T0 + 5);
  read(book, 10, 3_000, 3_020, 3_600_000);
  book.report('t-1', 'filled', 5, T0 + 3_030, { venue_at_ms: T0 + 3_010 });
  assert.equal(isBesideNobodys(book.position, liveOrders(book.state.orders, 'BTCUSDT')), false);
});

test('a stop whose report is dated after the reading that was believed with its fill settles', () => {
  const book = new FoldedClaims();
  book.hold(10);
  read(book, 10, 10, 20, 5);
  const order = {
    client_order_id: 's-1',
    lots: 4,
    side: 'sell',
    reduce_only: true,
    kind: 'algo',
    trigger_ticks: 500_000,
  } as const;
  book.ledger.append(
    decisionEvent({
      id: 'd-s-1',
      atMs: T0 + 30,
      effective: { action: 'exit', side: 'sell', lots: 4 },
      orders: [order],
    }),
  );
  book.report('s-1', 'working', 0, T0 + 40);
  // At 2,000 the stop sells 4 and a person buys 6. The venue dates the conditional order 3 ms later.
  read(book, 12, 2_010, 2_020, 2_000);
  book.report('s-1', 'filled', 4, T0 + 2_100, { venue_at_ms: T0 + 2_003 });
  book.ledger.append(tradeEvent('t', 's-1', T0 + 2_000, { lots: 4, side: 'sell' }));
  for (let n = 1; n <= 60; n += 1) read(book, 12, 2_000 + n * 2_000, 2_010 + n * 2_000, 2_000);
  assert.deepEqual([inLots(longE8(book.position)), lotsOf(book)], [12, [6, 6]]);
});

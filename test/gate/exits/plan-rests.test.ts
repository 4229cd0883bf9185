import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isClosedOtherwise, lotsDue, lotsToRest, waitsForRests } from '../../../daemon/gate/plan/rests.ts';
import { MAKES_ROOM } from '../../../daemon/gate/state/displaced-exits.ts';
import { T0 } from '../fold-fixture.ts';
import { FoldedExits } from '../state/folded-exits.ts';

/** Alice holds ten lots; take-profits of four and of ten made room for one another, and then for a close. */
function displaced(): FoldedExits {
  const book = new FoldedExits();
  book.open('o-1', 10);
  book.report('o-1', 'filled', 10);
  book.takeProfit('t-1', 4);
  book.report('t-1', 'working', 0);
  book.takeProfit('t-2', 10, { atMs: T0 + 10 });
  makeRoom(book, 't-1', T0 + 20);
  book.report('t-2', 'working', 0, T0 + 30);
  return book;
}
function makeRoom(book: FoldedExits, id: string, atMs: number): void {
  book.cancel(id, MAKES_ROOM, atMs);
  book.report(id, 'canceled', 0, atMs);
}
const lots = ({ ledger }: FoldedExits, id: string): number => {
  const exit = ledger.state.displaced.find(`d-${id}`);
  return exit === null ? -1 : lotsToRest(ledger.state, exit, 'alice');
};

test('one that made room waits while there is none, whatever is opened later', () => {
  const book = displaced();
  assert.equal(lots(book, 't-1'), 0);
  book.open('o-2', 8, T0 + 40);
  book.report('o-2', 'filled', 8, T0 + 40);
  assert.equal(lots(book, 't-1'), 0, 'the other one takes profit of all that was held before');
  book.report('t-2', 'canceled', 0, T0 + 50);
  assert.equal(lots(book, 't-1'), 4, 'its caller wanted that one gone');
  book.takeProfit('t-9', 16, { atMs: T0 + 60 });
  book.report('t-9', 'working', 0, T0 + 60);
  assert.equal(lots(book, 't-1'), 2, 'what a younger one leaves of the share');
});

test('none goes out beside an exit that closes, and what is left of both is shared', () => {
  const book = displaced();
  book.exit('x-1', 3, { isWhole: false, atMs: T0 + 40 });
  makeRoom(book, 't-2', T0 + 50);
  assert.deepEqual([lots(book, 't-1'), lots(book, 't-2')], [0, 0]);
  book.report('x-1', 'filled', 3, T0 + 60);
  assert.deepEqual([lots(book, 't-1'), lots(book, 't-2')], [4, 7]);
  book.takeProfit('t-3', 7, { parent: 't-2', atMs: T0 + 70 });
  assert.deepEqual([lots(book, 't-1'), lots(book, 't-2')], [0, 0], 'all of it rests, or will');
});

test('one that was never placed goes first, and makes its own room', () => {
  const book = displaced();
  makeRoom(book, 't-2', T0 + 40);
  book.takeProfit('t-3', 10, { atMs: T0 + 50 });
  book.report('t-3', 'not_placed', 0, T0 + 60, { venue_order_id: null });
  assert.deepEqual([lots(book, 't-1'), lots(book, 't-2'), lots(book, 't-3')], [0, 0, 10]);
});

test('it is over when its share is closed, but not while an opening of before may fill', () => {
  for (const isUnderWay of [false, true]) {
    const book = displaced();
    makeRoom(book, 't-2', T0 + 40);
    if (isUnderWay) book.open('o-2', 3, T0 + 45);
    book.takeProfit('t-3', 10, { atMs: T0 + 50, delayMs: 1 });
    book.exit('x-1', 10, { atMs: T0 + 60 });
    book.report('x-1', 'filled', 10, T0 + 70);
    const exit = book.ledger.state.displaced.find('d-t-3');
    assert.ok(exit !== null);
    assert.equal(isClosedOtherwise(book.ledger.state, exit, 'alice'), !isUnderWay);
  }
});

test('what rests again takes no lots that were opened after all of them were asked for, in sum', () => {
  const book = new FoldedExits();
  book.open('o-1', 10);
  book.report('o-1', 'filled', 10);
  book.takeProfit('t-1', 10);
  book.report('t-1', 'working', 0);
  book.takeProfit('t-2', 10, { atMs: T0 + 10, delayMs: 1 });
  book.open('o-2', 5, T0 + 20);
  book.report('o-2', 'filled', 5, T0 + 20);
  book.takeProfit('t-2', 10, { parent: 't-2', atMs: T0 + 30 });
  makeRoom(book, 't-1', T0 + 30);
  book.report('t-2', 'working', 0, T0 + 40);
  assert.equal(lots(book, 't-1'), 0, 'five lots are free, of what was opened since');
  book.report('t-2', 'filled', 6, T0 + 50);
  assert.equal(lots(book, 't-1'), 4, 'what the other one has left of what both were asked for');
});

test('one that is due waits for a close on its way once something was opened since, as both close what was held first', () => {
  for (const hasOpened of [false, true]) {
    const book = new FoldedExits();
    const due = (): number => {
      const exit = book.ledger.state.displaced.find('d-t-1');
      assert.ok(exit !== null);
      return lotsDue(book.ledger.state, exit);
    };
    book.open('o-1', 10);
    book.report('o-1', 'filled', 10);
    book.takeProfit('t-1', 10, { delayMs: 1 });
    if (hasOpened) book.open('o-2', 20, T0 + 10);
    book.exit('x-1', 4, { isWhole: false, atMs: T0 + 20 });
    assert.equal(due(), hasOpened ? 0 : 10, 'an opening on its way');
    if (hasOpened) book.report('o-2', 'filled', 20, T0 + 20);
    assert.equal(due(), hasOpened ? 0 : 10, 'without an opening reduceOnly keeps both in what is held');
    book.report('x-1', 'unknown', 0, T0 + 30);
    assert.equal(due(), hasOpened ? 6 : 10, 'an unknown outcome holds up only what it may have closed');
    book.report('x-1', 'filled', 4, T0 + 40);
    assert.equal(due(), 6);
  }
});

test('beside what was opened since, what may be closed unread comes off what was held first', () => {
  for (const isDue of [true, false]) {
    const book = new FoldedExits();
    book.open('o-1', 10);
    book.report('o-1', 'filled', 10);
    book.takeProfit('t-1', 10, { delayMs: isDue ? 1 : 0 });
    if (!isDue) {
      book.report('t-1', 'working', 0);
      makeRoom(book, 't-1', T0 + 5);
    }
    const left = (): number => {
      const exit = book.ledger.state.displaced.find('d-t-1');
      assert.ok(exit !== null);
      return isDue ? lotsDue(book.ledger.state, exit) : lots(book, 't-1');
    };
    book.open('s-1', 3, T0 + 10, 'sell');
    book.report('s-1', 'working', 0, T0 + 10);
    assert.equal(left(), 10, 'reduceOnly keeps it inside what is held');
    book.open('o-2', 20, T0 + 20);
    book.report('o-2', 'filled', 20, T0 + 20);
    assert.equal(left(), 7, 'the sale never rests: its report is late');
    book.report('s-1', 'expired', 0, T0 + 30);
    assert.equal(left(), 10, 'it sold nothing');
    book.read(26, T0 + 40, T0);
    assert.equal(left(), 6, 'what the account lacks was held first');
    book.read(30, T0 + 2_040, T0);
    assert.equal(left(), 10);
  }
});

test('one that needs room waits until what is on its way is known to rest: what is made beside it is too little', () => {
  const book = new FoldedExits();
  const waits = (count: number): boolean => {
    const order = book.ledger.state.orders.all.get('t-2');
    assert.ok(order !== undefined);
    return waitsForRests(book.ledger.state, order, count);
  };
  book.open('o-1', 10);
  book.report('o-1', 'filled', 10);
  book.takeProfit('t-1', 6);
  book.takeProfit('t-2', 5, { atMs: T0 + 10, delayMs: 1 });
  assert.equal(waits(4), false, 'there is room for both');
  assert.equal(waits(5), true);
  book.report('t-1', 'unknown', 0);
  assert.equal(waits(5), false, 'an unknown outcome holds nothing up');
  book.report('t-1', 'working', 0);
  assert.equal(waits(5), false, 'it rests, and is canceled');
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { believe, heldAt } from '../../../daemon/engine/positions/lot-book.ts';
import { heldE8, lotsOf } from '../../../daemon/engine/positions/lots.ts';
import { ALICES, Book, CUT, NOBODYS } from './book.ts';

const SALE = { ...NOBODYS, side: 'sell', opens: true } as const;
const EXIT = { ...ALICES, side: 'sell', opens: false } as const;

describe('whose lots a fill takes [DESIGN 12.1]', () => {
  /** Of alice 5 and 4, of nobody 3. */
  const held = () => new Book().fill(ALICES, 5, 10).fill(ALICES, 4, 20).fill(NOBODYS, 3, 30);

  test("an agent's exit takes its own lots, then nobody's, and opens nothing", () => {
    assert.deepEqual(held().fill(EXIT, 6, 40).parts, ['3 of alice', '3 of nobody']);
    assert.deepEqual(held().fill(EXIT, 10, 40).parts, ['2 of nobody']);
    assert.deepEqual(held().fill(EXIT, 14, 40).parts, [], 'what is over is owed');
    assert.equal(held().fill(EXIT, 14, 40).book.lots.owedE8, -2);
  });

  test("another agent's exit takes nobody's lots first", () => {
    assert.deepEqual(held().fill({ ...EXIT, owner: 'bob' }, 4, 40).parts, ['8 of alice']);
  });

  test("a cut, a stop and the venue take the holder's lots first, and nobody's last", () => {
    assert.deepEqual(held().fill(CUT, 10, 40).parts, ['2 of nobody']);
  });

  test("an operator's exit, and what a person sells, take nobody's lots first", () => {
    assert.deepEqual(held().fill({ ...SALE, opens: false }, 4, 40).parts, ['8 of alice']);
    assert.deepEqual(held().fill(SALE, 4, 40).parts, ['8 of alice']);
  });

  test('an order that opens turns the position once nothing is left on the other side', () => {
    const turned = held().fill({ ...ALICES, side: 'sell' }, 14, 40);
    assert.deepEqual(turned.parts, ['-2 of alice']);
    assert.equal(heldE8(turned.book.lots), -2);
  });

  test('all is one agent’s once an operator gives it, and nobody’s after a recovery', () => {
    const given = held().give('bob', 50);
    assert.deepEqual(given.parts, ['12 of bob']);
    given.fill(ALICES, 1, 15);
    assert.deepEqual(given.parts, ['13 of bob'], 'with what is told later of before');
    given.give(null, 60).fill(ALICES, 2, 70);
    assert.equal(lotsOf(given.book.lots, null), 13);
    assert.equal(lotsOf(given.book.lots, 'alice'), 2);
  });
});

describe('what is told late', () => {
  test('a fill is put in its place, and what follows is folded again', () => {
    const book = new Book().fill(ALICES, 5, 10).fill(EXIT, 5, 40).fill(NOBODYS, 2, 50).fill(ALICES, 3, 20);
    assert.deepEqual(book.parts, ['3 of alice', '2 of nobody']);
  });

  test('an exit whose opening is told later opens nothing, and the opening is closed by it', () => {
    const book = new Book().fill(EXIT, 5, 40);
    assert.deepEqual([book.parts, heldE8(book.book.lots)], [[], -5]);
    book.fill(ALICES, 7, 30);
    assert.deepEqual([book.parts, book.book.lots.owedE8], [['2 of alice'], 0]);
  });

  test('a trade says when lots filled that a report had told later', () => {
    const book = new Book().report('o', ALICES, 6, 70).fill(SALE, 4, 60).trade('o', 4, 20);
    assert.deepEqual(book.parts, ['2 of alice'], 'a sale by hand at 60 took four of those that filled before it');
    assert.equal(heldAt(book.book, 65), 0);
    book.trade('o', 2, 30);
    assert.deepEqual(book.parts, ['2 of alice']);
    assert.equal(heldAt(book.book, 50), 6);
  });
});

describe('a reading that is believed', () => {
  test('makes nobody’s what it shows more, and takes what it shows less as a sale by hand', () => {
    const book = new Book().fill(ALICES, 5, 10).read(8, 20);
    assert.deepEqual(book.parts, ['5 of alice', '3 of nobody']);
    assert.deepEqual(book.read(4, 30).parts, ['4 of alice']);
    assert.deepEqual(book.read(-2, 40).parts, ['-2 of nobody']);
  });

  test('contains what is told later of before it, whoever’s that is, and not what is of after it', () => {
    const book = new Book().fill(ALICES, 5, 10).read(8, 50).fill(ALICES, 3, 20);
    assert.deepEqual(book.parts, ['8 of alice']);
    assert.deepEqual(book.fill(ALICES, 1, 60).parts, ['9 of alice']);
  });

  test('contains a fill of its own millisecond', () => {
    assert.deepEqual(new Book().read(5, 50).fill(ALICES, 5, 50).parts, ['5 of alice']);
  });

  test('contains no fill of an order that was decided after it, whatever the clocks say', () => {
    const book = new Book().read(5, 50).fill(EXIT, 5, 50, 6);
    assert.deepEqual(book.parts, []);
    const ahead = new Book().fill(ALICES, 2, 10, 1).read(3, 50).fill(ALICES, 3, 20, 6).fill(EXIT, 1, 50, 4);
    assert.deepEqual(ahead.parts, ['4 of alice', '2 of nobody'], 'the exit is in it: a person bought two beside it');
  });

  test('of no position is taken back by a later one of what has stood since before it', () => {
    const book = new Book().fill(ALICES, 5, 10).readUndated(0, 50);
    assert.deepEqual(book.parts, []);
    assert.deepEqual(book.read(5, 10).parts, ['5 of alice']);
  });

  test('an exit and a purchase by hand behind one reading, and a sale by hand after it, leave each its own', () => {
    // Alice holds 10. An exit of 5 fills, a person buys 8: the reading shows 13.
    const book = new Book().fill(ALICES, 10, 10).read(13, 50);
    assert.deepEqual(book.parts, ['10 of alice', '3 of nobody']);
    assert.deepEqual(book.fill(EXIT, 5, 40).parts, ['5 of alice', '8 of nobody']);
    assert.deepEqual(book.read(5, 80).parts, ['5 of alice']);
  });

  test('an opening and an exit behind one reading, with a person between them, leave each its own', () => {
    // Alice holds 10, opens 4 and closes 6; a person buys 3: the reading shows 11.
    const book = new Book().fill(ALICES, 10, 10).read(11, 50);
    book.fill(EXIT, 6, 40).fill(ALICES, 4, 30);
    assert.deepEqual(book.parts, ['8 of alice', '3 of nobody']);
  });

  test('forgets what exits closed beyond what was known', () => {
    const book = new Book().fill(EXIT, 5, 40).read(0, 50);
    assert.deepEqual(book.book.lots, { parts: [], owedE8: 0 });
  });

  test('contains what is told of before it long after it was summed up', () => {
    const book = new Book().fill(ALICES, 5, 10).read(8, 50);
    for (let minute = 1; minute <= 40; minute += 1) book.fill(ALICES, 1, minute * 60_000);
    assert.ok(book.book.entries.length <= 11, `${book.book.entries.length} entries`);
    const held = heldE8(book.book.lots);
    assert.equal(heldE8(book.fill(ALICES, 3, 20).book.lots), held);
    assert.equal(heldE8(book.fill(ALICES, 3, 60).book.lots), held + 3);
  });
});

test('what has no trade yet is not summed up, unless there is too much of it', () => {
  const book = new Book();
  for (let minute = 1; minute <= 1_100; minute += 1) book.report(`o-${minute}`, ALICES, 1, minute * 60_000);
  assert.equal(book.book.entries.length, 1_000);
  assert.equal(heldE8(book.book.lots), 1_100);
});

test('a fill that a reading contains is in it, also where a gift is dated ahead of that reading', () => {
  const book = new Book().fill(ALICES, 10, 10).give('bob', 160);
  // Bob's exit was decided after the gift; a reading shows what it left, and then its report comes.
  believe(book.book, { quantityE8: 6, shownMs: 155, sinceMs: 155, seq: 7 });
  book.fill({ ...EXIT, owner: 'bob' }, 4, 150, 6);
  assert.deepEqual(book.parts, ['6 of bob']);
});

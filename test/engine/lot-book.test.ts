import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { eligibleLots, heldLots, lotsOf } from '../../daemon/engine/book/lots.ts';
import { BTC, exit, of, order, Reported, reading } from './lot-fixture.ts';

describe('whose lots a fill takes', () => {
  /** Of alice 5 asked for at 1 and 4 at 7, of nobody 3 at 5; filled in that order. */
  const held = () =>
    new Reported()
      .fill(order('a', { seq: 1 }), 5, 10)
      .fill(order('b', { seq: 7 }), 4, 20)
      .fill(order('c', of('person', 'buy', { seq: 5 })), 3, 30);

  test("an agent's exit takes its own lots of before it, the youngest first, then nobody's, then any", () => {
    const early = exit('x', { seq: 6 });
    assert.deepEqual(held().fill(early, 5, 40).parts, ['4 of alice since 7', '3 of nobody since 5']);
    assert.deepEqual(held().fill(early, 7, 40).parts, ['4 of alice since 7', '1 of nobody since 5']);
    assert.deepEqual(held().fill(early, 9, 40).parts, ['3 of alice since 7']);
    assert.deepEqual(held().fill(exit('x', { seq: 8 }), 5, 40).parts, ['4 of alice since 1', '3 of nobody since 5']);
  });

  test("a cut, a stop and the venue take the holder's lots first, and nobody's last", () => {
    for (const by of ['gate', 'venue'] as const)
      assert.deepEqual(held().fill(exit('x', of(by, 'sell', { seq: 9 })), 10, 40).parts, ['2 of nobody since 5'], by);
  });

  test("an operator's exit takes nobody's lots first, then the youngest of before it", () => {
    const closing = exit('x', of('operator', 'sell', { seq: 6 }));
    assert.deepEqual(held().fill(closing, 4, 40).parts, ['4 of alice since 1', '4 of alice since 7']);
  });

  test("what a person sells comes out of nobody's lots first, then out of the oldest", () => {
    const sale = order('x', of('person', 'sell'));
    assert.deepEqual(held().fill(sale, 4, 40).parts, ['4 of alice since 1', '4 of alice since 7']);
    assert.deepEqual(held().fill(sale, 9, 40).parts, ['3 of alice since 7']);
  });

  test('an order that opens turns the position once nothing is left on the other side', () => {
    const turned = held().fill(order('x', { side: 'sell', opens: true, seq: 8 }), 14, 40);
    assert.deepEqual(turned.parts, ['-2 of alice since 8']);
    assert.equal(heldLots(turned.lots), -2);
  });

  test('a claim may close what its owner asked for before it, and one of nobody whatever was', () => {
    const { lots } = held();
    assert.equal(eligibleLots(lots, { owner: 'alice', seq: 6 }), 5);
    assert.equal(eligibleLots(lots, { owner: 'alice', seq: 8 }), 9);
    assert.equal(eligibleLots(lots, { owner: null, seq: 6 }), 8);
    assert.equal(eligibleLots(lots, { owner: 'bob', seq: 9 }), 0);
    assert.equal(lotsOf(lots, 'alice'), 9);
    assert.equal(lotsOf(lots, null), 3);
  });

  test('all is one agent’s once an operator gives it, and nobody’s after a recovery, with what was asked for before', () => {
    const given = held().tell({ kind: 'given', symbol: BTC, owner: 'bob', atMs: 50 });
    assert.equal(lotsOf(given.lots, 'bob'), 12);
    const disowned = given.tell({ kind: 'disowned', seq: 20, atMs: 60 });
    assert.equal(lotsOf(disowned.lots, null), 12);
    disowned.fill(order('late', { seq: 19 }), 1, 70).fill(order('new', { seq: 21 }), 2, 80);
    assert.equal(lotsOf(disowned.lots, null), 13);
    assert.equal(lotsOf(disowned.lots, 'alice'), 2);
  });

  test('a recovery disowns in every symbol, also where nothing had filled yet', () => {
    const reported = new Reported()
      .tell({ kind: 'disowned', seq: 20, atMs: 60 })
      .fill(order('late', { seq: 19 }), 1, 70);
    assert.deepEqual(reported.parts, ['1 of nobody since 19']);
  });
});

describe('what is told late', () => {
  test('a fill is put in its place, and what follows is folded again', () => {
    const reported = new Reported()
      .fill(order('a', { seq: 1 }), 5, 10)
      .fill(exit('x', { seq: 9 }), 5, 40)
      .fill(order('b', { seq: 7 }), 2, 20);
    assert.deepEqual(reported.parts, ['2 of alice since 1']);
  });

  test('an exit whose opening is told later opens nothing, and the opening is closed by it', () => {
    const reported = new Reported().fill(exit('x', { seq: 9 }), 5, 40);
    assert.deepEqual(reported.lots.batches, []);
    assert.equal(reported.lots.owed, -5);
    reported.tell({ kind: 'ordered', order: order('a') }, { kind: 'reported', id: 'a', executed: 7, atMs: 60 });
    assert.equal(heldLots(reported.lots), 2);
    assert.equal(reported.lots.owed, 0);
    reported.fill(order('a'), 7, 30);
    assert.deepEqual(reported.parts, ['2 of alice since 1']);
  });

  test('what is reported counts at the time of its report until its trades are read', () => {
    const reported = new Reported().tell({ kind: 'ordered', order: order('a') });
    reported.tell(
      { kind: 'reported', id: 'a', executed: 3, atMs: 50 },
      { kind: 'reported', id: 'a', executed: 5, atMs: 70 },
    );
    assert.equal(heldLots(reported.lots), 5);
    // Sold by hand in between: nobody's bought at 60 would go first.
    reported.fill(order('p', of('person', 'sell')), 4, 60);
    assert.deepEqual(reported.parts, ['1 of alice since 1']);
    reported.fill(order('a'), 3, 20).fill(order('a'), 2, 30);
    assert.deepEqual(reported.parts, ['1 of alice since 1']);
    reported.tell({ kind: 'reported', id: 'a', executed: 5, atMs: 90 });
    assert.equal(heldLots(reported.lots), 1);
  });

  test('what an order of a person had filled when it was first seen is in the reading', () => {
    const seen = order('p', of('person', 'buy', { filledBefore: 4 }));
    const reported = new Reported().tell(reading(4, 100), { kind: 'ordered', order: seen });
    reported.tell(
      { kind: 'reported', id: 'p', executed: 4, atMs: 110 },
      { kind: 'reported', id: 'p', executed: 6, atMs: 120 },
    );
    assert.equal(heldLots(reported.lots), 6);
  });

  test('fills of an amended exit are those of its new claim', () => {
    const reported = new Reported().fill(order('a', { seq: 1 }), 5, 10).fill(order('b', { seq: 7 }), 4, 20);
    reported.fill(exit('x', { seq: 5 }), 3, 40).tell({ kind: 'ordered', order: exit('x', { seq: 9 }) });
    assert.deepEqual(reported.parts, ['5 of alice since 1', '1 of alice since 7']);
  });
});

describe('a reading that is believed', () => {
  test('makes nobody’s what it shows more, and takes what it shows less as a sale by hand', () => {
    const reported = new Reported().fill(order('a'), 5, 10).tell(reading(8, 20));
    assert.deepEqual(reported.parts, ['5 of alice since 1', '3 of nobody since 99']);
    assert.deepEqual(reported.tell(reading(4, 30)).parts, ['4 of alice since 1']);
    assert.deepEqual(reported.tell(reading(-2, 40)).parts, ['-2 of nobody since 99']);
  });

  test('contains what is told later of before it, whose ever that is', () => {
    const reported = new Reported().fill(order('a'), 5, 10).tell(reading(8, 50));
    reported.fill(order('b', { seq: 2 }), 3, 20);
    assert.deepEqual(reported.parts, ['5 of alice since 1', '3 of alice since 2']);
    reported.fill(order('b', { seq: 2 }), 1, 60);
    assert.equal(heldLots(reported.lots), 9);
  });

  test('of no position is taken back by a later one of what has stood since before it', () => {
    const reported = new Reported().fill(order('a'), 5, 10).tell(reading(0, 50));
    assert.deepEqual(reported.parts, []);
    reported.tell(reading(5, 70, 10));
    assert.deepEqual(reported.parts, ['5 of alice since 1']);
  });

  test('forgets what exits closed beyond what was known', () => {
    const reported = new Reported().fill(exit('x', { seq: 9 }), 5, 40).tell(reading(0, 50));
    assert.deepEqual(reported.lots, { batches: [], owed: 0, disownedSeq: 0 });
  });

  test('contains what is told of before it long after it was summed up', () => {
    const reported = new Reported(1_000).fill(order('a'), 5, 10).tell(reading(8, 50));
    for (let atMs = 1_000; atMs <= 9_000; atMs += 200) reported.fill(order(`b-${atMs}`, { seq: 2 }), 1, atMs);
    assert.ok((reported.book.symbols.get(BTC)?.entries.length ?? 0) < 32);
    const held = heldLots(reported.lots);
    reported.fill(order('late', { seq: 1 }), 3, 20);
    assert.equal(heldLots(reported.lots), held);
    reported.fill(order('late', { seq: 1 }), 3, 60);
    assert.equal(heldLots(reported.lots), held + 3);
  });
});

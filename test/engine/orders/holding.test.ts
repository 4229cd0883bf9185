import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isBesideNobodys, isReleasedFrom, ownE8, unownedE8 } from '../../../daemon/engine/orders/holding.ts';
import { liveOrders } from '../../../daemon/engine/orders/orders.ts';
import type { GateState } from '../../../daemon/engine/state/gate-state.ts';
import { BTC_RULES, inLots, T0, tradeEvent } from '../fold-fixture.ts';
import { FoldedClaims } from '../folded-claims.ts';

const MINUTE = 60_000;
const holderOf = ({ position }: FoldedClaims): string | null => position.holder;
/** Lots of the holder, and of nobody. */
const lotsOf = ({ position }: FoldedClaims): readonly [number, number] => [
  inLots(ownE8(position)),
  inLots(unownedE8(position)),
];
function recover(book: FoldedClaims, atMs: number): void {
  const payload = { at_venue_ms: atMs, epoch: 1, set_by: 'ops', take_over: false } as const;
  book.ledger.append({ kind: 'recovery', at_ms: atMs, payload });
}
/** Something there is nobody's: no agent opens. */
function isUnowned({ state, position }: FoldedClaims): boolean {
  return position.isContested || isBesideNobodys(position, liveOrders(state.orders, 'BTCUSDT'));
}
function refolded(book: FoldedClaims): GateState {
  return book.ledger.refold();
}
/** Alice holds so many lots, and nobody as many more. */
function held(own: number, unowned: number): FoldedClaims {
  const book = new FoldedClaims();
  if (own !== 0) book.hold(Math.abs(own), 'alice', own > 0 ? 'buy' : 'sell');
  if (unowned !== 0) book.read(own + unowned, T0 + 10);
  assert.deepEqual(lotsOf(book), [own, unowned]);
  return book;
}

describe('a symbol belongs to one agent [DESIGN 12.1]', () => {
  test('from the record of its first permitted opening, also of one that waits unsent [EX-3]', () => {
    for (const delayMs of [0, 500]) {
      const book = new FoldedClaims();
      assert.equal(holderOf(book), null);
      book.open('o-1', 10, { delayMs });
      assert.equal(holderOf(book), 'alice');
      assert.equal(refolded(book).position('BTCUSDT').holder, 'alice', 'a restart folds the same');
    }
  });

  test('and not by an exit, nor by an opening of an operator', () => {
    const book = new FoldedClaims();
    book.exit('x-1', 4, { agent: 'bob' });
    book.open('o-1', 4, { agent: 'ops', origin: 'operator' });
    assert.equal(holderOf(book), null);
  });

  test('as long as a reading shows that something is held', () => {
    const book = new FoldedClaims();
    book.open('o-1', 10);
    book.read(4, T0 + 10);
    book.report('o-1', 'expired', 0, T0 + 20);
    assert.equal(holderOf(book), 'alice', 'a reading showed four');
    book.read(0, T0 + 30);
    assert.equal(holderOf(book), null);
  });
});

describe('lots and orders that no record explains are nobody’s [DESIGN 12.1]', () => {
  test('a hand’s lots that a reading shows, beside the holder’s and alone [EX-8]', () => {
    assert.equal(isUnowned(held(10, 5)), true);
    assert.equal(isUnowned(held(0, 5)), true);
    assert.equal(holderOf(held(0, 5)), null);
    assert.equal(isUnowned(held(10, 0)), false);
  });

  test('an opening that somebody placed at the venue, and what it fills [EX-8]', () => {
    const book = held(10, 0);
    book.list('web-1', 6);
    assert.equal(isUnowned(book), true);
    book.report('web-1', 'filled', 6, T0 + 20);
    assert.deepEqual([holderOf(book), lotsOf(book)], ['alice', [10, 6]]);
  });

  test('but a reduce-only order of a person is no reason to stop opening', () => {
    const book = held(10, 0);
    book.list('web-1', 6, { reduceOnly: true, side: 'sell' });
    assert.equal(isUnowned(book), false);
  });

  test('what an operator opens [EX-8]', () => {
    const book = new FoldedClaims();
    book.open('o-1', 6, { agent: 'ops', origin: 'operator' });
    assert.equal(isUnowned(book), true, 'on its way');
    book.report('o-1', 'filled', 6);
    assert.deepEqual([holderOf(book), lotsOf(book)], [null, [0, 6]]);
  });

  /** An opening of alice counts as ended, and then a list shows it all the same. */
  function revived(meanwhile: (book: FoldedClaims) => void): FoldedClaims {
    const book = new FoldedClaims();
    book.open('o-1', 4, { rests: true });
    book.report('o-1', 'working', 0);
    book.report('o-1', 'canceled', 0);
    assert.equal(holderOf(book), null);
    meanwhile(book);
    book.list('o-1', 4, { atMs: T0 + 2_000 });
    const order = book.state.orders.all.get('o-1');
    assert.deepEqual([order?.status, order?.foreign, order?.agent], ['working', false, 'alice'], 'it is revived');
    return book;
  }

  test('but not an opening that a list revives where nobody else holds: the symbol was not free', () => {
    const book = revived(() => undefined);
    assert.deepEqual([holderOf(book), isUnowned(book)], ['alice', false]);
    book.report('o-1', 'filled', 4, T0 + 3_000);
    assert.deepEqual(lotsOf(book), [4, 0]);
    assert.equal(refolded(book).position('BTCUSDT').holder, 'alice');
  });

  test('an opening that a list revives where another agent holds by now', () => {
    const book = revived((known) => known.open('o-2', 2, { agent: 'bob' }));
    assert.deepEqual([holderOf(book), isUnowned(book)], ['bob', true]);
    book.report('o-1', 'filled', 4, T0 + 3_000);
    assert.deepEqual([holderOf(book), lotsOf(book)], ['bob', [0, 4]]);
  });

  test('an opening of before a recovery that a list revives after it', () => {
    const book = revived((known) => recover(known, T0 + 1_000));
    assert.deepEqual([holderOf(book), isUnowned(book)], [null, true]);
    book.report('o-1', 'filled', 4, T0 + 3_000);
    assert.deepEqual([holderOf(book), lotsOf(book)], [null, [0, 4]]);
  });
});

describe('who closes which lots [DESIGN 12.1]', () => {
  const exits = {
    'the holder': [{}, [4, 5]],
    'the gate': [{ origin: 'gate' }, [4, 5]],
    'an operator': [{ origin: 'operator' }, [9, 0]],
  } as const;
  for (const [who, [how, left]] of Object.entries(exits))
    test(`an exit of ${who} takes ${left[0] === 4 ? 'the holder’s' : 'nobody’s'} first`, () => {
      for (const sign of [1, -1]) {
        const book = held(sign * 10, sign * 5);
        book.exit('x-1', 6, { ...how, side: sign > 0 ? 'sell' : 'buy' });
        book.report('x-1', 'filled', 6, T0 + 20);
        assert.deepEqual(lotsOf(book), [sign * left[0], sign * left[1] || 0]);
      }
    });

  test('a hand’s sale that a reading shows comes out of nobody’s lots first, then of the holder’s [EX-11]', () => {
    const book = held(10, 5);
    book.read(11, T0 + 20);
    assert.deepEqual(lotsOf(book), [10, 1]);
    book.read(7, T0 + 30);
    assert.deepEqual(lotsOf(book), [7, 0]);
    book.list('web-1', 3, { side: 'sell', atMs: T0 + 40 });
    book.report('web-1', 'filled', 3, T0 + 41);
    assert.deepEqual(lotsOf(book), [4, 0]);
  });

  test('a hand’s purchase on the other side closes for nobody, and then opens for nobody', () => {
    const book = held(-10, 0);
    book.read(-4, T0 + 20);
    assert.deepEqual(lotsOf(book), [-4, 0]);
    book.read(3, T0 + 30);
    assert.deepEqual(lotsOf(book), [0, 3]);
  });

  test('a hand’s sale of more than all of them is short for nobody, and leaves the holder nothing [EX-11]', () => {
    const book = held(10, 5);
    book.read(-2, T0 + 20);
    assert.deepEqual(lotsOf(book), [0, -2]);
  });

  test('a liquidation, known by its trades, takes the holder’s lots [EX-11]', () => {
    for (const isReported of [true, false]) {
      const book = held(10, 5);
      const trade = { lots: 8, price: 50_000, side: 'sell' } as const;
      if (isReported) book.ledger.append(tradeEvent('t', 'autoclose-17', T0 + 15, trade));
      book.read(7, T0 + 20);
      assert.deepEqual(lotsOf(book), isReported ? [2, 5] : [7, 0]);
    }
  });

  test('the same where a reading showed it before its trades were told, and once only [EX-11]', () => {
    const trade = { lots: 8, price: 50_000, side: 'sell' } as const;
    const book = held(10, 5);
    book.read(7, T0 + 20);
    book.ledger.append(tradeEvent('t', 'autoclose-17', T0 + 15, trade));
    assert.deepEqual(lotsOf(book), [2, 5]);
    book.read(4, T0 + 30);
    assert.deepEqual(lotsOf(book), [2, 2], 'a sale by hand');
    const sold = held(10, 5);
    sold.read(11, T0 + 20);
    sold.read(3, T0 + 40);
    sold.ledger.append(tradeEvent('t', 'autoclose-17', T0 + 35, trade));
    assert.deepEqual(lotsOf(sold), [2, 1], 'four were sold by hand before');
  });

  /** Readings have shown for long enough that nothing is held, though alice's ten lots are. */
  function believedGone(): FoldedClaims {
    const book = held(10, 0);
    for (const second of [10, 16, 22]) book.read(0, T0 + second * 1_000);
    assert.deepEqual([inLots(book.position.quantityE8), holderOf(book)], [0, null]);
    return book;
  }
  test('the same where that reading showed none, and the symbol was free meanwhile', () => {
    const book = believedGone();
    book.read(10, T0 + MINUTE, T0 + 1);
    assert.deepEqual([holderOf(book), lotsOf(book)], ['alice', [10, 0]]);
    assert.equal(refolded(book).position('BTCUSDT').holder, 'alice');
  });

  test('but not to one agent where another quotes by now', () => {
    const book = believedGone();
    book.open('o-2', 3, { agent: 'bob', atMs: T0 + 40_000, rests: true });
    book.report('o-2', 'working', 0, T0 + 40_001);
    for (const ms of [0, 30_000, 61_000]) book.read(10, T0 + MINUTE + ms, T0 + 1);
    assert.deepEqual([holderOf(book), lotsOf(book)], ['bob', [0, 10]]);
  });

  test('but not to one agent where another has opened since', () => {
    const book = believedGone();
    book.open('o-2', 3, { agent: 'bob', atMs: T0 + 40_000 });
    book.report('o-2', 'filled', 3, T0 + 40_001);
    for (const ms of [0, 6_000, 12_000]) book.read(13, T0 + MINUTE + ms, T0 + 1);
    assert.deepEqual([holderOf(book), lotsOf(book)], ['bob', [3, 10]]);
  });
});

describe('ledgers of before one agent held a symbol [DESIGN 12.1]', () => {
  /** Alice and bob have each opened: only records of before say so. */
  function contested(): FoldedClaims {
    const book = held(10, 0);
    book.open('o-2', 4, { agent: 'bob' });
    book.report('o-2', 'filled', 4);
    return book;
  }
  test('with several: nobody does, and all of it is nobody’s until it is flat', () => {
    const book = contested();
    assert.deepEqual([holderOf(book), book.position.isContested, lotsOf(book)], [null, true, [0, 14]]);
    book.open('o-3', 2, { agent: 'carol' });
    book.report('o-3', 'filled', 2);
    assert.deepEqual([holderOf(book), lotsOf(book)], [null, [0, 16]], 'a third one changes nothing');
    book.exit('x-1', 16, { origin: 'operator' });
    book.report('x-1', 'filled', 16);
    assert.deepEqual([book.position.isContested, isUnowned(book)], [false, false]);
  });
  test('with several: it is not free while an order of any of them may fill', () => {
    const book = contested();
    book.takeProfit('t-1', 4, { agent: 'bob' });
    book.report('t-1', 'working', 0);
    book.exit('x-1', 14, { origin: 'operator' });
    book.report('x-1', 'filled', 14);
    assert.equal(book.position.isContested, true);
    book.report('t-1', 'canceled', 0);
    assert.equal(book.position.isContested, false);
  });
  test('with several: adopted, it is one agent’s', () => {
    const book = contested();
    book.adopt('bob');
    assert.deepEqual([holderOf(book), book.position.isContested, lotsOf(book)], ['bob', false, [14, 0]]);
  });
});

describe('an operator’s words on whose a symbol is [DESIGN 12.1]', () => {
  test('adopt gives all of it to one agent, which holds it from then on [EX-13]', () => {
    const book = held(0, 7);
    book.adopt('bob');
    assert.deepEqual([holderOf(book), lotsOf(book), isUnowned(book)], ['bob', [7, 0], false]);
    const taken = held(10, 5);
    taken.adopt('bob');
    assert.deepEqual([holderOf(taken), lotsOf(taken)], ['bob', [15, 0]]);
    assert.equal(refolded(taken).position('BTCUSDT').holder, 'bob');
  });

  test('adopt of a flat symbol holds nothing', () => {
    const book = new FoldedClaims();
    book.adopt('bob');
    assert.equal(holderOf(book), null);
  });

  test('what a reading of before took goes with all that was held to whom an operator has given it', () => {
    const book = held(10, 0);
    book.read(4, T0 + 20);
    book.adopt('bob', T0 + 25);
    book.read(10, T0 + 30, T0 + 1);
    assert.deepEqual([holderOf(book), lotsOf(book)], ['bob', [10, 0]]);
    const closed = held(10, 0);
    closed.read(4, T0 + 20);
    closed.adopt('bob', T0 + 25);
    closed.exit('x-1', 4, { agent: 'bob', atMs: T0 + 30 });
    closed.report('x-1', 'filled', 4, T0 + 31);
    for (const ms of [0, 6_000, 12_000]) closed.read(6, T0 + MINUTE + ms, T0 + 1);
    assert.deepEqual([holderOf(closed), lotsOf(closed)], [null, [0, 6]]);
  });

  const refuses = (book: FoldedClaims, agent: string, atMs: number): boolean =>
    isReleasedFrom(book.position, agent, atMs);

  test('release keeps its holder from opening until the symbol is free, and no longer [TF-80 TM-17]', () => {
    const book = held(10, 0);
    book.release(0, T0 + 20);
    assert.deepEqual([refuses(book, 'alice', T0 + 25), refuses(book, 'bob', T0 + 25)], [true, false]);
    assert.equal(isReleasedFrom(refolded(book).position('BTCUSDT'), 'alice', T0 + 25), true, 'after a restart');
    book.exit('x-1', 10, { atMs: T0 + 30 });
    assert.equal(refuses(book, 'alice', T0 + 31), true, 'its exit is on its way');
    book.report('x-1', 'filled', 10, T0 + 40);
    assert.equal(refuses(book, 'alice', T0 + 41), false);
    assert.equal(holderOf(book), null);
  });

  test('release for some time keeps it from opening that long after the symbol is free: before, at, after [TF-79]', () => {
    const book = held(10, 0);
    book.release(5 * MINUTE, T0 + 20);
    assert.equal(refuses(book, 'alice', T0 + 90 * MINUTE), true, 'not free yet');
    book.exit('x-1', 10, { atMs: T0 + 100 * MINUTE });
    book.report('x-1', 'filled', 10, T0 + 100 * MINUTE);
    for (const [atMs, expected] of [
      [105 * MINUTE - 1, true],
      [105 * MINUTE, false],
      [105 * MINUTE + 1, false],
    ] as const)
      assert.equal(refuses(book, 'alice', T0 + atMs), expected, `${atMs}`);
    assert.equal(isReleasedFrom(refolded(book).position('BTCUSDT'), 'alice', T0 + 104 * MINUTE), true);
    assert.equal(refuses(book, 'bob', T0 + 101 * MINUTE), false, 'others may');
  });

  test('release from the next holder ends no earlier one before its time [TF-79]', () => {
    const book = held(10, 0);
    book.release(60 * MINUTE, T0 + 20);
    book.exit('x-1', 10, { atMs: T0 + 30 });
    book.report('x-1', 'filled', 10, T0 + 40);
    book.open('b-1', 5, { agent: 'bob', atMs: T0 + MINUTE });
    book.report('b-1', 'filled', 5, T0 + MINUTE);
    book.release(0, T0 + 2 * MINUTE);
    assert.deepEqual([refuses(book, 'alice', T0 + 3 * MINUTE), refuses(book, 'bob', T0 + 3 * MINUTE)], [true, true]);
    book.exit('x-2', 5, { agent: 'bob', atMs: T0 + 4 * MINUTE });
    book.report('x-2', 'filled', 5, T0 + 4 * MINUTE);
    assert.deepEqual([refuses(book, 'alice', T0 + 5 * MINUTE), refuses(book, 'bob', T0 + 5 * MINUTE)], [true, false]);
    assert.equal(isReleasedFrom(refolded(book).position('BTCUSDT'), 'alice', T0 + 5 * MINUTE), true);
  });

  test('adopt for one agent gives the symbol back to no other from which it was released [TF-79]', () => {
    const book = held(10, 0);
    book.release(60 * MINUTE, T0 + 20);
    book.adopt('bob', T0 + 30);
    book.exit('x-1', 10, { agent: 'bob', atMs: T0 + 40 });
    book.report('x-1', 'filled', 10, T0 + 50);
    assert.deepEqual([holderOf(book), refuses(book, 'alice', T0 + MINUTE)], [null, true]);
    const back = held(10, 0);
    back.release(60 * MINUTE, T0 + 20);
    back.adopt('alice', T0 + 30);
    assert.equal(refuses(back, 'alice', T0 + MINUTE), false);
  });

  test('release of what nobody holds says nothing', () => {
    const book = held(0, 7);
    book.release();
    assert.deepEqual(book.position.releases, []);
  });
});

test('after a recovery everything is nobody’s: a new token of an old name holds nothing [DESIGN 12.1] [EX-14]', () => {
  const book = held(10, 0);
  book.open('o-2', 4, { rests: true });
  book.report('o-2', 'working', 0);
  recover(book, T0 + 50);
  assert.deepEqual([holderOf(book), lotsOf(book), isUnowned(book)], [null, [0, 10], true]);
  book.report('o-2', 'filled', 4, T0 + 60);
  assert.deepEqual([holderOf(book), lotsOf(book)], [null, [0, 14]], 'nor what its old orders fill');
  assert.deepEqual(inLots(unownedE8(refolded(book).position('BTCUSDT'))), 14);
});

test('a step that the venue changes leaves the holder what it held, and nobody what was nobody’s [DESIGN 12.4]', () => {
  const book = held(16, 5);
  const rules = { ...BTC_RULES, lotScale: BTC_RULES.lotScale / 10 };
  book.ledger.append({ kind: 'rules', at_ms: T0 + 20, payload: { rules } });
  assert.deepEqual([inLots(book.position.quantityE8), ...lotsOf(book)], [21, 16, 5]);
});

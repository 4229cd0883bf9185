import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { findEnding, nextRung, rungsOf } from '../../../daemon/engine/claims/claim-ends.ts';
import {
  awaitsReading,
  closingOf,
  desiredOf,
  hasRoom,
  nextE8,
  ordersBeyond,
  restE8,
  waitsForReading,
} from '../../../daemon/engine/claims/exit-sizes.ts';
import { MAKES_ROOM } from '../../../daemon/engine/orders/claims.ts';
import type { OrderState } from '../../../daemon/engine/orders/orders.ts';
import { bareRequest, parentAsk } from '../../../daemon/engine/plan/orders.ts';
import { findExitInProgress, viewHolding } from '../../../daemon/engine/snapshot/agent-view.ts';
import { inLots, LOT_E8, T0 } from '../fold-fixture.ts';
import { FoldedClaims } from '../folded-claims.ts';

const RUNGS = 4;
const never = (): boolean => false;

/** Claims that sell, in their turn, with what each should have at the venue. */
function desired(book: FoldedClaims, isStopped: Parameters<typeof desiredOf>[3] = never): readonly string[] {
  const closing = closingOf(book.state, 'BTCUSDT', 'sell');
  return desiredOf(book.state, closing, book.state.claims.open, isStopped).map(
    ({ claim, want }) => `${claim.decisionId.slice(2)} ${inLots(want)}`,
  );
}
/** Lots that a claim may send now. */
function now(book: FoldedClaims, id: string): number {
  const { closing, one } = look(book, id);
  return inLots(nextE8(book.state, closing, one));
}
function toRest(book: FoldedClaims, id: string, least = 1): number {
  const { closing, one } = look(book, id);
  return inLots(restE8(book.state, closing, one, least * LOT_E8));
}
function beyond(book: FoldedClaims): readonly string[] {
  const closing = closingOf(book.state, 'BTCUSDT', 'sell');
  return desiredOf(book.state, closing, book.state.claims.open, never)
    .filter(({ claim, onWay, want }) => claim.wants === 'rest' && onWay > want)
    .flatMap((one) => ordersBeyond(one).map(({ clientOrderId }) => clientOrderId));
}
function look(book: FoldedClaims, id: string) {
  const closing = closingOf(book.state, 'BTCUSDT', 'sell');
  const all = desiredOf(book.state, closing, book.state.claims.open, never);
  const one = all.find(({ claim }) => claim.decisionId === `d-${id}`);
  assert.ok(one !== undefined, id);
  return { closing, one };
}
const AROUND = { rungs: RUNGS, isStopped: false, isLate: false };
const ending = (book: FoldedClaims, id: string, isStopped = false): string | null =>
  findEnding(book.state, book.find(id), { ...AROUND, isStopped })?.reason ?? null;

/** Alice holds so many lots, and nobody as many more. */
function held(own: number, unowned = 0): FoldedClaims {
  const book = new FoldedClaims();
  book.hold(own);
  if (unowned > 0) book.read(own + unowned, T0 + 1);
  return book;
}
function rests(book: FoldedClaims, id: string, lots: number): void {
  book.takeProfit(id, lots);
  book.report(id, 'working', 0);
}

const PLACE = { account: 'main', venue: 'paper' };
/** Exits that stand against one more of Alice's, or against an amend of one of them. */
function openBeside(book: FoldedClaims, intent: 'close' | 'modify', own: OrderState | null): number {
  const request = { ...bareRequest(PLACE, 'BTCUSDT', T0), agent: 'alice', intent, origin: 'agent' } as const;
  const subject = {
    ask: { ...parentAsk(PLACE), own },
    inputs: {},
    request,
    state: book.state,
    symbol: 'BTCUSDT',
    tMs: T0,
  };
  return viewHolding(subject as never)?.open_exits ?? 0;
}
test('an amend of an exit that closes now is no further part beside it', () => {
  const book = held(10);
  for (const id of ['a-1', 'a-2']) book.exit(id, 3, { isWhole: false, delayMs: 1 });
  const { first } = book.find('a-1');
  assert.deepEqual([openBeside(book, 'close', null), openBeside(book, 'modify', first)], [2, 1]);
});

describe('what each claim should have, one after the other from one position [DESIGN 12.2]', () => {
  test('first an operator’s, a refused stop’s, a cut’s, an agent’s; then those that rest; older ones first [EX-37]', () => {
    const book = held(20);
    rests(book, 't-1', 3);
    rests(book, 't-2', 2);
    book.exit('a-1', 3, { isWhole: false, delayMs: 1 });
    book.exit('a-2', 4, { isWhole: false, delayMs: 1 });
    book.exit('cut', 1, { isWhole: false, delayMs: 1, origin: 'gate', cause: 'cut' });
    book.exit('stop', 1, { isWhole: false, delayMs: 1, origin: 'gate' });
    book.exit('ops', 2, { isWhole: false, delayMs: 1, origin: 'operator' });
    assert.deepEqual(desired(book), ['ops 2', 'stop 1', 'cut 1', 'a-1 3', 'a-2 4', 't-1 3', 't-2 2']);
  });

  test('an order on its way keeps its lots from those behind it, though its claim is over', () => {
    const book = held(10);
    book.exit('a-1', 8, { isWhole: false });
    book.askCancel(null);
    book.exit('a-2', 5, { isWhole: false, delayMs: 1 });
    assert.deepEqual(desired(book), ['a-1 0', 'a-2 2']);
  });

  test('an order of unknown outcome keeps no lots from a full close in its place', () => {
    const book = held(10);
    book.exit('a-1', 10);
    book.report('a-1', 'unknown', 0);
    book.exit('a-2', 10, { delayMs: 1 });
    assert.deepEqual([desired(book), now(book, 'a-2')], [['a-1 0', 'a-2 10'], 10]);
    book.list('web-1', 5);
    assert.equal(now(book, 'a-2'), 0, 'beside an opening of nobody');
  });

  test('a take-profit waits where a rest below the least order would go along that an exit is to close now [EX-26]', () => {
    const book = held(10);
    rests(book, 't-1', 8);
    book.cancel('t-1', MAKES_ROOM);
    book.report('t-1', 'canceled', 0);
    book.exit('a-1', 2, { isWhole: false, delayMs: 1 });
    assert.deepEqual(desired(book), ['a-1 2', 't-1 8']);
    assert.deepEqual([toRest(book, 't-1', 3), toRest(book, 't-1', 2)], [0, 8]);
  });

  test('a part never grows, a full close takes what there is [EX-26 EX-28]', () => {
    const book = held(10);
    book.exit('part', 4, { isWhole: false, delayMs: 1 });
    book.exit('ops', 4, { isWhole: false, delayMs: 1, origin: 'operator' });
    book.open('o-2', 20);
    book.report('o-2', 'filled', 20);
    assert.deepEqual(desired(book), ['ops 4', 'part 4']);
    book.exit('whole', 26, { origin: 'gate', delayMs: 1 });
    assert.deepEqual(desired(book), ['ops 4', 'whole 26', 'part 0']);
  });

  test('a full close takes the place of its caller’s older exits that close now, and of no others [EX-29]', () => {
    const book = held(10);
    rests(book, 't-1', 2);
    book.exit('a-1', 3, { isWhole: false, delayMs: 1 });
    book.exit('ops', 1, { isWhole: false, delayMs: 1, origin: 'operator' });
    book.exit('a-2', 9, { delayMs: 1 });
    book.exit('a-3', 3, { isWhole: false, delayMs: 1 });
    assert.deepEqual(desired(book), ['ops 1', 'a-1 0', 'a-2 9', 'a-3 0', 't-1 0']);
    assert.deepEqual(
      ['ops', 'a-1', 'a-2', 'a-3', 't-1'].map((id) => ending(book, id)),
      [null, 'canceled', null, null, null],
    );
  });

  test('of a symbol that another agent holds, an agent’s claim gets nothing', () => {
    const book = held(10);
    book.exit('b-1', 5, { agent: 'bob', delayMs: 1 });
    assert.deepEqual([desired(book), now(book, 'b-1')], [['b-1 0'], 0]);
    assert.equal(ending(book, 'b-1'), 'nothing_left');
  });

  test('nobody’s lots are an operator’s to close, nobody else’s [EX-12]', () => {
    const book = held(10, 5);
    book.exit('ops', 12, { isWhole: false, delayMs: 1, origin: 'operator' });
    book.exit('cut', 15, { delayMs: 1, origin: 'gate' });
    assert.deepEqual(desired(book), ['ops 12', 'cut 3']);
    const alone = held(10, 5);
    alone.exit('cut', 15, { delayMs: 1, origin: 'gate' });
    alone.exit('a-1', 15, { delayMs: 1 });
    assert.deepEqual(desired(alone), ['cut 10', 'a-1 0']);
  });

  test('where several agents held it, what rests stays, operators close, and nobody else does', () => {
    const book = held(10);
    rests(book, 't-1', 4);
    book.open('o-2', 3, { agent: 'bob' });
    book.report('o-2', 'filled', 3);
    book.exit('a-1', 10, { delayMs: 1 });
    assert.deepEqual([desired(book), beyond(book)], [['a-1 0', 't-1 4'], []]);
    book.exit('ops', 13, { delayMs: 1, origin: 'operator' });
    assert.deepEqual([now(book, 'ops'), now(book, 'a-1')], [13, 0]);
  });

  test('what is halted closes nothing, and keeps nothing from the others', () => {
    const book = held(10);
    book.exit('a-1', 10, { delayMs: 1 });
    book.exit('ops', 4, { isWhole: false, delayMs: 1, origin: 'operator' });
    rests(book, 't-1', 6);
    const stopped = desired(book, ({ origin, wants }) => origin !== 'operator' && wants === 'now');
    assert.deepEqual(stopped, ['ops 4', 'a-1 0', 't-1 6']);
    assert.equal(ending(book, 'a-1', true), 'halted');
  });
});

describe('what a claim that closes now may send [DESIGN 12.2]', () => {
  test('one order at a time: not beside one that is being matched', () => {
    const book = held(10);
    book.exit('x-1', 10);
    assert.equal(now(book, 'x-1'), 0, 'in flight');
    book.report('x-1', 'partially_filled', 4);
    assert.equal(now(book, 'x-1'), 0, 'partially filled');
    book.report('x-1', 'expired', 4);
    assert.equal(now(book, 'x-1'), 6);
    book.rung('x-2', 'x-1', 2);
    assert.equal(now(book, 'x-1'), 0, 'one of the venue’s largest size is in flight');
  });

  test('a full close goes out beside an order of unknown outcome, which reduceOnly permits; a part does not', () => {
    for (const [isWhole, lots] of [
      [true, 10],
      [false, 0],
    ] as const) {
      const book = held(10);
      book.exit('x-1', isWhole ? 10 : 6, { isWhole });
      book.report('x-1', 'unknown', 0);
      assert.equal(now(book, 'x-1'), lots);
      book.report('x-1', 'not_placed', 0);
      assert.equal(now(book, 'x-1'), isWhole ? 10 : 6, 'it was never placed');
    }
  });

  test('beside nobody’s lots an order of unknown outcome counts as closed, but for an operator', () => {
    const book = held(10, 5);
    book.exit('x-1', 10);
    book.report('x-1', 'unknown', 0);
    assert.equal(now(book, 'x-1'), 0);
    book.report('x-1', 'not_placed', 0);
    book.read(15, T0 + 50);
    assert.equal(now(book, 'x-1'), 10);
    const operators = held(10, 5);
    operators.exit('ops', 15, { origin: 'operator' });
    operators.report('ops', 'unknown', 0);
    assert.equal(now(operators, 'ops'), 15);
  });

  test('beside nobody’s lots at most what surely is the holder’s, whatever exits on their way fill [EX-36]', () => {
    const book = held(10, 5);
    book.exit('ops', 6, { isWhole: false, origin: 'operator' });
    book.exit('x-1', 10, { delayMs: 1 });
    assert.equal(now(book, 'x-1'), 4);
    const alone = held(10);
    alone.exit('ops', 6, { isWhole: false, origin: 'operator' });
    alone.exit('x-1', 10, { delayMs: 1 });
    assert.equal(now(alone, 'x-1'), 4, 'and alone what those leave');
  });

  test('beside nobody’s lots an order that is lost counts as closed until a reading that was asked for later [EX-36]', () => {
    const book = held(10, 5);
    book.exit('x-1', 10, { atMs: T0 + 5 });
    book.report('x-1', 'lost', 0, T0 + 20);
    book.exit('x-2', 10, { atMs: T0 + 30, delayMs: 1 });
    assert.equal(now(book, 'x-2'), 0, 'the last reading is of before it');
    assert.equal(awaitsReading(book.state), true, 'the next one is recorded');
    book.read(15, T0 + 40, T0 + 1);
    assert.equal(now(book, 'x-2'), 10);
    assert.equal(awaitsReading(book.state), false);
  });

  test('beside nobody’s lots a take-profit waits for what an order of an exit that is over may fill [EX-36]', () => {
    const book = held(10, 8);
    book.exit('x-1', 6, { isWhole: false });
    book.report('x-1', 'unknown', 0);
    book.askCancel(null);
    book.takeProfit('t-1', 10, { delayMs: 1 });
    assert.deepEqual([desired(book), toRest(book, 't-1')], [['x-1 0', 't-1 10'], 4]);
    book.report('x-1', 'not_placed', 0);
    assert.equal(toRest(book, 't-1'), 10);
  });

  test('beside nobody’s lots an operator’s take-profit rests with theirs, too [EX-36]', () => {
    const book = held(10, 8);
    book.takeProfit('ops', 18, { agent: 'operator', origin: 'operator', delayMs: 1 });
    assert.deepEqual([desired(book), toRest(book, 'ops')], [['ops 18'], 18]);
    const ofNobody = new FoldedClaims();
    ofNobody.read(8, T0 + 1);
    ofNobody.takeProfit('ops', 8, { agent: 'operator', origin: 'operator', delayMs: 1 });
    assert.equal(toRest(ofNobody, 'ops'), 8);
  });

  test('what a lost order has closed is not closed again, though a later fill brings the count to what a reading shows', () => {
    const book = held(20, 1);
    book.exit('x-1', 20, { atMs: T0 + 5 });
    book.report('x-1', 'lost', 0, T0 + 20);
    book.exit('x-2', 20, { atMs: T0 + 25, delayMs: 1 });
    book.read(11, T0 + 30);
    assert.equal(now(book, 'x-2'), 10, 'ten are gone');
    book.rung('s-2', 'x-2', 10, { atMs: T0 + 40 });
    book.report('s-2', 'filled', 10, T0 + 45);
    assert.deepEqual([inLots(book.position.quantityE8), inLots(book.position.disputedE8)], [11, 1]);
    assert.equal(now(book, 'x-2'), 0, 'one is left, and it is nobody’s');
  });

  test('beside nobody’s lots what the last reading lacks is not surely held', () => {
    const book = held(10, 5);
    book.exit('x-1', 10, { delayMs: 1 });
    // An opening that nobody has heard of keeps the reading from being believed.
    book.open('o-2', 1);
    book.read(11, T0 + 50);
    assert.equal(inLots(book.position.disputedE8), 11);
    assert.equal(now(book, 'x-1'), 5, 'four lack, and what it shows may be the one of the opening');
    book.report('o-2', 'expired', 0, T0 + 60);
    book.read(15, T0 + 70);
    assert.equal(now(book, 'x-1'), 10);
  });

  for (const what of ['an opening of a person', 'one of an operator'] as const)
    test(`${what} beside the holder’s lots counts like lots of nobody`, () => {
      const book = held(10);
      book.exit('x-1', 10);
      book.report('x-1', 'unknown', 0);
      assert.equal(now(book, 'x-1'), 10);
      if (what === 'an opening of a person') book.list('web-1', 5);
      else book.open('o-2', 5, { agent: 'ops', origin: 'operator' });
      assert.equal(now(book, 'x-1'), 0);
    });

  const short = {
    'was refused as reducing nothing': { status: 'rejected', detail: '-2022: ReduceOnly Order is rejected.' },
    'filled in part': { status: 'expired', executed_lots: 3 },
  } as const;
  for (const [what, end] of Object.entries(short))
    test(`beside nobody’s lots one that ${what} waits for a reading that was asked for later [EX-36]`, () => {
      for (const unowned of [5, 0]) {
        const book = held(10, unowned);
        book.exit('x-1', 10, { atMs: T0 + 5 });
        const executed = 'executed_lots' in end ? end.executed_lots : 0;
        book.report('x-1', end.status, executed, T0 + 20, end);
        const left = 10 - executed;
        assert.equal(waitsForReading(book.state, book.find('x-1')), true);
        assert.equal(awaitsReading(book.state), true, 'the next one is recorded');
        assert.equal(now(book, 'x-1'), unowned > 0 ? 0 : left, 'alone, reduceOnly keeps it inside');
        book.read(left + unowned, T0 + 20, T0);
        assert.equal(now(book, 'x-1'), unowned > 0 ? 0 : left, 'that was asked for at that instant');
        book.read(left + unowned, T0 + 21, T0 + 20);
        assert.equal(now(book, 'x-1'), left);
        assert.equal(awaitsReading(book.state), false);
      }
    });

  test('what the venue called nothing to reduce is not sent while a reading disagrees', () => {
    const book = held(10, 5);
    book.exit('x-1', 10, { atMs: T0 + 5 });
    const detail = '-2022: ReduceOnly Order is rejected.';
    book.report('x-1', 'rejected', 0, T0 + 20, { detail, venue_order_id: null });
    book.open('o-2', 1);
    book.read(11, T0 + 30);
    assert.equal(now(book, 'x-1'), 0);
  });
});

test('a part in whose place a full close was asked for closes no more, also once that is over [EX-29]', () => {
  const book = held(10);
  book.exit('a-1', 4, { isWhole: false });
  book.report('a-1', 'unknown', 0);
  book.exit('a-2', 10, { atMs: T0 + 5, delayMs: 1 });
  book.askCancel('a-2', { atMs: T0 + 10 });
  book.end('a-2', 'canceled', T0 + 10);
  book.report('a-1', 'not_placed', 0, T0 + 20);
  assert.deepEqual([desired(book), ending(book, 'a-1')], [['a-1 0'], 'canceled']);
});

describe('what rests makes room, and rests again [DESIGN 12.2]', () => {
  test('one more than is held waits for what the older ones leave, and cancels none of them', () => {
    const book = held(10);
    for (const [id, lots] of [
      ['t-1', 4],
      ['t-2', 3],
      ['t-3', 3],
    ] as const)
      rests(book, id, lots);
    book.takeProfit('t-4', 2, { delayMs: 1 });
    assert.deepEqual([desired(book), beyond(book)], [['t-1 4', 't-2 3', 't-3 3', 't-4 0'], []]);
    assert.equal(toRest(book, 't-4'), 0);
    book.report('t-1', 'filled', 4);
    assert.equal(toRest(book, 't-4'), 0, 'its lots are closed: there is no more room');
    book.askCancel('t-2');
    book.report('t-2', 'canceled', 0);
    assert.equal(toRest(book, 't-4'), 2);
  });

  test('an amend asks anew, as the youngest: it gets what the others leave [EX-55]', () => {
    const book = held(10);
    rests(book, 't-1', 4);
    rests(book, 't-2', 6);
    book.amend('t-1', 5);
    assert.deepEqual([desired(book), beyond(book)], [['t-2 6', 't-1 4'], ['t-1']]);
  });

  test('it rests in one order: not in a part of it while what makes room is not gone', () => {
    const book = held(10);
    rests(book, 't-1', 6);
    rests(book, 't-2', 4);
    book.cancel('t-1', MAKES_ROOM);
    book.askCancel('t-2');
    book.takeProfit('t-3', 8, { delayMs: 1 });
    book.report('t-2', 'canceled', 0);
    book.cancel('t-1', 'asked for by alice');
    book.askCancel('t-1');
    assert.equal(toRest(book, 't-3'), 0);
    book.report('t-1', 'canceled', 0);
    assert.equal(toRest(book, 't-3'), 8);
  });

  test('what closes does not wait for an order of unknown outcome, which never rests', () => {
    const book = held(10);
    book.exit('x-1', 10);
    const isRoom = (): boolean => hasRoom(closingOf(book.state, 'BTCUSDT', 'sell'), 10 * LOT_E8);
    assert.equal(isRoom(), false, 'in flight');
    book.report('x-1', 'unknown', 0);
    assert.equal(isRoom(), true);
    book.takeProfit('t-1', 1);
    book.report('t-1', 'unknown', 0);
    assert.equal(isRoom(), false, 'one that may rest is in the way');
  });

  test('an order of unknown outcome takes room, one that is lost for good does not', () => {
    const book = held(10);
    rests(book, 't-1', 3);
    book.exit('x-1', 4, { isWhole: false });
    book.report('x-1', 'unknown', 0);
    rests(book, 't-2', 6);
    makesRoom(book, 't-2');
    assert.equal(toRest(book, 't-2'), 3);
    book.report('x-1', 'lost', 0);
    book.end('x-1', 'lost');
    assert.equal(toRest(book, 't-2'), 6);
  });

  test('below the venue’s least quantity it waits, unless that is all that is held', () => {
    const book = held(10);
    rests(book, 't-1', 8);
    book.takeProfit('t-2', 2, { delayMs: 1 });
    assert.deepEqual([toRest(book, 't-2', 2), toRest(book, 't-2', 3)], [2, 0]);
    const all = held(2);
    all.takeProfit('t-1', 2, { delayMs: 1 });
    assert.equal(toRest(all, 't-1', 3), 2);
  });

  test('what the last reading lacks takes room', () => {
    const book = held(10);
    book.takeProfit('t-1', 10, { delayMs: 1 });
    assert.equal(toRest(book, 't-1'), 10);
    book.open('o-2', 1);
    book.read(6, T0 + 50);
    assert.equal(toRest(book, 't-1'), 5, 'four lack, and one of the six may be of the opening');
  });

  function makesRoom(book: FoldedClaims, id: string): void {
    book.cancel(id, MAKES_ROOM);
    book.report(id, 'canceled', 0);
  }
});

describe('when a claim is over [DESIGN 12.2]', () => {
  test('one that closes now: never while an order of it may fill', () => {
    for (const status of ['in_flight', 'working', 'unknown', 'lost'] as const) {
      const book = held(10);
      book.exit('x-1', 10);
      book.report('x-1', status, 0);
      book.askCancel(null);
      book.exit('ops', 10, { origin: 'operator' });
      book.report('ops', 'filled', 10);
      assert.equal(ending(book, 'x-1', true), status === 'lost' ? 'canceled' : null, status);
    }
  });

  test('one that closes now: filled with what was asked for, by whichever of its orders', () => {
    const book = held(10);
    book.exit('x-1', 6, { isWhole: false });
    book.report('x-1', 'expired', 2);
    assert.equal(ending(book, 'x-1'), null);
    book.rung('x-2', 'x-1', 4, { rung: 1 });
    book.report('x-2', 'filled', 4);
    assert.equal(ending(book, 'x-1'), 'filled');
  });

  test('one that closes now: once nothing is held any more, whoever closed it [EX-56]', () => {
    for (const [own, reason] of [
      [0, 'nothing_left'],
      [3, 'filled'],
    ] as const) {
      const book = held(10);
      book.exit('x-1', 6, { isWhole: false });
      book.report('x-1', 'expired', own);
      book.exit('ops', 10 - own, { origin: 'operator' });
      book.report('ops', 'filled', 10 - own);
      assert.equal(ending(book, 'x-1'), reason);
      assert.equal(ending(book, 'ops'), 'filled');
    }
  });

  test('one that rests: not while an order of it lives; canceled, filled, or once nothing is left [EX-56]', () => {
    const book = held(10);
    rests(book, 't-1', 4);
    assert.equal(ending(book, 't-1'), null);
    book.cancel('t-1', MAKES_ROOM);
    book.report('t-1', 'canceled', 0);
    assert.equal(ending(book, 't-1'), null, 'it waits for room');
    book.open('o-2', 2);
    book.exit('x-1', 10);
    book.report('x-1', 'filled', 10);
    assert.equal(ending(book, 't-1'), null, 'an opening of before is on its way');
    book.report('o-2', 'expired', 0);
    assert.equal(ending(book, 't-1'), 'nothing_left');
    book.askCancel('t-1');
    assert.equal(ending(book, 't-1'), 'canceled');
  });

  test('after the last rung, which for operators and the gate is a market order behind the ladder [EX-43]', () => {
    for (const [how, last] of [
      [{}, RUNGS - 1],
      [{ origin: 'operator' }, RUNGS],
      [{ origin: 'gate' }, RUNGS],
    ] as const) {
      const book = held(10);
      book.exit('x-1', 10, how);
      book.report('x-1', 'expired', 0);
      for (let rung = 1; rung <= last; rung += 1) {
        assert.equal(findEnding(book.state, book.find('x-1'), AROUND), null, `before rung ${rung}`);
        book.rung(`s-${rung}`, 'x-1', 10, { rung });
        book.report(`s-${rung}`, 'expired', 0);
      }
      assert.equal(findEnding(book.state, book.find('x-1'), AROUND)?.reason, 'exhausted');
    }
  });
});

describe('the next rung of a claim', () => {
  for (const [what, report, rung] of [
    ['expired', ['expired', 3, {}], 1],
    ['was filled as a part of the largest size', ['filled', 10, {}], 0],
    ['was never placed', ['not_placed', 0, { venue_order_id: null }], 0],
    ['was refused', ['rejected', 0, { venue_order_id: null, detail: '-2010: no' }], 0],
    ['was out of the band', ['rejected', 0, { detail: "-4131: PERCENT_PRICE can't be met" }], 1],
    ['was canceled unsent', ['canceled', 0, { venue_order_id: null }], 0],
    ['was canceled at the venue', ['canceled', 0, {}], 1],
  ] as const)
    test(`is ${rung === 0 ? 'the same' : 'the one behind it'} after an order that ${what}`, () => {
      const book = held(30);
      book.exit('x-1', 10);
      book.report('x-1', report[0], report[1], T0, report[2]);
      assert.equal(nextRung(book.find('x-1'), RUNGS), rung);
    });

  test('is the last, once its caller has bound it, until `exits.resume_ms` ends it [DESIGN 12.5]', () => {
    for (const status of ['expired', 'canceled'] as const) {
      const book = held(10);
      book.exit('x-1', 10, { origin: 'operator' });
      book.report('x-1', 'expired', 0);
      for (let times = 1; times <= 9; times += 1) {
        book.rung(`s-${times}`, 'x-1', 10, { rung: Math.min(times, RUNGS - 1), slippageBps: 10 });
        book.report(`s-${times}`, status, 0);
        assert.equal(nextRung(book.find('x-1'), RUNGS), Math.min(times + 1, RUNGS - 1));
        assert.equal(ending(book, 'x-1'), null);
      }
      const isLate = { ...AROUND, isLate: true };
      assert.match(findEnding(book.state, book.find('x-1'), isLate)?.detail ?? '', /max_slippage_bps/);
    }
  });

  test('is never MARKET for one that has a bound, whoever asks', () => {
    const book = held(10);
    book.exit('x-1', 10, { origin: 'operator' });
    assert.equal(rungsOf(book.find('x-1'), RUNGS), RUNGS + 1);
    book.report('x-1', 'expired', 0);
    book.rung('s-1', 'x-1', 10, { rung: 1, slippageBps: 10 });
    assert.equal(rungsOf(book.find('x-1'), RUNGS), RUNGS);
  });

  test('is the last for one with a bound that took the place of one at MARKET, or of a longer ladder [EX-42]', () => {
    for (const status of ['not_placed', 'filled'] as const) {
      const book = held(30);
      book.exit('x-1', 10, { origin: 'operator' });
      book.report('x-1', 'expired', 0);
      book.rung('s-1', 'x-1', 10, { rung: RUNGS, slippageBps: 10 });
      book.report('s-1', status, status === 'filled' ? 3 : 0, T0, { venue_order_id: null });
      assert.equal(nextRung(book.find('x-1'), RUNGS), RUNGS - 1);
    }
  });

  test('is the same after an order that the gate asked back for room', () => {
    const book = held(10);
    book.exit('x-1', 10);
    book.cancel('x-1', MAKES_ROOM);
    book.report('x-1', 'canceled', 0);
    assert.equal(nextRung(book.find('x-1'), RUNGS), 0);
  });
});

describe('the exit beside which nothing opens [DESIGN 12.1]', () => {
  test('is one that has ended and may still fill after the position was closed: it would close what opens next', () => {
    const book = held(10);
    rests(book, 't-1', 4);
    book.exit('x-1', 10, { origin: 'operator' });
    book.report('x-1', 'filled', 10);
    book.end('x-1', 'filled');
    assert.equal(inLots(book.position.quantityE8), 0);
    assert.equal(findExitInProgress(book.state, 'BTCUSDT'), 'd-t-1');
    book.report('t-1', 'canceled', 0);
    assert.equal(findExitInProgress(book.state, 'BTCUSDT'), null);
  });
});

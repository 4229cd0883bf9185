import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { stateOf } from '../../../daemon/engine/claims/describe-claim.ts';
import { type Claim, closedE8, MAKES_ROOM, meantBy, onWayE8 } from '../../../daemon/engine/orders/claims.ts';
import type { Evidence } from '../../../daemon/engine/records/decisions.ts';
import { DAY, decisionEvent, inLots, T0, tradeEvent } from '../fold-fixture.ts';
import { FoldedClaims } from '../folded-claims.ts';

const REASON = { hint: '', limit: null, message: '', observed: null, unit: null } as const;
const idsOf = ({ state }: FoldedClaims): readonly string[] =>
  [...state.claims.open].map(({ decisionId }) => decisionId);

/** Alice holds ten lots, and her take-profit of four rests. */
function resting(): FoldedClaims {
  const book = new FoldedClaims();
  book.hold(10);
  book.takeProfit('t-1', 4);
  book.report('t-1', 'working', 0);
  return book;
}
function makesRoom(book: FoldedClaims, id = 't-1'): void {
  book.cancel(id, MAKES_ROOM);
  book.report(id, 'canceled', 0);
}
/** What a restart makes of it. */
function refolded(book: FoldedClaims, id: string): Claim | null {
  return book.ledger.refold().claims.find(`d-${id}`);
}

describe('a claim is whose, how many lots, now or at a price [DESIGN 12.2]', () => {
  test('and nothing in it changes with what its orders fill [EX-23]', () => {
    const book = new FoldedClaims();
    book.hold(10);
    book.exit('x-1', 6, { isWhole: false });
    book.report('x-1', 'expired', 2);
    book.rung('x-2', 'x-1', 4, { rung: 1 });
    book.report('x-2', 'unknown', 1);
    for (const claim of [book.find('x-1'), refolded(book, 'x-1')!]) {
      const { agent, askedE8: askedLots, isWhole, wants, end, rung } = claim;
      assert.deepEqual(
        { agent, askedLots: inLots(askedLots), isWhole, wants, end, rung },
        { agent: 'alice', askedLots: 6, isWhole: false, wants: 'now', end: null, rung: 1 },
      );
      assert.deepEqual([inLots(closedE8(claim)), inLots(onWayE8(claim))], [3, 3]);
    }
  });

  test('an amend that the venue has taken asks anew, as the youngest; one that failed asks for nothing [EX-24]', () => {
    for (const action of ['amended', 'amend_failed'] as const) {
      const book = resting();
      book.takeProfit('t-2', 2);
      book.report('t-2', 'working', 0);
      const before = book.find('t-1').seq;
      book.askAmend('t-1', 6);
      assert.deepEqual([inLots(book.find('t-1').askedE8), idsOf(book)], [4, ['d-t-1', 'd-t-2']], 'not known yet');
      book.settleAmend('t-1', action, 6);
      const isNew = action === 'amended';
      assert.equal(inLots(book.find('t-1').askedE8), isNew ? 6 : 4);
      assert.equal(book.find('t-1').seq > before, isNew);
      assert.deepEqual(idsOf(book), isNew ? ['d-t-2', 'd-t-1'] : ['d-t-1', 'd-t-2']);
      assert.equal(inLots(refolded(book, 't-1')?.askedE8), isNew ? 6 : 4);
    }
  });

  test('what earlier orders of it have closed is added to what an amend of the last one asks for', () => {
    const book = resting();
    book.cancel('t-1', MAKES_ROOM);
    book.report('t-1', 'canceled', 1);
    book.takeProfit('t-2', 3, { parent: 't-1' });
    book.report('t-2', 'working', 0);
    book.amend('t-2', 5);
    assert.equal(inLots(book.find('t-1').askedE8), 6);
  });

  test('a full close begins where its caller’s older exits stand on the ladder, a part does not', () => {
    for (const isWhole of [true, false]) {
      const book = new FoldedClaims();
      book.hold(10);
      book.exit('x-1', 4, { isWhole: false });
      book.report('x-1', 'expired', 0);
      book.rung('x-2', 'x-1', 4, { rung: 2 });
      book.exit('x-3', isWhole ? 10 : 5, { isWhole, delayMs: 1 });
      assert.equal(book.find('x-3').rung, isWhole ? 2 : -1);
    }
  });
});

describe('after that only its cancel and its end change [DESIGN 12.2]', () => {
  test('nobody else’s cancel is meant, but an operator’s; and the gate’s are nobody’s to cancel', () => {
    for (const [how, canceled] of [
      [{ agent: 'bob' }, [false, false, false]],
      [{}, [true, false, false]],
      [{ agent: 'ops', origin: 'operator' }, [true, true, false]],
    ] as const) {
      const book = resting();
      book.exit('x-1', 3, { origin: 'operator', isWhole: false, delayMs: 1 });
      book.exit('x-2', 3, { origin: 'gate', isWhole: false, delayMs: 1 });
      book.askCancel(null, how);
      const isCanceled = ['t-1', 'x-1', 'x-2'].map((id) => book.find(id).isCanceled);
      assert.deepEqual(isCanceled, canceled, JSON.stringify(how));
    }
  });

  test('cancel_all of one symbol leaves those of others, and what is asked for afterwards [TD-13 TF-19]', () => {
    const book = resting();
    book.askCancel(null, { symbol: 'ETHUSDT' });
    assert.equal(book.find('t-1').isCanceled, false);
    book.askCancel(null);
    book.takeProfit('t-2', 2);
    assert.deepEqual([book.find('t-1').isCanceled, book.find('t-2').isCanceled], [true, false]);
  });

  test('a cancel that is carried out later means nothing that was asked for since its record', () => {
    const book = resting();
    const { seq } = book.find('t-1');
    const request = { agent: 'alice', client_order_id: null, origin: 'agent', symbol: null } as const;
    const meant = (upTo: number) => meantBy(book.state.claims.open, request, upTo, () => false).length;
    assert.deepEqual([meant(seq - 1), meant(seq), meant(seq + 1)], [0, 1, 1]);
  });

  test('a cancel_all while trading is halted takes back what opens: an agent’s exit goes on', () => {
    for (const [origin, isCanceled] of [
      ['agent', false],
      ['operator', true],
    ] as const) {
      const book = resting();
      book.halt();
      book.askCancel(null, { origin });
      assert.equal(book.find('t-1').isCanceled, isCanceled, origin);
    }
  });

  test('a cancel that is refused takes nothing back, except that it is not at the venue already', () => {
    for (const [codes, isCanceled] of [
      [['ORDER_NOT_OPEN'], true],
      [['STATE_HALTED', 'ORDER_NOT_OPEN'], false],
      [['SCOPE_TOOL'], false],
    ] as const) {
      const book = resting();
      makesRoom(book);
      const asked = { client_order_id: 't-1', intent: 'cancel' } as const;
      const event = decisionEvent({ id: 'd-c', atMs: T0, request: asked, orders: [] });
      const reasons = codes.map((code) => ({ ...REASON, code }));
      const decision = { ...event.payload.decision, decision: 'BLOCK', effective: null, reasons } as const;
      book.ledger.append({ ...event, payload: { ...event.payload, decision } });
      assert.equal(book.find('t-1').isCanceled, isCanceled, codes.join());
    }
  });
});

describe('a resting exit [DESIGN 12.2]', () => {
  test('that the gate canceled for room goes on, through its next order', () => {
    const book = resting();
    makesRoom(book);
    assert.deepEqual([idsOf(book), inLots(onWayE8(book.find('t-1')))], [['d-t-1'], 0]);
    assert.deepEqual(refolded(book, 't-1')?.end, null);
    book.takeProfit('t-2', 4, { parent: 't-1' });
    book.report('t-2', 'working', 1);
    assert.deepEqual([inLots(closedE8(book.find('t-1'))), inLots(onWayE8(book.find('t-1')))], [1, 3]);
    book.report('t-2', 'filled', 4);
    assert.equal(book.find('t-1').end?.reason, 'filled');
    assert.deepEqual(book.state.claims.justEnded, [], 'nobody is to be alarmed');
  });

  for (const status of ['not_placed', 'rejected'] as const)
    test(`that is ${status} goes on: nobody wanted that`, () => {
      const book = new FoldedClaims();
      book.hold(10);
      book.takeProfit('t-1', 4);
      book.report('t-1', status, 0, T0, { venue_order_id: null });
      assert.deepEqual([idsOf(book), book.state.claims.justEnded.length], [['d-t-1'], 0]);
    });

  for (const status of ['canceled', 'expired'] as const)
    test(`that was ${status} at the venue by somebody else ends canceled, and is told of`, () => {
      const book = resting();
      book.report('t-1', status, 1);
      const claim = book.find('t-1');
      assert.deepEqual([claim.end?.reason, inLots(closedE8(claim))], ['canceled', 1]);
      assert.deepEqual(book.state.claims.justEnded, [claim]);
      assert.match(claim.end?.detail ?? '', /at the venue/);
      assert.equal(refolded(book, 't-1')?.end?.reason, 'canceled');
    });

  test('that was canceled by its caller ends with that, and nobody is told', () => {
    const book = resting();
    book.askCancel('t-1');
    assert.equal(book.find('t-1').end, null, 'it may fill yet');
    book.report('t-1', 'canceled', 0);
    assert.equal(book.find('t-1').end?.reason, 'canceled');
    assert.equal(book.state.claims.justEnded.length, 0);
  });

  test('that an operator ended, or that was never sent, ends with that', () => {
    for (const kind of ['operator', 'unsent'] as const) {
      const isUnsent = kind === 'unsent';
      const evidence: Evidence = { asked_seq: 1, kind };
      const book = new FoldedClaims();
      book.hold(10);
      book.takeProfit('t-1', 4, { delayMs: isUnsent ? 1 : 0 });
      if (!isUnsent) book.report('t-1', 'lost', 0, T0, { venue_order_id: null });
      book.report('t-1', 'canceled', 0, T0, { venue_order_id: null, evidence });
      assert.equal(book.find('t-1').end?.reason, 'canceled', kind);
      assert.equal(book.state.claims.justEnded.length, 0);
    }
  });

  test('of which one order is unproven is not over with its other one', () => {
    const book = resting();
    makesRoom(book);
    book.takeProfit('t-2', 3, { parent: 't-1' });
    book.report('t-2', 'unknown', 0);
    book.takeProfit('t-3', 1, { parent: 't-1' });
    book.report('t-3', 'working', 0);
    book.report('t-3', 'canceled', 0);
    assert.equal(book.find('t-1').end, null, 'one of its orders may fill yet');
    book.report('t-2', 'canceled', 0);
    assert.equal(book.find('t-1').end?.reason, 'canceled');
  });
});

describe('what an execution says of its claim', () => {
  test('no state says rejected, canceled or expired while it goes on [EX-49]', () => {
    const book = new FoldedClaims();
    book.hold(10);
    book.exit('x-1', 10);
    for (const [status, state] of [
      ['unknown', 'unknown'],
      ['rejected', 'staging'],
    ] as const) {
      book.report('x-1', status, 0, T0, { venue_order_id: null });
      assert.equal(stateOf(book.find('x-1')), state);
    }
    book.rung('x-2', 'x-1', 10);
    assert.equal(stateOf(book.find('x-1')), 'submitting');
    book.report('x-2', 'expired', 4);
    assert.equal(stateOf(book.find('x-1')), 'staging');
    book.end('x-1', 'exhausted');
    assert.equal(stateOf(book.find('x-1')), 'partially_filled');
  });

  test('a full close is not called filled before it has ended', () => {
    const book = new FoldedClaims();
    book.hold(10);
    book.open('o-2', 3);
    book.exit('x-1', 10);
    book.report('x-1', 'filled', 10);
    assert.equal(stateOf(book.find('x-1')), 'staging');
    book.end('x-1', 'filled');
    assert.equal(stateOf(book.find('x-1')), 'filled');
  });
});

test('the orders of a claim that goes on are not forgotten, however old: the next one has a number of its own', () => {
  const book = new FoldedClaims();
  book.open('o-1', 10);
  book.report('o-1', 'filled', 10);
  book.ledger.append(tradeEvent('1', 'o-1', T0));
  book.takeProfit('t-1', 4);
  book.report('t-1', 'working', 0);
  makesRoom(book);
  book.read(10, T0 + 8 * DAY);
  assert.equal(book.state.orders.byDecision.get('d-t-1')?.length, 1);
  assert.equal(book.state.orders.byDecision.get('d-o-1'), undefined, 'others are');
  book.end('t-1', 'dropped', T0 + 8 * DAY);
  book.read(10, T0 + 16 * DAY);
  assert.equal(book.state.orders.byDecision.get('d-t-1'), undefined);
  assert.equal(book.state.claims.find('d-t-1'), null);
});

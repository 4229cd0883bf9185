import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  BEYOND_SHARE,
  type DisplacedExit,
  MAKES_ROOM,
  NOTHING_LEFT,
} from '../../../daemon/gate/state/displaced-exits.ts';
import { DAY, decisionEvent, T0, tradeEvent } from '../fold-fixture.ts';
import { FoldedExits } from './folded-exits.ts';

/** Ten lots are held, and a take-profit of four rests; three more were on their way before it was asked for, or not. */
function hold(isUnderWay = false): FoldedExits {
  const book = new FoldedExits();
  book.open('o-1', 10);
  book.report('o-1', 'filled', 10);
  if (isUnderWay) book.open('o-2', 3);
  book.takeProfit('t-1', 4);
  book.report('t-1', 'working', 0);
  return book;
}
function displace(book: FoldedExits, reason = MAKES_ROOM): void {
  book.cancel('t-1', reason);
  book.report('t-1', 'canceled', 0);
}
const waiting = ({ ledger }: FoldedExits): readonly DisplacedExit[] => ledger.state.displaced.waiting();
const REASON = { hint: '', limit: null, message: '', observed: null, unit: null } as const;
const find = (book: FoldedExits): DisplacedExit => {
  const exit = book.ledger.state.displaced.find('d-t-1');
  assert.ok(exit !== null);
  return exit;
};

for (const reason of [MAKES_ROOM, BEYOND_SHARE])
  test(`an exit that is canceled (${reason}) waits until its next order rests`, () => {
    const book = hold();
    book.cancel('t-1', reason);
    assert.equal(waiting(book).length, 0, 'it is at the venue yet');
    book.report('t-1', 'canceled', 0);
    assert.equal(waiting(book).length, 1);
    book.takeProfit('t-2', 4, { parent: 't-1' });
    assert.deepEqual([waiting(book).length, book.ledger.state.displaced.size], [0, 1], 'it is on its way');
    book.report('t-2', 'working', 0);
    assert.equal(book.ledger.state.displaced.size, 0);
    assert.equal(book.ledger.refold().displaced.size, 0);
  });

for (const status of ['not_placed', 'rejected'] as const)
  test(`one whose next order is ${status} waits again, with what a restart folds`, () => {
    const book = hold();
    displace(book);
    book.takeProfit('t-2', 4, { parent: 't-1' });
    book.report('t-2', status, 0, T0, { venue_order_id: null });
    assert.equal(waiting(book)[0]?.order.clientOrderId, 't-2');
    assert.equal(book.ledger.refold().displaced.waiting().length, 1);
  });

test('one that was never placed waits to be placed, unless its caller wanted it gone or an operator ended it', () => {
  const ways = [
    { status: 'not_placed', isWanted: true, waits: 1 },
    { status: 'rejected', isWanted: true, waits: 1 },
    { status: 'not_placed', isWanted: false, waits: 0 },
    { status: 'canceled', isWanted: true, waits: 0, evidence: { asked_seq: 1, kind: 'operator' } as const },
  ] as const;
  for (const way of ways) {
    const book = new FoldedExits();
    book.open('o-1', 10);
    book.report('o-1', 'filled', 10);
    book.takeProfit('t-1', 4);
    if (way.status === 'canceled') book.report('t-1', 'lost', 0, T0, { venue_order_id: null });
    if (!way.isWanted) book.cancel('t-1', 'asked for by alice');
    book.report('t-1', way.status, 0, T0, {
      venue_order_id: null,
      ...('evidence' in way ? { evidence: way.evidence } : {}),
    });
    assert.equal(waiting(book).length, way.waits, JSON.stringify(way));
    if (way.waits === 1) assert.equal(find(book).hasRested, false);
  }
});

test('one that waits for its turn is held to what was held when it was asked for', () => {
  const book = new FoldedExits();
  book.open('o-1', 10);
  book.report('o-1', 'filled', 10);
  book.takeProfit('t-1', 4, { delayMs: 1 });
  book.exit('x-1', 10);
  book.report('x-1', 'filled', 10);
  book.open('o-2', 5);
  book.report('o-2', 'filled', 5);
  assert.equal(waiting(book).length, 0);
  assert.equal(find(book).bound.roomLots, 0);
  book.report('t-1', 'canceled', 0, T0, { venue_order_id: null });
  assert.equal(book.ledger.state.displaced.size, 0, 'it was never sent: whoever ended it meant to');
});

test('its caller may cancel it by any of its orders, or with all others', () => {
  for (const request of [{ client_order_id: 't-1' }, { client_order_id: 't-2' }, { client_order_id: null }]) {
    const book = hold();
    displace(book);
    book.takeProfit('t-2', 4, { parent: 't-1' });
    book.report('t-2', 'not_placed', 0, T0, { venue_order_id: null });
    const asked = { ...request, intent: 'cancel' } as const;
    book.ledger.append(decisionEvent({ id: 'd-c', atMs: T0, request: asked, orders: [] }));
    assert.equal(book.ledger.state.displaced.size, 0, JSON.stringify(request));
  }
});

for (const status of ['not_placed', 'rejected', 'canceled'] as const)
  test(`one that the gate asked back unseen, and that is ${status} then, waits to rest`, () => {
    const book = new FoldedExits();
    book.open('o-1', 10);
    book.report('o-1', 'filled', 10);
    book.takeProfit('t-1', 4);
    book.report('t-1', 'unknown', 0, T0, { venue_order_id: null });
    book.cancel('t-1', MAKES_ROOM);
    book.report('t-1', status, 0, T0, { venue_order_id: null });
    assert.equal(waiting(book).length, 1);
    assert.equal(book.ledger.refold().displaced.waiting().length, 1);
    if (status === 'canceled') return;
    // What its caller wants gone is another matter.
    book.takeProfit('t-2', 4, { parent: 't-1' });
    book.cancel('t-2', 'asked for by alice');
    book.report('t-2', status, 0, T0, { venue_order_id: null });
    assert.equal(waiting(book).length, 0);
  });

test('a cancel that is refused takes nothing back, except that it is not at the venue already', () => {
  for (const { codes, size } of [
    { codes: ['ORDER_NOT_OPEN'], size: 0 },
    { codes: ['STATE_HALTED', 'ORDER_NOT_OPEN'], size: 1 },
    { codes: ['SCOPE_TOOL'], size: 1 },
  ] as const) {
    const book = hold();
    displace(book);
    const asked = { client_order_id: 't-1', intent: 'cancel' } as const;
    const event = decisionEvent({ id: 'd-c', atMs: T0, request: asked, orders: [] });
    const reasons = codes.map((code) => ({ ...REASON, code }));
    const decision = { ...event.payload.decision, decision: 'BLOCK', effective: null, reasons } as const;
    book.ledger.append({ ...event, payload: { ...event.payload, decision } });
    assert.equal(book.ledger.state.displaced.size, size, codes.join());
  }
});

test('a cancel_all while trading is halted takes back what opens: an exit of its caller waits on', () => {
  for (const { origin, symbol, size } of [
    { origin: 'agent', symbol: null, size: 1 },
    { origin: 'agent', symbol: 'BTCUSDT', size: 1 },
    { origin: 'operator', symbol: null, size: 0 },
  ] as const) {
    const book = hold();
    displace(book);
    book.halt();
    const asked = { client_order_id: null, intent: 'cancel', origin, symbol } as const;
    book.ledger.append(decisionEvent({ id: 'd-c', atMs: T0, request: asked, orders: [] }));
    assert.equal(book.ledger.state.displaced.size, size, `${origin} ${symbol}`);
  }
});

test('what was opened after it was asked for is not its to close, what was sent before is', () => {
  const book = hold(true);
  book.open('o-3', 5);
  book.report('o-3', 'filled', 5);
  displace(book);
  book.open('o-4', 5);
  book.report('o-4', 'filled', 5);
  assert.equal(find(book).bound.roomLots, 10);
  book.report('o-2', 'filled', 3);
  assert.equal(find(book).bound.roomLots, 13);
  book.exit('x-1', 12);
  book.report('x-1', 'filled', 12);
  assert.equal(find(book).bound.roomLots, 1);
});

test('an amend asks anew: what is held then is its to close', () => {
  const book = hold();
  book.open('o-2', 5, T0 + 10);
  book.report('o-2', 'filled', 5, T0 + 10);
  book.amend('t-1', 12, T0 + 20);
  book.cancel('t-1', MAKES_ROOM, T0 + 30);
  assert.deepEqual([find(book).bound.roomLots, find(book).bound.askedAtMs], [15, T0 + 20]);
});

test('an amend asks for what is held when it is decided, and holds once it is proven', () => {
  for (const proven of ['amended', 'amend_failed', null] as const) {
    const book = hold();
    book.open('o-2', 5, T0 + 10);
    book.report('o-2', 'filled', 5, T0 + 10);
    book.askAmend('t-1', 12, T0 + 20);
    book.open('o-3', 3, T0 + 30);
    book.report('o-3', 'filled', 3, T0 + 30);
    // Displaced before or after: the same.
    if (proven === null) book.cancel('t-1', MAKES_ROOM, T0 + 40);
    book.settleAmend('t-1', proven ?? 'amended', 12, T0 + 50);
    book.cancel('t-1', MAKES_ROOM, T0 + 60);
    const { askedAtMs, roomLots } = find(book).bound;
    assert.deepEqual([roomLots, askedAtMs], proven === 'amend_failed' ? [10, T0] : [15, T0 + 20]);
    book.exit('x-1', 4);
    book.report('x-1', 'filled', 4, T0 + 70);
    assert.equal(find(book).bound.roomLots, roomLots - 4);
  }
});

test('nothing is kept of what neither rests nor is to', () => {
  const book = hold();
  displace(book);
  book.takeProfit('t-2', 4, { parent: 't-1' });
  book.report('t-2', 'working', 0);
  const { displaced } = book.ledger.state;
  assert.equal(displaced.bounds.size, 1, 'it rests');
  book.report('t-2', 'filled', 4);
  assert.deepEqual([displaced.size, displaced.bounds.size], [0, 0]);
  const given = hold();
  displace(given);
  const asked = { client_order_id: 't-1', intent: 'cancel' } as const;
  given.ledger.append(decisionEvent({ id: 'd-c', atMs: T0, request: asked, orders: [] }));
  assert.equal(given.ledger.state.displaced.bounds.size, 0, 'its caller wanted it gone');
});

test('it is over when all that was held is closed, but not while an opening of before may still fill', () => {
  for (const isUnderWay of [false, true]) {
    const book = hold(isUnderWay);
    displace(book);
    book.exit('x-1', 10);
    book.report('x-1', 'filled', 10);
    assert.equal(book.ledger.state.displaced.size, isUnderWay ? 1 : 0);
    const { detail } = book.ledger.state.orders.all.get('t-1')!;
    assert.equal(detail, isUnderWay ? null : NOTHING_LEFT, 'its caller is told why');
  }
});

test('one that was closed otherwise before its cancel is proven ends with that, and says so', () => {
  const book = hold();
  book.cancel('t-1', MAKES_ROOM, T0 + 10);
  book.exit('x-1', 10);
  book.report('x-1', 'filled', 10);
  assert.equal(book.ledger.state.displaced.size, 1, 'it may fill yet');
  book.report('t-1', 'canceled', 0, T0 + 20);
  assert.equal(book.ledger.state.displaced.size, 0);
  assert.equal(book.ledger.state.orders.all.get('t-1')?.detail, NOTHING_LEFT);
});

test('what was displaced last rests again first', () => {
  const book = hold();
  book.takeProfit('t-9', 2);
  book.report('t-9', 'working', 0);
  displace(book);
  book.cancel('t-9', MAKES_ROOM);
  book.report('t-9', 'canceled', 0);
  assert.deepEqual(
    waiting(book).map(({ decisionId }) => decisionId),
    ['d-t-9', 'd-t-1'],
  );
});

test('the orders of what is to rest again are not forgotten, however old: the next one has a number of its own', () => {
  const book = hold();
  book.ledger.append(tradeEvent('1', 'o-1', T0));
  displace(book);
  book.read(10, T0 + 8 * DAY);
  assert.equal(book.ledger.state.orders.byDecision.get('d-t-1')?.length, 1);
  assert.equal(book.ledger.state.orders.byDecision.get('d-o-1'), undefined, 'others are');
  const ended = { action: 'ended', decision_id: 'd-t-1', detail: '', filled_lots: 0, reason: 'dropped' } as const;
  book.ledger.append({ kind: 'exit_target', at_ms: T0 + 8 * DAY, payload: ended });
  book.read(10, T0 + 16 * DAY);
  assert.equal(book.ledger.state.orders.byDecision.get('d-t-1'), undefined);
});

test('lots that only a reading showed are no longer room once readings agree, though as many were opened since', () => {
  const book = new FoldedExits();
  const bobOpens = (id: string) =>
    book.ledger.append(
      decisionEvent({
        id: `d-${id}`,
        atMs: T0,
        agent: 'bob',
        orders: [{ client_order_id: id, lots: 4, time_in_force: 'IOC' }],
      }),
    );
  bobOpens('o-1');
  book.read(4, T0 + 100);
  book.takeProfit('t-1', 4, { atMs: T0 + 200 });
  book.report('t-1', 'working', 0, T0 + 300);
  const room = (): number | undefined => book.ledger.state.displaced.bounds.find('d-t-1')?.roomLots;
  assert.equal(room(), 4);
  bobOpens('o-2');
  book.report('o-2', 'filled', 4, T0 + 400);
  book.report('o-1', 'expired', 0, T0 + 500);
  book.read(4, T0 + 600);
  assert.equal(room(), 0);
  assert.equal(book.ledger.refold().displaced.bounds.find('d-t-1')?.roomLots, 0);
});

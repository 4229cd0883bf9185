import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stateOf } from '../../../daemon/gate/plan/describe-target.ts';
import { DAY, decisionEvent, orderEvent, T0 } from '../fold-fixture.ts';
import { FoldedExits } from './folded-exits.ts';

for (const first of ['opening', 'exit'] as const)
  test(`lots that only a reading shows are an exit's once, whether their opening or the exit is proven first: ${first}`, () => {
    const book = new FoldedExits();
    book.open('o-1', 4);
    book.read(4, T0 + 100);
    book.exit('x-1', 4);
    assert.equal(book.find('x-1').leftLots, 4);
    if (first === 'exit') book.report('x-1', 'filled', 4);
    book.report('o-1', 'filled', 4);
    assert.equal(book.find('x-1').askedLots, 4);
    assert.equal(book.find('x-1').leftLots, first === 'exit' ? 0 : 4);
    if (first === 'opening') book.report('x-1', 'filled', 4);
    assert.equal(book.find('x-1').leftLots, 0, 'what is opened later is not its to close');
  });

test('what an opening of before fills beyond what was shown is closed, too', () => {
  const book = new FoldedExits();
  book.open('o-1', 6);
  book.read(4, T0 + 100);
  book.exit('x-1', 4);
  book.report('o-1', 'filled', 6);
  assert.equal(book.find('x-1').leftLots, 6);
});

test('a part keeps its size, whatever is proven of what was sent before it', () => {
  const book = new FoldedExits();
  book.open('o-1', 4);
  book.read(4, T0 + 100);
  book.exit('x-1', 2, { isWhole: false });
  book.report('o-1', 'filled', 4);
  const { askedLots, leftLots } = book.find('x-1');
  assert.deepEqual({ askedLots, leftLots }, { askedLots: 2, leftLots: 2 });
});

test('a younger opening does not hide what is not proven yet', () => {
  const book = new FoldedExits();
  book.open('o-1', 4);
  book.read(4, T0 + 100);
  book.exit('x-1', 4);
  book.open('o-2', 1);
  book.report('o-2', 'filled', 1);
  book.report('o-1', 'filled', 4);
  assert.equal(book.find('x-1').leftLots, 4);
});

test('a reading that agrees ends the dispute, but not while an order is unproven', () => {
  const book = new FoldedExits();
  book.open('o-1', 4);
  book.read(4, T0 + 100);
  book.exit('x-1', 4, { delayMs: 1 });
  book.read(0, T0 + 200);
  assert.equal(book.find('x-1').leftLots, 4, 'the opening may have filled all the same');
  book.report('o-1', 'expired', 0);
  book.read(0, T0 + 300);
  assert.equal(book.find('x-1').leftLots, 0);
});

test('an opening that a list revives is one of before the exit, and closed with it', () => {
  const book = new FoldedExits();
  book.open('o-0', 2);
  book.report('o-0', 'filled', 2);
  book.open('o-1', 4);
  book.report('o-1', 'canceled', 0);
  book.exit('x-1', 2, { atMs: T0 + 1_000 });
  const foreign = {
    close_position: false,
    kind: 'regular',
    lots: 4,
    order_type: 'limit',
    price_ticks: 600_000,
  } as const;
  const shown = { ...foreign, reduce_only: false, side: 'buy', symbol: 'BTCUSDT', trigger_ticks: null } as const;
  book.ledger.append(orderEvent('o-1', T0 + 2_000, { status: 'working', foreign: shown }));
  book.report('o-1', 'filled', 4, T0 + 3_000);
  assert.equal(book.find('x-1').leftLots, 6);
});

test('an order that an ended exit shared goes on working for the younger one, however old it is', () => {
  const book = new FoldedExits();
  book.open('o-1', 4);
  book.report('o-1', 'filled', 4);
  book.exit('x-1', 2, { isWhole: false, delayMs: 1 });
  book.exit('x-2', 2, { isWhole: false, delayMs: 1 });
  const order = { client_order_id: 'x-3', lots: 4, side: 'sell', reduce_only: true } as const;
  const effective = { action: 'exit', side: 'sell', lots: 4 } as const;
  book.ledger.append(
    decisionEvent({ id: 'd-x-3', atMs: T0, kind: 'slice', parent: 'd-x-1', effective, orders: [order] }),
  );
  const ended = { action: 'ended', decision_id: 'd-x-1', detail: '', filled_lots: 0, reason: 'canceled' } as const;
  book.ledger.append({ kind: 'exit_target', at_ms: T0, payload: ended });
  book.report('x-3', 'filled', 4, T0 + 8 * DAY);
  assert.equal(book.find('x-2').filledLots, 2);
});

test('what has come to rest carries nobody else: a younger exit within the same bound gets none of its lots', () => {
  const book = new FoldedExits();
  book.open('o-1', 8);
  book.report('o-1', 'filled', 8);
  book.exit('x-1', 4, { isWhole: false });
  const ended = { action: 'ended', decision_id: 'd-x-1', detail: '', filled_lots: 0, reason: 'rests' } as const;
  book.ledger.append({ kind: 'exit_target', at_ms: T0, payload: ended });
  book.exit('x-2', 4, { isWhole: false, delayMs: 1 });
  book.takeProfit('x-3', 4, { parent: 'x-1' });
  book.report('x-3', 'filled', 4);
  assert.equal(book.find('x-1').filledLots, 4);
  assert.equal(book.find('x-2').filledLots, 0);
});

test('a full close is not called filled while an opening of before may fill, only when it has ended', () => {
  const book = new FoldedExits();
  book.open('o-1', 10);
  book.report('o-1', 'filled', 10);
  book.open('o-2', 3);
  book.exit('x-1', 10);
  book.report('x-1', 'filled', 10);
  assert.equal(stateOf(book.find('x-1')), 'staging');
  book.report('o-2', 'filled', 3);
  assert.equal(book.find('x-1').leftLots, 3);
  book.ledger.append({
    kind: 'exit_target',
    at_ms: T0,
    payload: { action: 'ended', decision_id: 'd-x-1', detail: '', filled_lots: 10, reason: 'filled' },
  });
  assert.equal(stateOf(book.find('x-1')), 'filled');
});

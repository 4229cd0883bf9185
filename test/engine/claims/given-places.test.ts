import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inLots, LOT_E8, T0, TICK_E8 } from '../fold-fixture.ts';
import { PumpModel } from './pump-model.ts';

const PART = { isWhole: false, delayMs: 1 } as const;
const held = (lots: number): PumpModel => {
  const model = new PumpModel();
  model.hold(lots);
  return model;
};

test('a part that comes to rest while an amend is under way does not grow where the amend fails [EX-26]', () => {
  const model = held(20);
  model.exit('x-1', 4, { isWhole: false });
  model.report('x-1', 'expired', 0);
  // Its order is a limit that does not fill any more; before it is noted that it rests its caller asks for more.
  model.takeProfit('l-1', 4, { parent: 'x-1', atMs: T0 + 2 });
  model.report('l-1', 'working', 0);
  const form = { client_order_id: 'l-1', quantity_e8: 9 * LOT_E8, price_e8: 650_000 * TICK_E8, reason: '' } as const;
  model.ledger.append({ kind: 'order_intent', at_ms: T0 + 3, payload: { action: 'amend', ...form } });
  assert.deepEqual(model.pass(), []);
  assert.equal(model.find('x-1').wants, 'rest');
  // The venue refuses the amend: the order, and the claim, are what they were.
  model.settleAmend('l-1', 'amend_failed', 9, T0 + 4);
  for (let times = 0; times < 3; times += 1) assert.deepEqual(model.pass(), [], 'nothing more was asked for');
  assert.equal(inLots(model.find('x-1').askedE8), 4);
});

/** Twenty lots held, three openings and three take-profits at rest, and a part that the venue has no room for. */
const crowded = (openings = 3): PumpModel => {
  const model = held(20);
  const ids: string[] = [];
  for (let nr = 1; nr <= openings; nr += 1) {
    model.open(`o-${nr}`, 1, { atMs: T0 + 3 + nr, rests: true });
    ids.push(`o-${nr}`);
  }
  for (const id of ids) model.report(id, 'working', 0);
  model.exit('x-1', 4, PART);
  model.pass();
  model.refuse('x-1', 'order_limit');
  return model;
};

test('a place that was given and not taken goes to the next exit at once [EX-46, EX-70]', () => {
  const model = crowded();
  model.exit('x-2', 4, PART);
  model.passNow();
  model.refuse('x-2', 'order_limit');
  model.passNow();
  assert.deepEqual(model.canceled, ['o-3']);
  model.report('o-3', 'canceled', 0);
  assert.deepEqual(model.passNow(), ['d-x-1 4']);
  assert.deepEqual(model.passNow(), []);
  // It is refused for something else: the place of o-3 is free.
  model.refuse('x-1', 'account_differs');
  assert.deepEqual(model.passNow(), ['d-x-2 4']);
});

test('where nothing of ours rests any more an exit that is refused for the limit waits [EX-47]', () => {
  const model = crowded(1);
  model.passNow();
  assert.deepEqual(model.canceled, ['o-1']);
  model.report('o-1', 'canceled', 0);
  assert.deepEqual(model.passNow(), ['d-x-1 4']);
  model.answer('x-1', 'expired', 1);
  assert.deepEqual(model.passNow(), ['d-x-1 3']);
  model.refuse('x-1', 'order_limit');
  assert.deepEqual(model.passNow(), [], 'there is nothing to give its place');
});

test('an exit for which nothing was left while another one had the place goes out when that is over', () => {
  const model = held(4);
  model.open('o-1', 1, { atMs: T0 + 4, rests: true });
  model.report('o-1', 'working', 0);
  model.exit('x-1', 2, PART);
  model.exit('x-2', 2, PART);
  model.pass();
  model.refuse('x-1', 'order_limit');
  model.refuse('x-2', 'order_limit');
  model.passNow();
  assert.deepEqual(model.canceled, ['o-1']);
  model.report('o-1', 'canceled', 0);
  // A person has sold two of them meanwhile.
  model.read(2, model.atMs);
  assert.deepEqual(model.passNow(), ['d-x-1 2']);
  assert.deepEqual(model.passNow(), []);
  model.askCancel('x-1');
  model.answer('x-1', 'expired', 0);
  assert.deepEqual(model.passNow(), ['d-x-2 2']);
});

test('a place that is asked for is taken at once, also where the exit was refused for something else meanwhile [EX-46]', () => {
  const model = crowded();
  model.passNow();
  assert.deepEqual(model.canceled, ['o-3']);
  assert.deepEqual(model.pass(), ['d-x-1 4'], 'its cancel is not answered');
  model.refuse('x-1', 'account_differs');
  assert.deepEqual(model.passNow(), []);
  model.report('o-3', 'canceled', 0);
  assert.deepEqual(model.passNow(), ['d-x-1 4']);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compilePolicy } from '../../daemon/core/compiled-policy.ts';
import { baseOrder, basePolicy, type Change, codesOf, decideWith, NOW } from './decision-fixture.ts';
import { stands } from './table-holding.ts';
import { LONG_TEN } from './table-row.ts';

const AMEND = {
  tool: 'modify_order',
  intent: 'modify',
  client_order_id: baseOrder.client_order_id,
  side: null,
} as const;
const OPERATOR: Change = { request: { origin: 'operator' } };
const keeperReported = (...changes: readonly Change[]) =>
  decideWith(...changes).reasons.find(({ code }) => code === 'SYMBOL_HELD')?.observed;

test('an agent is not told for whom a symbol is kept, an operator is', () => {
  const reserved: Change = { policy: { agents: { bob: { reserve: ['BTCUSDT'] } } } };
  assert.equal(keeperReported(reserved), 'reserved');
  assert.equal(keeperReported(reserved, OPERATOR), 'bob');
  assert.equal(keeperReported(reserved, stands({ held_by: 'another' })), 'another');
});

test('a refusal beside an exit names its decision, and says when to ask again: after a second, or a ban that holds it up', () => {
  const asked = (untilMs: number | null, ...changes: readonly Change[]) => {
    const view = stands({ exit_decision: 'd-abcdef-9', exit_until_ms: untilMs, open_exits: 10 });
    const { reasons, retry_after_ms } = decideWith(view, ...changes);
    return [reasons.find(({ code }) => code === 'EXIT_IN_PROGRESS')?.observed, retry_after_ms];
  };
  const part: Change = { ...LONG_TEN, request: { intent: 'close', side: 'sell', requested_notional: 300 } };
  for (const [what, change] of [
    ['an opening', {}],
    ['one more part', part],
  ] as const) {
    assert.deepEqual(asked(null, change), ['d-abcdef-9', 1_000], what);
    assert.deepEqual(asked(NOW + 90_000, change), ['d-abcdef-9', 90_000], what);
  }
});

test('an amend that makes a part close now is one more part: it is refused beside ten, a full close is not', () => {
  const order = { ...baseOrder, lots: 4, price_ticks: 610_000, reduce_only: true, side: 'sell' } as const;
  const amend: Change = {
    ...LONG_TEN,
    request: { ...AMEND, limit_price: 59_990, requested_notional: null },
    context: { ...LONG_TEN.context, order },
  };
  const codes = (open: number, ...changes: readonly Change[]) =>
    codesOf(decideWith(amend, stands({ exit_decision: 'd-abcdef-9', open_exits: open }), ...changes));
  assert.deepEqual(codes(10), ['EXIT_IN_PROGRESS']);
  assert.deepEqual(codes(9), []);
  assert.deepEqual(codes(10, { request: { limit_price: 60_900 } }), [], 'it rests');
  assert.deepEqual(codes(10, { context: { order: { lots: 10 } } }), [], 'a full close');
});

test('exits of the policy that say whose positions an agent may close change nothing [PK-35 PK-53]', () => {
  const close: Change = {
    ...LONG_TEN,
    request: { intent: 'close', side: 'sell', requested_notional: null },
    context: { exposure: { long_lots: 10 }, agent: { share_lots: 4 } },
  };
  const lots = (change: Change) => decideWith(close, change).effective?.lots;
  assert.equal(lots({}), 4);
  assert.equal(lots({ policy: { exits: { scope: 'account' } } }), 4);
  assert.equal(lots({ policy: { exits: { scope: 'account' }, agents: { alice: { exits: { scope: 'own' } } } } }), 4);
});

test('a symbol is reserved for the agent whose section names it, not for those that default speaks of', () => {
  const agents = { default: {}, alice: { reserve: ['BTCUSDT'] }, bob: { reserve: ['ETHUSDT'] } };
  const { reserved } = compilePolicy({ ...basePolicy, agents }, 'test', 'carol');
  assert.deepEqual(
    [...reserved],
    [
      ['BTCUSDT', 'alice'],
      ['ETHUSDT', 'bob'],
    ],
  );
});

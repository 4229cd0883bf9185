import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ExecutionDecision } from '../../daemon/core/decision.ts';
import type { ReasonCode } from '../../daemon/core/reasons.ts';
import { baseOrder, buildCase, type Change, codesOf, decideCase } from './decision-fixture.ts';
import { stands } from './table-holding.ts';

/** A resting buy of ten lots at 59900, 600 USDT at the mark of 60000. */
const MODIFY: Change = {
  request: {
    tool: 'modify_order',
    intent: 'modify',
    client_order_id: 'hfabc0001',
    side: null,
    order_type: null,
    requested_leverage: null,
    max_slippage_bps: null,
    requested_notional: null,
  },
  context: { order: baseOrder },
};
const modify = (...changes: readonly Change[]): ExecutionDecision => decideCase(buildCase(MODIFY, ...changes));

test('a smaller size at the same or a less aggressive price passes where nothing may be opened', () => {
  for (const state of ['active', 'reducing'] as const) {
    const decision = modify({
      request: { requested_notional: 300, limit_price: 59_800 },
      context: { state: { state }, market: { mark_at_ms: null }, account: null },
    });
    assert.equal(decision.decision, 'ALLOW');
    assert.equal(decision.effective?.action, 'amend');
    assert.equal(decision.effective?.price_ticks, 598_000);
  }
});

test('a higher price, or a larger size, is a new opening order: every opening rule holds [TD-10]', () => {
  for (const request of [{ limit_price: 59_950 }, { requested_notional: 720 }]) {
    assert.equal(modify({ request }).decision, 'ALLOW');
    for (const [code, change] of [
      ['STATE_REDUCING', { context: { state: { state: 'reducing' } } }],
      ['STALE_MARK', { context: { market: { mark_at_ms: null } } }],
      ['ACCOUNT_DRAWDOWN', { context: { account: { drawdown: 0.1 } } }],
      ['RATE', { context: { pacing: { account_sends: 20 } } }],
      ['AGAINST_POSITION', { context: { exposure: { short_lots: 1 } } }],
      ['SYMBOL_HELD', stands({ held_by: 'another' })],
      ['SYMBOL_UNOWNED', stands({ is_unowned: true })],
      ['ORDER_UNPROVEN', stands({ unproven_order: 'hfabc0009' })],
      ['EXIT_IN_PROGRESS', stands({ exit_decision: 'd-abcdef-9' })],
    ] as const satisfies readonly (readonly [ReasonCode, Change])[]) {
      const decision = modify({ request }, change);
      assert.equal(decision.decision, 'BLOCK');
      assert.ok(codesOf(decision).includes(code), `${code} not in ${codesOf(decision).join()}`);
    }
  }
});

/** A resting sell of ten lots at 62000, 620 USDT: worth its limit, which is above the mark. */
const SELL: Change = { context: { order: { ...baseOrder, side: 'sell', price_ticks: 620_000 } } };
test('SAE-R BY-07: a sell at a higher limit counts for more, so it is a new opening order under every cap', () => {
  const opened: readonly (readonly [string, number, Change, string])[] = [
    ['at the order cap of 1200', 120_000, {}, 'ALLOW'],
    ['a tick above it', 120_000.1, {}, 'BLOCK'],
    ['far away', 900_000, {}, 'BLOCK'],
    ['above the symbol cap of 2400', 90_000, { context: { exposure: { short_units: 15_000_001 } } }, 'BLOCK'],
    ['above the gross cap of 3600', 90_000, { context: { exposure: { gross_other_usdt: 2_701 } } }, 'BLOCK'],
    ['with no order token left', 62_100, { context: { pacing: { account_sends: 20 } } }, 'BLOCK'],
    ['in reducing', 62_100, { context: { state: { state: 'reducing' } } }, 'BLOCK'],
    ['with no mark to value it at', 62_100, { context: { market: { mark_at_ms: null } } }, 'BLOCK'],
  ];
  for (const [what, limitPrice, change, expected] of opened)
    assert.equal(modify(SELL, change, { request: { limit_price: limitPrice } }).decision, expected, what);
});

test('a sell at a higher limit and so much smaller that it counts for no more still reduces risk', () => {
  const reducing: Change = { context: { state: { state: 'reducing' } } };
  // Nine lots: 620 USDT before, 620.10 at 68900, 619.20 at 68800.
  for (const [limitPrice, expected] of [
    [68_800, 'ALLOW'],
    [68_900, 'BLOCK'],
  ] as const) {
    const request = { limit_price: limitPrice, requested_notional: 9.05 * (limitPrice / 1000) };
    const decision = modify(SELL, reducing, { request });
    assert.equal(decision.decision, expected, `nine lots at ${limitPrice}`);
  }
  const belowMark: Change = { context: { order: { ...baseOrder, side: 'sell', price_ticks: 599_000 } } };
  const towards = modify(belowMark, reducing, { request: { limit_price: 60_000 } });
  assert.equal(towards.decision, 'ALLOW', 'up to the mark, at which it counted already');
});

test('the total is what counts: what is filled already is not asked for again, and a total below it cancels [TF-16 TF-17]', () => {
  const filled: Change = { context: { order: { ...baseOrder, filled_lots: 6 } } };
  const cancel = modify(filled, { request: { requested_notional: 300 } });
  assert.deepEqual([cancel.decision, cancel.effective?.action], ['ALLOW', 'cancel']);
  const amend = modify(filled, { request: { requested_notional: 540 } });
  assert.deepEqual([amend.decision, amend.effective?.action, amend.effective?.lots], ['ALLOW', 'amend', 9]);
});

test('a new total is sized at its limit, whatever the mark', () => {
  // 600 USDT at 30000 are twenty lots: 1200 at the mark, which is the order cap.
  const decision = modify({ request: { requested_notional: 600, limit_price: 30_000 } });
  assert.equal(decision.decision, 'ALLOW');
  assert.equal(decision.effective?.lots, 20);
  const beyond = modify({ request: { requested_notional: 630, limit_price: 30_000 } });
  assert.equal(beyond.decision, 'BLOCK', 'budgets count it at the mark');
});

test('SAE-T: an agent whose scope has no modify may not amend, though the change reduces risk', () => {
  const request = { requested_notional: 300 };
  for (const scope of [
    { actions: ['open', 'close', 'cancel'] },
    { tools: ['place_order', 'close_position', 'cancel_order', 'cancel_all'] },
  ] as const) {
    const decision = modify({ request, policy: { scope } });
    assert.equal(decision.decision, 'BLOCK', 'allowed outside of scope');
  }
});

test('SAE-T: an order for another venue or account is not amended here', () => {
  for (const request of [{ venue: 'binance-demo' }, { account: 'savings' }])
    assert.equal(modify({ request: { ...request, requested_notional: 300 } }).decision, 'BLOCK');
});

const EXIT_ORDER = { ...baseOrder, side: 'sell', reduce_only: true, price_ticks: 610_000, lots: 2 } as const;
const SHARED: Change = {
  context: { order: EXIT_ORDER, exposure: { long_lots: 10, long_units: 6_000_000 }, agent: { share_lots: 2 } },
};
test('SAE-T: an exit is not amended beyond what the agent may close itself', () => {
  const decision = modify(SHARED, { request: { requested_notional: 620 } });
  const lots = decision.effective === null ? 0 : decision.effective.lots;
  assert.ok(lots !== null && lots <= 2, `${lots} lots`);
});

test('a modify that is not wholly allowed is BLOCKed and the old order stays, an exit included', () => {
  const decision = modify(SHARED, { request: { requested_notional: 1220 } });
  assert.equal(decision.decision, 'BLOCK');
  assert.ok(codesOf(decision).includes('MODIFY_NOT_ALLOWED'));
});

test('BY-07: an exit is amended to no price that a new exit would not get: the last rung, three hundredths off the quote', () => {
  const buy = { ...EXIT_ORDER, side: 'buy', price_ticks: 590_000 } as const;
  const short: Change = {
    context: { order: buy, exposure: { short_lots: 10, short_units: 6_000_000 }, agent: { share_lots: -2 } },
  };
  for (const [side, change, limit_price, verdict] of [
    ['sell', SHARED, 58_200.1, 'ALLOW'],
    ['sell', SHARED, 58_200, 'ALLOW'],
    ['sell', SHARED, 58_199.9, 'BLOCK'],
    ['buy', short, 61_799.9, 'ALLOW'],
    ['buy', short, 61_800, 'ALLOW'],
    ['buy', short, 61_800.1, 'BLOCK'],
  ] as const)
    for (const origin of ['agent', 'operator'] as const) {
      const decision = modify(change, { request: { limit_price, origin } });
      assert.deepEqual(
        [decision.decision, codesOf(decision)],
        [verdict, verdict === 'ALLOW' ? [] : ['MODIFY_NOT_ALLOWED']],
        `${side} at ${limit_price} by ${origin}`,
      );
    }
});

test('BY-36: an exit that rests beyond the last rung, since the book has moved, may still be made smaller', () => {
  const moved: Change = { context: { market: { bid: 63_000, ask: 63_000 } } };
  const decision = modify(SHARED, moved, { request: { requested_notional: 61 } });
  assert.equal(decision.decision, 'ALLOW', codesOf(decision).join());
});

test('a price below one tick is refused as what it is, not as a defect of the gate', () => {
  const decision = modify({ request: { limit_price: 0.01 } });
  assert.equal(decision.decision, 'BLOCK');
  assert.ok(!codesOf(decision).includes('INTERNAL_RECHECK'), 'three of these would put the account into reducing');
});

test('SAE-OOS-STATE: in `halted` an agent amends nothing', () => {
  assert.ok(
    codesOf(modify({ request: { requested_notional: 300 }, context: { state: { state: 'halted' } } })).includes(
      'STATE_HALTED',
    ),
  );
});

const AMENDS_THAT_REDUCE: readonly (readonly [string, Change])[] = [
  ['a smaller opening order', { request: { requested_notional: 300 } }],
  ['a take-profit', { request: { limit_price: 61_100 }, context: SHARED.context ?? {} }],
];
test("BY-36: an agent's amend that reduces risk takes an order token and waits when none is left", () => {
  for (const [what, change] of AMENDS_THAT_REDUCE) {
    const decision = modify(change, { context: { pacing: { account_sends: 20 } } });
    assert.deepEqual([decision.decision, codesOf(decision)], ['BLOCK', ['RATE']], what);
    assert.ok((decision.retry_after_ms ?? 0) > 0, `${what}: it is told when`);
    assert.equal(modify(change, { context: { pacing: { account_sends: 19 } } }).decision, 'ALLOW', what);
    const byOperator: Change = { request: { origin: 'operator' }, context: { pacing: { account_sends: 20 } } };
    assert.equal(modify(change, byOperator).decision, 'ALLOW', `${what}, by an operator`);
  }
});

test("BY-36: while an account-wide breaker is up an agent's amends are refused, a cancel is not", () => {
  const breaker: Change = {
    context: { state: { state: 'reducing', layer: 'breaker', scope: 'account', reason: 'the venue refuses us' } },
  };
  for (const [what, change] of AMENDS_THAT_REDUCE) {
    assert.deepEqual(codesOf(modify(change, breaker)), ['STATE_REDUCING'], what);
    assert.equal(modify(change, breaker, { request: { origin: 'operator' } }).decision, 'ALLOW', what);
  }
  const filled: Change = { context: { order: { ...baseOrder, filled_lots: 6 }, pacing: { account_sends: 20 } } };
  const cancel = modify(breaker, filled, { request: { requested_notional: 300 } });
  assert.deepEqual([cancel.decision, cancel.effective?.action], ['ALLOW', 'cancel']);
});

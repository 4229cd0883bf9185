import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { order, until } from '../daemon/harness.ts';
import { UNPACED } from '../daemon/policy-edits.ts';
import { suiteWorld } from '../daemon/suite-world.ts';
import {
  type AnyBody,
  codesOf,
  isPermitted,
  leavesTheBooksAlone,
  newOrders,
  openOrders,
  orderOf,
  worstUsdt,
} from './attempts.ts';

const SEND = { method: 'POST', path: '/fapi/v1/order' };
const CANCEL = { method: 'DELETE', path: '/fapi/v1/order' };

describe('ways around a gate: repeats', () => {
  const world = suiteWorld();
  /** Past duplicate window and flip interval, and flat. */
  async function begin(): Promise<void> {
    await world.operator('POST', '/v1/tools/cancel_all', {});
    for (const symbol of ['BTCUSDT', 'ETHUSDT']) await world.operator('POST', '/v1/tools/close_position', { symbol });
    await world.advance(61_000);
  }

  it('BY-11 answers a repeated request id with the stored decision, whatever is not economic in it [TD-33 TF-41 MI-6]', async () => {
    await begin();
    const first = await world.place({ request_id: 'a1' });
    await leavesTheBooksAlone(world, 'repeat', async () => {
      for (const change of [
        {},
        { rationale: 'please' },
        { timestamp_ms: world.nowMs() },
        { meta: { skill: { name: 'x' } } },
      ]) {
        const again = await world.place({ request_id: 'a1', ...change });
        assert.equal(again.status, 200);
        assert.equal(again.body.decision.decision_id, first.body.decision.decision_id);
        assert.equal(again.body.execution.state, 'filled');
      }
    });
  });
  it('BY-11 answers 409 when the same request id comes with another body [TF-41]', async () => {
    await begin();
    await world.place({ request_id: 'a2' });
    await leavesTheBooksAlone(world, 'another body', async () => {
      for (const change of [
        { requested_notional: 301 },
        { side: 'sell' },
        { symbol: 'ETHUSDT' },
        { intent: 'close' },
        { requested_leverage: 2 },
        { max_slippage_bps: 19 },
        { reduce_only: true },
        { after_decision_id: 'd-1' },
      ])
        assert.equal((await world.place({ request_id: 'a2', ...change })).status, 409);
    });
  });
  for (const [name, change] of [
    ['another request id', { request_id: 'b2' }],
    ['no request id', {}],
    [
      'another wording [TD-41 TF-13]',
      { rationale: 'now really', strategy_id: 'other', meta: { skill: { name: 'x' } } },
    ],
    ['the same lots for a cent more', { requested_notional: 242.01 }],
    ['another leverage', { requested_leverage: 2 }],
    ['another slippage bound', { max_slippage_bps: 10 }],
    ['an invented earlier decision', { after_decision_id: 'd-000000-1' }],
  ] as const) {
    it(`BY-11 blocks the same intent within seconds under ${name}, and names the earlier decision`, async () => {
      await begin();
      const first = await world.place({ request_id: `b1-${name.replaceAll(/\W/g, '-')}` });
      assert.ok(isPermitted(first), JSON.stringify(first.body.decision.reasons));
      const again = await leavesTheBooksAlone(world, name, () => world.place(change));
      const reason = again.body.decision.reasons.find((each) => each.code === 'DUPLICATE_INTENT');
      assert.equal(reason?.observed, first.body.decision.decision_id);
      const advice = await world.intercept('place_order', order(change));
      assert.ok(advice.body.decision.reasons.some((each) => each.code === 'DUPLICATE_INTENT'));
    });
  }
  it('BY-11 lets the same intent pass again for an agent that names the decision it saw, once [TD-40 TF-11]', async () => {
    await begin();
    const first = await world.place();
    const proof = { after_decision_id: first.body.decision.decision_id };
    assert.ok(isPermitted(await world.place(proof)));
    await leavesTheBooksAlone(world, 'the same proof again', async () => {
      assert.ok(codesOf(await world.place(proof)).includes('DUPLICATE_INTENT'));
    });
  });
  it('BY-11 sends one order for twenty equal prompts at once', async () => {
    await begin();
    const earlier = await world.books();
    await Promise.all(Array.from({ length: 20 }, () => world.place()));
    assert.equal(newOrders(await world.books(), earlier).length, 1);
  });
  it('BY-11 sells once for a repeated exit, also after a restart', async () => {
    await begin();
    await world.place({ requested_notional: 900 });
    const held = await world.position('BTCUSDT');
    const half = { symbol: 'BTCUSDT', fraction: 0.5, request_id: 'exit-1' };
    const first = await world.tool('close_position', half);
    const left = await world.position('BTCUSDT');
    assert.ok(left > 0 && left < held);
    await Promise.all(Array.from({ length: 5 }, () => world.tool('close_position', half)));
    await world.restart();
    const again = await world.tool('close_position', half);
    assert.equal(again.body.decision.decision_id, first.body.decision.decision_id);
    assert.equal((await world.tool('close_position', { ...half, fraction: 1 })).status, 409);
    assert.equal(await world.position('BTCUSDT'), left);
  });
});

describe('ways around a gate: what the exchange does not say', () => {
  const world = suiteWorld({ policy: UNPACED, answerWithinMs: 700 });
  before(async () => {
    await world.setMark('BTCUSDT', 60_000);
  });
  let count = 0;
  const ask = (change: object = {}): Promise<{ readonly status: number; readonly body: AnyBody }> =>
    world.place({ requested_notional: 242, ...change });
  async function begin(): Promise<void> {
    await world.control('clear-faults', {});
    await until(
      'orders are known',
      world.refreshing(
        async () =>
          !(await world.orders('?open=true')).some((each) => each.status === 'unknown' || each.status === 'lost'),
      ),
    );
    await world.operator('POST', '/v1/tools/cancel_all', {});
    await world.operator('POST', '/v1/tools/close_position', { symbol: 'BTCUSDT' });
    await world.refresh();
    assert.equal(await world.position('BTCUSDT'), 0);
    count += 1;
  }

  for (const [name, fault, orders] of [
    ['a 503 after the exchange accepted', { kind: 'reject-503-unknown', accepted: true }, 1],
    ['a 503 and nothing was accepted', { kind: 'reject-503-unknown', accepted: false }, 0],
    ['a connection that breaks in the answer', { kind: 'drop-mid-body' }, 1],
  ] as const) {
    it(`BY-12 sends no second order after ${name} [TM-3]`, async () => {
      await begin();
      const earlier = await world.books();
      await world.fault({ ...fault, match: SEND });
      const id = `u-${count}`;
      const first = await ask({ request_id: id });
      assert.equal(first.status, 200);
      if (first.body.execution?.state !== 'filled') {
        assert.equal(first.body.execution?.state, 'unknown');
        assert.match(String(first.body.execution?.note), /do not resend/);
      }
      const again = await ask({ request_id: id });
      assert.equal(again.body.decision?.decision_id, first.body.decision?.decision_id);
      if (again.body.execution?.state === 'unknown') {
        const other = await world.dryRun('place_order', order({ requested_notional: 242 }));
        const isKnownByNow = (await ask({ request_id: id })).body.execution?.state !== 'unknown';
        assert.ok(isKnownByNow || other.body.decision.decision === 'BLOCK', 'opened beside an unknown order');
      }
      await world.advance(7_000);
      await until(
        'the outcome is known',
        async () => (await ask({ request_id: id })).body.execution?.state !== 'unknown',
      );
      const sent = newOrders(await world.books(), earlier);
      assert.equal(sent.length, orders);
      await world.refresh();
      const shown = (await world.positions()).find((each) => each.symbol === 'BTCUSDT');
      assert.equal(Number(shown?.quantity ?? 0), await world.position('BTCUSDT'));
    });
  }
  it('BY-12 finds the order although the exchange first says that it does not exist', async () => {
    await begin();
    const earlier = await world.books();
    await world.control('faults', {
      faults: [
        { kind: 'reject-503-unknown', accepted: true, match: SEND },
        {
          kind: 'error',
          code: -2013,
          msg: 'Order does not exist.',
          count: 2,
          match: { method: 'GET', path: '/fapi/v1/order' },
        },
      ],
    });
    const first = await ask({ request_id: `u-${count}` });
    await world.advance(7_000);
    await until(
      'the order is found',
      async () => (await ask({ request_id: `u-${count}` })).body.execution?.state === 'filled',
    );
    assert.equal(newOrders(await world.books(), earlier).length, 1);
    assert.notEqual(first.body.decision?.decision, 'BLOCK');
  });

  for (const [name, fault] of [
    ['a 503', { kind: 'reject-503-unknown', accepted: false }],
    ['a gateway error', { kind: 'status', status: 502, body: 'Bad gateway' }],
    ['a broken connection', { kind: 'drop-before' }],
    ['an unknown order (-2011)', { kind: 'error', code: -2011, msg: 'Unknown order sent.' }],
  ] as const) {
    it(`BY-32 keeps counting an order whose cancel met ${name} [TM-43]`, async () => {
      await begin();
      const resting = await ask({ order_type: 'limit', limit_price: 59_000, requested_notional: 900 });
      const id = resting.body.execution?.orders[0]?.client_order_id;
      await world.fault({ ...fault, match: CANCEL });
      await world.tool('cancel_order', { client_order_id: id });
      assert.equal(orderOf(await world.books(), id).status, 'NEW');
      await ask({ requested_notional: 900 });
      const worst = worstUsdt(await world.books(), 'BTCUSDT');
      assert.ok(worst <= 1000, `the exchange could hold ${worst} USDT`);
      const shown = (await world.orders('?open=true')).find((each) => each.client_order_id === id);
      assert.ok((shown?.reserved_notional_usdt ?? 0) > 850);
      await world.tool('cancel_order', { client_order_id: id });
      assert.equal(orderOf(await world.books(), id).status, 'CANCELED');
      assert.ok(isPermitted(await ask({ requested_notional: 901 })), 'the room came back with the proof');
    });
  }
  it('BY-32 knows a cancel that took effect without an answer', async () => {
    await begin();
    const resting = await ask({ order_type: 'limit', limit_price: 59_000, requested_notional: 900 });
    const id = resting.body.execution?.orders[0]?.client_order_id;
    await world.fault({ kind: 'reject-503-unknown', accepted: true, match: CANCEL });
    await world.tool('cancel_order', { client_order_id: id });
    assert.equal(orderOf(await world.books(), id).status, 'CANCELED');
    assert.ok(isPermitted(await ask({ requested_notional: 900 })));
  });
  it('BY-32 cancels again what a failed cancel left resting when trading is halted', async () => {
    await begin();
    const resting = await ask({ order_type: 'limit', limit_price: 59_000, requested_notional: 900 });
    const id = resting.body.execution?.orders[0]?.client_order_id;
    await world.fault({ kind: 'reject-503-unknown', accepted: false, match: CANCEL });
    await world.operator('PUT', '/v1/trading-state', { state: 'halted', reason: 'test' });
    await until(
      'the resting order is canceled',
      world.advancing(5_000, async () => orderOf(await world.books(), id).status === 'CANCELED'),
    ).finally(() => world.operator('PUT', '/v1/trading-state', { state: 'active', reason: 'test is over' }));
  });

  for (const [name, fault] of [
    ['the position lags behind the order', { kind: 'fill-lag', lagging: 'account', ms: 400, match: SEND }],
    ['the order lags behind the position', { kind: 'fill-lag', lagging: 'order', ms: 400, match: SEND }],
    ['positions are frozen', { kind: 'stale-positions', ms: 400 }],
  ] as const) {
    it(`BY-38 counts a fill once and never less: ${name}`, async () => {
      await begin();
      await world.fault(fault);
      await ask({ requested_notional: 800 });
      for (let round = 0; round < 4; round += 1) {
        await ask({ requested_notional: 700 + round });
        await world.refresh();
        const worst = worstUsdt(await world.books(), 'BTCUSDT');
        assert.ok(worst <= 1000, `the exchange holds ${worst} USDT`);
      }
      await world.sleep(400);
      await world.advance(11_000);
      await world.advance(11_000);
      const held = await world.position('BTCUSDT');
      const shown = (await world.positions()).find((each) => each.symbol === 'BTCUSDT');
      assert.equal(Number(shown?.quantity), held);
      assert.equal(openOrders(await world.books()).length, 0);
      await world.must('filled', 'close_position', { symbol: 'BTCUSDT' });
      assert.equal(await world.position('BTCUSDT'), 0);
    });
  }

  it('BY-12 says "pending" when the exchange never answers, and a restart finds the one order [AN-47 AN-60 AN-250 AN-251 AN-262 AN-263 MI-5 TD-2]', async () => {
    await begin();
    const earlier = await world.books();
    await world.fault({ kind: 'accept-then-timeout', match: SEND });
    const first = await ask({ request_id: 'never' });
    assert.equal(first.body.execution?.state, 'submitting');
    assert.match(String(first.body.execution?.note), /do not resend/);
    assert.equal((await ask({ request_id: 'other' })).body.decision?.decision, 'ALLOW', 'room for both');
    await world.restart();
    const again = await ask({ request_id: 'never' });
    assert.equal(again.body.decision?.decision_id, first.body.decision?.decision_id);
    await until('it is found', async () => (await ask({ request_id: 'never' })).body.execution?.state === 'filled');
    assert.equal(newOrders(await world.books(), earlier).length, 2);
  });
});

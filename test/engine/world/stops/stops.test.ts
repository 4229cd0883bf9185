import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { until } from '../../../daemon/harness.ts';
import { UNPACED } from '../../../daemon/policy-edits.ts';
import { suiteWorld } from '../../../daemon/suite-world.ts';
import { createClient } from '../../../exchange-sim/signed-client.ts';

const STOP = { path: '/fapi/v1/algoOrder' };

describe('a position has its stop, whatever became of the one before', () => {
  const world = suiteWorld({ policy: { ...UNPACED, protection: { required: true, stop_bps: 300 } } });
  afterEach(async () => {
    await world.control('clear-faults', {});
    await world.operator('POST', '/v1/flatten', { reason: 'test over' });
    await world.operator('PUT', '/v1/trading-state', { state: 'active', reason: 'test over' });
    await until(
      'flat, without a stop, and open',
      async () => {
        await world.advance(6_000);
        const { layers } = world.daemon.gate.core.state;
        const { quantityE8: lots } = world.daemon.gate.core.state.position('BTCUSDT');
        if (layers.size > 0 || lots !== 0 || (await world.position('BTCUSDT')) !== 0) return false;
        return (await stops()).length === 0;
      },
      20_000,
    );
  });

  const stops = async (): Promise<readonly Record<string, unknown>[]> =>
    (await world.books()).algo_orders.filter((algo) => algo.status === 'NEW');
  const open = async (side: 'buy' | 'sell'): Promise<void> => {
    await world.mustPlace('filled', { side, requested_notional: 600 });
  };
  const close = async (): Promise<void> => {
    await world.must('filled', 'close_position', { symbol: 'BTCUSDT' });
  };
  const untilStop = (side: string): Promise<void> =>
    until(
      `a stop that would ${side}`,
      world.advancing(2_000, async () => (await stops()).some((stop) => stop.side === side)),
    );

  it('one on the other side cannot be canceled', async () => {
    await open('buy');
    await untilStop('SELL');
    await world.fault({ kind: 'status', status: 500, count: 10_000, match: { ...STOP, method: 'DELETE' } });
    await close();
    await open('sell');
    await untilStop('BUY');
    assert.ok(
      (await stops()).some((stop) => stop.side === 'SELL'),
      'the old one is still there',
    );
    await world.control('clear-faults', {});
    await until(
      'and goes when it can be canceled',
      world.advancing(1_000, async () => (await stops()).every((stop) => stop.side === 'BUY')),
    );
  });

  it('one was lost', async () => {
    await world.fault({ kind: 'drop-before', match: { ...STOP, method: 'POST' } });
    await open('buy');
    const own = () =>
      [...world.daemon.gate.core.state.orders.all.values()].filter(
        (one) => one.protective && one.status !== 'canceled' && one.symbol === 'BTCUSDT',
      );
    await until(
      'its outcome is not known',
      world.refreshing(() => own().some((one) => one.status === 'unknown')),
    );
    const [lost] = own();
    // Somebody closes a part: the stop may have done it, so that nothing can be proven of it.
    const human = { symbol: 'BTCUSDT', side: 'SELL', type: 'MARKET', quantity: '0.001', reduceOnly: 'true' };
    await world.hand('POST', '/fapi/v1/order', human);
    world.loseOrder(lost?.clientOrderId);
    await untilStop('SELL');
    for (let i = 0; i < 3; i += 1) await world.advance(6_000);
    assert.equal((await stops()).length, 1, 'one more, and no third');
    assert.equal(lost?.status, 'lost');
    const ended = await world.operator('POST', `/v1/orders/${lost?.clientOrderId}/end`, { reason: 'never placed' });
    assert.equal(ended.status, 200);
  });

  it('it was placed a moment ago, and went with its position', async () => {
    await open('buy');
    await untilStop('SELL');
    await close();
    await until(
      'it is gone',
      world.refreshing(async () => (await stops()).length === 0),
    );
    await open('buy');
    await until(
      'the next one',
      world.refreshing(async () => (await stops()).length === 1),
    );
  });

  it('it was refused for long, for an order of somebody else that is gone now', async () => {
    const human = createClient(world.sim);
    const theirs = { symbol: 'BTCUSDT', side: 'SELL', type: 'STOP_MARKET', algoType: 'CONDITIONAL' };
    const placed = { ...theirs, triggerPrice: '50000', closePosition: 'true', clientAlgoId: 'theirs' };
    await human.send('POST', '/fapi/v1/algoOrder', placed);
    const code = -4130;
    const msg = 'An open stop or take profit order with GTE and closePosition in the direction is existing.';
    await world.fault({ kind: 'error', code, msg, count: 10_000, match: { ...STOP, method: 'POST' } });
    await open('buy');
    for (let i = 0; i < 60; i += 1) await world.advance(10_000);
    await human.send('DELETE', '/fapi/v1/algoOrder', { symbol: 'BTCUSDT', clientAlgoId: 'theirs' });
    await world.control('clear-faults', {});
    const since = world.nowMs();
    await until(
      'ours',
      world.advancing(1_000, async () => (await stops()).length === 1),
    );
    assert.ok(world.nowMs() - since <= 15_000, `after ${world.nowMs() - since} ms`);
  });

  const REFUSED = {
    kind: 'error',
    code: -4130,
    msg: 'An open stop or take profit order with GTE and closePosition in the direction is existing.',
    count: 10_000,
    match: { ...STOP, method: 'POST' },
  };
  const theirOrder = (type: string, triggerPrice: string, clientAlgoId: string) =>
    world.hand('POST', '/fapi/v1/algoOrder', {
      symbol: 'BTCUSDT',
      side: 'SELL',
      type,
      algoType: 'CONDITIONAL',
      triggerPrice,
      closePosition: 'true',
      clientAlgoId,
    });
  const cancelTheirs = (clientAlgoId: string) =>
    world.hand('DELETE', '/fapi/v1/algoOrder', { symbol: 'BTCUSDT', clientAlgoId });

  it('it was refused for a take-profit of somebody else, which protects nothing: the position is closed', async () => {
    await theirOrder('TAKE_PROFIT_MARKET', '70000', 'their-profit');
    await world.advance(3_000);
    await world.fault(REFUSED);
    await open('buy');
    const held = await world.position('BTCUSDT');
    await world.advance(2_000);
    assert.equal(await world.position('BTCUSDT'), held, 'not at the first refusal');
    await until(
      'the exit that stands in for the stop',
      world.advancing(6_000, async () => (await world.position('BTCUSDT')) === 0),
    );
    await cancelTheirs('their-profit');
  });

  it('it was refused while a stop of somebody else rests, beside a take-profit: nothing is closed', async () => {
    await theirOrder('TAKE_PROFIT_MARKET', '70000', 'their-profit-2');
    await theirOrder('STOP_MARKET', '50000', 'their-stop');
    await world.advance(3_000);
    await world.fault(REFUSED);
    await open('buy');
    const held = await world.position('BTCUSDT');
    for (let i = 0; i < 20; i += 1) await world.advance(6_000);
    assert.equal(await world.position('BTCUSDT'), held);
    await cancelTheirs('their-profit-2');
    await cancelTheirs('their-stop');
  });
});

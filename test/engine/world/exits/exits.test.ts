import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { unownedE8 } from '../../../../daemon/engine/orders/holding.ts';
import { until } from '../../../daemon/harness.ts';
import { suiteWorld } from '../../../daemon/suite-world.ts';
import { inLots } from '../../fold-fixture.ts';

describe('verified exits under adverse answers', () => {
  const world = suiteWorld({ policy: { 'exits.rate': { max: 2, window_ms: 60_000 } } });

  const open = async (notional: number): Promise<number> => {
    await world.advance(60_000);
    await world.mustPlace('filled', { requested_notional: notional });
    return world.position('BTCUSDT');
  };

  const filledOrders = async () => (await world.books()).orders.filter((known) => Number(known.executed_quantity) > 0);

  it('waits as long as the venue asks for and then closes', async () => {
    await open(300);
    await world.fault({
      kind: 'status',
      status: 429,
      retry_after_s: 2,
      count: 5,
      match: { method: 'POST', path: '/fapi/v1/order' },
    });
    void world.tool('close_position', { symbol: 'BTCUSDT' });
    const startedAt = world.monotonicMs();
    await until('the first refusal', async () => {
      const { faults } = (await world.control('faults')) as { faults: { remaining: number }[] };
      return (faults[0]?.remaining ?? 0) < 5;
    });
    await world.control('clear-faults', {});
    await until('the position is closed', async () => (await world.position('BTCUSDT')) === 0, 8_000);
    assert.ok(world.monotonicMs() - startedAt >= 1_900, 'not before the time the venue named');
    await world.advance(60_000);
    await until('the venue is open again', async () => (await world.tradingState()).state === 'active');
  });

  it('does not turn a market exit beyond the rate into the resting order that waits beside it', async () => {
    await open(600);
    const takeProfit = {
      symbol: 'BTCUSDT',
      intent: 'close',
      side: 'sell',
      requested_notional: 120,
      requested_leverage: 1,
      order_type: 'limit',
      limit_price: 66_000,
      max_slippage_bps: 20,
      strategy_id: 'test',
    };
    for (let i = 0; i < 2; i += 1) await world.tool('place_order', takeProfit);
    const waiting = [
      world.tool('place_order', takeProfit),
      world.tool('close_position', { symbol: 'BTCUSDT', max_slippage_bps: 100 }),
    ];
    await until('both wait', () => world.daemon.gate.openOrderCount() >= 4);
    await world.advance(61_000);
    await Promise.all(waiting);
    await until(
      'closed',
      world.refreshing(async () => (await world.position('BTCUSDT')) === 0),
    );
  });

  it('is never delayed by the rate when the operator asks', async () => {
    await world.advance(60_000);
    await open(420);
    for (let i = 0; i < 3; i += 1) {
      await world.operator('POST', '/v1/tools/close_position', { symbol: 'BTCUSDT', fraction: 0.2 });
    }
    const flat = await world.operator<{ positions_left: unknown[] }>('POST', '/v1/flatten', { reason: 'test' });
    assert.deepEqual(flat.body.positions_left, []);
    assert.equal(await world.position('BTCUSDT'), 0);
  });

  it('BY-36 closes no lot of nobody, however many closes one agent sends at once', async () => {
    await world.operator('PUT', '/v1/trading-state', { state: 'active', reason: 'test' });
    await world.advance(61_000);
    const mine = await open(300);
    const human = { symbol: 'BTCUSDT', side: 'BUY', type: 'MARKET', quantity: '0.007' };
    await world.hand('POST', '/fapi/v1/order', human);
    await until(
      'it is known',
      world.advancing(6_000, () => inLots(unownedE8(world.daemon.gate.core.state.position('BTCUSDT'))) === 7),
    );
    const both = await world.position('BTCUSDT');
    const filledBefore = (await filledOrders()).length;
    await world.fault({ kind: 'delay', ms: 200, count: 2, match: { method: 'POST', path: '/fapi/v1/order' } });
    const answers = await Promise.all([1, 2, 3].map(() => world.tool('close_position', { symbol: 'BTCUSDT' })));
    const refused = answers.filter((answer) => answer.body.decision.decision === 'BLOCK');
    assert.deepEqual(refused, [], 'those that come while the first is on its way wait for it');
    await until('the first is filled', async () => (await filledOrders()).length > filledBefore);
    // Beyond the rate of exits they wait for that as well.
    await world.advance(61_000);
    await until('none is on its way or waits', () => world.daemon.gate.openOrderCount() === 0);
    await world.refresh();
    assert.equal((await filledOrders()).length - filledBefore, 1, 'one close is enough');
    const left = both - mine;
    assert.ok(Math.abs((await world.position('BTCUSDT')) - left) < 1e-9, `${left} of nobody is left`);
    assert.equal(inLots(unownedE8(world.daemon.gate.core.state.position('BTCUSDT'))), 7);
  });
});

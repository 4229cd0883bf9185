import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openOrders } from '../../../bypasses/attempts.ts';
import { UNPACED } from '../../../daemon/policy-edits.ts';
import { suiteWorld } from '../../../daemon/suite-world.ts';

describe('the halt of one symbol (BY-16)', () => {
  const world = suiteWorld({ policy: UNPACED });

  const restingOn = async (symbol: string): Promise<number> => openOrders(await world.books(), symbol).length;

  it('BY-16 keeps the take-profits of that symbol from every cancel of an agent, one without a symbol included [AN-46]', async () => {
    const prices = { BTCUSDT: 61_000, ETHUSDT: 3_100 };
    let takeProfit = '';
    for (const [symbol, limitPrice] of Object.entries(prices)) {
      await world.mustPlace('filled', { symbol, requested_notional: 600 });
      const body = await world.mustPlace('working', {
        symbol,
        intent: 'close',
        side: 'sell',
        order_type: 'limit',
        limit_price: limitPrice,
      });
      if (symbol === 'BTCUSDT') takeProfit = body.execution.orders[0]?.client_order_id ?? '';
    }
    await world.operator('PUT', '/v1/trading-state', { state: 'halted', reason: 'test', symbol: 'BTCUSDT' });
    for (const [tool, args] of [
      ['cancel_order', { client_order_id: takeProfit }],
      ['cancel_all', { symbol: 'BTCUSDT' }],
      ['cancel_all', {}],
    ] as const) {
      const { body } = await world.tool(tool, args);
      assert.equal(await restingOn('BTCUSDT'), 1, `${tool} ${JSON.stringify(args)}`);
      assert.ok(!body.execution.orders.some((entry) => entry.client_order_id === takeProfit), 'nor is it told as such');
    }
    assert.equal(await restingOn('ETHUSDT'), 0, 'the other symbol is not halted');
    await world.operator('POST', '/v1/tools/cancel_all', {});
    assert.equal(await restingOn('BTCUSDT'), 0, 'an operator cancels all');
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { until } from '../../../daemon/harness.ts';
import { suiteWorld } from '../../../daemon/suite-world.ts';
import { createClient } from '../../../exchange-sim/signed-client.ts';

describe('exits at the limits of the venue: the price band', () => {
  const world = suiteWorld();

  const open = async (): Promise<void> => {
    await world.operator('PUT', '/v1/trading-state', { state: 'active', reason: 'test' });
    await world.setMark('BTCUSDT', 60_000, { book_bps: '0' });
    await world.advance(61_000);
    await world.mustPlace('filled', { requested_notional: 900 });
  };

  it('BY-36 an agent and a flatten leave a book that is 4.9 % below the mark', async () => {
    await open();
    await world.setMark('BTCUSDT', 60_000, { book_bps: '-490' });
    await world.must('filled', 'close_position', { symbol: 'BTCUSDT', fraction: 0.5 });
    const flat = await world.operator<{ positions_left: unknown[] }>('POST', '/v1/flatten', { reason: 'test' });
    assert.deepEqual(flat.body.positions_left, [], 'nothing is left');
    assert.equal(await world.position('BTCUSDT'), 0, 'flat at the exchange');
  });

  it('BY-36 each refusal of a price is a step up: the ladder ends in MARKET reduceOnly [EX-39]', async () => {
    await open();
    await world.setMark('BTCUSDT', 60_000, { book_bps: '-600' });
    const flat = world.operator<{ positions_left: unknown[] }>('POST', '/v1/flatten', { reason: 'test' });
    const sentMarket = async (): Promise<boolean> =>
      (await world.orders()).some((sent) => sent.side === 'sell' && sent.order_type === 'market');
    await until('a market exit was sent', sentMarket, 8_000);
    await world.setMark('BTCUSDT', 60_000, { book_bps: '0' });
    assert.deepEqual((await flat).body.positions_left, [], 'the next attempt fills');
    assert.equal(await world.position('BTCUSDT'), 0, 'flat at the exchange');
  });
});

describe('exits at the limits of the venue: the largest order', () => {
  const world = suiteWorld({ sim: { balance: 50_000_000 }, policy: { 'exits.rate': { max: 1, window_ms: 60_000 } } });

  /** A position of somebody else, larger than the venue's largest limit and market orders. */
  async function hold(): Promise<void> {
    const human = createClient(world.sim);
    await world.control('set-mark', { symbol: 'ETHUSDT', price: '3000', level_notional_usdt: '500000000' });
    for (let i = 0; i < 6; i += 1) {
      const bought = await human.send('POST', '/fapi/v1/order', {
        symbol: 'ETHUSDT',
        side: 'BUY',
        type: 'MARKET',
        quantity: '2000',
      });
      assert.equal(bought.status, 200, JSON.stringify(bought.body));
    }
    await world.advance(3_000);
    assert.equal(await world.position('ETHUSDT'), 12_000);
  }

  it('BY-36 a position above LOT_SIZE and MARKET_LOT_SIZE is closed in parts', async () => {
    await hold();
    const flat = await world.operator<{ positions_left: unknown[] }>('POST', '/v1/flatten', { reason: 'test' });
    assert.deepEqual(flat.body.positions_left, [], 'nothing is left');
    assert.equal(await world.position('ETHUSDT'), 0, 'flat at the exchange');
    const parts = (await world.orders()).map((sent) => Number(sent.quantity)).filter((quantity) => quantity > 0);
    assert.ok(Math.max(...parts) <= 10_000, 'no order above the filter');
  });

  it('BY-36 neither is an exit cut to one part that waits for its rate', async () => {
    await world.operator('PUT', '/v1/trading-state', { state: 'active', reason: 'test' });
    await hold();
    const given = {
      action: 'adopted',
      passkey_id: null,
      reason: '',
      agent: 'agent',
      quantity_e8: 12_000 * 1e8,
      set_by: 'ops',
      symbol: 'ETHUSDT',
    } as const;
    const { core } = world.daemon.gate;
    await until(
      'all of it is known',
      world.advancing(6_000, () => core.state.position('ETHUSDT').quantityE8 === given.quantity_e8),
    );
    core.append('holder', given);
    await world.must('filled', 'close_position', { symbol: 'ETHUSDT', fraction: 0.001 });
    const waiting = world.tool('close_position', { symbol: 'ETHUSDT' });
    await until('it waits', () => world.daemon.gate.openOrderCount() > 0);
    await world.advance(61_000);
    await waiting;
    await until('the position is closed', async () => (await world.position('ETHUSDT')) === 0);
  });
});

import assert from 'node:assert/strict';
import { chmodSync, copyFileSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { ExchangeSimError, startExchangeSim } from '../../daemon/exchange-sim/start.ts';
import { type Client, createClient, limitOrder, marketOrder, START_MS, startManual } from './signed-client.ts';

describe('a restart', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'exchange-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const path = () => join(folder, 'exchange.db');
  const start = (options = {}) => startManual({ storagePath: path(), ...options });

  async function trade(client: Client): Promise<void> {
    await client.send('POST', '/fapi/v1/leverage', { symbol: 'BTCUSDT', leverage: '10' });
    await client.send('POST', '/fapi/v1/marginType', { symbol: 'ETHUSDT', marginType: 'ISOLATED' });
    await client.send('POST', '/fapi/v1/order', marketOrder('BUY', '0.05', { newClientOrderId: 'm1' }));
    await client.send('POST', '/fapi/v1/order', { ...marketOrder('SELL', '0.3'), symbol: 'ETHUSDT' });
    await client.send('POST', '/fapi/v1/order', limitOrder('BUY', '0.01', '58000', { newClientOrderId: 'l1' }));
    await client.send('POST', '/fapi/v1/order', limitOrder('BUY', '0.01', '58100', { newClientOrderId: 'l2' }));
    await client.send('DELETE', '/fapi/v1/order', { symbol: 'BTCUSDT', origClientOrderId: 'l2' });
    await client.send('POST', '/fapi/v1/algoOrder', {
      algoType: 'CONDITIONAL',
      symbol: 'BTCUSDT',
      side: 'SELL',
      type: 'STOP_MARKET',
      quantity: '0.05',
      triggerPrice: '57000',
      reduceOnly: 'true',
      clientAlgoId: 's1',
    });
    await client.control('advance', { ms: 12 * 3_600_000 });
  }

  it('lies in files that only their owner can read, also where an earlier version left them open', async () => {
    const modes = () => [path(), `${path()}-wal`].map((file) => (statSync(file).mode & 0o777).toString(8));
    const first = await start();
    await trade(first);
    assert.deepEqual(modes(), ['600', '600']);
    await first.sim.close();
    chmodSync(path(), 0o644);
    const second = await start();
    try {
      await second.control('advance', { ms: 1000 });
      assert.deepEqual(modes(), ['600', '600']);
    } finally {
      await second.sim.close();
    }
  });

  it('keeps the books, the settings and the market, to the digit', async () => {
    const first = await start();
    await trade(first);
    const books = await first.books();
    const config = (await first.get('/fapi/v1/symbolConfig')).body;
    const klines = (await first.get('/fapi/v1/klines', { symbol: 'BTCUSDT', interval: '15m', limit: '100' })).body;
    await first.sim.close();
    const second = await start();
    try {
      assert.deepEqual(await second.books(), books);
      assert.deepEqual((await second.get('/fapi/v1/symbolConfig')).body, config);
      const query = { symbol: 'BTCUSDT', interval: '15m', limit: '100' };
      assert.deepEqual((await second.get('/fapi/v1/klines', query)).body, klines);
      const found = await second.get('/fapi/v1/order', { symbol: 'BTCUSDT', origClientOrderId: 'm1' });
      assert.equal(found.body.status, 'FILLED');
      const again = await second.send(
        'POST',
        '/fapi/v1/order',
        limitOrder('BUY', '0.01', '58000', { newClientOrderId: 'l1' }),
      );
      assert.equal(again.body.code, -4116);
    } finally {
      await second.sim.close();
    }
  });

  it('goes on as if it had never stopped', async () => {
    const through = await startManual();
    await trade(through);
    await through.control('advance', { ms: 30 * 3_600_000 });
    const expected = await through.books();
    await through.sim.close();

    const before = await start();
    await trade(before);
    await before.control('advance', { ms: 5 * 3_600_000 });
    await before.sim.close();
    const after = await start();
    await after.control('advance', { ms: 25 * 3_600_000 });
    const books = await after.books();
    await after.sim.close();
    // The ids that the exchange invents for orders without one are random.
    const strip = (value: object) => JSON.stringify(value).replace(/"client_order_id":"[0-9a-f]{22}"/g, '');
    assert.equal(strip(books), strip(expected));
  });

  it('has every answered order on disk before the answer, without an orderly stop', async () => {
    const first = await start();
    await first.send('POST', '/fapi/v1/order', marketOrder('BUY', '0.05', { newClientOrderId: 'sure' }));
    // A copy of the files while the exchange still runs is what its sudden death would leave.
    const crashed = mkdtempSync(join(tmpdir(), 'exchange-crashed-'));
    for (const suffix of ['', '-wal']) copyFileSync(path() + suffix, join(crashed, `copy.db${suffix}`));
    const second = await startManual({ storagePath: join(crashed, 'copy.db') });
    try {
      const { orders, positions } = (await second.books()) as {
        orders: { client_order_id: string; status: string }[];
        positions: { quantity: string }[];
      };
      assert.deepEqual(
        orders.map((order) => [order.client_order_id, order.status]),
        [['sure', 'FILLED']],
      );
      assert.equal(positions[0]?.quantity, '0.05000000');
    } finally {
      await second.sim.close();
      await first.sim.close();
      rmSync(crashed, { recursive: true });
    }
  });

  it('is refused while another exchange lives in the file', async () => {
    const first = await start();
    try {
      await assert.rejects(
        startExchangeSim({ seed: 7, storagePath: path(), clock: 'manual' }),
        /in use by another exchange/,
      );
    } finally {
      await first.sim.close();
    }
  });

  it('walks the time that a synthetic market on wall time was down', async () => {
    const sixDays = 6 * 86_400_000;
    const old = await startManual({ storagePath: path(), startMs: Date.now() - sixDays });
    await old.send('POST', '/fapi/v1/order', marketOrder('BUY', '0.01'));
    await old.sim.close();
    const startedMs = Date.now();
    const client = createClient(await startExchangeSim({ seed: 7, storagePath: path() }));
    try {
      const { nowMs } = client.sim.engine.state;
      assert.ok(nowMs >= startedMs && nowMs <= Date.now(), `${nowMs - startedMs} ms after the start began`);
      const { income } = (await client.books()) as { income: { type: string }[] };
      const settled = income.filter((entry) => entry.type === 'FUNDING_FEE').length;
      assert.ok(settled >= 17 && settled <= 18, `${settled} settlements`);
    } finally {
      await client.sim.close();
    }
  });

  it('refuses to go on with another market', async () => {
    await (await start({ seed: 7 })).sim.close();
    await assert.rejects(startExchangeSim({ seed: 8, storagePath: path(), clock: 'manual' }), ExchangeSimError);
  });

  it('brings the same tape and books for the same seed and the same requests', async () => {
    const run = async () => {
      const client = await startManual({ seed: 12, startMs: START_MS });
      await client.send('POST', '/fapi/v1/order', marketOrder('BUY', '0.2', { newClientOrderId: 'x' }));
      await client.control('advance', { ms: 48 * 3_600_000 });
      const books = JSON.stringify(await client.books());
      await client.sim.close();
      return books;
    };
    assert.equal(await run(), await run());
  });
});

import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { order, until } from '../../../daemon/harness.ts';
import type { Rewrites } from '../../../daemon/rewriting-proxy.ts';
import { suiteWorld } from '../../../daemon/suite-world.ts';
import { createClient } from '../../../exchange-sim/signed-client.ts';
import { inLots } from '../../fold-fixture.ts';

type Row = { readonly [key: string]: unknown };
const INFO = '/fapi/v1/exchangeInfo';
const POSITIONS = '/fapi/v3/positionRisk';
const BRACKETS = '/fapi/v1/leverageBracket';
const SETTINGS = '/fapi/v1/symbolConfig';

describe('symbols that are not, or no longer, open at the venue (SAE-T)', () => {
  const rewrites: Rewrites = new Map();
  const world = suiteWorld({
    policy: { 'scope.symbols': ['BTCUSDT', 'ETHUSDT', 'GONEUSDT'], 'temporal.duplicate_window_ms': 1 },
    rewrites,
  });
  afterEach(async () => {
    rewrites.clear();
    await world.restart();
    await world.operator('POST', '/v1/flatten', { reason: 'test over' });
    await world.operator('PUT', '/v1/trading-state', { state: 'active', reason: 'test over' });
    await world.advance(61_000);
  });
  const without = (symbol: string) => (body: unknown) => (body as Row[]).filter((row) => row.symbol !== symbol);
  const changeInfo = (change: (rows: readonly Row[]) => readonly Row[]) => {
    rewrites.set(INFO, (body) => ({ ...(body as Row), symbols: change((body as { symbols: Row[] }).symbols) }));
  };
  const opens = async (symbol: string): Promise<boolean> => {
    const { body } = await world.dryRun('place_order', order({ symbol }));
    return body.decision.decision !== 'BLOCK';
  };
  const humanBuys = (symbol: string, quantity: string) =>
    world.hand('POST', '/fapi/v1/order', { symbol, side: 'BUY', type: 'MARKET', quantity });

  it('a symbol of the scope that the venue does not list holds up no other, and is told', async () => {
    assert.equal(await opens('BTCUSDT'), true);
    assert.equal(await opens('GONEUSDT'), false);
    const { status, body } = await world.ready();
    assert.deepEqual([status, body.symbols_reducing], [200, ['GONEUSDT']], body.waiting_for.join());
    const reported = world.alerts().filter((alert) => alert.code === 'SYMBOL_CLOSED');
    assert.deepEqual(
      reported.map((alert) => alert.symbol),
      ['GONEUSDT'],
    );
  });

  it('a symbol that is settling, or gone while it is held, holds up no other and can still be closed', async () => {
    await world.mustPlace('filled', { symbol: 'ETHUSDT' });
    changeInfo((rows) => rows.map((row) => (row.symbol === 'ETHUSDT' ? { ...row, status: 'SETTLING' } : row)));
    rewrites.set(BRACKETS, without('ETHUSDT'));
    rewrites.set(SETTINGS, without('ETHUSDT'));
    await world.restart();
    assert.deepEqual([await opens('BTCUSDT'), await opens('ETHUSDT')], [true, false]);
    await world.must('filled', 'close_position', { symbol: 'ETHUSDT' });
    assert.equal(await world.position('ETHUSDT'), 0);
  });

  it('a position in a contract that is no USDT perpetual is read, counted and closed, and never opened', async () => {
    await humanBuys('ETHUSDT', '0.1');
    changeInfo((rows) =>
      rows.map((row) => (row.symbol === 'ETHUSDT' ? { ...row, marginAsset: 'USDC', quoteAsset: 'USDC' } : row)),
    );
    await world.restart();
    assert.deepEqual([await opens('BTCUSDT'), await opens('ETHUSDT')], [true, false]);
    assert.equal(inLots(world.daemon.gate.core.state.position('ETHUSDT').quantityE8), 100);
    const flat = await world.operator('POST', '/v1/flatten', { reason: 'test' });
    assert.equal(flat.status, 200);
    assert.equal(await world.position('ETHUSDT'), 0);
  });

  it('a position in a contract that is not listed at all stops opening, and no exit', async () => {
    await world.place();
    const row = { positionSide: 'BOTH', entryPrice: '1', markPrice: '1', liquidationPrice: '0', isolatedMargin: '0' };
    const rest = { maintMargin: '0', unRealizedProfit: '0', updateTime: world.nowMs(), positionAmt: '12.5' };
    rewrites.set(POSITIONS, (body) => [...(body as Row[]), { symbol: 'OLDUSDT', ...row, ...rest }]);
    await world.advance(20_000);
    assert.equal(await opens('BTCUSDT'), false, 'an account that cannot be read is stale');
    await world.must('filled', 'close_position', { symbol: 'BTCUSDT' });
  });
});

describe('the venue refuses a leverage setting (BINANCE.md part B)', () => {
  const world = suiteWorld();

  for (const status of [429, 418] as const)
    it(`HTTP ${status}: nothing is sent, the venue is closed for as long as it says, and opens again [AN-61 AN-261 AN-266]`, async () => {
      await world.fault({
        kind: 'status',
        status,
        retry_after_s: 30,
        match: { method: 'POST', path: '/fapi/v1/leverage' },
      });
      const { body } = await world.place({ requested_leverage: status === 429 ? 2 : 1 });
      assert.deepEqual([body.execution.state, body.execution.retryable], ['rejected', true], JSON.stringify(body));
      assert.equal(await world.position('BTCUSDT'), 0);
      await world.refresh();
      assert.equal((await world.tradingState()).state, 'reducing');
      await until('it opens', async () => {
        await world.sleep(31_000);
        await world.advance(31_000);
        return (await world.tradingState()).state === 'active';
      });
    });
});

describe('a position of somebody else in a symbol outside the scope (SAE-T)', () => {
  const world = suiteWorld({
    policy: {
      'scope.symbols': ['BTCUSDT'],
      'budgets.gross_notional_usdt': 1000,
      'account.concentration.floor_usdt': 1000,
    },
  });

  it('counts, is no agent’s to close, and an operator closes it, also after a restart', async () => {
    const human = createClient(world.sim);
    await human.send('POST', '/fapi/v1/order', { symbol: 'ETHUSDT', side: 'BUY', type: 'MARKET', quantity: '0.3' });
    for (const when of ['before a restart', 'after it']) {
      for (let i = 0; i < 2; i += 1) await world.advance(6_000);
      await until(`it is valued ${when}`, async () => {
        await world.advance(2_000);
        const held = (await world.positions()).find((position) => position.symbol === 'ETHUSDT');
        return Math.abs((held?.notional_usdt ?? 0) - 900) < 20;
      });
      const { body } = await world.dryRun('place_order', order({ requested_notional: 500 }));
      assert.notEqual(body.decision.decision, 'ALLOW', `a hundred USDT are left ${when}`);
      const closed = await world.dryRun('close_position', { symbol: 'ETHUSDT' });
      assert.equal(closed.body.decision.decision, 'BLOCK', 'it is no agent’s');
      if (when === 'before a restart') await world.restart();
    }
    const args = { symbol: 'ETHUSDT' };
    const closed = await world.tool('close_position', args, world.token('operator'));
    assert.equal(closed.body.execution.state, 'filled', JSON.stringify(closed.body));
    assert.equal(await world.position('ETHUSDT'), 0);
  });
});

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { openOrders } from '../../../bypasses/attempts.ts';
import { order, until } from '../../../daemon/harness.ts';
import { editPolicy, UNPACED } from '../../../daemon/policy-edits.ts';
import { suiteWorld } from '../../../daemon/suite-world.ts';

describe('what rests is reviewed when rule 8 begins to bind', () => {
  const world = suiteWorld({
    policy: {
      'budgets.holding_time_ms': 600_000,
      'temporal.duplicate_window_ms': 1,
      'account.concentration': { share: 0.99, floor_usdt: 3_000 },
    },
  });

  it('SAE-U the end of the holding time cancels the openings of the symbol, and is told of [PK-12]', async () => {
    await world.mustPlace('filled', { requested_notional: 300 });
    await world.advance(540_000);
    await world.mustPlace('working', { order_type: 'limit', limit_price: 59_000, requested_notional: 600 });
    await world.advance(50_000);
    assert.equal(openOrders(await world.books()).length, 1, 'it rests until the holding time is over');
    for (let i = 0; i < 4; i += 1) await world.advance(5_000);
    assert.equal(openOrders(await world.books()).length, 0, 'it is gone');
    const before = await world.position('BTCUSDT');
    await world.setMark('BTCUSDT', 58_900);
    assert.equal(await world.position('BTCUSDT'), before, 'nothing is added to the old position');
    assert.deepEqual((await world.ready()).body.symbols_reducing, ['BTCUSDT']);
    const reported = world.records('alert');
    assert.equal(reported.filter((alert) => (alert as { code: string }).code === 'HOLDING_TIME').length, 1);
    const [layer] = (await world.tradingState()).layers;
    assert.deepEqual(
      [layer?.layer, layer?.scope, layer?.name, layer?.state],
      ['condition', 'symbol', 'BTCUSDT', 'reducing'],
    );
    await world.tool('close_position', { symbol: 'BTCUSDT' });
    for (let i = 0; i < 4; i += 1) await world.advance(5_000);
    assert.deepEqual((await world.tradingState()).layers, [], 'flat: the symbol is open again');
  });
});

describe('what rests is trusted no more than it was when it was asked for', () => {
  const world = suiteWorld({
    policy: { 'temporal.duplicate_window_ms': 1, 'account.concentration': { share: 0.99, floor_usdt: 3_000 } },
  });

  it('SAE-TRUST an order of an unknown skill is canceled by a signal under which the skill permits less', async () => {
    const skilled = world.createAgent('skilled', 'a'.repeat(64));
    const limit = order({ order_type: 'limit', limit_price: 59_500, requested_notional: 1_000 });
    const body = await world.must('working', 'place_order', limit, skilled);
    const rested = body.decision.effective?.notional ?? 0;
    await world.advance(61_000);
    assert.equal(openOrders(await world.books()).length, 1, 'it fits the caps of its skill');
    const signal = { kind: 'injection', scope: { symbol: 'BTCUSDT' }, severity: 1, ttl_ms: 600_000 };
    await world.call('POST', '/v1/signals', signal, world.token('monitor'));
    for (let i = 0; i < 2; i += 1) await world.advance(1_000);
    const again = await world.dryRun('place_order', limit, skilled);
    const cap = again.body.decision.constraints.notional_cap;
    assert.ok(cap < rested, `a new order of this skill gets ${cap} USDT, ${rested} USDT rested`);
    assert.equal(openOrders(await world.books()).length, 0, 'what rested is gone');
  });
});

describe('what bears on one agent', () => {
  const listed = 'a'.repeat(64);
  const world = suiteWorld({
    policy: (spec) => {
      editPolicy(spec, UNPACED);
      spec.account.concentration = { share: 0.8, floor_usdt: 500 };
      spec.trust.skills = [{ name: 'listed', sha256: listed, provenance: 0.9, capability_risk: 0.2 }];
    },
  });

  it('asks nothing of another back: neither a refused call with a false skill, nor a signal about its caller', async () => {
    await world.setMark('BTCUSDT', 60_000);
    await world.setMark('ETHUSDT', 3_000);
    const other = world.createAgent('other');
    await world.place({ symbol: 'ETHUSDT', requested_notional: 227 }, other);
    const body = await world.mustPlace('working', {
      order_type: 'limit',
      limit_price: 59_000,
      requested_notional: 900,
    });
    // From here on a new order of this size would be refused: what is held beside it is worth less.
    await world.setMark('ETHUSDT', 2_985);
    for (let i = 0; i < 3; i += 1) await world.advance(5_000);
    const again = await world.dryRun(
      'place_order',
      order({ order_type: 'limit', limit_price: 59_000, requested_notional: 900 }),
    );
    assert.notEqual(again.body.decision.effective?.notional, body.decision.effective?.notional);
    assert.equal(openOrders(await world.books()).length, 1, 'a mark that moved asks nothing back');
    const meta = { skill: { name: 'listed', sha256: 'b'.repeat(64) } };
    const refused = await world.place({ symbol: 'SOLUSDT', meta }, other);
    assert.equal(refused.body.decision.decision, 'BLOCK');
    const { signals } = (
      await world.operator<{ signals: { kind: string; agent: string | null }[] }>('GET', '/v1/signals')
    ).body;
    assert.deepEqual(
      signals.map(({ agent, kind }) => [agent, kind]),
      [['other', 'injection']],
    );
    for (let i = 0; i < 2; i += 1) await world.advance(2_000);
    assert.equal(openOrders(await world.books()).length, 1, 'the call was refused, and bears on its caller');
    const signal = (scope: object): object => ({ kind: 'narrative', scope, severity: 1, ttl_ms: 600_000 });
    await world.call('POST', '/v1/signals', signal({ agent: 'other' }), world.token('monitor'));
    for (let i = 0; i < 2; i += 1) await world.advance(2_000);
    assert.equal(openOrders(await world.books()).length, 1, 'so does a signal about it');
    await world.call('POST', '/v1/signals', signal({ symbol: 'BTCUSDT' }), world.token('monitor'));
    for (let i = 0; i < 2; i += 1) await world.advance(2_000);
    assert.equal(openOrders(await world.books()).length, 0, 'one about the symbol bears on what rests there');
  });
});

describe('what rests was found to fit without an order that was being canceled', () => {
  const world = suiteWorld({ policy: { ...UNPACED, 'account.concentration': { share: 0.99, floor_usdt: 3_000 } } });
  const rest = async (args: object): Promise<void> => {
    await world.mustPlace('working', { order_type: 'limit', ...args });
  };
  const tighten = async (key: 'symbol_notional_usdt' | 'gross_notional_usdt', to: number): Promise<void> => {
    const text = readFileSync(world.policyPath, 'utf8');
    writeFileSync(world.policyPath, text.replace(new RegExp(`${key}: \\d+`), `${key}: ${to}`));
    await until('the policy is in force', () => world.daemon.gate.core.policySpec.budgets[key] === to);
    await world.refresh();
  };
  const open = async (): Promise<readonly unknown[]> =>
    openOrders(await world.books()).map(({ symbol, price }) => `${symbol} ${Number(price)}`);

  it('BY-31 BY-32 it goes as well when that one fills before its cancel is taken', async () => {
    await rest({ limit_price: 59_900, requested_notional: 900 });
    await rest({ limit_price: 59_000, requested_notional: 900 });
    await world.fault({
      kind: 'error',
      code: -1001,
      msg: 'Internal error.',
      count: 1_000,
      match: { method: 'DELETE', path: '/fapi/v1/order' },
    });
    await tighten('symbol_notional_usdt', 1_000);
    assert.deepEqual(await open(), ['BTCUSDT 59900', 'BTCUSDT 59000'], 'the cancel of the first is refused');
    await world.setMark('BTCUSDT', 59_850);
    assert.deepEqual(await open(), ['BTCUSDT 59000'], 'it has filled');
    await world.control('clear-faults', {});
    await until(
      'the other is canceled',
      world.refreshing(async () => (await open()).length === 0),
    );
    await world.setMark('BTCUSDT', 58_950);
    const held = (await world.position('BTCUSDT')) * 58_950;
    assert.ok(held > 0 && held <= 1_000, `${held} USDT held, 1,000 permitted`);
  });
});

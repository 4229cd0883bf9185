import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { parse, stringify } from 'yaml';
import type { IntendedPolicySpec } from '../../../../daemon/core/policy.ts';
import { DaemonWorld, type Mutable, until } from '../../../daemon/harness.ts';

/** A world on wall time whose policy has one symbol; the exchange begins every symbol on crossed margin. */
function start(symbols: string[]): Promise<DaemonWorld> {
  return DaemonWorld.start({
    wall: true,
    policy: (spec) => {
      spec.scope.symbols = symbols;
      Object.assign(spec.temporal, { duplicate_exempt: ['BTCUSDT', 'ETHUSDT'], flip_interval_ms: 1 });
      for (const row of Object.values(spec.market.regimes)) Object.assign(row, { cooldown_ms: 0, slices: 1 });
    },
  });
}
const alerts = (world: DaemonWorld): readonly string[] =>
  [...world.daemon.ledger.iterateEvents({ kind: 'alert' })].map(({ payload }) => JSON.stringify(payload));
const open = async (world: DaemonWorld, symbol: string): Promise<string> => {
  // Not more often than refusals are taken.
  await world.sleep(1_000);
  const { body } = await world.place({ symbol, requested_notional: 120 });
  return body.decision.decision === 'BLOCK' ? String(body.decision.reasons[0]?.code) : body.execution.state;
};
const opens = (world: DaemonWorld, symbol: string): Promise<void> =>
  until(`${symbol} opens`, async () => (await open(world, symbol)) === 'filled', 180_000);
const marginOf = async (world: DaemonWorld, symbol: string): Promise<unknown> =>
  ((await world.books()).positions as readonly { symbol: string; margin_type?: string }[]).find(
    (one) => one.symbol === symbol,
  )?.margin_type;

describe('a symbol that a policy adds while the daemon runs', () => {
  let world: DaemonWorld;
  before(async () => {
    world = await start(['BTCUSDT']);
  });
  after(() => world.close());

  it('is put on isolated margin before anything is opened in it', async () => {
    assert.equal(await marginOf(world, 'ETHUSDT'), 'CROSSED');
    const spec = parse(readFileSync(world.policyPath, 'utf8')) as Mutable<IntendedPolicySpec>;
    spec.scope.symbols = ['BTCUSDT', 'ETHUSDT'];
    writeFileSync(world.policyPath, stringify(spec));
    const pending = async (): Promise<string | undefined> => (await world.ready()).body.pending_policy?.hash;
    await until('the policy waits', async () => (await pending()) !== undefined, 30_000);
    const { status } = await world.operator('POST', '/v1/policy/reload', { hash: await pending() });
    assert.equal(status, 200);
    await opens(world, 'ETHUSDT');
    assert.equal(await marginOf(world, 'ETHUSDT'), 'ISOLATED');
    assert.deepEqual(
      alerts(world).filter((alert) => alert.includes('ACCOUNT_MODE')),
      [],
    );
  });
});

describe('a mode of the account that a person changes while the daemon runs', () => {
  let world: DaemonWorld;
  const change = async (path: string, params: Record<string, string>): Promise<void> => {
    const { status } = await world.hand('POST', path, params);
    assert.equal(status, 200, path);
  };
  const crossed = { symbol: 'ETHUSDT', marginType: 'CROSSED' };
  before(async () => {
    world = await start(['BTCUSDT', 'ETHUSDT']);
    await opens(world, 'BTCUSDT');
  });
  after(() => world.close());

  it('crossed margin of a flat symbol is put back', async () => {
    await change('/fapi/v1/marginType', crossed);
    await until('it is isolated again', async () => (await marginOf(world, 'ETHUSDT')) === 'ISOLATED', 10_000);
    await opens(world, 'BTCUSDT');
  });

  it('where it cannot be put back, nothing is opened in that symbol, which an alert says', async () => {
    const refused = { code: -4047, msg: 'Margin type cannot be changed if there exists open orders.' };
    const match = { method: 'POST', path: '/fapi/v1/marginType' };
    await change('/fapi/v1/marginType', crossed);
    await world.fault({ kind: 'error', ...refused, count: 1_000, match });
    await until('it is told', () => alerts(world).some((alert) => /ACCOUNT_MODE.*ETHUSDT.*4047/.test(alert)), 10_000);
    assert.equal(await open(world, 'ETHUSDT'), 'STATE_REDUCING');
    assert.equal(await open(world, 'BTCUSDT'), 'filled', 'no other symbol is held up');
    await world.control('clear-faults', {});
    await opens(world, 'ETHUSDT');
    assert.equal(await marginOf(world, 'ETHUSDT'), 'ISOLATED');
    await world.tool('close_position', { symbol: 'ETHUSDT' });
  });

  it('multi-assets margin, by which losses would not be seen, stops opening until it is off', async () => {
    await change('/fapi/v1/multiAssetsMargin', { multiAssetsMargin: 'true' });
    await until('it is told', () => alerts(world).some((alert) => alert.includes('multi-assets margin is on')), 90_000);
    assert.equal(await open(world, 'BTCUSDT'), 'STATE_REDUCING');
    await world.must('filled', 'close_position', { symbol: 'BTCUSDT', fraction: 0.5 });
    await change('/fapi/v1/multiAssetsMargin', { multiAssetsMargin: 'false' });
    await opens(world, 'BTCUSDT');
  });
});

describe('a restart while what is held keeps one symbol on crossed margin', () => {
  let world: DaemonWorld;
  const person = (path: string, params: Record<string, string>) => world.hand('POST', path, params);
  before(async () => {
    world = await start(['BTCUSDT', 'ETHUSDT']);
    const asked = [
      await person('/fapi/v1/marginType', { symbol: 'ETHUSDT', marginType: 'CROSSED' }),
      await person('/fapi/v1/order', { symbol: 'ETHUSDT', side: 'BUY', type: 'MARKET', quantity: '0.5' }),
    ];
    assert.deepEqual(
      asked.map(({ status }) => status),
      [200, 200],
    );
    // Refused unless it is reconciled within seconds.
    await world.restart();
  });
  after(() => world.close());

  it('lets every other symbol open, and that one only reduce, which an alert says', async () => {
    assert.equal(await marginOf(world, 'ETHUSDT'), 'CROSSED');
    assert.equal(await open(world, 'ETHUSDT'), 'STATE_REDUCING');
    await opens(world, 'BTCUSDT');
    assert.deepEqual((await world.ready()).body.symbols_reducing, ['ETHUSDT']);
    assert.ok(alerts(world).some((alert) => /ACCOUNT_MODE.*ETHUSDT.*nothing is opened there.*4048/.test(alert)));
  });

  it('isolates it once nothing is held there any more', async () => {
    const { status } = await world.operator('POST', '/v1/tools/close_position', { symbol: 'ETHUSDT' });
    assert.equal(status, 200);
    await until('it is flat', async () => (await world.position('ETHUSDT')) === 0, 30_000);
    await opens(world, 'ETHUSDT');
    assert.equal(await marginOf(world, 'ETHUSDT'), 'ISOLATED');
  });
});

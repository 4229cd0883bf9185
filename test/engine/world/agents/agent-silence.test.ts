import assert from 'node:assert/strict';
import { before, beforeEach, describe, it } from 'node:test';
import { openOrders } from '../../../bypasses/attempts.ts';
import { order } from '../../../daemon/harness.ts';
import { editPolicy, UNPACED } from '../../../daemon/policy-edits.ts';
import { suiteWorld } from '../../../daemon/suite-world.ts';

const HEARTBEAT_MS = 60_000;

describe('an agent that has to give signs of life', () => {
  const world = suiteWorld({
    leaveOrders: true,
    policy: {
      ...UNPACED,
      'account.concentration': { share: 0.99, floor_usdt: 3_000 },
      agents: { default: {}, agent: { heartbeat_ms: HEARTBEAT_MS } },
    },
  });
  let other: string;
  before(async () => {
    other = world.createAgent('other');
  });
  beforeEach(async () => {
    await world.tool('cancel_all', {});
    await world.tool('cancel_all', {}, other);
    for (let i = 0; i < 2; i += 1) await world.advance(500);
    assert.deepEqual(openOrders(await world.books()), []);
  });

  let asks = 0;
  const rest = async (token?: string): Promise<void> => {
    asks += 1;
    const where = token === other ? { symbol: 'ETHUSDT', limit_price: 2_800 + asks } : { limit_price: 58_000 + asks };
    const args = order({ order_type: 'limit', ...where, requested_notional: 180 });
    await world.must('working', 'place_order', args, token);
  };
  const resting = async (): Promise<number> => openOrders(await world.books()).length;
  /** Time in which nobody calls with the agent's token. */
  const pass = async (ms: number): Promise<void> => {
    for (let left = ms; left > 0; left -= 2_000) await world.advance(Math.min(left, 2_000));
  };
  const alerts = (): number =>
    [...world.daemon.ledger.iterateEvents({ kind: 'alert' })].filter(
      ({ payload }) => (payload as { code: string }).code === 'AGENT_SILENT',
    ).length;
  const layers = async (): Promise<readonly unknown[]> =>
    (await world.tradingState()).layers.map(({ layer, scope, name, state }) => [layer, scope, name, state]);

  it('loses its opening orders when it is silent, with one alert, and nobody else does; its next call ends it [PK-157]', async () => {
    const before = alerts();
    await rest();
    await rest(other);
    await pass(HEARTBEAT_MS - 2_000);
    assert.equal(await resting(), 2, 'a moment before');
    await pass(4_000);
    assert.equal(await resting(), 1, 'that of the other agent is left');
    assert.deepEqual(await layers(), [['condition', 'agent', 'agent', 'reducing']]);
    await pass(3 * HEARTBEAT_MS);
    assert.equal(alerts(), before + 1, 'one alert for one silence');
    await rest();
    assert.equal(await resting(), 2, 'the call that ends it is decided as any other');
    assert.deepEqual(await layers(), []);
  });

  it('is alive by any authenticated call, also one that is refused or only reads [PK-157]', async () => {
    await rest();
    const calls = [
      () => world.call('GET', '/v1/limits?symbol=BTCUSDT'),
      () => world.call('GET', '/v1/trading-state'),
      () => world.call('POST', '/v1/tools/place_order', { nonsense: true }),
      () => world.dryRun('place_order', order()),
    ];
    const statuses: number[] = [];
    for (const call of calls) {
      await pass(HEARTBEAT_MS - 4_000);
      statuses.push((await call()).status);
    }
    assert.deepEqual(statuses, [200, 403, 400, 200]);
    await pass(HEARTBEAT_MS - 4_000);
    assert.equal(await resting(), 1);
    await world.call('GET', '/v1/limits?symbol=BTCUSDT', undefined, other);
    await world.call('GET', '/healthz', undefined, 'hf_wrong');
    await pass(6_000);
    assert.equal(await resting(), 0, 'calls of another, and of nobody, are no sign of it');
  });

  it('is as silent after a restart as before, and as alive', async () => {
    await rest();
    const before = alerts();
    await pass(HEARTBEAT_MS / 2);
    await world.restart();
    assert.equal(await resting(), 1, 'it rests through the restart');
    await pass(HEARTBEAT_MS / 2 + HEARTBEAT_MS / 4 + 4_000);
    assert.equal(await resting(), 0, 'the time before the restart counts');
    assert.equal(alerts(), before + 1);
    await world.restart();
    await pass(4_000);
    assert.deepEqual(await layers(), [['condition', 'agent', 'agent', 'reducing']], 'the silence is on record');
    assert.equal(alerts(), before + 1, 'and is no news');
    await world.call('GET', '/v1/orders');
    assert.deepEqual(await layers(), []);
    await rest();
    // Reads leave no record: what keeps the agent alive through a restart is noted all the same.
    for (let i = 0; i < 4; i += 1) {
      await pass(HEARTBEAT_MS / 2);
      await world.call('GET', '/v1/orders');
    }
    await world.restart();
    await pass(HEARTBEAT_MS / 2);
    assert.equal(await resting(), 1, 'it called half a heartbeat ago');
  });

  it('is told of when it only holds a position, which stays; its exits rest on', async () => {
    const before = alerts();
    await world.place({ requested_notional: 300 });
    const held = await world.position('BTCUSDT');
    assert.ok(held > 0);
    await world.place({ side: 'sell', order_type: 'limit', limit_price: 66_000, reduce_only: true });
    assert.equal(await resting(), 1, 'a take-profit');
    await pass(HEARTBEAT_MS + 4_000);
    assert.equal(alerts(), before + 1);
    assert.equal(await world.position('BTCUSDT'), held);
    assert.equal(await resting(), 1, 'exits are no openings');
    await world.must('filled', 'close_position', { symbol: 'BTCUSDT' });
  });
});

describe('a silent agent whose order is staged', () => {
  const world = suiteWorld({
    policy: (spec) => {
      editPolicy(spec, UNPACED);
      spec.account.concentration = { share: 0.99, floor_usdt: 3_000 };
      for (const regime of ['calm', 'volatile', 'extreme'] as const) spec.market.regimes[regime].slices = 3;
      spec.staging = { spacing_ms: 40_000, ttl_ms: 600_000 };
      spec.agents = { default: { heartbeat_ms: HEARTBEAT_MS } };
    },
  });

  it('sends no slice after its silence began', async () => {
    const body = await world.mustPlace('staging', { requested_notional: 540 });
    const id = body.decision.decision_id;
    const whole = Number(body.decision.effective?.quantity);
    for (let i = 0; i < 4; i += 1) {
      await world.advance(10_000);
      await world.refresh();
    }
    await world.sleep(500);
    const held = await world.position('BTCUSDT');
    assert.ok(held > 0 && held < whole, `two of three slices: ${held} of ${whole}`);
    for (let i = 0; i < 12; i += 1) await world.advance(10_000);
    await world.sleep(500);
    assert.equal(await world.position('BTCUSDT'), held);
    const answer = await world.operator<{ execution: { orders: { status: string; slice: number }[] } }>(
      'GET',
      `/v1/decisions/${id}`,
    );
    const last = answer.body.execution.orders.find(({ slice }) => slice === 2);
    assert.equal(last?.status, 'canceled', JSON.stringify(answer.body.execution));
  });
});

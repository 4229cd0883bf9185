import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { isResting, liveOrders } from '../../../../daemon/engine/orders/orders.ts';
import { DaemonWorld, until } from '../../../daemon/harness.ts';
import { UNPACED } from '../../../daemon/policy-edits.ts';
import { suiteWorld } from '../../../daemon/suite-world.ts';

const ORDER = { path: '/fapi/v1/order' };
const LOST = { kind: 'drop-before', count: 100_000, match: { ...ORDER, method: 'POST' } };

async function pass(world: DaemonWorld, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 1_000) {
    await world.advance(1_000);
    await world.sleep(1_000);
  }
}
/** Alerts of exits. */
function reported(world: DaemonWorld, fromSeq: number): readonly string[] {
  return world
    .alerts(fromSeq)
    .filter(({ code }) => code.startsWith('EXIT_'))
    .map(({ code, detail }) => `${code}: ${detail}`);
}

describe('an exit that goes on without closing anything is told of', () => {
  const world = suiteWorld({ policy: UNPACED });
  afterEach(async () => {
    await world.control('clear-faults', {});
    await until(
      'flat, and nothing unknown',
      async () => {
        await pass(world, 1_000);
        return (await world.position('BTCUSDT')) === 0 && world.daemon.gate.unknownOrderCount() === 0;
      },
      120_000,
    );
    await world.operator('PUT', '/v1/trading-state', { state: 'active', reason: 'test over' });
  });

  const open = async (): Promise<void> => {
    await world.mustPlace('filled', { side: 'buy', requested_notional: 900 });
    await world.advance(1_000);
  };
  const asked: Readonly<Record<string, () => Promise<unknown>>> = {
    "an agent's": () => world.tool('close_position', { symbol: 'BTCUSDT' }),
    "an operator's": () => world.operator('POST', '/v1/tools/close_position', { symbol: 'BTCUSDT' }),
    'one of a flatten': () => world.operator('POST', '/v1/flatten', { reason: 'test' }),
  };
  for (const [whose, ask] of Object.entries(asked))
    it(`${whose}, whose orders are lost on their way: once, and it closes when they arrive [EX-50]`, async () => {
      await open();
      const seq = world.daemon.ledger.lastSeq();
      await world.fault(LOST);
      await ask();
      await pass(world, 130_000);
      assert.equal(reported(world, seq).length, 1, reported(world, seq).join('; '));
      assert.match(
        reported(world, seq)[0] ?? '',
        /^EXIT_STALLED: exit \S+ has closed nothing for 6\d s and goes on, with 0\.000 closed/,
      );
      await world.control('clear-faults', {});
      await pass(world, 20_000);
      assert.equal(await world.position('BTCUSDT'), 0);
      assert.equal(reported(world, seq).length, 1);
    });

  it('many of one agent: once', async () => {
    await open();
    const seq = world.daemon.ledger.lastSeq();
    await world.fault(LOST);
    for (let i = 0; i < 5; i += 1) await world.tool('close_position', { symbol: 'BTCUSDT', fraction: 0.1 });
    await pass(world, 100_000);
    assert.equal([...world.daemon.gate.core.state.claims.open].length, 5);
    assert.equal(reported(world, seq).length, 1, reported(world, seq).join('; '));
    await world.control('clear-faults', {});
    await world.operator('POST', '/v1/flatten', { reason: 'test' });
  });

  it('a take-profit whose orders are lost on their way: once, and it rests when they arrive [TM-4 EX-50]', async () => {
    await open();
    const seq = world.daemon.ledger.lastSeq();
    await world.fault(LOST);
    await world.place({
      intent: 'close',
      side: 'sell',
      order_type: 'limit',
      limit_price: 63_000,
      requested_notional: 900,
    });
    await pass(world, 130_000);
    assert.equal(reported(world, seq).length, 1, reported(world, seq).join('; '));
    assert.match(reported(world, seq)[0] ?? '', /^EXIT_STALLED: .*; its last order is \w+ \(/);
    await world.control('clear-faults', {});
    await pass(world, 30_000);
    const resting = [...liveOrders(world.daemon.gate.core.state.orders, 'BTCUSDT')].filter(
      (each) => each.reduceOnly && !each.protective && isResting(each),
    );
    assert.equal(resting.length, 1);
    assert.equal(reported(world, seq).length, 1);
    await world.operator('POST', '/v1/flatten', { reason: 'test' });
  });

  it('one of which nobody says what became', async () => {
    await open();
    const seq = world.daemon.ledger.lastSeq();
    await world.fault({ kind: 'status', status: 500, count: 100_000, match: ORDER });
    await world.tool('close_position', { symbol: 'BTCUSDT' });
    await pass(world, 150_000);
    assert.equal(reported(world, seq).length, 1, reported(world, seq).join('; '));
    assert.match(reported(world, seq)[0] ?? '', /its last order is unknown \(HTTP 500\)$/);
  });
});

describe('an exit that waits for its rate', () => {
  it('is not told of', async (t) => {
    const world = await DaemonWorld.of(t, { policy: { ...UNPACED, 'exits.rate': { max: 1, window_ms: 100_000 } } });
    await world.place({ side: 'buy', requested_notional: 900 });
    await world.advance(1_000);
    await world.tool('close_position', { symbol: 'BTCUSDT', fraction: 0.5 });
    await world.tool('close_position', { symbol: 'BTCUSDT' });
    await pass(world, 80_000);
    assert.ok((await world.position('BTCUSDT')) > 0, 'it waits');
    assert.deepEqual(reported(world, 1), []);
    await pass(world, 30_000);
    assert.equal(await world.position('BTCUSDT'), 0);
  });
});

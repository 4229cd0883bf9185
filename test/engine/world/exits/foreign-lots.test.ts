import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { ownE8 } from '../../../../daemon/engine/orders/holding.ts';
import { until } from '../../../daemon/harness.ts';
import { suiteWorld } from '../../../daemon/suite-world.ts';
import { inLots } from '../../fold-fixture.ts';

const NO_MORE_STOPS = {
  kind: 'error',
  code: -4045,
  msg: 'Reach max stop order limit.',
  count: 1_000,
  match: { method: 'POST', path: '/fapi/v1/algoOrder' },
};

describe('what the gate closes of a position that is not the holder’s alone [DESIGN 12.1]', () => {
  const world = suiteWorld({
    policy: {
      protection: { required: true, stop_bps: 300 },
      'standing.on_breach': 'reduce',
      'temporal.duplicate_window_ms': 1,
    },
  });
  afterEach(async () => {
    await world.control('clear-faults', {});
    await world.operator('POST', '/v1/flatten', { reason: 'test over' });
    await world.operator('PUT', '/v1/trading-state', { state: 'active', reason: 'test over' });
    await world.setMark('BTCUSDT', 60_000);
    // A jump holds its regime for some bars.
    await world.advance(2 * 3_600_000);
    assert.equal(await world.position('BTCUSDT'), 0, 'flat');
  });

  const alerts = (code: string): readonly string[] =>
    world
      .alerts()
      .filter((alert) => alert.code === code)
      .map((alert) => alert.detail);
  const human = (method: string, path: string, params: Record<string, string>) =>
    world.hand(method, path, { symbol: 'BTCUSDT', ...params });
  const humanBuys = (quantity: string) => human('POST', '/fapi/v1/order', { side: 'BUY', type: 'MARKET', quantity });
  const view = () => world.daemon.gate.core.state.position('BTCUSDT');
  const own = (): number => inLots(ownE8(view()));
  /** 15 lots of the agent and 10 of a human, one stop for all. */
  const holdBoth = async (): Promise<void> => {
    await world.mustPlace('filled', { requested_notional: 905 });
    await humanBuys('0.010');
    await until(
      'both are known',
      world.advancing(6_000, () => inLots(view().quantityE8) === 25 && view().disputedE8 === null),
    );
    assert.equal(own(), 15);
  };
  const loseStop = () => human('DELETE', '/fapi/v1/algoOpenOrders', {});

  it('a refused stop ends in an exit of what the holder holds, once', async () => {
    await holdBoth();
    await world.fault(NO_MORE_STOPS);
    await loseStop();
    const left = 0.01;
    await until(
      'the exit',
      world.advancing(6_000, async () => (await world.position('BTCUSDT')) === left),
    );
    for (let i = 0; i < 6; i += 1) await world.advance(20_000);
    assert.equal(await world.position('BTCUSDT'), left, 'nothing more is closed');
    assert.deepEqual([inLots(view().quantityE8), own()], [left * 1000, 0], 'what is left is nobody’s here');
    assert.match(alerts('STOP_REFUSED')[0] ?? '', /0\.015 .* closed; 0\.010 .* stays/);
  });

  it('a cut above a tightened cap takes from what the holder holds [EX-62]', async () => {
    await holdBoth();
    // A jump is extreme at once: a quarter of the caps is left, eight lots.
    await world.setMark('BTCUSDT', 62_000);
    await until(
      'the cut',
      world.advancing(6_000, async () => (await world.position('BTCUSDT')) <= 0.01),
    );
    for (let i = 0; i < 6; i += 1) await world.advance(6_000);
    const held = await world.position('BTCUSDT');
    assert.deepEqual([held, own()], [0.01, 0], 'the human’s lots stay');
  });

  it('a position of a human alone is not closed by itself', async () => {
    await world.fault(NO_MORE_STOPS);
    await humanBuys('0.060');
    await until(
      'it is known',
      world.advancing(6_000, () => inLots(view().quantityE8) === 60),
    );
    const known = alerts('STOP_REFUSED').length;
    for (let i = 0; i < 6; i += 1) await world.advance(20_000);
    assert.equal(await world.position('BTCUSDT'), 0.06);
    assert.ok(alerts('STOP_REFUSED').length <= known + 1, 'told, and not at every tick');
  });

  it('a stop that is refused because another one closes the position already (-4130) ends in no exit', async () => {
    await holdBoth();
    await world.fault({
      ...NO_MORE_STOPS,
      code: -4130,
      msg: 'An open stop or take profit order with GTE and closePosition in the direction is existing.',
    });
    await loseStop();
    await world.advance(2_000);
    for (let i = 0; i < 4; i += 1) await world.advance(6_000);
    assert.equal(await world.position('BTCUSDT'), 0.025);
    assert.equal(world.daemon.gate.unknownOrderCount(), 0, 'the answer is no riddle');
    await world.control('clear-faults', {});
    await until(
      'it is placed once it can be',
      world.advancing(60_000, async () => (await world.books()).algo_orders.some((algo) => algo.status === 'NEW')),
    );
  });
});

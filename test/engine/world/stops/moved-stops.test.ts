import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { until } from '../../../daemon/harness.ts';
import { editPolicy, UNPACED } from '../../../daemon/policy-edits.ts';
import { suiteWorld } from '../../../daemon/suite-world.ts';
import { createClient } from '../../../exchange-sim/signed-client.ts';

const PLACE = { path: '/fapi/v1/algoOrder', method: 'POST' };
const ONE_ON_A_SIDE = {
  kind: 'error',
  code: -4130,
  msg: 'An open stop or take profit order with GTE and closePosition in the direction is existing.',
  match: PLACE,
};

describe('a stop that stands further from the entry price than the policy says', () => {
  const world = suiteWorld({
    policy: (spec) => {
      editPolicy(spec, UNPACED);
      spec.protection = { required: true, stop_bps: 300 };
      // A mark that is set is a jump; here it is no reason to open nothing.
      spec.market.regimes = { ...spec.market.regimes, extreme: { ...spec.market.regimes.calm } };
    },
  });
  afterEach(async () => {
    await world.control('clear-faults', {});
    await world.operator('POST', '/v1/flatten', { reason: 'test over' });
    await world.operator('PUT', '/v1/trading-state', { state: 'active', reason: 'test over' });
    await world.setMark('BTCUSDT', 60_000);
    world.daemon.gate.core.usePolicy({ spec: specWith(300), hash: world.daemon.gate.core.policyHash });
    await world.advance(2 * 3_600_000);
    assert.deepEqual([await world.position('BTCUSDT'), (await stops()).length], [0, 0], 'flat, without a stop');
  });

  const specWith = (stopBps: number) => {
    const { policySpec } = world.daemon.gate.core;
    return { ...policySpec, protection: { ...policySpec.protection, stop_bps: stopBps } };
  };
  const stops = async (): Promise<readonly Record<string, unknown>[]> =>
    (await world.books()).algo_orders.filter((algo) => algo.status === 'NEW');
  const triggers = async (): Promise<readonly number[]> => (await stops()).map((stop) => Number(stop.trigger_price));
  const entry = () => world.daemon.gate.core.state.position('BTCUSDT').entryPrice;
  const placed = async (): Promise<number> => (await world.books()).algo_orders.length;
  const hold = async (side: 'buy' | 'sell' = 'buy'): Promise<void> => {
    const { body } = await world.place({ side, requested_notional: 300 });
    assert.equal(body.execution?.state, 'filled', JSON.stringify(body.decision.reasons));
    await until(
      'its stop',
      world.advancing(1_000, async () => (await stops()).length > 0),
    );
  };
  /** Policies come in force as by a reload; the file stays as it is. */
  const useStop = (stopBps: number): void => {
    const { core } = world.daemon.gate;
    core.usePolicy({ spec: specWith(stopBps), hash: core.policyHash });
  };
  const isAt = async (price: number): Promise<boolean> => {
    await world.advance(1_000);
    const found = await triggers();
    return found.length === 1 && Math.abs((found[0] ?? 0) - price) < 1;
  };

  for (const side of ['buy', 'sell'] as const)
    it(`follows the entry price of a ${side} that is added to`, async () => {
      await hold(side);
      const sign = side === 'buy' ? 1 : -1;
      const first = entry();
      // Before the fill's own price is known its limit counts, which brings the stop closer.
      const stood = (await triggers())[0] ?? Number.NaN;
      assert.ok(sign * (stood - first * (1 - sign * 0.03)) > -1, `${stood} is too far from ${first}`);
      await world.setMark('BTCUSDT', 60_000 * (1 + sign * 0.008));
      await hold(side);
      await until(
        'the entry price has moved',
        world.advancing(1_000, () => sign * (entry() - first) > 100),
      );
      await until('one stop, at its distance from the new entry price', () => isAt(entry() * (1 - sign * 0.03)));
      const before = await placed();
      for (let i = 0; i < 5; i += 1) await world.advance(3_000);
      assert.equal(await placed(), before, 'and it stays there');
    });

  it('follows a tightened policy, with one on a side as the venue may have it, and no looser one', async () => {
    await hold();
    const since = world.daemon.ledger.lastSeq();
    await world.fault({ ...ONE_ON_A_SIDE, count: 1 });
    useStop(200);
    await until('one stop, at 2 %', () => isAt(entry() * 0.98));
    const algo = [...world.daemon.ledger.iterateEvents({ fromSeq: since + 1 })].filter(
      (event) => event.kind === 'order' || event.kind === 'order_intent',
    );
    const canceled = algo.findIndex((event) => (event.payload as { action?: string }).action === 'cancel');
    assert.ok(canceled > 0, 'the old one is canceled after the new one was refused');
    useStop(400);
    for (let i = 0; i < 5; i += 1) await world.advance(3_000);
    assert.ok(await isAt(entry() * 0.98), 'a looser policy moves nothing');
    assert.equal(world.daemon.gate.core.policySpec.protection.stop_bps, 400);
  });

  it('is placed at the next tick when it was refused once more, in the room that the old one had', async () => {
    await hold();
    await world.fault({ ...ONE_ON_A_SIDE, count: 2 });
    useStop(200);
    const held = await world.position('BTCUSDT');
    await until('the old one is given up', async () => {
      // Looks more often than the gate ticks.
      await world.control('advance', { ms: 100 });
      return (await stops()).length === 0;
    });
    const since = world.nowMs();
    await until('one stop, at 2 %', () => isAt(entry() * 0.98));
    assert.ok(world.nowMs() - since <= 3_000, `${world.nowMs() - since} ms without a stop`);
    assert.equal(await world.position('BTCUSDT'), held);
  });

  it('stays when the difference is small', async () => {
    await hold();
    const before = await triggers();
    useStop(298);
    for (let i = 0; i < 5; i += 1) await world.advance(3_000);
    assert.deepEqual(await triggers(), before);
  });

  it('never leaves the position without one, and closes nothing, while the new one is refused', async () => {
    await hold();
    const before = await triggers();
    const held = await world.position('BTCUSDT');
    await world.fault({ kind: 'error', code: -4045, msg: 'Reach max stop order limit.', count: 1_000, match: PLACE });
    useStop(200);
    for (let i = 0; i < 10; i += 1) {
      await world.advance(6_000);
      assert.deepEqual(await triggers(), before);
    }
    assert.equal(await world.position('BTCUSDT'), held);
    await world.control('clear-faults', {});
    await until(
      'the move',
      world.advancing(60_000, () => isAt(entry() * 0.98)),
    );
  });

  it('stays, and nothing is closed, when the mark is beyond where it should stand', async () => {
    await hold();
    const before = await triggers();
    await world.setMark('BTCUSDT', 59_300);
    const held = await world.position('BTCUSDT');
    useStop(50);
    await world.fault({ ...ONE_ON_A_SIDE, count: 1_000 });
    for (let i = 0; i < 5; i += 1) await world.advance(6_000);
    assert.deepEqual(await triggers(), before);
    assert.equal(await world.position('BTCUSDT'), held);
  });

  it('stays when somebody else holds the only place on its side', async () => {
    await hold();
    const before = await triggers();
    const human = createClient(world.sim);
    const theirs = { symbol: 'BTCUSDT', side: 'SELL', type: 'TAKE_PROFIT_MARKET', algoType: 'CONDITIONAL' };
    const placedTheirs = { ...theirs, triggerPrice: '70000', closePosition: 'true', clientAlgoId: 'theirs' };
    await human.send('POST', '/fapi/v1/algoOrder', placedTheirs);
    await world.fault({ ...ONE_ON_A_SIDE, count: 1_000 });
    await world.advance(3_000);
    useStop(200);
    for (let i = 0; i < 5; i += 1) await world.advance(6_000);
    assert.ok((await triggers()).includes(before[0] ?? 0), 'ours still rests');
    await human.send('DELETE', '/fapi/v1/algoOrder', { symbol: 'BTCUSDT', clientAlgoId: 'theirs' });
  });
});

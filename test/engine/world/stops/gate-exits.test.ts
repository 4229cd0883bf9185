import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DecisionEvent } from '../../../../daemon/engine/records/decisions.ts';
import { codesIn, order, until } from '../../../daemon/harness.ts';
import { UNPACED } from '../../../daemon/policy-edits.ts';
import { suiteWorld } from '../../../daemon/suite-world.ts';

describe('exits of the gate itself', () => {
  const world = suiteWorld({ policy: { 'standing.on_breach': 'reduce' } });

  it('never hold up the feeds, and are not sized again while the last one is unknown', async () => {
    await world.place({ requested_notional: 900 });
    const held = await world.position('BTCUSDT');
    assert.ok(held > 0);
    await world.fault({
      kind: 'reject-503-unknown',
      accepted: true,
      match: { method: 'POST', path: '/fapi/v1/order' },
    });
    await world.fault({ kind: 'status', status: 500, count: 1_000, match: { method: 'GET', path: '/fapi/v1/order' } });
    // A jump is extreme at once: a quarter of the caps is left.
    await world.control('set-mark', { symbol: 'BTCUSDT', price: '62000' });
    const round = world.refresh().then(() => 'done');
    const ended = await Promise.race([round, world.sleep(3_000).then(() => 'stuck')]);
    assert.equal(ended, 'done');
    await until('the gate has cut', async () => (await world.position('BTCUSDT')) < held);
    const cut = await world.position('BTCUSDT');
    for (let i = 0; i < 4; i += 1) await world.advance(6_000);
    assert.equal(await world.position('BTCUSDT'), cut, 'one cut while its outcome is unknown');
    await world.control('clear-faults', {});
    await until(
      'the cut is known',
      world.advancing(7_000, () => world.daemon.gate.unknownOrderCount() === 0),
      9_000,
    );
    const shown = (await world.positions()).find((position) => position.symbol === 'BTCUSDT');
    assert.equal(Number(shown?.quantity), await world.position('BTCUSDT'));
  });
});

describe('exits of the gate itself, between two attempts', () => {
  const world = suiteWorld({ policy: { 'standing.on_breach': 'reduce' } });

  it('are not sized again while the venue asks to be left alone', async () => {
    await world.place({ requested_notional: 900 });
    const held = await world.position('BTCUSDT');
    assert.ok(held > 0);
    const send = { method: 'POST', path: '/fapi/v1/order' };
    await world.fault({ kind: 'status', status: 429, retry_after_s: 2, count: 3, match: send });
    // A jump is extreme at once: a quarter of the caps is left.
    await world.control('set-mark', { symbol: 'BTCUSDT', price: '62000' });
    for (let i = 0; i < 4; i += 1) {
      await world.sleep(2_500);
      await world.advance(6_000);
    }
    await until('the gate has cut', async () => (await world.position('BTCUSDT')) < held, 10_000);
    await until('nothing is on its way', () => world.daemon.gate.openOrderCount() === 0);
    for (let i = 0; i < 3; i += 1) {
      await world.advance(6_000);
      await world.sleep(1_000);
    }
    const gates = world
      .records<DecisionEvent>('decision')
      .filter((event) => event.route === 'gate' && event.decision.kind === 'gate');
    const asked = Number(gates[0]?.decision.effective?.quantity ?? Number.NaN);
    assert.equal(gates.length, 1, 'one cut');
    assert.equal(Math.round((held - (await world.position('BTCUSDT'))) * 1_000), Math.round(asked * 1_000));
  });
});

describe('an exit of the gate that has closed everything', () => {
  const world = suiteWorld({ policy: { ...UNPACED, protection: { required: true, stop_bps: 300 } } });

  it('goes on while an opening of before it cannot be canceled: nothing else opens, and what that fills is closed', async () => {
    const refused = { kind: 'error', code: -2021, msg: 'Order would immediately trigger.', count: 1_000 };
    await world.fault({ ...refused, match: { method: 'POST', path: '/fapi/v1/algoOrder' } });
    const below = order({ order_type: 'limit', limit_price: 59_000, requested_notional: 130 });
    const rests = (await world.tool('place_order', below)).body;
    await world.fault({
      kind: 'status',
      status: 500,
      count: 10_000,
      match: { method: 'DELETE', path: '/fapi/v1/order' },
    });
    const closed = async (): Promise<boolean> => {
      await world.advance(3_000);
      return (await world.position('BTCUSDT')) === 0;
    };
    const status = async (): Promise<string | undefined> =>
      (await world.decided(rests.decision.decision_id)).execution.orders[0]?.status;
    await world.mustPlace('filled', { requested_notional: 600 });
    await until('the position is closed, as its stop is refused', closed);
    assert.equal(await status(), 'working', 'it rests all the while');
    const next = await world.place({ requested_notional: 600 });
    assert.deepEqual(codesIn(next.body), ['EXIT_IN_PROGRESS']);
    await world.setMark('BTCUSDT', 58_900);
    await until(
      'it has filled',
      world.refreshing(async () => (await status()) === 'filled'),
    );
    await until('that is closed as well', closed);
    await world.control('clear-faults', {});
    await world.setMark('BTCUSDT', 60_000);
    await until(
      'the exit is over',
      world.advancing(3_000, () => world.daemon.gate.core.state.claims.open.size === 0),
    );
  });
});

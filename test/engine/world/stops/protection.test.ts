import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { parse, stringify } from 'yaml';
import type { FlattenBody } from '../../../../daemon/contract/types/operator.ts';
import type { DecisionEvent } from '../../../../daemon/engine/records/decisions.ts';
import { until } from '../../../daemon/harness.ts';
import { suiteWorld } from '../../../daemon/suite-world.ts';
import { createClient } from '../../../exchange-sim/signed-client.ts';
import { inLots } from '../../fold-fixture.ts';

describe('protective stops and cut-backs', () => {
  const world = suiteWorld({
    policy: {
      protection: { required: true, stop_bps: 300 },
      'standing.on_breach': 'reduce',
      'temporal.duplicate_window_ms': 1,
    },
  });
  const recover = async (): Promise<void> => {
    await world.operator('POST', '/v1/flatten', { reason: 'test over' });
    await world.operator('PUT', '/v1/trading-state', { state: 'active', reason: 'test over' });
    await world.setMark('BTCUSDT', 60_000);
    // A jump holds its regime for some bars.
    await world.advance(2 * 3_600_000);
  };

  const stops = async (): Promise<readonly Record<string, unknown>[]> =>
    (await world.books()).algo_orders.filter((algo) => algo.status === 'NEW');
  const hold = async (notional: number): Promise<number> => {
    const { body } = await world.place({ requested_notional: notional });
    assert.notEqual(body.decision.decision, 'BLOCK', JSON.stringify(body.decision.reasons));
    await until(
      'a position',
      world.advancing(1_000, async () => (await world.position('BTCUSDT')) > 0),
    );
    await until(
      'its stop',
      world.refreshing(async () => (await stops()).length === 1),
    );
    return world.position('BTCUSDT');
  };
  const gateDecisions = (fromSeq: number): readonly DecisionEvent[] =>
    world.records<DecisionEvent>('decision', fromSeq).filter((event) => event.agent === 'gate');

  it('places a missing stop also in halted, and cuts nothing back and records nothing of it then [PK-64]', async () => {
    const held = await hold(900);
    await world.operator('PUT', '/v1/trading-state', { state: 'halted', reason: 'test' });
    const human = createClient(world.sim);
    await human.send('DELETE', '/fapi/v1/algoOpenOrders', { symbol: 'BTCUSDT' });
    assert.equal((await stops()).length, 0, 'somebody took the stop away');
    await until(
      'the stop is placed again',
      world.advancing(2_000, async () => (await stops()).length === 1),
    );
    const seq = world.daemon.ledger.lastSeq() + 1;
    await world.setMark('BTCUSDT', 62_000);
    for (let i = 0; i < 5; i += 1) await world.advance(6_000);
    assert.equal(await world.position('BTCUSDT'), held, 'no automatic cut in halted');
    assert.deepEqual(gateDecisions(seq), [], 'and no record of any');
    await world.operator('PUT', '/v1/trading-state', { state: 'active', reason: 'test' });
    await until(
      'the cut, once trading is no longer halted',
      world.advancing(6_000, async () => (await world.position('BTCUSDT')) < held),
    );
    await recover();
  });

  it('takes a stop away with its position, also when the policy no longer asks for stops', async () => {
    await hold(600);
    const ask = async (required: boolean): Promise<void> => {
      const spec = parse(readFileSync(world.policyPath, 'utf8')) as { protection: { required: boolean } };
      spec.protection.required = required;
      writeFileSync(world.policyPath, stringify(spec));
      const { gate } = world.daemon;
      if (!required) {
        await until('no stops are asked for, pending', () => gate.readiness().pending_policy !== null);
        const hash = gate.readiness().pending_policy?.hash;
        assert.equal((await world.operator('POST', '/v1/policy/reload', { hash })).status, 200);
      }
      await until('what the policy says', () => gate.core.policySpec.protection.required === required);
    };
    await ask(false);
    for (let i = 0; i < 5; i += 1) await world.advance(1_000);
    assert.equal((await stops()).length, 1, 'it protects what is held');
    await world.tool('close_position', { symbol: 'BTCUSDT' });
    await until(
      'the stop is gone',
      world.advancing(1_000, async () => (await stops()).length === 0),
    );
    await ask(true);
    await recover();
  });

  it('follows the fill of a stop that fired', async () => {
    const held = await hold(600);
    const [stop] = await stops();
    await world.setMark('BTCUSDT', 58_000);
    assert.equal(await world.position('BTCUSDT'), 0, 'the stop has fired');
    await until(
      'the stop is known as filled',
      world.refreshing(
        () => world.daemon.gate.core.state.orders.all.get(String(stop?.client_algo_id))?.status === 'filled',
      ),
    );
    const known = world.daemon.gate.core.state.orders.all.get(String(stop?.client_algo_id));
    assert.equal(inLots(known?.executedE8), Math.round(held * 1000), 'all of the position');
    assert.ok((known?.averagePrice ?? 0) > 0, 'with its price');
    const position = world.daemon.gate.core.state.position('BTCUSDT');
    assert.deepEqual(
      [inLots(position.quantityE8), inLots(position.disputedE8), position.holder],
      [0, null, null],
      'nothing is left',
    );
    for (let i = 0; i < 3; i += 1) await world.advance(6_000);
    assert.equal(inLots(position.quantityE8), 0, 'and it is not counted twice');
    assert.equal(await world.position('BTCUSDT'), 0, 'nor sold twice');
    await recover();
  });

  it('BY-15 keeps the stop of a position whose exit is refused, also in a flatten', async () => {
    const held = await hold(600);
    const refused = { kind: 'error', code: -4131, msg: 'The counterparty best price does not meet the filter limit.' };
    await world.fault({ ...refused, count: 1_000, match: { method: 'POST', path: '/fapi/v1/order' } });
    const { body } = await world.operator<FlattenBody>('POST', '/v1/flatten', { reason: 'test' });
    assert.equal(body.positions_left.length, 1, JSON.stringify(body));
    for (let i = 0; i < 3; i += 1) await world.advance(2_000);
    assert.equal(await world.position('BTCUSDT'), held);
    assert.equal((await stops()).length, 1, 'its stop is there');
    await world.control('clear-faults', {});
    await recover();
    assert.equal((await stops()).length, 0, 'and goes with the position');
  });

  it('sends one exit for a refused stop while the outcome of that exit is not known', async () => {
    await hold(600);
    const seq = world.daemon.ledger.lastSeq() + 1;
    await world.fault({
      kind: 'error',
      code: -4045,
      msg: 'Reach max stop order limit.',
      count: 1_000,
      match: { method: 'POST', path: '/fapi/v1/algoOrder' },
    });
    // Sent, lost on the way, and nobody answers what became of it.
    await world.fault({
      kind: 'reject-503-unknown',
      accepted: false,
      count: 1_000,
      match: { method: 'POST', path: '/fapi/v1/order' },
    });
    await world.fault({ kind: 'status', status: 500, count: 1_000, match: { method: 'GET', path: '/fapi/v1/order' } });
    await world.hand('DELETE', '/fapi/v1/algoOpenOrders', { symbol: 'BTCUSDT' });
    await until(
      'an exit of the gate is unknown',
      world.advancing(2_000, () => world.daemon.gate.unknownOrderCount() > 0),
    );
    for (let i = 0; i < 6; i += 1) await world.advance(6_000);
    const exits = gateDecisions(seq).filter((event) => event.route === 'gate');
    assert.equal(exits.length, 1, 'one exit is on its way');
  });
});

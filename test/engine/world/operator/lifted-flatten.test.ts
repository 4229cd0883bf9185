import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { FlattenBody } from '../../../../daemon/contract/types/operator.ts';
import { until } from '../../../daemon/harness.ts';
import { suiteWorld } from '../../../daemon/suite-world.ts';

describe('a flatten that an operator has lifted on live, where the loosening delay goes on', () => {
  const world = suiteWorld({ policy: { 'temporal.duplicate_window_ms': 1 } });

  const layer = () => world.daemon.gate.core.state.layers.get('operator|account|');
  const held = () => world.position('BTCUSDT');
  /** Nothing of the flatten gets through, and its operator means to keep what is held once the delay is over. */
  const flattenAndLift = async (): Promise<number> => {
    await world.mustPlace('filled', { symbol: 'BTCUSDT', requested_notional: 300 });
    const busy = { kind: 'error', code: -1008, msg: 'busy', count: 10_000 } as const;
    await world.fault({ ...busy, match: { method: 'POST', path: '/fapi/v1/order' } });
    const { body } = await world.operator<FlattenBody>('POST', '/v1/flatten', { reason: 'test' });
    assert.equal(body.positions_left.length, 1, body.note);
    const { core } = world.daemon.gate;
    const { settings } = core;
    Object.assign(core, { settings: { ...settings, venue: 'binance-live' } });
    await world.operator('PUT', '/v1/trading-state', { state: 'active', reason: 'keep it' });
    Object.assign(core, { settings });
    assert.equal(layer()?.isFlattening, true, 'it goes on until then');
    return core.policySpec.loosen_delay_ms;
  };

  it('closes nothing when the daemon was down over the end of that', async () => {
    const delayMs = await flattenAndLift();
    await world.daemon.close();
    await world.control('clear-faults', {});
    await world.control('advance', { ms: delayMs });
    await world.restart();
    await until('its halt is over', () => layer() === undefined, 20_000);
    for (let i = 0; i < 6; i += 1) await world.advance(6_000);
    assert.equal((await held()) > 0, true, 'the exit of before does not go on');
    assert.deepEqual([...world.daemon.gate.core.state.claims.open], []);
  });

  it('is over then also where another halt was set meanwhile, which stays', async () => {
    const delayMs = await flattenAndLift();
    await world.operator('PUT', '/v1/trading-state', { state: 'halted', reason: 'nothing opens' });
    assert.deepEqual([layer()?.isFlattening, layer()?.clearsAtMs], [true, null], 'it goes on until then');
    await world.daemon.close();
    await world.control('clear-faults', {});
    await world.control('advance', { ms: delayMs });
    await world.restart();
    for (let i = 0; i < 6; i += 1) await world.advance(6_000);
    assert.deepEqual([layer()?.state, layer()?.reason], ['halted', 'nothing opens']);
    assert.equal((await held()) > 0, true);
  });
});

import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { DaemonWorld } from '../../../daemon/harness.ts';
import { UNPACED } from '../../../daemon/policy-edits.ts';

const DELAY_MS = 600_000;

describe('on live, what an operator clears', () => {
  const start = async (t: TestContext): Promise<DaemonWorld> => {
    const world = await DaemonWorld.of(t, {
      policy: {
        ...UNPACED,
        loosen_delay_ms: DELAY_MS,
        'temporal.duplicate_window_ms': 1,
        'temporal.breaker': { repeats: 2, window_ms: 60_000, cooldown_ms: 30_000 },
      },
    });
    return world;
  };
  const run = ({ daemon }: DaemonWorld, venue: 'paper' | 'binance-live'): void => {
    const { core } = daemon.gate;
    Object.assign(core, { settings: { ...core.settings, venue } });
  };
  const set = (world: DaemonWorld, state: string, more: object = {}) =>
    world.operator('PUT', '/v1/trading-state', { state, reason: 'test', ...more });
  const layers = async (world: DaemonWorld): Promise<number> => (await world.tradingState()).layers.length;

  it('is cleared when the delay of the first request is over, however often it is asked for meanwhile', async (t) => {
    const world = await start(t);
    await set(world, 'halted');
    run(world, 'binance-live');
    await set(world, 'active');
    await world.advance(DELAY_MS - 10_000);
    await set(world, 'active');
    assert.equal(await layers(world), 1, 'not before');
    await world.advance(11_000);
    assert.equal(await layers(world), 0);
    // Whoever halts again means to.
    await set(world, 'halted');
    await set(world, 'active');
    await set(world, 'halted');
    await world.advance(DELAY_MS + 1_000);
    assert.equal(await layers(world), 1);
  });

  it('is open no longer than by itself: a breaker that ends sooner keeps its end, and its trips', async (t) => {
    const world = await start(t);
    const trip = async (): Promise<void> => {
      for (let i = 0; i < 2; i += 1) {
        await world.mustPlace('filled', { requested_notional: 200 });
        await world.advance(2_000);
      }
      assert.equal(await layers(world), 1);
    };
    await trip();
    run(world, 'binance-live');
    await set(world, 'active', { agent: 'agent' });
    await world.advance(30_000);
    assert.equal(await layers(world), 0);
    run(world, 'paper');
    await trip();
    run(world, 'binance-live');
    const { breakers } = world.daemon.gate.core.state.pacing;
    assert.equal(breakers.get('agent')?.trips, 2);
    // One that lasts longer than the delay ends with it, which is no trip.
    Object.assign(world.daemon.gate.core.policySpec, { loosen_delay_ms: 5_000 });
    await set(world, 'active', { agent: 'agent' });
    assert.equal(breakers.get('agent')?.trips, 2);
    await world.advance(6_000);
    assert.equal(await layers(world), 0);
  });
});

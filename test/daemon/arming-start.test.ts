import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { watchArming } from '../../daemon/boot/live.ts';
import type { Config } from '../../daemon/config/config.ts';
import type { TimePort } from '../../daemon/time/time-port.ts';
import { DaemonWorld, order, until } from './harness.ts';

const DELAY_MS = 60_000;
const HOUR_MS = 3_600_000;

describe('a live start under an arming that is yet to take effect', () => {
  let world: DaemonWorld;
  const controller = new AbortController();
  const reviews: (() => void)[] = [];
  const time = {
    every: (_ms: number, fn: () => void) => {
      reviews.push(fn);
      return { cancel: () => undefined };
    },
  } as unknown as TimePort;
  before(async () => {
    world = await DaemonWorld.start({ wall: true });
    assert.equal(await open(1_000), 'filled');
  });
  after(() => world.close());

  async function open(notional: number): Promise<string> {
    const { body } = await world.tool('place_order', order({ requested_notional: notional }));
    return body.decision.decision === 'BLOCK' ? (body.decision.reasons[0]?.code ?? '') : body.execution.state;
  }
  function arm(effectiveInMs: number, version?: string): void {
    const { core } = world.daemon.gate;
    const effectiveAtMs = Math.floor(core.nowMs()) + effectiveInMs;
    core.append('arming', {
      account: core.settings.account,
      effective_at_ms: effectiveAtMs,
      expires_at_ms: effectiveAtMs + HOUR_MS,
      policy_hash: core.policyHash,
      set_by: 'ops',
      version: version ?? core.settings.version,
    });
  }
  const watch = (): void => watchArming(world.daemon.gate, {} as Config, time, controller.signal);

  it('is refused if the arming will never be good', () => {
    arm(DELAY_MS, '0.0.0');
    assert.throws(watch, /another account, policy or version/);
    arm(-2 * HOUR_MS);
    assert.throws(watch, /has expired/);
  });

  it('closes what is held, and opens nothing before the arming takes effect', async () => {
    arm(DELAY_MS);
    watch();
    assert.equal(await open(500), 'STATE_REDUCING');
    const { body } = await world.tool('close_position', { symbol: 'BTCUSDT', fraction: 0.5 });
    assert.equal(body.execution.state, 'filled', 'exits pass');
    await world.sleep(DELAY_MS / 2);
    for (const review of reviews) review();
    assert.equal(await open(500), 'STATE_REDUCING', 'time alone lifts nothing');
  });

  it('opens once it has taken effect', async () => {
    await world.sleep(DELAY_MS);
    for (const review of reviews) review();
    await until('it opens', async () => (await open(500)) === 'filled', 120_000);
  });
});

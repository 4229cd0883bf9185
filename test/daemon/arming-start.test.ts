import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { watchArming } from '../../daemon/boot/live.ts';
import type { ArmingEvent } from '../../daemon/engine/records/people-events.ts';
import { DaemonWorld, until } from './harness.ts';

const DELAY_MS = 60_000;
const HOUR_MS = 3_600_000;

/** A world on paper that watches its arming like one on live; its time is the world's. */
class ArmedWorld {
  readonly world: DaemonWorld;
  #reviews: (() => void)[] = [];
  fileProblem: string | null = null;
  constructor(world: DaemonWorld) {
    this.world = world;
  }

  /** What a start on live does at its first contact. */
  watch(): void {
    this.#reviews = [];
    const every = (_ms: number, fn: () => void) => {
      this.#reviews.push(fn);
      return { cancel: () => undefined };
    };
    const { time } = this.world.daemon.gate.core.ports;
    watchArming(
      this.world.daemon.gate,
      () => this.fileProblem,
      { ...time, every } as typeof time,
      new AbortController().signal,
    );
  }
  review(): void {
    for (const review of this.#reviews) review();
  }
  async restart(): Promise<void> {
    await this.world.restart();
    this.watch();
    await this.world.run(this.world.daemon.gate.core.settled());
  }
  arm(effectiveInMs: number, change: Partial<ArmingEvent> = {}): void {
    const { core } = this.world.daemon.gate;
    const effectiveAtMs = Math.floor(core.nowMs()) + effectiveInMs;
    core.append('arming', {
      account: core.settings.account,
      effective_at_ms: effectiveAtMs,
      expires_at_ms: effectiveAtMs + HOUR_MS,
      policy_hash: core.policyHash,
      set_by: 'ops',
      version: core.settings.version,
      ...change,
    });
  }
  async open(notional: number): Promise<string> {
    const { body } = await this.world.place({ requested_notional: notional });
    return body.decision.decision === 'BLOCK' ? (body.decision.reasons[0]?.code ?? '') : body.execution.state;
  }
  async close(fraction: number): Promise<string> {
    return (await this.world.tool('close_position', { symbol: 'BTCUSDT', fraction })).body.execution.state;
  }
  get alerts(): number {
    return [...this.world.daemon.ledger.iterateEvents({ kind: 'alert' })].filter(
      ({ payload }) => (payload as { readonly code: string }).code === 'NOT_ARMED',
    ).length;
  }
}

async function openWorld(): Promise<ArmedWorld> {
  const armed = new ArmedWorld(await DaemonWorld.start({ wall: true }));
  assert.equal(await armed.open(1_000), 'filled');
  return armed;
}

describe('a live start under an arming that is yet to take effect', () => {
  let armed: ArmedWorld;
  before(async () => {
    armed = await openWorld();
  });
  after(() => armed.world.close());

  it('closes what is held, and opens nothing before the arming takes effect [AP-58]', async () => {
    armed.arm(DELAY_MS);
    armed.watch();
    assert.equal(await armed.open(500), 'STATE_REDUCING');
    assert.equal(await armed.close(0.5), 'filled', 'exits pass');
    await armed.world.sleep(DELAY_MS / 2);
    armed.review();
    assert.equal(await armed.open(500), 'STATE_REDUCING', 'time alone lifts nothing');
  });

  it('opens once it has taken effect', async () => {
    await armed.world.sleep(DELAY_MS);
    armed.review();
    await until('it opens', async () => (await armed.open(500)) === 'filled', 120_000);
  });
});

describe('a live daemon that is restarted when its arming is good for nothing any more', () => {
  let armed: ArmedWorld;
  before(async () => {
    armed = await openWorld();
  });
  after(() => armed.world.close());

  const useless: readonly (readonly [string, Partial<ArmingEvent>, RegExp])[] = [
    ['it has expired', { expires_at_ms: 0 }, /has expired/],
    ['it is for another version', { version: '0.0.0' }, /another account, policy or version/],
    ['it is for another policy', { policy_hash: 'f'.repeat(64) }, /another account, policy or version/],
  ];
  for (const [what, change, said] of useless)
    it(`closes what it holds, opens nothing and says so at each start: ${what} [AN-173]`, async () => {
      armed.arm(0, change);
      await armed.restart();
      const reported = armed.alerts;
      await armed.restart();
      assert.equal(armed.alerts, reported + 1, 'each start is told of, also where the layer was as it is');
      assert.match((await armed.world.ready()).body.arming_error ?? '', said);
      assert.equal((await armed.world.ready()).body.trading_state, 'reducing');
      assert.equal(await armed.open(500), 'STATE_REDUCING');
      assert.equal(await armed.close(0.2), 'filled', 'exits pass');
    });

  it('opens again under a new arming, once that has taken effect', async () => {
    armed.arm(DELAY_MS);
    await armed.restart();
    assert.equal(await armed.open(500), 'STATE_REDUCING');
    await armed.world.sleep(DELAY_MS + 1_000);
    armed.review();
    assert.equal((await armed.world.ready()).body.arming_error, null);
    await until('it opens', async () => (await armed.open(500)) === 'filled', 120_000);
  });

  it('closes and opens nothing while others can write its files, as they could at the start, and goes on when they cannot', async () => {
    armed.arm(0);
    armed.fileProblem = 'others can write /home/policy.yaml; run: chmod go-w /home/policy.yaml';
    await armed.restart();
    assert.equal((await armed.world.ready()).body.arming_error, armed.fileProblem);
    assert.equal(await armed.open(500), 'STATE_REDUCING');
    assert.equal(await armed.close(0.2), 'filled', 'exits pass');
    armed.fileProblem = null;
    armed.review();
    assert.equal(await armed.open(400), 'filled');
  });
});

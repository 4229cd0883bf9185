import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { findPackageFolder } from '../../../../daemon/config/package.ts';
import { READ_WEIGHT_PER_MINUTE } from '../../../../daemon/venue/create-venue.ts';
import { DaemonWorld } from '../../../daemon/harness.ts';
import { inLots } from '../../fold-fixture.ts';

const WARM_UP_MS = 15_000;
const WATCHED_MS = 60_000;
/** What is left of the weight of reads for look-ups of orders, trades and whatever the day brings. */
const RESERVE = 300;

interface Readings {
  readonly samples: number;
  readonly stale: number;
  readonly unpriced: number;
  readonly weightPerMinute: number;
}

/** Runs a policy with the weight limit of a live venue, holding a position beside a resting order. */
async function watch(policy: string): Promise<Readings> {
  const world = await DaemonWorld.start({
    wall: true,
    policyFile: join(findPackageFolder(), 'policies', `${policy}.yaml`),
    readWeightPerMinute: READ_WEIGHT_PER_MINUTE,
  });
  try {
    const { core } = world.daemon.gate;
    const placed = { requested_leverage: 1, max_slippage_bps: 10 };
    const rests = { symbol: 'ETHUSDT', order_type: 'limit', limit_price: 2_900, requested_notional: 100 };
    await world.mustPlace('working', { ...placed, ...rests });
    await world.place({ ...placed, requested_notional: 200 });
    assert.notEqual(inLots(core.state.position('BTCUSDT').quantityE8), 0, 'a position is held');
    await world.sleep(WARM_UP_MS);

    const { freshness } = core.policySpec.market;
    let samples = 0;
    let stale = 0;
    let unpriced = 0;
    let weight = 0;
    let last = await readUsedWeight(world);
    const fromMs = core.nowMs();
    while (core.nowMs() - fromMs < WATCHED_MS) {
      const now = core.nowMs();
      samples += 1;
      const isStale = core.policySpec.scope.symbols.some((symbol) => {
        const live = core.market.symbol(symbol);
        return now - (live?.quoteAtMs ?? 0) > freshness.quote_ms || now - (live?.markAtMs ?? 0) > freshness.mark_ms;
      });
      if (isStale || now - (core.market.account?.observedAtMs ?? 0) > freshness.account_ms) stale += 1;
      // Of dry runs an agent has 60 a minute.
      if (samples % 3 === 1) {
        const exit = await world.dryRun('close_position', { symbol: 'BTCUSDT' });
        assert.equal(exit.status, 200, JSON.stringify(exit.body));
        if (exit.body.decision.effective?.order_type !== 'limit') unpriced += 1;
      }
      const used = await readUsedWeight(world);
      // The exchange counts within fixed minutes; the question itself weighs 1.
      weight += (used < last ? used : used - last) - 1;
      last = used;
      await world.sleep(400);
    }
    return { samples, stale, unpriced, weightPerMinute: (weight * 60_000) / (core.nowMs() - fromMs) };
  } finally {
    await world.close();
  }
}

async function readUsedWeight({ sim }: DaemonWorld): Promise<number> {
  const answer = await sim.fetch(`${sim.url}/fapi/v1/ping`);
  return Number(answer.headers.get('X-MBX-USED-WEIGHT-1M'));
}

describe('the weight that a live venue gives to reads', () => {
  for (const policy of ['default', 'strict']) {
    it(`is enough for the policy ${policy}: its inputs stay fresh, exits are priced, and a reserve is left`, async () => {
      const readings = await watch(policy);
      const reported = JSON.stringify(readings);
      assert.ok(readings.samples > 60, reported);
      assert.ok(readings.weightPerMinute <= READ_WEIGHT_PER_MINUTE - RESERVE, reported);
      assert.equal(readings.stale, 0, reported);
      assert.equal(readings.unpriced, 0, reported);
    });
  }
});

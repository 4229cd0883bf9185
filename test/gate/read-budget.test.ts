import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { findPackageFolder, readEnv } from '../../daemon/config.ts';
import { startExchangeSim } from '../../daemon/exchange-sim/start.ts';
import { createLogger } from '../../daemon/http/logging.ts';
import { startDaemon } from '../../daemon/main.ts';
import { createVenue, READ_WEIGHT_PER_MINUTE } from '../../daemon/venue/create-venue.ts';
import { order } from '../daemon/harness.ts';

/** Exchange time runs so much faster than the wall, and the weight that is given by the wall minute with it. */
const SPEED = 4;
const WARM_UP_MS = 15_000;
const WATCHED_MS = 60_000;
/** What is left of the weight of reads for look-ups of orders, trades and whatever the day brings. */
const RESERVE = 300;
/** Samples that a busy test machine may spoil. */
const SPOILT_SHARE = 0.03;

interface Readings {
  readonly samples: number;
  readonly stale: number;
  readonly unpriced: number;
  readonly weightPerMinute: number;
}

/** Runs a policy with the weight limit of a live venue, holding a position beside a resting order. */
async function watch(policy: string): Promise<Readings> {
  const sim = await startExchangeSim({ seed: 7, speed: SPEED, enforceLimits: false });
  const home = mkdtempSync(join(tmpdir(), 'holdfast-test-'));
  const { config, secrets } = readEnv({
    HOLDFAST_HOME: home,
    HOLDFAST_PORT: '0',
    HOLDFAST_POLICY: join(findPackageFolder(), 'policies', `${policy}.yaml`),
    HOLDFAST_PAPER_URL: sim.url,
    HOLDFAST_LOG_LEVEL: 'silent',
  });
  const daemon = await startDaemon(config, secrets, {
    log: createLogger({ level: 'silent', secrets: [] }),
    signal: new AbortController().signal,
    createVenue: (venue) => createVenue({ ...venue, readWeightPerMinute: READ_WEIGHT_PER_MINUTE * SPEED }),
  });
  try {
    const token = readFileSync(join(home, 'tokens', 'agent.token'), 'utf8').trim();
    const call = async (path: string, body: object): Promise<{ decision: { effective: { order_type: string } } }> => {
      const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' };
      const answer = await fetch(daemon.url + path, { method: 'POST', headers, body: JSON.stringify(body) });
      return (await answer.json()) as { decision: { effective: { order_type: string } } };
    };
    const { core, keeper } = daemon.gate;
    assert.ok(await keeper.untilReconciled(20_000), 'reconciled');
    const placed = { requested_leverage: 1, max_slippage_bps: 10 };
    const rests = { symbol: 'ETHUSDT', order_type: 'limit', limit_price: 2_900, requested_notional: 100 };
    await call('/v1/tools/place_order', order({ ...placed, ...rests }));
    // On a busy machine an order may come too late for its deadline, and the next one has to wait out its cooldown.
    for (let i = 0; i < 20 && core.state.position('BTCUSDT').lots === 0; i += 1) {
      await call('/v1/tools/place_order', order({ ...placed, requested_notional: 200 + i }));
      await delay(500);
    }
    assert.notEqual(core.state.position('BTCUSDT').lots, 0, 'a position is held');
    await delay(WARM_UP_MS / SPEED);

    const { freshness } = core.policySpec.market;
    let samples = 0;
    let stale = 0;
    let unpriced = 0;
    let weight = 0;
    let last = await readUsedWeight(sim.url);
    const fromMs = core.nowMs();
    while (core.nowMs() - fromMs < WATCHED_MS) {
      const now = core.nowMs();
      samples += 1;
      const isStale = core.policySpec.scope.symbols.some((symbol) => {
        const live = core.market.symbol(symbol);
        return now - (live?.quoteAtMs ?? 0) > freshness.quote_ms || now - (live?.markAtMs ?? 0) > freshness.mark_ms;
      });
      if (isStale || now - (core.market.account?.observedAtMs ?? 0) > freshness.account_ms) stale += 1;
      const exit = await call('/v1/dry-run/close_position', { symbol: 'BTCUSDT' });
      if (exit.decision.effective.order_type !== 'limit') unpriced += 1;
      const used = await readUsedWeight(sim.url);
      // The exchange counts within fixed minutes; the question itself weighs 1.
      weight += (used < last ? used : used - last) - 1;
      last = used;
      await delay(100);
    }
    return { samples, stale, unpriced, weightPerMinute: (weight * 60_000) / (core.nowMs() - fromMs) };
  } finally {
    await daemon.close();
    await sim.close();
    rmSync(home, { recursive: true, force: true });
  }
}

async function readUsedWeight(url: string): Promise<number> {
  const answer = await fetch(`${url}/fapi/v1/ping`);
  await answer.body?.cancel();
  return Number(answer.headers.get('X-MBX-USED-WEIGHT-1M'));
}

describe('the weight that a live venue gives to reads', { concurrency: 2 }, () => {
  for (const policy of ['default', 'strict']) {
    it(`is enough for the policy ${policy}: its inputs stay fresh, exits are priced, and a reserve is left`, async () => {
      const readings = await watch(policy);
      const told = JSON.stringify(readings);
      assert.ok(readings.samples > 60, told);
      assert.ok(readings.weightPerMinute <= READ_WEIGHT_PER_MINUTE - RESERVE, told);
      assert.ok(readings.stale <= readings.samples * SPOILT_SHARE, told);
      assert.ok(readings.unpriced <= readings.samples * SPOILT_SHARE, told);
    });
  }
});

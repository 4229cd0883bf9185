import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { CandlesBody } from '../../../../daemon/contract/types/reads.ts';
import type { IntendedPolicySpec } from '../../../../daemon/core/policy.ts';
import { DaemonWorld, type Mutable } from '../../../daemon/harness.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

function shortHistory({ market }: Mutable<IntendedPolicySpec>): void {
  Object.assign(market.volatility, { window_bars: 4, baseline_bars: 12, min_history_bars: 4 });
  Object.assign(market.liquidity, { ema_bars: 4, baseline_bars: 12 });
}

it('a policy with bars of another length has them read anew, also where some of before are on their way', async (t) => {
  const world = await DaemonWorld.of(t, { policy: shortHistory });
  const { core } = world.daemon.gate;
  const read = async (): Promise<CandlesBody> => {
    const { body } = await world.call<{ result: CandlesBody }>('POST', '/v1/tools/get_candles', { symbol: 'BTCUSDT' });
    return body.result;
  };
  assert.equal((await read()).interval, '15m');
  await world.fault({ kind: 'delay', ms: 400, count: 2, match: { path: '/fapi/v1/klines' } });
  await world.control('advance', { ms: 16 * MINUTE_MS });
  const looking = world.daemon.gate.core.run(world.daemon.gate.keeper.refreshAll());
  await world.sleep(200);
  const spec = structuredClone(core.policySpec) as Mutable<IntendedPolicySpec>;
  spec.market.bar_ms = HOUR_MS;
  core.usePolicy({ spec, hash: core.policyHash });
  assert.deepEqual((await read()).candles, [], 'none of these was read yet');
  await world.run(looking);
  for (let i = 0; i < 4; i += 1) await world.advance(1_000);
  const { bars_as_of_ms: asOfMs, candles, interval } = await read();
  assert.deepEqual([interval, Number(asOfMs) % HOUR_MS, candles.length > 12], ['1h', 0, true]);
  for (const [index, { open_at_ms: openMs }] of candles.entries())
    assert.equal(openMs - (candles[index - 1]?.open_at_ms ?? openMs - HOUR_MS), HOUR_MS);
});

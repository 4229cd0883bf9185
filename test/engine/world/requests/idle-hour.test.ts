import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DecisionEvent } from '../../../../daemon/engine/records/decisions.ts';
import { DaemonWorld, order } from '../../../daemon/harness.ts';

/** A third of an hour, in which a third of its records is permitted. */
const IDLE_MS = 1_200_000;

interface Premium {
  readonly lastFundingRate: string;
}

describe('what an idle daemon records', () => {
  it('is at most 100 records an hour, though marks move and the funding rate is another one at every poll', async (t) => {
    let polls = 0;
    let level = 0;
    const move = <T extends Premium>(row: T): T => {
      polls += 1;
      return { ...row, lastFundingRate: (level + (polls % 1_000) * 1e-8).toFixed(8) };
    };
    const rewrites = new Map([
      [
        '/fapi/v1/premiumIndex',
        (body: unknown) => (Array.isArray(body) ? body.map((row: Premium) => move(row)) : move(body as Premium)),
      ],
    ]);
    const world = await DaemonWorld.of(t, { wall: true, rewrites });
    const head = world.daemon.ledger.lastSeq();
    await world.sleep(IDLE_MS);
    const kinds: Record<string, number> = {};
    for (const { kind } of world.daemon.ledger.iterateEvents({ fromSeq: head + 1 }))
      kinds[kind] = (kinds[kind] ?? 0) + 1;
    assert.ok(polls > 2_000, `the rate moved ${polls} times`);
    const total = Object.values(kinds).reduce((sum, count) => sum + count, 0);
    assert.ok(total <= 33, JSON.stringify(kinds));
    // What it is decided with is in the decision, to the last poll; and a rate that makes another regime is a record.
    const { body } = await world.dryRun('place_order', order());
    const stored = world.daemon.ledger.findDecision(body.decision.decision_id);
    assert.ok(stored !== null);
    const { funding_rate_8h: rate } = (stored.payload as DecisionEvent).context.market;
    assert.ok(rate !== null && rate > 0 && rate < 1e-4, String(rate));
    const before = world.daemon.ledger.lastSeq();
    level = 0.01;
    await world.sleep(5_000);
    const regimes = [...world.daemon.ledger.iterateEvents({ fromSeq: before + 1, kind: 'market' })].map(
      ({ payload }) => (payload as { hold: { regime: string } }).hold.regime,
    );
    assert.deepEqual(regimes, ['extreme', 'extreme'], 'one for each symbol');
  });
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runKills } from '../../scripts/campaign/kills.ts';
import { PLACES } from '../../scripts/campaign/where.ts';

const KILLS = 6;

test('six kills under load and faults lose, repeat and exceed nothing', { timeout: 600_000 }, async () => {
  const result = await runKills({
    seed: 7,
    kills: KILLS,
    killsPerWorld: KILLS / 2,
    parallel: 2,
    acceptedPerKill: 20,
    clients: 4,
  });
  const { cap_breaches, duplicates, lost_decisions, lost_exits } = result;
  assert.deepEqual(
    { cap_breaches, duplicates, lost_decisions, lost_exits },
    { cap_breaches: [], duplicates: [], lost_decisions: [], lost_exits: [] },
  );
  assert.deepEqual(result.unfinished, []);
  assert.equal(result.kills, KILLS);
  assert.ok(result.least_accepted_in_a_life >= 20, `${result.least_accepted_in_a_life} orders in a life`);
  assert.equal(result.ledgers_verified, result.worlds);
  const placed = PLACES.reduce((sum, place) => sum + result.where[place], 0);
  assert.equal(placed, KILLS * 4, 'of each client');
});

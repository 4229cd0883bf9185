import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { runWorld } from './run.ts';

/** HOLDFAST_TEST_SEED runs one seed; HOLDFAST_TEST_RUNS worlds from HOLDFAST_TEST_FROM on, of HOLDFAST_TEST_STEPS steps. */
const {
  HOLDFAST_TEST_SEED: ONE_SEED,
  HOLDFAST_TEST_FROM: FROM,
  HOLDFAST_TEST_RUNS: RUNS,
  HOLDFAST_TEST_STEPS: STEPS,
} = process.env;
const steps = Number(STEPS ?? 60);
const seeds =
  ONE_SEED === undefined
    ? Array.from({ length: Number(RUNS ?? 8) }, (_, index) => Number(FROM ?? 1) + index)
    : [Number(ONE_SEED)];

describe('seeded worlds with faults, judged from the books of the exchange', { concurrency: 2 }, () => {
  for (const seed of seeds) {
    it(`keeps every promise in world ${seed}`, async () => {
      const report = await runWorld(seed, steps);
      const again = `HOLDFAST_TEST_SEED=${seed} HOLDFAST_TEST_STEPS=${steps} node --test test/sim/worlds.test.ts`;
      assert.deepEqual(report.breaches, [], `reproduce with: ${again}`);
      assert.ok(report.decisions > steps / 3 && report.fills > 0, `too little happened: ${JSON.stringify(report)}`);
    });
  }
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { buildSyntheticMarket } from '../../../daemon/evaluation/market/synthetic.ts';
import { Aggregator } from '../../../daemon/evaluation/metrics/aggregator.ts';
import { createBootstrapPlan, type RunSummary } from '../../../daemon/evaluation/metrics/summary.ts';
import type { Scenario } from '../../../daemon/evaluation/setup/scenarios.ts';
import { forSymbols, loadVariant } from '../../../daemon/evaluation/setup/variants.ts';
import { createTaskRunner } from '../../../daemon/evaluation/worker.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const SYMBOL = 'BTCUSDT';
const AGENTS = ['momentum/over-asking', 'narrative/over-asking'] as const;
const SCENARIOS: readonly Scenario[] = [
  { attack: 'none', sides: 'random', capsScale: 1 },
  { attack: 'heavy', sides: 'random', capsScale: 1 },
];
/** Bounds of what stays of a seed in one variant and scenario (docs/evaluation.md), and of what does whatever the seeds. */
const MAX_BYTES_A_SEED = 1400;
const MAX_BYTES_A_CELL = 120_000;

const market = buildSyntheticMarket({ seed: 3, bars: 96, barMs: 900_000, warmupBars: 800, symbols: [SYMBOL] });
const plan = createBootstrapPlan({ seed: 1, replicates: 200, startMs: market.startMs, endMs: market.endMs });
const variants = ['NoSAE', 'Holdfast'].map((name) => forSymbols(loadVariant(name), [SYMBOL]));
const cells = variants.length * SCENARIOS.length;

function summarizeSeed(run: ReturnType<typeof createTaskRunner>, seed: number): readonly RunSummary[] {
  return AGENTS.flatMap((agent) => run({ seed, agent, isDrawn: false }).summaries);
}
function measureHeap(): number {
  collectGarbage();
  collectGarbage();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
type SummariesOf = (seed: number) => readonly RunSummary[];
/** Held here and nowhere on a stack, so that letting go of it is all it takes. */
const held: { aggregator: Aggregator | null } = { aggregator: null };

function hold(seeds: number, summariesOf: SummariesOf): void {
  held.aggregator = new Aggregator({
    plan,
    seeds: Array.from({ length: seeds }, (_, i) => i + 1),
    variants: variants.map((variant) => variant.name),
    grossCapUsdt: 1000,
  });
  for (let seed = 1; seed <= seeds; seed++) for (const summary of summariesOf(seed)) held.aggregator.add(summary);
}
/** What an aggregator of so many seeds holds, bytes: what comes free when it is let go of. */
function measureRetained(seeds: number, summariesOf: SummariesOf): number {
  hold(seeds, summariesOf);
  const whole = measureHeap();
  held.aggregator = null;
  return whole - measureHeap();
}

test('of a run its sums are kept alone: few bytes a seed, and no object', () => {
  const run = createTaskRunner({ market, variants, scenarios: SCENARIOS, bootstrap: plan, reference: variants[0]! });
  // Real summaries of a few seeds under the numbers of many: what is kept does not depend on where they come from.
  const real = [1, 2, 3].map((seed) => summarizeSeed(run, seed));
  const summariesOf = (seed: number): readonly RunSummary[] =>
    real[seed % real.length]!.map((summary) => structuredClone({ ...summary, key: { ...summary.key, seed } }));
  measureRetained(2, summariesOf);
  const few = measureRetained(20, summariesOf);
  const many = measureRetained(220, summariesOf);
  const bytesASeed = (many - few) / 200 / cells;
  assert.ok(bytesASeed > 0, 'what is resampled by seed is kept by seed');
  assert.ok(bytesASeed < MAX_BYTES_A_SEED, `${bytesASeed.toFixed(0)} bytes a seed, variant and scenario`);
  assert.ok(few / cells < MAX_BYTES_A_CELL + 20 * MAX_BYTES_A_SEED, `${few} bytes in ${cells} cells of 20 seeds`);
});

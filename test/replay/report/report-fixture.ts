import type { RunResult } from '../../../daemon/evaluation/facts/runs.ts';
import { Aggregator } from '../../../daemon/evaluation/metrics/aggregator.ts';
import { DAY_MS } from '../../../daemon/evaluation/metrics/bootstrap-plan.ts';
import { createBootstrapPlan, summarizeRun } from '../../../daemon/evaluation/metrics/summary.ts';
import { buildCurveSample } from '../../../daemon/evaluation/report/curve-samples.ts';
import { BASELINE } from '../../../daemon/evaluation/report/provenance.ts';
import type { CurveSample, ReportInputs, ReportParts } from '../../../daemon/evaluation/report/types.ts';
import { drawRun, keyOf, START_MS } from '../metrics/run-fixture.ts';

/** Exposure in multiples of equity at caps x 1, and leak of attacks, of each drawn variant. */
const DRAWN: Readonly<Record<string, readonly [number, number]>> = {
  NoSAE: [2.4, 0.9],
  StaticOMS: [0.9, 0.4],
  Budget: [0.28, 0.15],
  'Budget+Cooldown': [0.27, 0.12],
  Full: [0.25, 0.06],
  Holdfast: [0.3, 0],
  'Holdfast-no-regimes': [0.36, 0.01],
};
export const FIXTURE_DAYS = 32;
const BAR_MS = 3_600_000;
const SEEDS = [1, 2];
const AGENTS = ['momentum/over-asking', 'martingale/within-budget'];
const SCENARIOS = [
  { attack: 'none', sides: 'random' },
  { attack: 'light', sides: 'random' },
  { attack: 'heavy', sides: 'random' },
  { attack: 'heavy', sides: 'clairvoyant' },
  { attack: 'churn', sides: 'random' },
] as const;
/** Of an account that several agents share. */
const SHARED_SCENARIOS = [
  { attack: 'none', sides: 'random' },
  { attack: 'none', sides: 'random', isUnreserved: true },
  { attack: 'squat', sides: 'random' },
  { attack: 'squat', sides: 'random', isUnreserved: true },
] as const;

/** An evaluation drawn from seeds: nothing in it was measured. */
export function drawEvaluation(): { readonly parts: ReportParts; readonly curves: readonly CurveSample[] } {
  const plan = createBootstrapPlan({
    seed: 9,
    replicates: 30,
    startMs: START_MS,
    endMs: START_MS + FIXTURE_DAYS * DAY_MS,
  });
  const aggregator = new Aggregator({ plan, seeds: SEEDS, variants: Object.keys(DRAWN), grossCapUsdt: 3000 });
  const curves: CurveSample[] = [];
  for (const seed of SEEDS)
    for (const agent of AGENTS)
      for (const capsScale of [0.1, 0.25, 1, 5])
        for (const scenario of SCENARIOS) {
          if (
            capsScale !== 1 &&
            (scenario.attack === 'churn' || (scenario.sides === 'random' && scenario.attack === 'heavy'))
          )
            continue;
          let noSae: RunResult | null = null;
          for (const [variant, [exposure, leak]] of Object.entries(DRAWN)) {
            const scaled = variant === 'NoSAE' ? exposure : Math.min(2.2, exposure * capsScale);
            const key = keyOf({ variant, seed, agent, capsScale, ...scenario });
            const run = drawRun({ key, days: FIXTURE_DAYS, exposure: scaled, leak, barMs: BAR_MS });
            noSae ??= run;
            aggregator.add(summarizeRun(run, plan, noSae));
            if (seed === 1 && agent === AGENTS[0] && capsScale === 1 && scenario.attack === 'light')
              curves.push(buildCurveSample(run, BAR_MS));
          }
        }
  for (const seed of SEEDS)
    for (const scenario of SHARED_SCENARIOS)
      for (const [variant, [exposure, leak]] of Object.entries(DRAWN)) {
        const key = keyOf({ variant, seed, agent: 'shared', ...scenario });
        aggregator.add(summarizeRun(drawRun({ key, days: FIXTURE_DAYS, exposure, leak, barMs: BAR_MS }), plan, null));
      }
  return {
    parts: {
      aggregate: aggregator.finish(),
      inputs: INPUTS,
    },
    curves,
  };
}

const INPUTS: ReportInputs = {
  command: './holdfast replay --data market-data --seeds 2 --out report',
  seeds: SEEDS,
  agents: AGENTS,
  policy_hashes: Object.fromEntries(Object.keys(DRAWN).map((name, i) => [name, String(i).repeat(64)])),
  budgets_hash: 'b'.repeat(64),
  scope_hash: 'c'.repeat(64),
  data: [{ name: 'bars & <gaps>.csv', sha256: 'd'.repeat(64), rows: 768 }],
  symbols: ['BTCUSDT', 'ETHUSDT'],
  bar_ms: BAR_MS,
  bars: FIXTURE_DAYS * 24,
  start_ms: START_MS,
  end_ms: START_MS + FIXTURE_DAYS * DAY_MS,
  gaps: [{ symbol: 'ETHUSDT', after_open_ms: START_MS + DAY_MS, missing_bars: 2 }],
  bootstrap: { seed: 9, replicates: 30, days: FIXTURE_DAYS },
  baseline: BASELINE,
  versions: { holdfast: '0.1.0', node: '20' },
  flags: { attack: 'all', threads: 2 },
};

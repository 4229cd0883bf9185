import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { Regime } from '../../../daemon/core/policy.ts';
import type { RunResult } from '../../../daemon/evaluation/facts/runs.ts';
import { Aggregator } from '../../../daemon/evaluation/metrics/aggregator.ts';
import { DAY_MS } from '../../../daemon/evaluation/metrics/bootstrap-plan.ts';
import { createBootstrapPlan, summarizeRun } from '../../../daemon/evaluation/metrics/summary.ts';
import { BASELINE } from '../../../daemon/evaluation/report/provenance.ts';
import {
  buildCrashSample,
  buildCurveSample,
  findWorstBar,
  type SampledRun,
} from '../../../daemon/evaluation/report/sampled-runs.ts';
import type {
  CalibrationInput,
  ReportInputs,
  ReportParts,
  ReportSamples,
} from '../../../daemon/evaluation/report/types.ts';
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
export function drawEvaluation(): { readonly parts: ReportParts; readonly samples: ReportSamples } {
  const plan = createBootstrapPlan({
    seed: 9,
    replicates: 30,
    startMs: START_MS,
    endMs: START_MS + FIXTURE_DAYS * DAY_MS,
  });
  const aggregator = new Aggregator({ plan, seeds: SEEDS, variants: Object.keys(DRAWN), grossCapUsdt: 3000 });
  const sampled: SampledRun[] = [];
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
              sampled.push(sampleOf(run));
          }
        }
  for (const seed of SEEDS)
    for (const scenario of SHARED_SCENARIOS)
      for (const [variant, [exposure, leak]] of Object.entries(DRAWN)) {
        const key = keyOf({ variant, seed, agent: 'shared', ...scenario });
        aggregator.add(summarizeRun(drawRun({ key, days: FIXTURE_DAYS, exposure, leak, barMs: BAR_MS }), plan, null));
      }
  const around = findWorstBar(sampled);
  return {
    parts: {
      aggregate: aggregator.finish(),
      mutations: [
        {
          rule: 'leverage',
          scenario: 'A fresh account asks for 20x within every notional cap.',
          out_of_scope_with: 0,
          out_of_scope_without: 3,
          harm: null,
          harm_with: null,
          harm_without: null,
          is_seen: true,
        },
        {
          rule: 'slippage',
          scenario: 'A thin book & a bound of <500 bps.',
          out_of_scope_with: 0,
          out_of_scope_without: 0,
          harm: 'slippage, USDT',
          harm_with: 1.25,
          harm_without: 18.4,
          is_seen: true,
        },
        {
          rule: 'flip',
          scenario: 'Long, then short within a second.',
          out_of_scope_with: 0,
          out_of_scope_without: 0,
          harm: null,
          harm_with: null,
          harm_without: null,
          is_seen: false,
        },
      ],
      inputs: INPUTS,
      calibration: drawCalibration(),
    },
    samples: {
      curves: sampled.map(buildCurveSample),
      crashes: sampled.map((run) => buildCrashSample(run, around)).filter((crash) => crash !== null),
    },
  };
}

function sampleOf(run: RunResult): SampledRun {
  const { variant, seed, agent, attack, sides, capsScale } = run.key;
  const bars = run.gross.length;
  const crash = Math.floor(bars * 0.4);
  const regimeAt = (i: number, lag: number): Regime => {
    const since = i - crash - lag;
    return since >= 0 && since < 14 ? 'extreme' : since >= -20 && since < 40 ? 'volatile' : 'calm';
  };
  const each = <Value>(of: (i: number) => Value) => Array.from({ length: bars }, (_, i) => of(i));
  return {
    variant,
    seed,
    agent,
    scenario: { attack, sides, capsScale },
    atMs: each((i) => run.barOpenMs[i]! + BAR_MS),
    equity: each((i) => run.equity[i + 1]!),
    gross: each((i) => run.gross[i]!),
    regimes: { BTCUSDT: each((i) => regimeAt(i, 0)), ETHUSDT: each((i) => regimeAt(i, 2)) },
    g: each((i) => ({ calm: 1, volatile: 0.6, extreme: 0.3 })[regimeAt(i, 0)]),
    h: each((i) => (i > crash && i < crash + 60 ? 0.75 : 1)),
  };
}

function drawCalibration(): CalibrationInput {
  const random = xoroshiro128plus(4);
  const bins = Array.from({ length: 10 }, (_, i) => {
    const meanP = (i + 0.5) / 10;
    const isEmpty = i > 7;
    return {
      lower: i / 10,
      upper: (i + 1) / 10,
      meanP: isEmpty ? null : meanP,
      frequency: isEmpty ? null : Math.min(1, Math.max(0, meanP + 0.2 * (uniformFloat64(random) - 0.5))),
      n: isEmpty ? 0 : 400 - 45 * i,
    };
  });
  const at = (mean: number) => ({ mean, lo: 0.9 * mean, hi: 1.1 * mean });
  const settings = [
    [1, 1, false],
    [0.5, 0.7, false],
    [0.5, 0.7, true],
    [0.3, 0.5, false],
    [0.3, 0.5, true],
  ] as const;
  return {
    reliability: {
      samples: 1900,
      accounts: 60,
      baseRate: at(0.11),
      brier: at(0.08),
      brierOfBaseRate: 0.098,
      ece: at(0.03),
      auc: at(0.74),
      bins,
    },
    sweep: settings.map(([limit_at, block_at, enforce_block], i) => ({
      name: limit_at === 1 ? 'off' : `${limit_at}/${block_at}${enforce_block ? ' refusing' : ''}`,
      limit_at,
      block_at,
      enforce_block,
      false_block: at(0.001 + 0.004 * i),
      attack_damage: at(0.013 - 0.001 * i),
    })),
  };
}

const INPUTS: ReportInputs = {
  command: './holdfast replay --data market-data --seeds 2 --out report',
  seeds: SEEDS,
  agents: AGENTS,
  policy_hashes: Object.fromEntries(Object.keys(DRAWN).map((name, i) => [name, String(i).repeat(64)])),
  budgets_hash: 'b'.repeat(64),
  scope_hash: 'c'.repeat(64),
  data: [{ name: 'synthetic', sha256: 'd'.repeat(64), rows: 768 }],
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

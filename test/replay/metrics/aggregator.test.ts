import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AttackFamily, SQUATTER } from '../../../daemon/evaluation/facts/agents.ts';
import type { EpisodeResult, RunKey, RunResult } from '../../../daemon/evaluation/facts/runs.ts';
import { Aggregator } from '../../../daemon/evaluation/metrics/aggregator.ts';
import { DAY_MS } from '../../../daemon/evaluation/metrics/bootstrap-plan.ts';
import { createBootstrapPlan, type RunSummary, summarizeRun } from '../../../daemon/evaluation/metrics/summary.ts';
import { buildRun, drawRun, keyOf, START_MS } from './run-fixture.ts';

const DAYS = 8;
const BAR_MS = 6 * 3_600_000;
const plan = createBootstrapPlan({ seed: 5, replicates: 40, startMs: START_MS, endMs: START_MS + DAYS * DAY_MS });

function aggregatorOf(seeds: readonly number[], grossCapUsdt: number | null = 1000): Aggregator {
  return new Aggregator({ plan, seeds, variants: ['NoSAE', 'Full', 'Holdfast'], grossCapUsdt });
}
function runOf(part: Partial<RunKey>, result: Partial<RunResult> = {}, end = 11_000): RunResult {
  const bars = DAYS * 4;
  const equity = Array.from({ length: bars + 1 }, (_, i) => 10_000 + ((end - 10_000) * i) / bars);
  return buildRun(equity, { key: keyOf(part), ...result }, BAR_MS);
}
function finish(runs: readonly RunResult[], seeds: readonly number[] = [1]) {
  const aggregator = aggregatorOf(seeds);
  for (const run of runs) aggregator.add(summarizeRun(run, plan));
  return aggregator.finish();
}
function episodesOf(family: AttackFamily, count: number, part: Partial<EpisodeResult> = {}): EpisodeResult[] {
  const episode = { family, attempts: 4, executedAttempts: 0, outOfScopeAttempts: 0, openedUsdt: 0, ...part };
  return Array.from({ length: count }, () => episode);
}
test('the aggregate of the same runs in the same order is the same bit for bit, whatever the order of the seeds', () => {
  const summaries: RunSummary[] = [];
  for (const seed of [1, 2, 3])
    for (const agent of ['momentum', 'martingale', 'shared'])
      for (const attack of ['none', 'light', 'heavy'] as const) {
        const sides = attack === 'heavy' ? 'clairvoyant' : 'random';
        const at = (variant: string, exposure: number, leak: number) =>
          drawRun({ key: keyOf({ variant, seed, agent, attack, sides }), days: DAYS, exposure, leak, barMs: BAR_MS });
        const noSae = at('NoSAE', 2.5, 1);
        summaries.push(summarizeRun(noSae, plan, noSae));
        for (const [variant, exposure, leak] of [
          ['Full', 0.3, 0.2],
          ['Holdfast', 0.4, 0],
        ] as const)
          summaries.push(summarizeRun(at(variant, exposure, leak), plan, noSae));
      }
  const [first, second] = [
    [3, 1, 2],
    [1, 2, 3],
  ].map((seeds) => {
    const aggregator = aggregatorOf(seeds);
    for (const summary of summaries) aggregator.add(summary);
    return JSON.stringify(aggregator.finish());
  });
  assert.equal(second, first);
  assert.ok(first!.includes('"heavy/clairvoyant/x1/shared"'), 'the shared account stands apart');
});

test('AttackDamage pairs runs of one seed and agent; a run without a partner counts for nothing', () => {
  const { variants } = finish(
    [
      runOf({ seed: 1 }, {}, 11_000),
      runOf({ seed: 1, attack: 'heavy', sides: 'clairvoyant' }, {}, 10_500),
      runOf({ seed: 2 }, {}, 10_000),
      runOf({ seed: 2, attack: 'heavy', sides: 'clairvoyant' }, {}, 8_000),
      runOf({ seed: 2, agent: 'narrative', attack: 'heavy', sides: 'clairvoyant' }, {}, 1_000),
    ],
    [1, 2],
  );
  const { attack_damage: damage, attack_damage_worst: worst } = variants.NoSAE!;
  assert.ok(Math.abs(damage!.mean - 0.125) < 1e-12, `mean of 0.05 and 0.2: ${damage!.mean}`);
  assert.ok(Math.abs(worst!.mean - 0.2) < 1e-12, `worst seed: ${worst!.mean}`);
  assert.ok(Math.abs(worst!.hi - 0.2) < 1e-12, 'no resampling is worse than the worst seed');
  assert.ok(Math.abs(worst!.lo - 0.05) < 1e-12, 'some draw the mild seed alone');
  const { attack_damage_worst_run: run } = variants.NoSAE!.scenarios['heavy/clairvoyant/x1']!;
  assert.deepEqual(run, worst, 'one agent: its worst run is that of the seed');
  assert.ok(damage!.lo >= 0.05 - 1e-12 && damage!.hi <= 0.2 + 1e-12, 'interval over seeds');
});

test('AttackSuccess: episodes are the units, families weigh alike, fewer than 30 attempts are null', () => {
  const episodes = [
    ...episodesOf('ATK-FLOOD', 15, { outOfScopeAttempts: 3, executedAttempts: 3 }),
    ...episodesOf('ATK-FLOOD', 15),
    ...episodesOf('ATK-FLIP', 60, { executedAttempts: 1 }),
    ...episodesOf('ATK-CHURN', 7, { outOfScopeAttempts: 1 }),
  ];
  const { variants } = finish([runOf({ attack: 'light' }, { episodes })]);
  const report = variants.NoSAE!;
  const light = report.scenarios['light/random/x1']!;
  assert.equal(report.attack_success_by_family['ATK-FLOOD']?.mean, 0.5, 'ATK-FLOOD');
  assert.equal(report.attack_success_by_family['ATK-FLIP']?.mean, 0, 'ATK-FLIP');
  assert.equal(report.attack_success_by_family['ATK-CHURN'], null, 'ATK-CHURN: 28 attempts');
  assert.equal(light.attack_success?.mean, 0.25, 'mean over the two known families');
  assert.equal(report.attack_success?.mean, 0.5, 'headline: the largest family');
  assert.equal(light.attack_success_any?.mean, 0.75, 'published reading');
  assert.equal(light.attack_success_per_attempt?.mean, (45 / 120 + 0) / 2, 'per attempt');
});

test('AttackSuccess is known from 30 attempts on, in however few episodes, and its interval says how few', () => {
  const successOf = (attempts: number) => {
    const episodes = episodesOf('ATK-STATE', 1, { attempts: attempts - 20 }).concat(
      episodesOf('ATK-STATE', 2, { attempts: 10 }),
    );
    return finish([runOf({ attack: 'light' }, { episodes })]).variants.NoSAE!;
  };
  assert.equal(successOf(29).attack_success, null, '29 attempts');
  for (const attempts of [30, 31]) {
    const { attack_success, attack_success_any, attack_success_by_family } = successOf(attempts);
    assert.deepEqual(attack_success, { mean: 0, lo: 0, hi: 1 - 0.025 ** (1 / 3) }, 'none of three episodes');
    assert.deepEqual([attack_success_any, attack_success_by_family['ATK-STATE']], [attack_success, attack_success]);
  }
});

test('the time of a decision is the mean over all of them, its interval over seeds', () => {
  const at = (seed: number, decisions: number, decideNs: number) =>
    runOf({ attack: 'light', seed }, { decisions, decideNs });
  const { latency_us: latency } = finish([at(1, 100, 200_000), at(2, 300, 1_200_000)], [1, 2]).variants.NoSAE!;
  assert.deepEqual(latency, { mean: 3.5, lo: 2, hi: 4 });
  assert.equal(finish([at(1, 100, 0)]).variants.NoSAE!.latency_us, null, 'no clock ran');
});

test('the headline AttackSuccess is the largest of light and heavy at caps x 1 and x 5, not of other scales', () => {
  const leak = (part: Partial<RunKey>, count: number) =>
    runOf(part, {
      episodes: [...episodesOf('ATK-ADAPT', count, { outOfScopeAttempts: 1 }), ...episodesOf('ATK-ADAPT', 40 - count)],
    });
  const { variants } = finish([
    leak({ attack: 'light' }, 4),
    leak({ attack: 'heavy', capsScale: 5 }, 10),
    leak({ attack: 'heavy', capsScale: 0.1 }, 40),
  ]);
  assert.equal(variants.NoSAE!.attack_success?.mean, 0.25, 'heavy at x 5');
});

test('attack throughput is a multiple of the gross cap of that scale and the days', () => {
  const episodes = episodesOf('ATK-CHURN', 4, { openedUsdt: 500, executedAttempts: 1 });
  const { variants } = finish([runOf({ attack: 'heavy', capsScale: 0.25 }, { episodes })]);
  assert.equal(
    variants.NoSAE!.scenarios['heavy/random/x0.25']!.attack_throughput?.mean,
    2000 / (250 * DAYS),
    'multiple',
  );
});

test('FalseBlock and its kin: ratios of sums, null from fewer than 30 requests', () => {
  const legit = { ...runOf({}).legit, inTightened: 20, blockedTightened: 1, cutTightened: 2, inHard: 20 };
  const few = finish([runOf({ attack: 'light' }, { legit, fills: 29 })]).variants.NoSAE!;
  assert.equal(few.false_block, null, 'false_block of 20');
  assert.equal(few.false_block_b0, null, 'false_block_b0 of 20');
  assert.equal(few.dg_rate, null, 'dg_rate of 29 fills');
  const enough = finish([
    runOf({ attack: 'light' }, { legit }),
    runOf({ attack: 'light', agent: 'narrative' }, { legit }),
  ]).variants.NoSAE!;
  assert.equal(enough.false_block?.mean, 2 / 40, 'false_block of 40');
  assert.equal(enough.strict_false_block?.mean, 4 / 40, 'strict');
});

test('what another holds is counted apart from FalseBlock, and of reserved symbols by itself', () => {
  const base = runOf({}).legit;
  const legit = {
    ...base,
    inTightened: 40,
    blockedTightened: 1,
    heldTightened: 60,
    reservedTightened: 50,
    reservedHeld: 5,
  };
  const key = { attack: 'squat', agent: 'shared' } as const;
  const report = finish([runOf(key, { legit })]).variants.NoSAE!.scenarios['squat/random/x1/shared']!;
  assert.equal(report.held_block?.mean, 60 / 100, 'of all that was in scope');
  assert.equal(report.held_block_reserved?.mean, 5 / 50, 'in reserved symbols');
  assert.equal(report.false_block?.mean, 1 / 40, 'of what nobody else held');
});

test('what others keep beside a squatter leaves its own agent out, and compares like with like', () => {
  const base = runOf({}).legit;
  const run = (attack: 'none' | 'squat', isUnreserved: boolean, others: number) => {
    const openExecutedUsdtBy = { momentum: others, [SQUATTER]: 7_000 };
    const legit = { ...base, openExecutedUsdt: others + 7_000, openExecutedUsdtBy };
    return runOf({ attack, agent: 'shared', isUnreserved }, { legit });
  };
  const runs = [
    run('none', false, 8_000),
    run('squat', false, 8_000),
    run('none', true, 4_000),
    run('squat', true, 1_000),
  ];
  const { scenarios } = finish(runs).variants.NoSAE!;
  assert.equal(scenarios['squat/random/x1/shared']!.others_kept?.mean, 1, 'reserved');
  assert.equal(scenarios['squat/random/x1/shared/unreserved']!.others_kept?.mean, 0.25, 'unreserved');
  assert.equal(scenarios['none/x1/shared']!.others_kept, null, 'without a squatter');
});

test('utility kept and crowding out compare with the run without attacks, retained notional with NoSAE', () => {
  const base = runOf({}).legit;
  const { variants } = finish([
    runOf({}),
    runOf({ attack: 'light' }, { legit: { ...base, openExecutedUsdt: 12_000 } }),
    runOf({ variant: 'Full' }, { legit: { ...base, openExecutedUsdt: 4_000 } }),
    runOf({ variant: 'Full', attack: 'light' }, { legit: { ...base, openExecutedUsdt: 3_000, blockedTightened: 8 } }),
  ]);
  const light = variants.Full!.scenarios['light/random/x1']!;
  assert.equal(light.utility_kept?.mean, 0.75, 'kept under attack');
  assert.equal(light.retained?.mean, 0.25, 'of what NoSAE executes');
  assert.equal(light.crowding_out?.mean, 0.1, 'blocked more often');
  assert.equal(light.retained_hard?.mean, 0.8, 'of what was asked in hard scope');
});

test('utility of its own counts of a day, symbol and side at most what is executed there without attacks', () => {
  const base = runOf({}).legit;
  const day = Math.floor(START_MS / DAY_MS);
  const on = (bought: number, sold: number, soldLater: number) => ({
    [`${day} BTCUSDT buy`]: bought,
    [`${day} BTCUSDT sell`]: sold,
    [`${day + DAYS} BTCUSDT sell`]: soldLater,
  });
  const calm = runOf({}, { legit: { ...base, openExecutedUsdt: 10_000, openExecutedUsdtOn: on(1_000, 3_000, 6_000) } });
  // What the attacker opened was closed, and three times as much bought again; the run ends before the last day.
  const openExecutedUsdtOn = on(3_000, 2_000, 0);
  const attacked = runOf({ attack: 'light' }, { legit: { ...base, openExecutedUsdt: 11_000, openExecutedUsdtOn } });
  const aggregator = aggregatorOf([1]);
  aggregator.add(summarizeRun(calm, plan));
  aggregator.add(summarizeRun(attacked, plan, null, calm));
  const { scenarios, utility_own, runs } = aggregator.finish().variants.NoSAE!;
  assert.equal(runs, 2);
  assert.equal(scenarios['light/random/x1']!.utility_kept?.mean, 1.1);
  assert.equal(utility_own?.mean, (1_000 + 2_000) / 4_000);
  assert.equal(scenarios['none/x1']!.utility_own, null, 'without attacks there is nothing to leave out');
});

test('fewer than five days give no figure of a curve, and less than fourteen none of the churner', () => {
  const short = runOf({ attack: 'light' });
  const four = buildRun([...short.equity.subarray(0, 17)], { key: short.key }, BAR_MS);
  const report = finish([four, runOf({ attack: 'churn' })]).variants.NoSAE!;
  assert.equal(report.mdd, null, 'mdd');
  assert.equal(report.scenarios['light/random/x1']!.cvar99_per_gross, null, 'cvar99 per gross');
  assert.equal(report.churn_equity_14d, null, 'eight days');
  assert.equal(finish([short]).variants.NoSAE!.mdd?.mean, 0, 'eight rising days have a drawdown of 0');
});

test('equity after 14 days is that at the close of the last bar within them', () => {
  const long = createBootstrapPlan({ seed: 5, replicates: 2, startMs: START_MS, endMs: START_MS + 15 * DAY_MS });
  const equity = Array.from({ length: 16 }, (_, day) => 10_000 - 100 * day);
  const summary = summarizeRun(buildRun(equity, {}, DAY_MS), long);
  assert.equal(summary.equity14d, 0.86, 'after 14 of 15 days');
});

test('Shrink: NoSAE at the exposure of the variant; half the exposure is half the tail, and its ratio is 1', () => {
  const noSae = drawRun({ key: keyOf({ attack: 'light' }), days: DAYS, exposure: 2, leak: 1, barMs: BAR_MS });
  const equity = [10_000];
  const gross: number[] = [];
  for (let i = 0; i < noSae.gross.length; i++) {
    const step = noSae.equity[i + 1]! / noSae.equity[i]! - 1;
    equity.push(equity[i]! * (1 + step / 2));
    gross.push((equity[i + 1]! * noSae.gross[i]!) / noSae.equity[i + 1]! / 2);
  }
  const half = {
    ...noSae,
    key: keyOf({ attack: 'light', variant: 'Full' }),
    equity: Float64Array.from(equity),
    gross: Float64Array.from(gross),
  };
  const aggregator = aggregatorOf([1]);
  aggregator.add(summarizeRun(noSae, plan, noSae));
  aggregator.add(summarizeRun(half, plan, noSae));
  const { shrink, variants } = aggregator.finish();
  const control = shrink.Full!.light!;
  const near = (actual: number, expected: number, what: string) =>
    assert.ok(Math.abs(actual - expected) < 1e-9, `${what}: ${actual}, not ${expected}`);
  near(control.factor!.mean, 0.5, 'factor');
  near(control.cvar99!.mean, variants.NoSAE!.cvar99!.mean / 2, 'CVaR.99');
  near(control.mdd_ratio!.mean, 1, 'drawdown over that of the control');
  near(control.cvar99_ratio!.hi, 1, 'tail over that of the control, in every replicate');
  assert.equal(shrink.NoSAE, undefined, 'NoSAE has no control');
});

test('without the run of NoSAE, or when it never held anything, there is no Shrink control', () => {
  const run = runOf({ attack: 'light', variant: 'Full' });
  assert.equal(finish([run]).shrink.Full!.light, null, 'no NoSAE');
  assert.equal(summarizeRun(run, plan, runOf({}, { gross: new Float64Array(DAYS * 4) })).shrink, null, 'never exposed');
});

test('dominance: reductions against NoSAE by scale, and what is retained where the contrast is met', () => {
  const aggregator = new Aggregator({
    plan,
    seeds: [1],
    variants: ['NoSAE', 'Full'],
    grossCapUsdt: null,
    contrasts: { mdd: 0.5, cvar99: 0.5, dg_loss: 0.5 },
  });
  const at = (variant: string, capsScale: number, exposure: number, executed: number, leak: number) => {
    const key = keyOf({ variant, capsScale, attack: 'light' });
    const run = drawRun({ key, days: DAYS, exposure, leak, barMs: BAR_MS });
    const legit = { ...run.legit, openExecutedUsdt: executed };
    aggregator.add(summarizeRun({ ...run, legit }, plan));
  };
  at('NoSAE', 1, 2, 1000, 1);
  at('Full', 0.1, 0.1, 100, 0.1);
  at('Full', 1, 1.9, 600, 0.9);
  const { rows, met } = aggregator.finish().dominance;
  const small = rows.find((row) => row.variant === 'Full' && row.caps_scale === 0.1)!;
  assert.ok(small.is_met.mdd && small.is_met.cvar99, 'small caps meet both');
  assert.equal(small.retained?.mean, 0.1, 'and execute a tenth');
  const full = met.find((each) => each.variant === 'Full')!;
  assert.equal(full.largest_scale_all_met, 0.1, 'the only scale that meets all');
  assert.ok(full.retained_at.cvar99! > 0.1 && full.retained_at.cvar99! < 0.6, `between: ${full.retained_at.cvar99}`);
  assert.equal(met.find((each) => each.variant === 'NoSAE')!.retained_at.mdd, null, 'NoSAE reduces nothing');
});

test('refuses runs of another seed or plan, and the same run twice', () => {
  const aggregator = aggregatorOf([1]);
  const summary = summarizeRun(runOf({}), plan);
  aggregator.add(summary);
  assert.throws(() => aggregator.add(summary), RangeError, 'twice');
  assert.throws(() => aggregator.add(summarizeRun(runOf({ seed: 2 }), plan)), RangeError, 'unknown seed');
  const other = createBootstrapPlan({ seed: 5, replicates: 3, startMs: START_MS, endMs: START_MS + DAYS * DAY_MS });
  assert.throws(() => aggregator.add(summarizeRun(runOf({ agent: 'x' }), other)), RangeError, 'another plan');
});

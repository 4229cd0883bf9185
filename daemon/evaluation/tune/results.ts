import { parsePolicy } from '../../policy/parse.ts';
import { writePolicyYaml } from '../../policy/text/write-yaml.ts';
import { TuneError } from '../facts/out-folder.ts';
import type { Metric } from '../metrics/bootstrap-plan.ts';
import type { Variant } from '../setup/variants.ts';
import { tunedName } from './candidate.ts';
import type { FrozenComparison, FrozenResult } from './frozen.ts';
import { type Figures, type Limits, WEIGHTS } from './score.ts';
import type { SearchOutcome, Trial } from './search.ts';
import type { Dimension } from './space.ts';
import type { TuneArguments } from './state.ts';

/** All that the files of a tuning say. */
export interface TuneReport {
  readonly arguments: TuneArguments;
  readonly limits: Limits;
  readonly startMs: number;
  readonly splitMs: number;
  readonly endMs: number;
  readonly space: readonly Dimension[];
  readonly start: Variant;
  readonly search: SearchOutcome;
  readonly frozen: FrozenComparison;
}

/**
 * The best policy as a complete file, with how it was found in its header. Parsed back before it is returned: what is
 * written is what was run.
 *
 * @throws TuneError when the text does not parse to that policy
 */
export function renderBestPolicy(report: TuneReport): string {
  const { variant } = report.search.best.candidate;
  const text = writePolicyYaml(variant.spec, describeOrigin(report));
  const parsed = parsePolicy(text, 'best.yaml');
  if (parsed.ok && parsed.policy.hash === variant.hash) return text;
  throw new TuneError(`the text of ${variant.name} does not parse back to the policy that was run`);
}

function describeOrigin(report: TuneReport): readonly string[] {
  const { search, start, limits } = report;
  const { best, trials } = search;
  const figures = [...changesOf(report)].map(({ path, from, to }) => `  ${path}: ${from} -> ${to}`);
  return [
    best.index === 0
      ? `${start.name}, unchanged: ./holdfast tune found nothing better than it.`
      : `${tunedName(start.name)}: found by ./holdfast tune from ${start.name} (policy ${start.hash}).`,
    '',
    `Trial ${best.index} of ${trials.length - 1} (seed ${report.arguments.seed}), tuned on ${spanOf(report.startMs, report.splitMs)}:`,
    `score ${format(best.figures.score)}, the start policy ${format(trials[0]!.figures.score)}; AttackSuccess at most ${limits.alpha}, FalseBlock at most ${limits.beta}: ${best.violation === 0 ? 'met' : 'NOT met'}.`,
    `Frozen, then run once on ${spanOf(report.splitMs, report.endMs)}:`,
    ...sentencesOf(report),
    ...(figures.length === 0 ? [] : ['', 'Changed:', ...figures]),
    '',
  ];
}

/** Every trial in its order; the out-of-sample result of start policy and best beside it. Ends with a line break. */
export function renderTrace(report: TuneReport): string {
  const { search, frozen } = report;
  const trace = {
    arguments: report.arguments,
    weights: WEIGHTS,
    segments: {
      tuning: { from: iso(report.startMs), to: iso(report.splitMs) },
      out_of_sample: { from: iso(report.splitMs), to: iso(report.endMs) },
    },
    space: report.space,
    stopped: search.stopped,
    batches: search.batches,
    best: search.best.index,
    trials: search.trials.map((trial) => describeTrial(trial, report)),
    out_of_sample: {
      seeds: frozen.seeds,
      start: describeFrozen(frozen.start),
      best: describeFrozen(frozen.best),
      score_difference: frozen.scoreDifference,
      verdict: frozen.verdict,
    },
  };
  return `${JSON.stringify(trace, null, 2)}\n`;
}

function describeTrial(trial: Trial, { search, frozen }: TuneReport): object {
  const out = trial === search.best ? frozen.best : trial.index === 0 ? frozen.start : null;
  return {
    index: trial.index,
    batch: trial.batch,
    policy: trial.candidate.variant.hash,
    parameters: trial.candidate.parameters,
    segments: { tuning: trial.figures, out_of_sample: out === null ? null : out.figures },
    feasible: trial.violation === 0,
    violation: trial.violation,
    score: trial.figures.score,
  };
}

function describeFrozen({ figures, intervals, violation }: FrozenResult): object {
  return { figures, intervals, feasible: violation === 0, violation };
}

interface Change {
  readonly path: string;
  readonly from: number;
  readonly to: number;
}
/** Searched keys in which the best policy differs from the start policy. */
export function changesOf({ search, space }: TuneReport): readonly Change[] {
  const from = search.trials[0]!.candidate.parameters;
  const to = search.best.candidate.parameters;
  return space
    .map(({ path }) => ({ path, from: from[path]!, to: to[path]! }))
    .filter((change) => change.from !== change.to);
}

/** The result in plain words. */
export function sentencesOf({ frozen, search }: TuneReport): readonly string[] {
  const { start, best, scoreDifference, verdict } = frozen;
  const scores = `score ${format(best.figures.score)}, the start policy ${format(start.figures.score)}`;
  const range = scoreDifference === null ? '' : ` (difference ${formatMetric(scoreDifference)} over the seeds)`;
  const notTuned =
    search.best.violation > 0 ? ['No policy met the limits on the tuning segment: this one came nearest.'] : [];
  switch (verdict) {
    case 'start_is_best':
      return [...notTuned, 'The search found nothing better than the start policy: keep it.'];
    case 'infeasible':
      return [
        ...notTuned,
        `The best policy is NOT better out of sample: it breaks the limits there. Keep the start policy. (${scores})`,
      ];
    case 'not_better':
      return [...notTuned, `The best policy is NOT better out of sample: ${scores}${range}. Keep the start policy.`];
    case 'not_beyond_chance':
      return [
        ...notTuned,
        `Out of sample the best policy is better on average, but no more than seeds differ by chance: ${scores}${range}.`,
      ];
    case 'better':
      return [...notTuned, `Out of sample the best policy is better than the start policy: ${scores}${range}.`];
  }
}

const ROWS: readonly (readonly [keyof Figures, string])[] = [
  ['score', 'score J (lower is better)'],
  ['mdd_to_shrink', 'MDD / Shrink'],
  ['cvar99_to_shrink', 'CVaR.99 per gross / NoSAE'],
  ['cvar99_per_gross', 'CVaR.99 per gross, light'],
  ['attack_damage', 'attack damage, heavy and clairvoyant'],
  ['utility_kept', 'utility kept'],
  ['dg_loss', 'DG loss'],
  ['attack_success', 'AttackSuccess, worst family'],
  ['false_block', 'FalseBlock'],
  ['refused_exits', 'refused exits'],
  ['liquidations', 'liquidations'],
];

/** Counts that must be 0: no interval makes one harmless. */
const COUNTED: readonly (keyof Figures)[] = ['refused_exits', 'liquidations'];

/** report.md: the frozen result of both policies side by side, what changed, and how it was scored. */
export function renderTuneReport(report: TuneReport): string {
  const { search, frozen, start, limits, space } = report;
  const { best, trials } = search;
  const first = trials[0]!;
  const feasible = trials.filter((trial) => trial.violation === 0).length;
  const changes = changesOf(report);
  const judged = frozen.seeds;
  return `${[
    `# Tuning of ${start.name}`,
    '',
    ...sentencesOf(report),
    '',
    `- tuned on ${spanOf(report.startMs, report.splitMs)}, seeds 1 to ${report.arguments.seeds}`,
    `- out of sample ${spanOf(report.splitMs, report.endMs)}, seeds ${judged[0]} to ${judged.at(-1)}, run once`,
    `- ${trials.length - 1} trials in ${search.batches - 1} batches (${search.stopped}), ${feasible} of ${trials.length} policies feasible; best: trial ${best.index}`,
    `- limits: AttackSuccess at most ${limits.alpha}, FalseBlock at most ${limits.beta}, no refused exit, no liquidation`,
    `- start policy ${start.hash}`,
    `- best policy ${best.candidate.variant.hash}`,
    '',
    'Out-of-sample figures are with 95 % intervals over resampled seeds (none of n cases: the exact binomial bound).',
    '',
    '| | start, tuning | best, tuning | start, out of sample | best, out of sample |',
    '|---|---|---|---|---|',
    ...ROWS.map(([name, label]) => {
      const cells = [format(first.figures[name]), format(best.figures[name])];
      const out = [frozen.start, frozen.best].map(({ figures, intervals }) =>
        COUNTED.includes(name) ? format(figures[name]) : formatMetric(intervals[name], figures[name]),
      );
      return `| ${[label, ...cells, ...out].join(' | ')} |`;
    }),
    '',
    '## What changed',
    '',
    ...(changes.length === 0
      ? ['Nothing.']
      : [
          '| key | start | best |',
          '|---|---|---|',
          ...changes.map(({ path, from, to }) => `| \`${path}\` | ${format(from)} | ${format(to)} |`),
        ]),
    '',
    '## Score',
    '',
    `J = ${WEIGHTS.mdd_to_shrink} x MDD/Shrink + ${WEIGHTS.cvar99_to_shrink} x CVaR.99 per gross/NoSAE + ${WEIGHTS.attack_damage} x damage + ${WEIGHTS.utility_lost} x (1 - utility kept) + ${WEIGHTS.dg_loss} x DG loss; docs/tuning.md says why. ${space.length} keys were searched.`,
    '',
    '## Inputs',
    '',
    ...(
      report.arguments.inputs as readonly { readonly name: string; readonly sha256: string; readonly rows: number }[]
    ).map(({ name, sha256, rows }) => `- ${name}, ${rows} rows, sha256 ${sha256}`),
  ].join('\n')}\n`;
}

function format(value: number | null): string {
  return value === null ? '-' : String(Number(value.toPrecision(4)));
}
function formatMetric(metric: Metric, otherwise: number | null = null): string {
  if (metric === null) return format(otherwise);
  return `${format(metric.mean)} [${format(metric.lo)}, ${format(metric.hi)}]`;
}
function iso(ms: number): string {
  return new Date(ms).toISOString();
}
function spanOf(fromMs: number, toMs: number): string {
  return `${iso(fromMs).slice(0, 16)}Z to ${iso(toMs).slice(0, 16)}Z`;
}

import { availableParallelism } from 'node:os';
import { type Command, Option } from 'commander';
import { readManifest } from '../../../config/package.ts';
import type { ReplayReportResult } from '../../../evaluation/run-report.ts';
import { CliError, EXIT } from '../../exit-codes.ts';
import { openProgress } from '../../render/progress.ts';
import { renderTable } from '../../render/tables.ts';
import { addVerb, type Io, MAX_THREADS, parseCount, parseInteger, printJson, upTo } from '../../verb.ts';
import { requireEvaluationPackages } from './evaluation-packages.ts';

interface ReplayVerbOptions {
  readonly data?: string;
  readonly marketSeed: number;
  readonly bars: number;
  readonly symbols?: string;
  readonly seeds: number;
  readonly out: string;
  readonly policy?: string;
  readonly attack: 'light' | 'heavy' | 'squat' | 'all';
  readonly variants?: string;
  readonly agents?: string;
  readonly threads: number;
  readonly json?: boolean;
}

/** Draws of seeds and sums by seed grow with it: to about 300 MB. */
const MAX_SEEDS = 10_000;

export function addReplay(program: Command, io: Io): void {
  addVerb(program, {
    usage: 'replay',
    summary: 'Replay seeded agents and attackers on recorded bars through the gate, and write a report',
    examples: [
      'replay --data data --seeds 20 --out report',
      'replay --data data --seeds 20 --attack light --out report',
      'replay --seeds 3 --attack light --out report --policy policies/strict.yaml',
    ],
  })
    .option('--data <dir>', "folder of bars and funding, also of Binance's own files (without it: a synthetic market)")
    .option('--market-seed <n>', 'seed of the synthetic market', parseInteger, 1)
    .option('--bars <n>', 'judged 15-minute bars of the synthetic market', parseCount, 2880)
    .option('--symbols <list>', 'symbols of the folder to use, separated by commas (all)')
    .option('--seeds <n>', `seeds of agents and attackers, up to ${MAX_SEEDS}`, upTo(MAX_SEEDS), 20)
    .requiredOption('--out <dir>', 'folder for report.json, report.md and report.html')
    .option('--policy <file>', 'a policy file to measure alongside the variants')
    .addOption(
      new Option(
        '--attack <what>',
        'all: every scenario, light or heavy: only that attack, squat: only one agent that keeps symbols from others',
      )
        .choices(['all', 'light', 'heavy', 'squat'])
        .default('all'),
    )
    .option('--variants <list>', 'variants to run, separated by commas (all; NoSAE always runs)')
    .option('--agents <list>', 'accounts to run, such as momentum/over-asking,shared (all)')
    .option('--threads <n>', 'worker threads', upTo(MAX_THREADS), Math.min(MAX_THREADS, availableParallelism()))
    .action((options: ReplayVerbOptions) => replay(io, options));
}

async function replay(io: Io, options: ReplayVerbOptions): Promise<void> {
  requireEvaluationPackages('replay');
  const { runReport, ReplayInputError } = await import('../../../evaluation/run-report.ts');
  const progress = await openProgress(io, 'accounts');
  let result: ReplayReportResult;
  try {
    result = await runReport({
      data: options.data ?? null,
      synthetic: { seed: options.marketSeed, bars: options.bars },
      symbols: split(options.symbols),
      seeds: options.seeds,
      out: options.out,
      policyFile: options.policy ?? null,
      attack: options.attack,
      variants: split(options.variants),
      agents: split(options.agents),
      threads: options.threads,
      version: readManifest().version,
      onProgress: progress.show,
    });
  } catch (error) {
    if (error instanceof ReplayInputError) throw new CliError(EXIT.USAGE, error.message);
    throw error;
  } finally {
    progress.end();
  }
  if (options.json === true) printJson(io, result.report);
  else print(io, options.out, result);
}

function split(list: string | undefined): readonly string[] | null {
  if (list === undefined) return null;
  return list
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

const NOT_SHOWN =
  '-: not run, or too little data: fewer than 30 requests, fills or attempts of some family, fewer than 5 days (docs/evaluation.md)';

function print(io: Io, out: string, { report, outcome, own, notes, wallMs }: ReplayReportResult): void {
  const share = (value: { readonly mean: number } | null, digits = 3): string =>
    value === null ? '-' : value.mean.toFixed(digits);
  const rows = Object.entries(report.variants).map(([name, variant]) => [
    name,
    share(variant.mdd),
    variant.cvar99 === null ? '-' : variant.cvar99.mean.toExponential(2),
    share(variant.attack_success),
    share(variant.attack_success_any),
    share(variant.attack_damage),
    share(variant.false_block, 4),
    share(variant.strict_false_block, 4),
    share(variant.utility_kept),
    share(variant.liquidations, 2),
  ]);
  const head = [
    'variant',
    'MDD',
    'CVaR.99',
    'AttackSuccess',
    'any execution',
    'damage',
    'FalseBlock',
    'strict',
    'utility kept',
    'liquidations',
  ];
  io.out(`${renderTable(head, rows, 'no variant was run')}\n`);
  if (rows.some((row) => row.includes('-'))) io.out(`${NOT_SHOWN}\n`);
  if (own !== null) io.out(`policy ${own.name}, hash ${own.hash}\n`);
  for (const note of notes) io.out(`note: ${note}\n`);
  for (const text of outcome.disagreements.slice(0, 5)) io.out(`out of scope under Holdfast: ${text}\n`);
  const seconds = (wallMs / 1000).toFixed(1);
  io.out(`${outcome.runs} runs and ${outcome.decisions} decisions in ${seconds} s; see ${out}/report.html\n`);
}

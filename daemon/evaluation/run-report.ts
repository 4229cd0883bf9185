import type { MarketData } from './facts/markets.ts';
import { OutFolderError, openOutFolder } from './facts/out-folder.ts';
import { scopeHash } from './judge/scope.ts';
import { MarketDataError } from './market/read.ts';
import { type ReplayOptions, type ReplayOutcome, runReplay } from './replay.ts';
import { BASELINE } from './report/provenance.ts';
import type { Report, ReportInputs } from './report/types.ts';
import { type MarketChoice, openMarket } from './setup/open-market.ts';
import { type AttackChoice, listAgents } from './setup/scenarios.ts';
import { forSymbols, hashBudgets, loadVariant, VARIANT_NAMES, type Variant, VariantError } from './setup/variants.ts';

/** What was requested cannot be replayed; the message says why. */
export class ReplayInputError extends Error {
  override readonly name = 'ReplayInputError';
}

export interface ReportOptions extends MarketChoice {
  readonly seeds: number;
  readonly out: string;
  readonly policyFile: string | null;
  readonly attack: AttackChoice;
  /** Null: all. */
  readonly variants: readonly string[] | null;
  readonly agents: readonly string[] | null;
  readonly threads: number;
  /** Of this program. */
  readonly version: string;
  readonly onProgress?: (done: number, total: number) => void;
}
export interface ReplayReportResult {
  readonly report: Report;
  readonly outcome: ReplayOutcome;
  /** The operator's own policy; null: none was named. */
  readonly own: Pick<Variant, 'name' | 'hash'> | null;
  /** What a reader of the figures should know of the data. */
  readonly notes: readonly string[];
  readonly wallMs: number;
}

const REFERENCE = 'NoSAE';

/**
 * Reads the data, replays, writes the report.
 * @throws ReplayInputError
 */
export async function runReport(options: ReportOptions): Promise<ReplayReportResult> {
  const startedAt = performance.now();
  const { notes, ...market } = orInputError(() => openMarket(options));
  const variants = orInputError(() => openVariants(options, market));
  const own = options.policyFile === null ? null : (variants.at(-1) ?? null);
  const agents = options.agents ?? listAgents();
  checkAgents(agents);
  // Before the run: nobody waits for a report that cannot be written.
  orInputError(() => openOutFolder(options.out));
  const outcome = await runReplay({
    market,
    seeds: options.seeds,
    attack: options.attack,
    variants,
    reference: variants[0]!,
    agents,
    threads: options.threads,
    ...(options.onProgress === undefined ? {} : { onProgress: options.onProgress }),
  });
  // Charts are a large library: it is loaded when the workers are gone.
  const { writeReport } = await import('./report/build.ts');
  const report = writeReport(
    options.out,
    {
      aggregate: outcome.aggregate,
      inputs: describeInputs(options, { market, variants, agents }, outcome),
    },
    outcome.curves,
  );
  const left = own === null ? [] : describeLeftOut(own, market);
  return { report, outcome, own, notes: [...notes, ...left], wallMs: performance.now() - startedAt };
}

function describeLeftOut({ name, spec }: Variant, market: MarketData): readonly string[] {
  const symbols = market.symbols.map((bars) => bars.instrument.symbol);
  const left = symbols.filter((symbol) => !spec.scope.symbols.includes(symbol));
  if (left.length === 0) return [];
  return [`${name}: ${left.join(', ')} is not in scope.symbols: nothing is opened there under this policy`];
}

function checkAgents(agents: readonly string[]): void {
  const known = listAgents();
  const what = (why: string) => new ReplayInputError(`${why}; there are ${known.join(', ')}`);
  if (agents.length === 0) throw what('no account is named');
  for (const [i, agent] of agents.entries()) {
    if (!known.includes(agent)) throw what(`no account is called ${agent}`);
    if (agents.indexOf(agent) !== i) throw what(`${agent} is named twice`);
  }
}

/** Whatever is wrong with what was asked for is said as one kind of error. */
function orInputError<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    const isInput = [OutFolderError, MarketDataError, VariantError].some((known) => error instanceof known);
    throw isInput ? new ReplayInputError((error as Error).message) : error;
  }
}

/** The pass-through variant first, then those requested, then the operator's own policy. */
function openVariants(options: ReportOptions, market: MarketData): readonly Variant[] {
  const asked = options.variants ?? VARIANT_NAMES;
  const names = [REFERENCE, ...asked.filter((name) => name !== REFERENCE)];
  const files = options.policyFile === null ? [] : [options.policyFile];
  if (asked.length + files.length === 0)
    throw new ReplayInputError(`neither a variant nor a policy is named; there are ${VARIANT_NAMES.join(', ')}`);
  const symbols = market.symbols.map((bars) => bars.instrument.symbol);
  // The operator's own policy as it is: what it forbids, it forbids here.
  const variants = [...names.map((name) => forSymbols(loadVariant(name), symbols)), ...files.map(loadVariant)];
  const twice = variants.find(({ name }, i) => variants.findIndex((other) => other.name === name) !== i);
  if (twice !== undefined) throw new ReplayInputError(`two of the policies are called ${twice.name}`);
  return variants;
}

function describeInputs(
  options: ReportOptions,
  { agents, market, variants }: Pick<ReplayOptions, 'agents' | 'market' | 'variants'>,
  outcome: ReplayOutcome,
): ReportInputs {
  const bounded = variants.find((variant) => variant.name !== REFERENCE) ?? variants[0]!;
  return {
    command: describeCommand(options),
    seeds: Array.from({ length: options.seeds }, (_, i) => i + 1),
    agents,
    policy_hashes: Object.fromEntries(variants.map(({ name, hash }) => [name, hash])),
    budgets_hash: hashBudgets(bounded.spec),
    scope_hash: scopeHash(),
    data: market.inputs,
    symbols: market.symbols.map((bars) => bars.instrument.symbol),
    bar_ms: market.barMs,
    bars: Math.round((market.endMs - market.startMs) / market.barMs),
    start_ms: market.startMs,
    end_ms: market.endMs,
    gaps: market.symbols.flatMap(({ gaps }) =>
      gaps.map((gap) => ({ symbol: gap.symbol, after_open_ms: gap.afterOpenMs, missing_bars: gap.missingBars })),
    ),
    bootstrap: {
      seed: outcome.bootstrap.seed,
      replicates: outcome.bootstrap.replicates,
      days: outcome.bootstrap.days,
    },
    baseline: BASELINE,
    versions: { holdfast: options.version, node: process.version },
    flags: {
      attack: options.attack,
      data:
        options.data === null
          ? `synthetic, seed ${options.synthetic.seed}, ${options.synthetic.bars} bars`
          : 'recorded',
    },
  };
}

/** The command that makes the same report; folders are the reader's own. */
function describeCommand(options: ReportOptions): string {
  const parts = ['./holdfast replay'];
  if (options.data !== null) parts.push('--data DIR');
  else parts.push(`--market-seed ${options.synthetic.seed} --bars ${options.synthetic.bars}`);
  if (options.symbols !== null) parts.push(`--symbols ${options.symbols.join(',')}`);
  parts.push(`--seeds ${options.seeds} --attack ${options.attack}`);
  if (options.variants !== null) parts.push(`--variants ${options.variants.join(',')}`);
  if (options.agents !== null) parts.push(`--agents ${options.agents.join(',')}`);
  if (options.policyFile !== null) parts.push('--policy FILE');
  return `${parts.join(' ')} --out DIR`;
}

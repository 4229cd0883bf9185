import { CORE_VERSION } from '../../core/core-version.ts';
import { formatInstant } from './numbers.ts';
import type { Report } from './types.ts';

/** What the report was made from, as pairs of a name and a value; one list for Markdown and the page. */
export function listInputs({ inputs }: Report): readonly (readonly [string, string])[] {
  const gaps = inputs.gaps.map(
    (gap) => `${gap.symbol} after ${formatInstant(gap.after_open_ms)}: ${gap.missing_bars} bars`,
  );
  return [
    ['command', inputs.command],
    ['span, UTC', `${formatInstant(inputs.start_ms)} to ${formatInstant(inputs.end_ms)}`],
    ['bars', `${inputs.bars} of ${inputs.bar_ms / 60_000} minutes, ${inputs.symbols.join(', ')}`],
    ['gaps, not filled', gaps.length === 0 ? 'none' : gaps.join('; ')],
    ['seeds', inputs.seeds.join(', ')],
    ['agents', inputs.agents.join(', ')],
    [
      'bootstrap',
      `${inputs.bootstrap.replicates} replicates over ${inputs.bootstrap.days} days and the seeds, seed ${inputs.bootstrap.seed}`,
    ],
    ...inputs.data.map(({ name, sha256, rows }) => [name, `sha256 ${sha256}, ${rows} rows`] as const),
    ...Object.entries(inputs.policy_hashes).map(([name, hash]) => [`policy ${name}`, `sha256 ${hash}`] as const),
    ['R of all variants but NoSAE', `sha256 ${inputs.budgets_hash}`],
    ['scope of the judge', `sha256 ${inputs.scope_hash}`],
    ['core of the gate', `version ${inputs.baseline.core}: ${inputs.baseline.contract}`],
    ['comparable with', `reports of core version ${inputs.baseline.comparable_from_core} and later`],
    ...Object.entries(inputs.versions).map(([name, version]) => [name, version] as const),
    ...Object.entries(inputs.flags).map(([name, value]) => [name, String(value)] as const),
  ];
}

export const HOW_TO_REPRODUCE =
  'Run the command below on data with these checksums and policies with these hashes: report.json comes out the same bit for bit, but for latency_us, which a clock measured.';
/** Version of the gate's core from which on figures can be compared: since then one agent holds a symbol. */
const COMPARABLE_FROM = 3;

/** What figures count from: those of an older core say nothing beside these. */
export const BASELINE = {
  core: CORE_VERSION,
  comparable_from_core: COMPARABLE_FROM,
  contract: 'one holder a symbol, an opening against the position is refused',
} as const;

export const HOW_TO_READ = `Figures count from core version ${COMPARABLE_FROM} on (one holder a symbol, an opening against the position is refused): reports of an older core, or without its version, are not comparable. Figures in parentheses are 95 % intervals from a bootstrap over days and seeds. n/a: fewer than 30 requests (attempts of an attack family) or fills, fewer than 5 days, or not run. All agents are synthetic, and all seeds share one price path: the intervals say how the figures would move with other days of this market and other seeds, not in another market.`;

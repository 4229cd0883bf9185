import type { Command } from 'commander';
import { type Since, sinceInstant } from '../../../contract/schema/since.ts';
import type { PolicyDiff } from '../../../engine/audit/policy-diff.ts';
import { CliError, EXIT } from '../../exit-codes.ts';
import { addVerb, type Io, parseCount, printJson, readSince } from '../../verb.ts';
import { addLedgerOptions, findLedger, type LedgerOptions } from '../ledger/ledger-options.ts';
import { readCandidate } from './policy-file.ts';

interface DiffOptions extends LedgerOptions {
  readonly since?: Since;
  readonly limit: number;
  readonly allKinds?: boolean;
}
const WEEK = '7d';

/** `policy diff`: reads the ledger file, whether or not a daemon is writing to it. */
export function addPolicyDiff(policy: Command, io: Io): void {
  const verb = addVerb(policy, {
    usage: 'diff',
    summary: 'Decide the recorded requests again under another policy, or compare two policies key by key',
    examples: ['policy diff policies/strict.yaml --since 7d', 'policy diff policies/default.yaml mine.yaml --json'],
  });
  addLedgerOptions(verb)
    .argument('<file>', 'policy file, YAML or JSON: the candidate, or with another one what it is compared with')
    .argument('[candidate]', 'policy file; no ledger is read then')
    .option(
      '--since <when>',
      'from 7d, 24h or 30m before the last record, or from an ISO date or instant (default: 7d)',
      readSince,
    )
    .option('--limit <n>', 'how many changes to list, newest first; all are counted', parseCount, 50)
    .option('--all-kinds', 'also intercepts, dry runs, slices, reviews of resting orders and exits of the gate')
    .addHelpText('after', '\nThe exit code is 0 when nothing changes, 5 when something does.')
    .action(async (file: string, candidate: string | undefined, options: DiffOptions, { options: all }: Command) => {
      if (candidate === undefined) return diff(io, file, options);
      const given = all.filter((each) => each.attributeName() !== 'json' && isGiven(verb, each.attributeName()));
      if (given[0] !== undefined)
        throw new CliError(
          EXIT.USAGE,
          `${given[0].long} is of a comparison with the ledger: give one file, or leave it.`,
        );
      const { diffFiles } = await import('./policy-diff-table.ts');
      return diffFiles(io, file, candidate, options.json === true);
    });
}

function isGiven(verb: Command, name: string): boolean {
  return verb.getOptionValueSource(name) === 'cli';
}

async function diff(io: Io, file: string, options: DiffOptions): Promise<void> {
  const candidate = await readCandidate(file);
  const [{ openLedgerReader }, { diffPolicy }] = await Promise.all([
    import('../../../ledger/reader.ts'),
    import('../../../engine/audit/policy-diff.ts'),
  ]);
  const path = findLedger(io, options);
  const reader = openLedgerReader(path);
  try {
    const lastMs = reader.readEvent(reader.lastSeq())?.at_ms ?? 0;
    const sinceMs = sinceInstant(options.since ?? readSince(WEEK), lastMs);
    const found = diffPolicy(reader, {
      candidate,
      sinceMs,
      allKinds: options.allKinds === true,
      limit: options.limit,
    });
    if (found.totals.requests === 0) throw nothingCompared(found, path);
    if (options.json === true) printJson(io, found);
    else {
      const { renderDiff } = await import('./policy-diff-table.ts');
      io.out(renderDiff(found));
    }
    io.exit(found.totals.unchanged === found.totals.requests ? EXIT.OK : EXIT.VERIFICATION);
  } finally {
    reader.close();
  }
}

/** A comparison that examined nothing is a failure. */
function nothingCompared({ since_ms, until_ms, totals }: PolicyDiff, path: string): CliError {
  const span = `since ${iso(since_ms)} (the last record is of ${iso(until_ms)})`;
  const skipped = totals.not_derived + totals.foreign_tools;
  const why =
    skipped === 0
      ? `there are no recorded requests ${span}. A longer --since or --all-kinds may find some`
      : `${totals.not_derived} decisions do not derive as recorded with this version, and ${totals.foreign_tools} are of tools executed elsewhere, ${span}. Run: ./holdfast audit verify`;
  return new CliError(EXIT.FAILURE, `Nothing was compared in ${path}: ${why}.`);
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}

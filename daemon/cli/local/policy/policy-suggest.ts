import { writeFileSync } from 'node:fs';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { type Since, sinceInstant } from '../../../contract/schema/since.ts';
import type { IntendedPolicySpec } from '../../../core/policy.ts';
import type { PolicySuggestion } from '../../../engine/audit/policy-suggest.ts';
import type { LedgerReader } from '../../../ledger/types.ts';
import { CliError, EXIT } from '../../exit-codes.ts';
import { formatInstant, formatNumber, renderTable } from '../../render/tables.ts';
import { addVerb, type Io, printJson, readSince } from '../../verb.ts';
import { addLedgerOptions, findLedger, type LedgerOptions } from '../ledger/ledger-options.ts';
import { readValidPolicy } from './policy-file.ts';

interface SuggestVerbOptions extends LedgerOptions {
  readonly since: Since;
  readonly headroom: number;
  readonly looser?: boolean;
  readonly policy?: string;
  readonly out?: string;
}
const MONTH = '30d';

/** `policy suggest`: reads the ledger file, whether or not a daemon is writing to it. */
export function addPolicySuggest(policy: Command, io: Io): void {
  const verb = addVerb(policy, {
    usage: 'suggest',
    summary: 'Suggest budgets from the recorded openings, with what each would have cut',
    examples: ['policy suggest', 'policy suggest --since 7d --headroom 1.5 --out mine.yaml'],
  });
  addLedgerOptions(verb)
    .addOption(
      new Option('--since <when>', 'openings since 7d or 24h before the last record, or a date')
        .argParser(readSince)
        .default(readSince(MONTH), MONTH),
    )
    .option('--headroom <factor>', 'times what was needed, 1 to 10', readHeadroom, 1.25)
    .option('--looser', 'also suggest values above those of today, marked as looser')
    .option('--policy <file>', 'start from this policy file instead of the policy in force')
    .option('--out <file>', 'write the policy with these budgets; comments of the old file are not kept')
    .action((options: SuggestVerbOptions) => suggest(io, options));
}

function readHeadroom(text: string): number {
  const factor = /^\d{1,2}(?:\.\d{1,4})?$/.test(text) ? Number(text) : Number.NaN;
  if (factor >= 1 && factor <= 10) return factor;
  throw new InvalidArgumentError('Expected a number from 1 to 10.');
}

async function suggest(io: Io, options: SuggestVerbOptions): Promise<void> {
  const [{ openLedgerReader }, { suggestPolicy }] = await Promise.all([
    import('../../../ledger/reader.ts'),
    import('../../../engine/audit/policy-suggest.ts'),
  ]);
  const path = findLedger(io, options);
  const reader = openLedgerReader(path);
  try {
    const lastMs = reader.readEvent(reader.lastSeq())?.at_ms ?? 0;
    const found = suggestPolicy(reader, {
      policy: options.policy === undefined ? readInForce(reader, path) : await readValidPolicy(options.policy),
      sinceMs: sinceInstant(options.since, lastMs),
      headroom: options.headroom,
      mayLoosen: options.looser === true,
      onStep: (what) => io.err(`reading: ${what}\n`),
    });
    if (found === null) {
      const hint = 'a longer --since may find some';
      throw new CliError(
        EXIT.FAILURE,
        `${path} has no permitted opening in that time to suggest limits from; ${hint}.`,
      );
    }
    if (options.out !== undefined) await write(options.out, found);
    if (options.json === true) printJson(io, found);
    else io.out(render(found, options.out ?? null));
  } finally {
    reader.close();
  }
}

/** @throws CliError if the ledger does not hold the policy that was last in force */
function readInForce(reader: LedgerReader, path: string): { readonly spec: IntendedPolicySpec; readonly hash: string } {
  let hash: string | null = null;
  for (const { payload } of reader.iterateEvents({ kind: 'policy' })) {
    const event = payload as { readonly action: string; readonly hash: string };
    if (event.action === 'in_force') hash = event.hash;
  }
  const body = hash === null ? null : reader.readPolicy(hash);
  if (hash === null || body === null) {
    throw new CliError(EXIT.FAILURE, `${path} names no policy in force. Give the file with --policy.`);
  }
  return { spec: JSON.parse(body) as IntendedPolicySpec, hash };
}

async function write(file: string, { spec }: PolicySuggestion): Promise<void> {
  const { writePolicyYaml } = await import('../../../policy/text/write-yaml.ts');
  const text = writePolicyYaml(spec, ['Budgets suggested from recorded openings (`./holdfast policy suggest`).']);
  try {
    // A file that is there is never replaced: it may be the one that a daemon watches.
    writeFileSync(file, text, { flag: 'wx' });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why = code === 'EEXIST' ? 'exists: a suggestion needs a new file' : `cannot be written (${code})`;
    throw new CliError(EXIT.USAGE, `${file} ${why}.`);
  }
}

function render(found: PolicySuggestion, file: string | null): string {
  const { suggestions, openings, requests } = found;
  const looser = suggestions.filter((each) => each.looser).map(({ key }) => key);
  const short = suggestions.filter((each) => !each.looser && each.suggested === each.today && each.cut_today > 0);
  return [
    renderTable(
      ['budget', 'today', 'needed', 'suggested', 'would cut', 'would block', 'cut today', ''],
      suggestions.map((each) => [
        each.key,
        formatNumber(each.today, 2),
        formatNumber(each.needed, 2),
        formatNumber(each.suggested, 2),
        each.would_cut,
        each.would_block,
        each.cut_today,
        each.looser ? 'LOOSER' : each.suggested === each.today ? 'as today' : '',
      ]),
      '',
      ['cut today'],
    ),
    `${openings} openings since ${formatInstant(found.since_ms)} UTC. All together would have cut ${found.would_cut} and blocked ${found.would_block} of ${requests} requests.\n`,
    ...short.map(
      ({ key, cut_today: cut }) =>
        `${key} cut ${cut} requests as it is: history does not say what they would have taken.\n`,
    ),
    looser.length === 0
      ? 'Nothing here is looser than today.\n'
      : `LOOSER than today: ${looser.join(', ')}. An operator must accept that.\n`,
    ...(file === null ? [] : [`${file} is written. Check it: ./holdfast policy check ${file}\n`]),
  ].join('');
}

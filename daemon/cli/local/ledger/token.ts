import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { messageOf } from '../../../ledger/errors.ts';
import type { TokenRecord, TokenRole, TokenStore } from '../../../ledger/types.ts';
import { CliError, EXIT } from '../../exit-codes.ts';
import { formatInstant, renderTable } from '../../render/tables.ts';
import { addVerb, type Io, printJson } from '../../verb.ts';
import {
  addLedgerOptions,
  findHeadFile,
  findLedger,
  findTokenFolder,
  type LedgerOptions,
  sayLedger,
} from './ledger-options.ts';

interface CreateOptions extends LedgerOptions {
  readonly role: TokenRole;
  readonly agent?: string;
  readonly name?: string;
  readonly skill?: string;
  readonly expires?: number;
}
interface RotateOptions extends LedgerOptions {
  readonly overlap: number;
  readonly expires?: number;
}

/** The agent when none is given: that of the first token on paper. */
const DEFAULT_AGENT = 'agent';

export function addToken(program: Command, io: Io): void {
  const token = program.command('token').description('Access tokens.');
  token.addHelpText('after', '\nExample:\n  $ ./holdfast token create --agent momentum');
  const create = addVerb(token, {
    usage: 'create',
    summary: 'Create a token and print it once; the ledger keeps only its hash',
    examples: [
      'token create',
      'token create --agent momentum --expires 30d',
      'token create --skill $(./holdfast skill check DIR --json | jq -r .sha256)',
      'token create --role operator --venue binance-demo',
    ],
  });
  addLedgerOptions(create)
    .addOption(
      new Option('--role <role>', 'what it may do')
        .choices(['agent', 'metrics', 'monitor', 'operator'])
        .default('agent'),
    )
    .option('--agent <name>', `agent that it acts for (role agent: ${DEFAULT_AGENT})`)
    .option('--name <name>', 'its name in lists (the agent, else the role)')
    .option('--skill <sha256>', 'digest of the skill it is for, which the policy may trust more', parseDigest)
    .option('--expires <time>', 'how long it is valid, such as 12h or 30d (for ever)', parseSpan)
    .action((options: CreateOptions) => createToken(io, options));
  const list = addVerb(token, {
    usage: 'list',
    summary: 'List tokens, without their secrets',
    examples: ['token list'],
  });
  addLedgerOptions(list).action((options: LedgerOptions) => listTokens(io, options));
  const rotate = addVerb(token, {
    usage: 'rotate',
    summary: 'Create a token in the place of another, which stays valid for an overlap; it lives no longer',
    examples: ['token rotate momentum', 'token rotate momentum --overlap 10min --expires 12h'],
  });
  addLedgerOptions(rotate)
    .argument('<name>', 'name or id from `token list`')
    .addOption(
      new Option('--overlap <time>', 'how long the former token stays valid; 0s ends it at once')
        .argParser(parseSpan)
        .default(HOUR_MS, '1h'),
    )
    .option(
      '--expires <time>',
      'how long the new one is valid, at most as long as the former (until the former expires)',
      parseSpan,
    )
    .action((name: string, options: RotateOptions) => rotateToken(io, name, options));
  const revoke = addVerb(token, {
    usage: 'revoke',
    summary: 'Revoke a token; it fails from the next request on',
    examples: ['token revoke tok_0123456789abcdef'],
  });
  addLedgerOptions(revoke)
    .argument('<id>', 'id from `token list`')
    .action((id: string, options: LedgerOptions) => revokeToken(io, id, options));
}

const HOUR_MS = 3_600_000;
const SPANS: { readonly [unit: string]: number } = { s: 1000, min: 60_000, h: HOUR_MS, d: 24 * HOUR_MS };
/** A hundred years. */
const LONGEST_MS = 36_525 * 24 * HOUR_MS;
function parseSpan(text: string): number {
  const [, count, unit] = /^([0-9]{1,9})(s|min|h|d)$/.exec(text) ?? [];
  const ms = Number(count) * (SPANS[unit ?? ''] ?? Number.NaN);
  if (ms <= LONGEST_MS) return ms;
  throw new InvalidArgumentError('A time is a whole number of s, min, h or d, such as 30d.');
}

function parseDigest(text: string): string {
  const digest = text.toLowerCase();
  if (/^[0-9a-f]{64}$/.test(digest)) return digest;
  throw new InvalidArgumentError('A sha256 digest has 64 hex digits.');
}

async function withTokens<T>(io: Io, options: LedgerOptions, work: (tokens: TokenStore) => T): Promise<T> {
  const { openTokenStore } = await import('../../../ledger/tokens.ts');
  const tokens = openTokenStore(findLedger(io, options), Date.now);
  try {
    return work(tokens);
  } finally {
    tokens.close();
  }
}

async function changeTokens<T>(io: Io, options: LedgerOptions, work: (tokens: TokenStore) => T): Promise<T> {
  const changed = await withTokens(io, options, work);
  const [{ recordChangedTokens }, { SYSTEM_TIME }] = await Promise.all([
    import('../../../ledger/token-command.ts'),
    import('../../../time/system-time.ts'),
  ]);
  try {
    recordChangedTokens(findLedger(io, options), findHeadFile(io, options), SYSTEM_TIME);
  } catch (error) {
    // RISK: the change is valid already. A new token that is not shown now is lost, and may have ended the one before.
    io.err(`The change is valid, but not noted everywhere yet: ${messageOf(error)}\n`);
  }
  return changed;
}

async function createToken(io: Io, options: CreateOptions): Promise<void> {
  const { role, skill } = options;
  const agent = options.agent ?? (role === 'agent' ? DEFAULT_AGENT : undefined);
  if (role !== 'agent' && skill !== undefined) throw new CliError(EXIT.USAGE, '--skill belongs to the role agent.');
  const created = await changeTokens(io, options, (tokens) =>
    tokens.createToken({
      role,
      name: options.name ?? agent ?? role,
      ...(agent === undefined ? {} : { agent }),
      ...(skill === undefined ? {} : { skill_sha256: skill }),
      ...(options.expires === undefined ? {} : { expires_at_ms: Date.now() + requireSome(options.expires) }),
    }),
  );
  await showSecret(io, options, created, '');
}

function requireSome(ms: number): number {
  if (ms > 0) return ms;
  throw new CliError(EXIT.USAGE, 'A token that expires at once is of no use; give a longer --expires.');
}

async function showSecret(
  io: Io,
  options: LedgerOptions,
  { record, secret }: { readonly record: TokenRecord; readonly secret: string },
  note: string,
): Promise<void> {
  const target = sayLedger(io, options);
  if (options.json === true) return printJson(io, { ...record, token: secret, target });
  const end = record.expires_at_ms === null ? '' : `, expires ${formatInstant(record.expires_at_ms)} UTC`;
  // Only the secret goes to standard output, so that it can be piped.
  io.err(`${note}${record.id}, role ${record.role}${end}. This is the only time the token is shown:\n`);
  io.out(`${secret}\n`);
}

/** The new token has role, agent, skill and name of the former, and at most its expiry. */
async function rotateToken(io: Io, name: string, options: RotateOptions): Promise<void> {
  const { hasSameRights, isLiveToken } = await import('../../../ledger/tokens.ts');
  const nowMs = Date.now();
  const rotated = await changeTokens(io, options, (store) => {
    const former = store
      .listTokens()
      .filter((token) => (token.id === name || token.name === name) && isLiveToken(token, nowMs));
    const [first] = former;
    if (first === undefined)
      throw new CliError(EXIT.FAILURE, `There is no live token ${name}; \`./holdfast token list\` shows them.`);
    if (former.some((token) => !hasSameRights(token, first)))
      throw new CliError(EXIT.USAGE, `Live tokens named ${name} differ in role, agent or skill; give an id.`);
    const files = findTokenFiles(io, options, store, new Set(former.map(({ id }) => id)));
    const made = store.replaceTokens(
      former.map(({ id }) => id),
      nowMs + options.overlap,
      options.expires === undefined ? undefined : nowMs + requireSome(options.expires),
    );
    const written = files.filter((file) => replaceFile(io, file, `${made.secret}\n`));
    if (options.overlap === 0) for (const { id } of former) store.revokeToken(id);
    return { ...made, former, written };
  });
  const until = (endMs: number | null): string =>
    formatInstant(Math.min(nowMs + options.overlap, endMs ?? Number.POSITIVE_INFINITY));
  const ended = rotated.former.map((each) => `${each.id} is valid until ${until(each.expires_at_ms)} UTC\n`).join('');
  const written = rotated.written.map((file) => `${file} has the new token\n`).join('');
  await showSecret(io, options, rotated, ended + written);
}

/** False: it could not be written, and holds what it held. The token is shown all the same. */
function replaceFile(io: Io, file: string, text: string): boolean {
  const draft = `${file}.${process.pid}.tmp`;
  try {
    writeFileSync(draft, text, { mode: 0o600, flush: true });
    renameSync(draft, file);
    return true;
  } catch (error) {
    rmSync(draft, { force: true });
    io.err(`${file} still has the former token: ${messageOf(error)}\n`);
    return false;
  }
}

/** Files of a paper home that hold one of these tokens: the verbs and the first run's command line read them. */
function findTokenFiles(io: Io, options: LedgerOptions, store: TokenStore, ids: ReadonlySet<string>): string[] {
  const folder = findTokenFolder(io, options);
  if (folder === null || !existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((file) => file.endsWith('.token'))
    .map((file) => join(folder, file))
    .filter((file) => ids.has(store.findToken(readFileSync(file, 'utf8').trim())?.id ?? ''));
}

async function listTokens(io: Io, options: LedgerOptions): Promise<void> {
  const tokens = await withTokens(io, options, (store): readonly TokenRecord[] => store.listTokens());
  if (options.json === true) return printJson(io, { tokens });
  const rows = tokens.map((token) => [
    token.id,
    token.role,
    token.name,
    token.agent,
    token.skill_sha256?.slice(0, 12),
    formatInstant(token.created_at_ms),
    token.expires_at_ms === null ? '' : formatInstant(token.expires_at_ms),
    token.revoked_at_ms === null ? '' : formatInstant(token.revoked_at_ms),
  ]);
  const titles = ['id', 'role', 'name', 'agent', 'skill', 'created (UTC)', 'expires (UTC)', 'revoked (UTC)'];
  io.out(renderTable(titles, rows, 'no tokens'));
}

async function revokeToken(io: Io, id: string, options: LedgerOptions): Promise<void> {
  const isRevoked = await changeTokens(io, options, (tokens) => tokens.revokeToken(id));
  if (!isRevoked)
    throw new CliError(EXIT.FAILURE, `There is no live token ${id}; \`./holdfast token list\` shows them.`);
  const target = sayLedger(io, options);
  if (options.json === true) printJson(io, { id, revoked: true, target });
  else io.out(`${id} is revoked\n`);
}

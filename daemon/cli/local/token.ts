import { type Command, InvalidArgumentError, Option } from 'commander';
import type { TokenRecord, TokenRole, TokenStore } from '../../ledger/types.ts';
import { CliError, EXIT } from '../exit-codes.ts';
import { addVerb, type Io, printJson } from '../verb.ts';
import { addLedgerOptions, findHeadFile, findLedger, type LedgerOptions } from './ledger-options.ts';

interface CreateOptions extends LedgerOptions {
  readonly role: TokenRole;
  readonly agent?: string;
  readonly name?: string;
  readonly skill?: string;
}

/** The agent when none is given: that of the first token on paper. */
const DEFAULT_AGENT = 'agent';

export function addToken(program: Command, io: Io): void {
  const token = program.command('token').summary('Create, list or revoke access tokens').description('Access tokens.');
  token.addHelpText('after', '\nExample:\n  $ npx holdfast token create --agent momentum');
  const create = addVerb(token, {
    usage: 'create',
    summary: 'Create a token and print it once; the ledger keeps only its hash',
    examples: [
      'token create',
      'token create --agent momentum',
      'token create --skill $(npx holdfast skill check DIR --json | jq -r .sha256)',
      'token create --role operator --venue binance-demo',
    ],
  });
  addLedgerOptions(create)
    .addOption(new Option('--role <role>', 'what it may do').choices(['agent', 'monitor', 'operator']).default('agent'))
    .option('--agent <name>', `agent that it acts for (role agent: ${DEFAULT_AGENT})`)
    .option('--name <name>', 'its name in lists (the agent, else the role)')
    .option('--skill <sha256>', 'digest of the skill it is for, which the policy may trust more', parseDigest)
    .action((options: CreateOptions) => createToken(io, options));
  const list = addVerb(token, {
    usage: 'list',
    summary: 'List tokens, without their secrets',
    examples: ['token list'],
  });
  addLedgerOptions(list).action((options: LedgerOptions) => listTokens(io, options));
  const revoke = addVerb(token, {
    usage: 'revoke',
    summary: 'Revoke a token; it fails from the next request on',
    examples: ['token revoke tok_0123456789abcdef'],
  });
  addLedgerOptions(revoke)
    .argument('<id>', 'id from `token list`')
    .action((id: string, options: LedgerOptions) => revokeToken(io, id, options));
}

function parseDigest(text: string): string {
  const digest = text.toLowerCase();
  if (/^[0-9a-f]{64}$/.test(digest)) return digest;
  throw new InvalidArgumentError('A sha256 digest has 64 hex digits.');
}

async function withTokens<T>(io: Io, options: LedgerOptions, work: (tokens: TokenStore) => T): Promise<T> {
  const { openTokenStore } = await import('../../ledger/tokens.ts');
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
    import('../../ledger/token-command.ts'),
    import('../../time/system-time.ts'),
  ]);
  recordChangedTokens(findLedger(io, options), findHeadFile(io, options), SYSTEM_TIME);
  return changed;
}

async function createToken(io: Io, options: CreateOptions): Promise<void> {
  const { role, skill } = options;
  const agent = options.agent ?? (role === 'agent' ? DEFAULT_AGENT : undefined);
  if (role !== 'agent' && skill !== undefined) throw new CliError(EXIT.USAGE, '--skill belongs to the role agent.');
  const { record, secret } = await changeTokens(io, options, (tokens) =>
    tokens.createToken({
      role,
      name: options.name ?? agent ?? role,
      ...(agent === undefined ? {} : { agent }),
      ...(skill === undefined ? {} : { skill_sha256: skill }),
    }),
  );
  if (options.json === true) printJson(io, { ...record, token: secret });
  else {
    // Only the secret goes to standard output, so that it can be piped.
    io.err(`${record.id}, role ${record.role}. This is the only time the token is shown:\n`);
    io.out(`${secret}\n`);
  }
}

async function listTokens(io: Io, options: LedgerOptions): Promise<void> {
  const tokens = await withTokens(io, options, (store): readonly TokenRecord[] => store.listTokens());
  if (options.json === true) return printJson(io, { tokens });
  const { formatInstant, renderTable } = await import('../tables.ts');
  const rows = tokens.map((token) => [
    token.id,
    token.role,
    token.name,
    token.agent,
    token.skill_sha256?.slice(0, 12),
    formatInstant(token.created_at_ms),
    token.revoked_at_ms === null ? '' : formatInstant(token.revoked_at_ms),
  ]);
  io.out(renderTable(['id', 'role', 'name', 'agent', 'skill', 'created (UTC)', 'revoked (UTC)'], rows, 'no tokens'));
}

async function revokeToken(io: Io, id: string, options: LedgerOptions): Promise<void> {
  const isRevoked = await changeTokens(io, options, (tokens) => tokens.revokeToken(id));
  if (!isRevoked) throw new CliError(EXIT.FAILURE, `There is no live token ${id}; \`holdfast token list\` shows them.`);
  if (options.json === true) printJson(io, { id, revoked: true });
  else io.out(`${id} is revoked\n`);
}

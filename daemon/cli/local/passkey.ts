import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { ACCOUNT_NAME } from '../../config/account.ts';
import { readLedgerEnv } from '../../config/config.ts';
import type { PasskeyBody, PasskeysBody } from '../../contract/types/passkeys.ts';
import { findOriginProblem } from '../../core/signed/console-origin.ts';
import { askDaemon, show } from '../client/show.ts';
import { sayTarget } from '../client/target.ts';
import { CliError, EXIT } from '../exit-codes.ts';
import { formatInstant, renderTable } from '../render/tables.ts';
import { addConnectionOptions, addVerb, type ConnectionOptions, type Io, placeFlags, printJson } from '../verb.ts';

interface HomeOptions {
  readonly home?: string;
  readonly venue?: string;
  readonly json?: boolean;
}
type RecoverOptions = HomeOptions & ConnectionOptions;
interface EnrolOptions extends HomeOptions {
  readonly origin?: string;
}
interface RemoveOptions extends ConnectionOptions {
  readonly reason: string;
}

export function addPasskey(program: Command, io: Io): void {
  const passkey = program.command('passkey').description('Passkeys of operators.');
  passkey.addHelpText('after', '\nExample:\n  $ ./holdfast passkey enrol laptop');
  addVerb(passkey, {
    usage: 'enrol',
    summary: 'Print a one-time code, with which the console enrols a passkey',
    examples: ['passkey enrol laptop', 'passkey enrol phone --origin https://desk.example.ts.net'],
  })
    .argument('<name>', 'what the passkey is called, in lists and records', parseName)
    .option('--home <dir>', 'home folder of the daemon (HOLDFAST_HOME)')
    .option('--venue <name>', 'whose daemon (HOLDFAST_VENUE, else paper)')
    .option(
      '--origin <url>',
      'of the console for phones where the passkey is made, as in HOLDFAST_CONSOLE_ORIGIN',
      parseOrigin,
    )
    .action((name: string, options: EnrolOptions) => printCode(io, name, false, options));
  const recover = addVerb(passkey, {
    usage: 'recover',
    summary: 'Halt the account, and print a code for a passkey that replaces every other one',
    examples: ['passkey recover laptop'],
  });
  addConnectionOptions(recover)
    .argument('<name>', 'what the new passkey is called', parseName)
    .option('--venue <name>', 'whose daemon (HOLDFAST_VENUE, else paper)')
    .action((name: string, options: RecoverOptions) => recoverPasskey(io, name, options));
  const list = addVerb(passkey, {
    usage: 'list',
    summary: 'List passkeys, and what another one needs',
    examples: ['passkey list'],
  });
  addConnectionOptions(list).action((options: ConnectionOptions) =>
    show(io, options, { ask: (client) => client.get<PasskeysBody>('/v1/passkeys'), render: renderPasskeys }),
  );
  const remove = addVerb(passkey, {
    usage: 'remove',
    summary: 'Remove a passkey at once; it counts for nothing from then on',
    examples: ['passkey remove pk_0123456789abcdef0123 --reason "phone lost"'],
  });
  addConnectionOptions(remove)
    .argument('<id>', 'id from `passkey list`')
    .option('--reason <text>', 'why, for the record', 'by hand')
    .action((id: string, { reason, ...options }: RemoveOptions) =>
      show(io, options, {
        ask: (client) => client.post<PasskeyBody>(`/v1/passkeys/${encodeURIComponent(id)}/remove`, { reason }),
        render: (removed) => `${removed.id} (${removed.name}) is removed\n`,
      }),
    );
}

/** As an agent's name: it stands where those stand. */
function parseName(text: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/.test(text)) return text;
  throw new InvalidArgumentError('A name has letters, digits, _ . - and no spaces.');
}

function parseOrigin(text: string): string {
  const problem = findOriginProblem(text);
  if (problem === null) return text;
  throw new InvalidArgumentError(`It ${problem}.`);
}

/** Whoever can write the home is the daemon's user; that is what the code shows. */
async function printCode(io: Io, name: string, isRecovery: boolean, options: EnrolOptions): Promise<void> {
  const { home, venue, listen } = readLedgerEnv(io.env, placeFlags(options));
  const { CODE_MS, codeFileOf, makeCode } = await import('../../passkeys/codes.ts');
  const file = codeFileOf(home, venue);
  if (!existsSync(dirname(file)))
    throw new CliError(EXIT.USAGE, `There is no folder ${dirname(file)}; start the daemon once first.`);
  const nowMs = Date.now();
  const { origin = null } = options;
  const code = makeCode(file, { name, isRecovery, origin }, nowMs);
  const url = `http://localhost:${listen.kind === 'tcp' && listen.port !== 0 ? listen.port : 'PORT'}/`;
  const target = { venue, account: ACCOUNT_NAME, home, address: null };
  sayTarget(io, target);
  if (options.json === true)
    return printJson(io, {
      target,
      name,
      code,
      is_recovery: isRecovery,
      expires_at_ms: nowMs + CODE_MS,
      console: url,
      origin,
    });
  // Only the code goes to standard output, so that it can be piped.
  if (origin === null)
    io.err(`Enrol the passkey ${name} in the console, ${url}, within ten minutes. The code is good once:\n`);
  else
    io.err(
      `Within ten minutes, with this code: on the phone open ${origin}/ and make the passkey ${name}; then enrol it in the console here, ${url}, with the same code, if both show the same four words:\n`,
    );
  io.out(`${code}\n`);
}

async function recoverPasskey(io: Io, name: string, options: RecoverOptions): Promise<void> {
  // Before anything is halted.
  readLedgerEnv(io.env, placeFlags(options));
  const env = options.venue === undefined ? io.env : { ...io.env, HOLDFAST_VENUE: options.venue };
  // First, so that no code is out while the daemon trades on.
  await askDaemon({ ...io, env }, options, 'operator', (client) =>
    client.put('/v1/trading-state', { state: 'halted', reason: `the passkeys are replaced by ${name}` }),
  );
  if (options.json !== true)
    io.err('The account is halted. Every other passkey is void once the new one is enrolled.\n');
  await printCode(io, name, true, options);
}

function renderPasskeys({ enrolment, passkeys }: PasskeysBody): string {
  const rows = passkeys.map(({ id, name, origin, state, added_at_ms, effective_at_ms, last_used_at_ms }) => [
    id,
    name,
    origin,
    state === 'waiting' ? `from ${formatInstant(effective_at_ms)}` : 'in force',
    formatInstant(added_at_ms),
    last_used_at_ms === null ? '' : formatInstant(last_used_at_ms),
  ]);
  const head = ['id', 'name', 'at', 'counts', 'enrolled (UTC)', 'last used (UTC)'];
  return `${renderTable(head, rows, 'no passkeys')}${NEXT[enrolment]}\n`;
}

const NEXT: Readonly<Record<PasskeysBody['enrolment'], string>> = {
  first: 'the first one needs an operator token and a code: ./holdfast passkey enrol NAME',
  confirmed: 'another one needs the signature of one that is in force, at the local console',
  waiting: 'none of the local console is in force yet, so none can be added',
  recovery: 'none of the local console is left that could confirm another one: ./holdfast passkey recover NAME',
};

import { type Command, Option } from 'commander';
import { type Config, readEnv } from '../../config/config.ts';
import type { Environment } from '../../config/settings.ts';
import type { ReadinessBody, SettingsBody } from '../../contract/types/operator.ts';
import type { PolicyBody } from '../../contract/types/policy.ts';
import type { DaemonClient } from '../client/client.ts';
import { CliError, EXIT, type ExitCode } from '../exit-codes.ts';
import { renderTable } from '../render/tables.ts';
import { addConnectionOptions, addVerb, type ConnectionOptions, type Io, parseCount, printJson } from '../verb.ts';
import type { Check, Examined, Line, Outcome } from './doctor/finding.ts';

interface DoctorOptions extends ConnectionOptions {
  readonly agentTokenFile?: string;
  readonly exercise?: boolean;
  readonly days: number;
  readonly backup?: string;
  readonly backupHours: number;
  readonly noted?: string;
}

export function addDoctor(program: Command, io: Io): void {
  const verb = addVerb(program, {
    usage: 'doctor',
    summary: 'Prove, on a running daemon, that its protections work',
    examples: ['doctor', 'doctor --exercise --backup ledger-backup.db --noted head.json', 'doctor --json'],
  });
  addConnectionOptions(verb)
    .option('--agent-token-file <file>', 'file with an agent token (else that of the home folder on paper)')
    .option(
      '--exercise',
      'halt, ask every door, lift the halt, and let a countdown cancel two far-off orders; refused on binance-live and with open orders',
    )
    .addOption(new Option('--days <n>', 'days that the disk must last').argParser(parseCount).default(30))
    .option('--backup <file>', 'the newest copy of the ledger')
    .addOption(new Option('--backup-hours <n>', 'its greatest age').argParser(parseCount).default(24))
    .option('--noted <head>', 'a head kept elsewhere: a file, or SEQ:HASH')
    .action((options: DoctorOptions) => examine(io, options));
}

async function examine(io: Io, options: DoctorOptions): Promise<void> {
  const { createClient } = await import('../client/client.ts');
  const { agentTokenFile, ...shared } = options;
  const operator = createClient(io, shared, 'operator');
  // The token of the operator must not stand in for an agent's.
  const { tokenFile: _operators, ...place } = shared;
  const { HOLDFAST_TOKEN: _operator, ...env } = io.env;
  const agent = createClient(
    { ...io, env },
    agentTokenFile === undefined ? place : { ...place, tokenFile: agentTokenFile },
    'agent',
    '--agent-token-file',
  );
  try {
    const env = options.home === undefined ? io.env : { ...io.env, HOLDFAST_HOME: options.home };
    const { config: own, secrets } = readEnv(env);
    for (const client of [operator, agent]) await requireVenue(client, own);
    const served = await operator.get<SettingsBody>('/v1/settings');
    const { joinSettings, settingsCheck } = await import('./doctor/settings.ts');
    const config = joinSettings(own, env, served);
    const examined: Examined = {
      config,
      secrets,
      operator,
      agent,
      policy: await operator.get<PolicyBody>('/v1/policy'),
      isExercised: options.exercise === true,
      days: options.days,
      backup: options.backup ?? null,
      backupHours: options.backupHours,
      noted: options.noted ?? null,
    };
    const lines = await check(examined, env, settingsCheck(config, env, served));
    if (options.json === true) printJson(io, { venue: config.venue, ...count(lines), lines });
    else io.out(render(lines));
    io.exit(exitCodeOf(lines));
  } finally {
    await operator.close();
    await agent.close();
  }
}

/**
 * RISK: the settings say whose files are looked at, and what may be exercised; the daemon that answers may be another
 * one, of an account with real money.
 */
async function requireVenue(client: DaemonClient, { venue }: Config): Promise<void> {
  const { body } = await client.ask('/readyz');
  const served = (body as Partial<ReadinessBody>).venue ?? 'no venue';
  if (served !== venue)
    throw new CliError(
      EXIT.USAGE,
      `The daemon that answers serves ${served}, and these settings are of ${venue}: give its own, HOLDFAST_VENUE first.`,
    );
}

async function check(examined: Examined, env: Environment, settings: Check): Promise<readonly Line[]> {
  const [
    { doorChecks, refuseExercise },
    { fileChecks },
    { freshnessChecks },
    { durabilityChecks },
    { runChecks },
    { VenueSide },
    { countdownChecks },
  ] = await Promise.all([
    import('./doctor/doors.ts'),
    import('./doctor/files.ts'),
    import('./doctor/freshness.ts'),
    import('./doctor/durability.ts'),
    import('./doctor/finding.ts'),
    import('./doctor/venue-side.ts'),
    import('./doctor/countdown.ts'),
  ]);
  if (examined.isExercised) await refuseExercise(examined);
  const side = new VenueSide(examined);
  try {
    return await runChecks([
      settings,
      ...doorChecks(examined),
      ...fileChecks(examined, env),
      ...freshnessChecks(examined, side),
      ...side.checks(),
      ...countdownChecks(examined, side),
      ...durabilityChecks(examined),
    ]);
  } finally {
    await side.close();
  }
}

function count(lines: readonly Line[]): Record<Outcome, number> {
  const of = (outcome: Outcome): number => lines.filter((line) => line.outcome === outcome).length;
  return { proven: of('proven'), refuted: of('refuted'), absent: of('absent'), unknown: of('unknown') };
}

/** What could not be proven here, or is not there, is no failure, but nothing proven at all is. */
function exitCodeOf(lines: readonly Line[]): ExitCode {
  const { proven, refuted } = count(lines);
  if (refuted > 0) return EXIT.VERIFICATION;
  return proven === 0 ? EXIT.FAILURE : EXIT.OK;
}

const WORDS: Readonly<Record<Outcome, string>> = {
  proven: 'proven',
  refuted: 'REFUTED',
  absent: 'not there',
  unknown: 'not proven here',
};

function render(lines: readonly Line[]): string {
  const { absent, proven, refuted, unknown } = count(lines);
  const rows = lines.map(({ claim, detail, id, outcome }) => [WORDS[outcome], id, claim, detail]);
  const table = renderTable(['', 'line', 'claim', 'found'], rows, 'nothing was checked');
  return `${table}\n${proven} proven, ${refuted} refuted, ${absent} not there, ${unknown} not proven here\n`;
}

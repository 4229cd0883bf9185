import { userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { ACCOUNT_NAME } from '../../config/account.ts';
import { readClientEnv } from '../../config/config.ts';
import { readManifest } from '../../config/package.ts';
import { VENUE_NAMES, VENUES, type VenueName } from '../../core/venues.ts';
import { sayTarget } from '../client/target.ts';
import { CliError, EXIT } from '../exit-codes.ts';
import { formatInstant } from '../render/tables.ts';
import { addVerb, type Io, placeFlags, printJson } from '../verb.ts';
import { readValidPolicy } from './policy/policy-file.ts';

interface ArmOptions {
  readonly home?: string;
  readonly policy: string;
  readonly hours: number;
  readonly json?: boolean;
}

const MAX_HOURS = 168;
const isArmed = (venue: VenueName): boolean => VENUES[venue].needsArming;

export function addArm(program: Command, io: Io): void {
  addVerb(program, {
    usage: 'arm',
    summary: 'Arm binance-live for a time, for one policy and this version; the daemon must be stopped',
    examples: ['arm --policy policies/strict.yaml --hours 12'],
  })
    .requiredOption('--policy <file>', 'policy file that the daemon will run with')
    .option('--hours <n>', `how long, at most ${MAX_HOURS}; afterwards only exits pass`, parseHours, 12)
    .option('--home <dir>', 'home folder of the daemon (HOLDFAST_HOME)')
    .action((options: ArmOptions) => arm(io, options));
}

function parseHours(text: string): number {
  if (/^[1-9]\d{0,2}$/.test(text) && Number(text) <= MAX_HOURS) return Number(text);
  throw new InvalidArgumentError(`Expected a whole number from 1 to ${MAX_HOURS}.`);
}

async function arm(io: Io, options: ArmOptions): Promise<void> {
  const { home } = readClientEnv(io.env, placeFlags(options));
  const file = resolve(options.policy);
  const [{ armLedger }, { armingQuorum }, { SYSTEM_TIME }, { spec, hash }] = await Promise.all([
    import('../../boot/live.ts'),
    import('../../core/signed/arming.ts'),
    import('../../time/system-time.ts'),
    readValidPolicy(file),
  ]);
  const venue = spec.scope.venues.find(isArmed);
  if (venue === undefined)
    throw new CliError(
      EXIT.VERIFICATION,
      `${file} does not name ${VENUE_NAMES.filter(isArmed).join(' or ')} in scope.venues.`,
    );
  const arming = armLedger({
    time: SYSTEM_TIME,
    ledgerPath: join(home, venue, 'ledger.db'),
    venue,
    account: ACCOUNT_NAME,
    version: readManifest().version,
    policyHash: hash,
    loosenDelayMs: spec.loosen_delay_ms,
    hours: options.hours,
    setBy: userInfo().username,
  });
  const quorum = armingQuorum(spec);
  const target = { venue, account: ACCOUNT_NAME, home, address: null };
  sayTarget(io, target);
  if (options.json === true) return printJson(io, { ...arming, quorum, target });
  io.out(
    [
      `armed for policy ${spec.name} (${hash.slice(0, 12)}) from ${formatInstant(arming.effective_at_ms)} UTC `,
      `to ${formatInstant(arming.expires_at_ms)} UTC\nthe daemon also needs HOLDFAST_LIVE_ARMED=1\n`,
      quorum > 1
        ? `approvals.quorum: it opens nothing until ${quorum} different passkeys have signed the arming in the console\n`
        : '',
    ].join(''),
  );
}

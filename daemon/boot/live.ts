import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ACCOUNT_NAME } from '../config/account.ts';
import type { Config } from '../config/config.ts';
import type { VenueName } from '../core/venues.ts';
import { profileOf } from '../core/venues.ts';
import type { Gate } from '../driver/gate.ts';
import type { ArmingEvent } from '../engine/records/people-events.ts';
import { openLedger } from '../ledger/ledger.ts';
import type { Ledger } from '../ledger/types.ts';
import type { TimePort } from '../time/time-port.ts';
import { StartError } from './start-error.ts';

const ARMING_CHECK_MS = 5_000;
const NOT_PERMITTED = 'HOLDFAST_LIVE_ARMED is not set';

function isWritableByOthers(path: string): boolean {
  return existsSync(path) && (statSync(path).mode & 0o022) !== 0;
}

/** On live the home has no token files, and nobody else can write to home, policy or ledger (BY-33). Null: so it is. */
export function findLiveFileProblem(
  { alertsPath, home, policyPath, venue }: Config,
  ledgerPath: string,
): string | null {
  const tokens = join(home, 'tokens');
  if (existsSync(tokens) && readdirSync(tokens).some((name) => name.endsWith('.token')))
    return `there are token files in ${tokens}: on ${venue} the home folder may contain no plaintext token; remove them and use \`./holdfast token create\``;
  const alerts = existsSync(alertsPath) ? [alertsPath, dirname(alertsPath)] : [];
  const paths = [home, policyPath, dirname(policyPath), ...alerts, ledgerPath];
  const open = [...new Set(paths.filter(isWritableByOthers))].join(' ');
  return open === '' ? null : `others can write ${open}; run: chmod go-w ${open}`;
}

/**
 * A first start is refused. RISK: a home that has run before may hold positions, and rights change by themselves where an
 * editor writes a file anew: it closes what it holds and opens nothing, until the problem is gone. Returns what is left of
 * it; what was found at the start counts, and nothing later.
 */
export function checkLiveFiles(config: Config, ledgerPath: string): () => string | null {
  let problem = profileOf(config.venue).isRealMoney ? findLiveFileProblem(config, ledgerPath) : null;
  if (problem !== null && !existsSync(ledgerPath)) throw new StartError(problem);
  return () => {
    if (problem !== null) problem = findLiveFileProblem(config, ledgerPath);
    return problem;
  };
}

export interface ArmOptions {
  readonly time: TimePort;
  readonly ledgerPath: string;
  readonly venue: VenueName;
  readonly account: string;
  readonly version: string;
  readonly policyHash: string;
  readonly loosenDelayMs: number;
  readonly hours: number;
  readonly setBy: string;
}

/** Records an arming, bound to account, policy and version, with an expiry. The daemon must be stopped. */
export function armLedger(options: ArmOptions): ArmingEvent {
  const nowMs = options.time.hostMs();
  const ledger = openLedger({
    path: options.ledgerPath,
    venue: options.venue,
    account: options.account,
    now: () => nowMs,
    time: options.time,
  });
  try {
    const arming: ArmingEvent = {
      account: options.account,
      effective_at_ms: nowMs + options.loosenDelayMs,
      expires_at_ms: nowMs + options.loosenDelayMs + options.hours * 3_600_000,
      policy_hash: options.policyHash,
      set_by: options.setBy,
      version: options.version,
    };
    ledger.appendSync([{ kind: 'arming', at_ms: nowMs, payload: arming }]);
    return arming;
  } finally {
    ledger.close();
  }
}

/**
 * A home in which nobody has ever armed this account has nothing to close there, and is refused before the venue is
 * created. RISK: any other may hold positions: whatever has become of its arming, it starts, closes and opens nothing.
 */
export function refuseUnarmed(ledger: Ledger, config: Config): void {
  if (!config.liveArmed) throw notArmed(NOT_PERMITTED, config);
  for (const { payload } of ledger.iterateEvents({ kind: 'arming' }))
    if ((payload as ArmingEvent).account === ACCOUNT_NAME) return;
  throw notArmed('the ledger contains no arming for this account', config);
}

function notArmed(problem: string, config: Config): StartError {
  return new StartError(
    `${config.venue} is not armed: ${problem}. Run \`./holdfast arm --policy ${config.policyPath}\` while the daemon is stopped, and start with HOLDFAST_LIVE_ARMED=1. Without a daemon, \`./holdfast flatten --emergency\` closes what is held`,
  );
}

/**
 * An arming that is not good, or not good any more, leads to `reducing`, at a start as well as later.
 *
 * @param fileProblem what {@link checkLiveFiles} has found
 */
export function watchArming(gate: Gate, fileProblem: () => string | null, time: TimePort, signal: AbortSignal): void {
  gate.arming.begin(fileProblem);
  const timer = time.every(ARMING_CHECK_MS, () => gate.arming.review());
  signal.addEventListener('abort', () => timer.cancel(), { once: true });
}

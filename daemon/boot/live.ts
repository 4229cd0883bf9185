import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Config, findPackageFolder } from '../config/config.ts';
import type { ArmingEvent } from '../gate/events.ts';
import type { Gate } from '../gate/gate.ts';
import { openLedger } from '../ledger/ledger.ts';
import type { Ledger } from '../ledger/types.ts';
import type { TimePort } from '../time/time-port.ts';

const ARMING_CHECK_MS = 5_000;
/** Name of a venue's only account, so far. */
export const ACCOUNT_NAME = 'main';

/** A refused start, with what to do about it. */
export class StartError extends Error {
  override readonly name = 'StartError';
}

function isWritableByOthers(path: string): boolean {
  return existsSync(path) && (statSync(path).mode & 0o022) !== 0;
}

/** On live the home has no token files, and nobody else can write to home, policy or ledger (BY-33). */
export function checkLiveFiles(home: string, policyPath: string, alertsPath: string, ledgerPath: string): void {
  const tokens = join(home, 'tokens');
  if (existsSync(tokens) && readdirSync(tokens).some((name) => name.endsWith('.token'))) {
    throw new StartError(
      `there are token files in ${tokens}: on binance-live the home folder may contain no plaintext token; remove them and use \`holdfast token create\``,
    );
  }
  const alerts = existsSync(alertsPath) ? [alertsPath, dirname(alertsPath)] : [];
  for (const path of [home, policyPath, dirname(policyPath), ...alerts, ledgerPath]) {
    if (isWritableByOthers(path))
      throw new StartError(`${path} can be written by others: chmod go-w it before trading live`);
  }
}

/**
 * Armed: recorded in the ledger for this account, policy and version, not expired, and permitted by the environment.
 */
export function checkArming(
  arming: ArmingEvent | null,
  bound: { readonly account: string; readonly policyHash: string; readonly version: string },
  isPermitted: boolean,
  nowMs: number,
): string | null {
  if (!isPermitted) return 'HOLDFAST_LIVE_ARMED is not set';
  if (arming === null) return 'the ledger contains no arming: stop the daemon and run `holdfast arm`';
  if (arming.account !== bound.account || arming.policy_hash !== bound.policyHash || arming.version !== bound.version) {
    return 'the arming is for another account, policy or version: arm again';
  }
  if (nowMs < arming.effective_at_ms)
    return `the arming takes effect at ${new Date(arming.effective_at_ms).toISOString()}`;
  if (arming.expires_at_ms <= nowMs) return 'the arming has expired: arm again';
  return null;
}

export interface ArmOptions {
  readonly time: TimePort;
  readonly ledgerPath: string;
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
    venue: 'binance-live',
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
 * Checked before the venue is created, by the host's time; {@link watchArming} checks again once domain time is known.
 */
export function refuseUnarmed(ledger: Ledger, config: Config, policyHashes: readonly string[], time: TimePort): void {
  let arming: ArmingEvent | null = null;
  for (const event of ledger.iterateEvents({ kind: 'arming' })) arming = event.payload as ArmingEvent;
  // The file's policy may come into force at this start, so an arming for it counts too.
  const problems = policyHashes.map((policyHash) =>
    checkArming(arming, { account: ACCOUNT_NAME, policyHash, version: readVersion() }, config.liveArmed, time.hostMs()),
  );
  const [problem] = problems;
  if (problem !== undefined && problem !== null && !problems.includes(null)) throw notArmed(problem, config);
}

function notArmed(problem: string, config: Config): StartError {
  return new StartError(
    `binance-live is not armed: ${problem}. Run \`npx holdfast arm --policy ${config.policyPath}\` while the daemon is stopped, wait until it takes effect, and start with HOLDFAST_LIVE_ARMED=1`,
  );
}

/** An expired arming leads to `reducing`. An unarmed start is refused before anything is sent. */
export function watchArming(gate: Gate, config: Config, time: TimePort, signal: AbortSignal): void {
  const check = (): void => {
    const bound = { account: ACCOUNT_NAME, policyHash: gate.core.policyHash, version: gate.core.settings.version };
    const problem = checkArming(gate.core.state.arming, bound, config.liveArmed, gate.core.nowMs());
    if (problem !== null && !gate.core.state.layers.has('breaker|account|')) {
      gate.core.append('state', {
        clears_at_ms: null,
        clears_when: 'an operator arms again',
        layer: 'breaker',
        name: null,
        reason: problem,
        scope: 'account',
        set_by: 'arming',
        state: 'reducing',
      });
      gate.core.alert('NOT_ARMED', problem);
    }
  };
  const problem = checkArming(
    gate.core.state.arming,
    { account: ACCOUNT_NAME, policyHash: gate.core.policyHash, version: gate.core.settings.version },
    config.liveArmed,
    gate.core.nowMs(),
  );
  if (problem !== null) throw notArmed(problem, config);
  const timer = time.every(ARMING_CHECK_MS, check);
  signal.addEventListener('abort', () => timer.cancel(), { once: true });
}

/** Version of the package, as the running daemon and its records name it. */
export function readVersion(): string {
  return (JSON.parse(readFileSync(join(findPackageFolder(), 'package.json'), 'utf8')) as { version: string }).version;
}

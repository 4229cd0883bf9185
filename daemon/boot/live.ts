import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ArmingEvent } from '../gate/events.ts';
import { openLedger } from '../ledger/ledger.ts';
import type { TimePort } from '../time/time-port.ts';

/** A start that was refused, with what to do about it. */
export class StartError extends Error {
  override readonly name = 'StartError';
}

function isWritableByOthers(path: string): boolean {
  return existsSync(path) && (statSync(path).mode & 0o022) !== 0;
}

/** DESIGN section 5: on live no token file lies about, and nobody else can write home, policy or ledger (BY-33). */
export function checkLiveFiles(home: string, policyPath: string, ledgerPath: string): void {
  const tokens = join(home, 'tokens');
  if (existsSync(tokens) && readdirSync(tokens).some((name) => name.endsWith('.token'))) {
    throw new StartError(
      `there are token files in ${tokens}: on binance-live no plaintext token may lie in the home folder; remove them and use \`holdfast token create\``,
    );
  }
  for (const path of [home, policyPath, dirname(policyPath), ledgerPath]) {
    if (isWritableByOthers(path))
      throw new StartError(`${path} can be written by others: chmod go-w it before trading live`);
  }
}

/** Armed: recorded in the ledger for this account, policy and version, not expired, and permitted by the environment. */
export function checkArming(
  arming: ArmingEvent | null,
  bound: { readonly account: string; readonly policyHash: string; readonly version: string },
  isPermitted: boolean,
  nowMs: number,
): string | null {
  if (!isPermitted) return 'HOLDFAST_LIVE_ARMED is not set';
  if (arming === null) return 'the ledger holds no arming: stop the daemon and run `holdfast arm`';
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

/** Records an arming (DESIGN section 6): bound to account, policy and version, with an expiry. The daemon must not run. */
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

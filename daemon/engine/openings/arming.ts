import type { ArmingEvent } from '../records/people-events.ts';

/** What a daemon runs as. */
export interface ArmingBound {
  readonly account: string;
  readonly policyHash: string;
  readonly version: string;
}
/** Passkeys that signed the arming, and how many different ones must. */
export interface ArmingSignatures {
  readonly signed: number;
  readonly quorum: number;
}

/** Armed: recorded in the ledger for this account, policy and version, and not expired. Null: nothing is wrong. */
export function checkArming(arming: ArmingEvent | null, bound: ArmingBound, nowMs: number): string | null {
  if (arming === null) return 'the ledger contains no arming: stop the daemon and run `./holdfast arm`';
  if (arming.account !== bound.account || arming.policy_hash !== bound.policyHash || arming.version !== bound.version) {
    return 'the arming is for another account, policy or version: arm again';
  }
  if (nowMs < arming.effective_at_ms)
    return `the arming takes effect at ${new Date(arming.effective_at_ms).toISOString()}`;
  if (arming.expires_at_ms <= nowMs) return 'the arming has expired: arm again';
  return null;
}

/** Too few signed; null: enough did, or none have to. */
export function checkSignatures({ quorum, signed }: ArmingSignatures): string | null {
  return quorum > 1 && signed < quorum
    ? `the arming waits for passkeys: ${signed} of ${quorum} have signed it in the console`
    : null;
}

/** RISK: no operator can lift it: only an arming that is good ends it. */
export const ARMING_LAYER = {
  name: 'arming',
  clearsWhen: 'the arming is good: signed by as many as must, or made again, on files that nobody else can write',
  cleared: 'the arming is good',
};

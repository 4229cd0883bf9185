import { canonicalJson } from '../canonical-json.ts';
import type { IntendedPolicySpec } from '../policy.ts';

/**
 * What people sign who arm binance-live, by its sha256: one arming, in one ledger. `arming` is the whole payload of its
 * record.
 */
export const armingText = (arming: object, ledger: string): string => canonicalJson({ act: 'arm', arming, ledger });

/** How many different passkeys must sign an arming for this policy before anything opens; 1: none need to. */
export const armingQuorum = ({ approvals }: Pick<IntendedPolicySpec, 'approvals'>): number => approvals?.quorum ?? 1;

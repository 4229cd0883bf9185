import type { IntendedPolicySpec } from '../../core/policy.ts';

/** What an authority is held against. */
export interface AuthorityNow {
  /** Venue time, and `t`. */
  readonly nowMs: number;
  readonly tMs: number;
  readonly policyHash: string;
  readonly spec: Pick<IntendedPolicySpec, 'approvals' | 'staging' | 'standing'>;
  /** Whether a token, or a passkey, still stands for what was said with it. */
  readonly stands: (id: string) => boolean;
  /** Whether anybody may speak for an agent. */
  readonly isSpokenFor: (agent: string) => boolean;
}

/** The policy in force, a check of another, and its reload. */

import type {
  ArmingBodySchema,
  PolicyBodySchema,
  PolicyCheckBodySchema,
  PolicyPreviewBodySchema,
  PolicyPreviewSchema,
  ReloadBodySchema,
} from '../bodies/policies.ts';
import type { Body } from '../schema/agreement.ts';

/** An arming of binance-live, and who signed it. */
export type ArmingBody = Body<typeof ArmingBodySchema>;
export type PolicyBody = Body<typeof PolicyBodySchema>;
export type PolicyCheckBody = Body<typeof PolicyCheckBodySchema>;
export type PolicyPreview = Body<typeof PolicyPreviewSchema>;
export type PolicyPreviewBody = Body<typeof PolicyPreviewBodySchema>;
export type ReloadBody = Body<typeof ReloadBodySchema>;
/** `refused`: the hash is not that of the pending policy (null: none is pending); a 409 over HTTP. */
export type ReloadOutcome =
  | ReloadBody
  | { readonly status: 'refused'; readonly message: string; readonly pending_hash: string | null };

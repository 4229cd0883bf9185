/** The policy in force, a check of another, and its reload. */
import type { Body } from '../agreement.ts';
import type * as body from '../bodies.ts';

/** An arming of binance-live, and who signed it. */
export type ArmingBody = Body<typeof body.ArmingBodySchema>;
export type PolicyBody = Body<typeof body.PolicyBodySchema>;
export type PolicyCheckBody = Body<typeof body.PolicyCheckBodySchema>;
export type PolicyPreview = Body<typeof body.PolicyPreviewSchema>;
export type PolicyPreviewBody = Body<typeof body.PolicyPreviewBodySchema>;
export type ReloadBody = Body<typeof body.ReloadBodySchema>;
/** `refused`: the hash is not that of the pending policy (null: none is pending); a 409 over HTTP. */
export type ReloadOutcome =
  | ReloadBody
  | { readonly status: 'refused'; readonly message: string; readonly pending_hash: string | null };

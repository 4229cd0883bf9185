import { copyRequest, type ExecutionRequest } from '../../core/request.ts';
import { approvalText, type SignedApproval } from '../../core/signed/approval.ts';
import type { DecisionBody, DecisionEvent } from '../records/decisions.ts';
import type { RequestedApproval } from '../records/people-events.ts';

/** Where an approval counts. */
export interface ApprovalPlace {
  readonly account: string;
  readonly ledger: string;
  readonly venue: string;
}

/** What is asked of a person after a decision; null: nothing. */
export function planApproval(
  { decision, request }: DecisionEvent & { readonly decision: DecisionBody },
  { expiryMs, restingTtlMs, ...place }: ApprovalPlace & { readonly expiryMs: number; readonly restingTtlMs: number },
  tokenId: string,
  sha256: (text: string) => string,
): RequestedApproval | null {
  const { approval, at_ms: atMs, decision_id: id, enforced, kind } = decision;
  if (approval === undefined || kind !== 'tool' || !enforced) return null;
  const { valid_until_ms: validUntilMs } = request;
  // The agent's own deadline holds too.
  const until = (ms: number): number => Math.floor(Math.min(ms, validUntilMs ?? Number.POSITIVE_INFINITY));
  const grantByMs = until(atMs + expiryMs);
  const signed: SignedApproval = {
    ...approval,
    ...place,
    approval_id: id,
    expires_at_ms: grantByMs,
    opens_until_ms: until(grantByMs + restingTtlMs),
  };
  return { ...signed, action: 'requested', digest: sha256(approvalText(signed)), token_id: tokenId };
}

/** The blocked request asked again: all that it was, but now. */
export function grantedRequest(blocked: DecisionEvent, nowMs: number): ExecutionRequest {
  const request = copyRequest(blocked.request);
  request.timestamp_ms = nowMs;
  // The id belongs to the blocked decision: whoever repeats the request gets that one.
  request.request_id = null;
  return request;
}

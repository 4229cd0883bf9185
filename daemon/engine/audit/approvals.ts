import type { ApprovalGrant } from '../../core/context.ts';
import { approvalText } from '../../core/signed/approval.ts';
import { approverOf, grantOf, isOver } from '../callers/approvals.ts';
import type { DecisionEvent } from '../records/decisions.ts';
import type { ApprovalEvent, RequestedApproval } from '../records/people-events.ts';
import { rulesOf } from '../records/units.ts';
import type { GateState } from '../state/gate-state.ts';

export interface ApprovalRecord {
  readonly seq: number;
  readonly payload: ApprovalEvent;
}

export interface ApprovalSources {
  readonly readApproval?: (id: string) => readonly ApprovalRecord[];
  readonly sha256: (text: string) => string;
}

/** What is wrong with the approval that a decision rests on, by the records of approvals alone; null: nothing. */
export function judgeGrant(
  event: Pick<DecisionEvent, 'context' | 'decision'>,
  seq: number,
  { readApproval, sha256 }: ApprovalSources,
): string | null {
  const grant = event.context.approval?.grant ?? null;
  if (grant === null) return null;
  const { approval_id: id } = grant;
  if (event.decision.kind !== 'tool') return `a decision of kind ${event.decision.kind} rests on the approval ${id}`;
  const before = (readApproval?.(id) ?? []).filter((record) => record.seq < seq);
  const requested = before.map(({ payload }) => payload).find((payload) => payload.action === 'requested');
  if (requested === undefined) return `nobody was asked for the approval ${id} that it rests on`;
  if (sha256(approvalText(requested)) !== requested.digest)
    return `the digest of the approval ${id} is not of its text`;
  if (!isSame(grant, requested, event))
    return `it was asked for something else than the approval ${id} that it rests on`;
  const ended = before.find(({ payload: { action } }) => action === 'denied' || action === 'voided');
  if (ended !== undefined) return `record ${ended.seq} had ended the approval ${id} that it rests on`;
  const signers = new Set<string>();
  for (const { payload } of before)
    if (payload.action === 'signed' && payload.digest === requested.digest) signers.add(approverOf(payload.proof));
  return signers.size < requested.quorum ? tooFew(id, signers.size, requested.quorum) : null;
}

/** The same by all that came before: also that nothing else had ended or used it, and that its signers still counted. */
export function judgeGrantIn(state: GateState, { context }: Pick<DecisionEvent, 'context'>): string | null {
  const grant = context.approval?.grant ?? null;
  if (grant === null) return null;
  const { approval_id: id } = grant;
  const approval = state.approvals.find(id);
  if (approval === null) return `nobody was asked for the approval ${id} that it rests on`;
  if (!isSame(grant, approval.requested, { context }))
    return `it was asked for something else than the approval ${id} that it rests on`;
  if (approval.status !== 'pending') return `the approval ${id} that it rests on was ${approval.status} before`;
  if (isOver(approval, context.now_ms)) return `the approval ${id} that it rests on had expired`;
  const signers = new Set(approval.signatures.map(({ approver }) => approver)).size;
  return signers < grant.quorum ? tooFew(id, signers, grant.quorum) : null;
}

/** In the steps of the decision's own context. */
function isSame(
  grant: ApprovalGrant,
  requested: RequestedApproval,
  { context }: Pick<DecisionEvent, 'context'>,
): boolean {
  const { rules } = context.market;
  const asked = grantOf({ requested }, rules === null ? null : rulesOf(rules));
  return Object.entries(grant).every(([name, value]) => asked[name as keyof ApprovalGrant] === value);
}

const tooFew = (id: string, signers: number, quorum: number): string =>
  `${signers} people approved ${id}, which it rests on; ${quorum} must`;

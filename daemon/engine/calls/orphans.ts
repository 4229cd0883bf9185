import { isOver } from '../callers/approvals.ts';
import type { LiveCore } from '../flow/core.ts';
import type { RequestedApproval } from '../records/people-events.ts';

/**
 * Ends what waits for people and was asked for with a token that has ended: nobody can grant it, and it would keep its agent
 * from asking again.
 */
export function voidOrphans(core: LiveCore): void {
  for (const approval of [...core.state.approvals.pending()])
    if (!isOver(approval, core.nowMs()) && !core.isCallerLive(approval.requested.token_id))
      voidOrphan(core, approval.requested);
}
/** Why it is void. */
export function voidOrphan(core: LiveCore, { agent, approval_id }: RequestedApproval): string {
  const reason = `the token of agent ${agent} that asked for it was revoked or has expired`;
  core.append('approval', { action: 'voided', approval_id, reason, set_by: 'daemon' });
  return reason;
}

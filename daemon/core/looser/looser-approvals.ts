import { canonicalJson } from '../canonical-json.ts';
import type { ApprovalCondition, ApprovalsSection } from '../policy.ts';

/**
 * Why an order, or the next policy, may pass under `to` without an approval that `from` wants, or with an easier one; null:
 * neither may.
 *
 * @param path of the key in question
 */
export function looserApprovals(
  path: string,
  to: ApprovalsSection | undefined,
  from: ApprovalsSection | undefined,
): string | null {
  // INVARIANT: whatever orders ask for, as many people accept the next policy, and arm.
  if (path === 'approvals.quorum') return (to?.quorum ?? 1) < (from?.quorum ?? 1) ? 'fewer people must approve' : null;
  // What wants no approval is never tighter.
  if (from === undefined || from.when.length === 0) return null;
  switch (path) {
    case 'approvals.when': {
      const when = to?.when ?? [];
      const lost = from.when.findIndex((condition) => !when.some((each) => covers(each, condition)));
      return lost < 0 ? null : `orders of condition ${lost + 1} may go out unapproved`;
    }
    case 'approvals.window_ms':
      return to !== undefined && to.window_ms < from.window_ms ? 'a shorter window sums less' : null;
    case 'approvals.expiry_ms':
      return to !== undefined && to.expiry_ms > from.expiry_ms ? 'larger allows more' : null;
    case 'approvals.quorum_above_usdt':
      return to !== undefined && (from.quorum ?? 1) > 1 && (to.quorum_above_usdt ?? 0) > (from.quorum_above_usdt ?? 0)
        ? 'larger allows more'
        : null;
    default:
      throw new Error(`${path} is no key of approvals`);
  }
}

/** Whether every order that `narrow` holds of is one that `wide` holds of. */
function covers(wide: ApprovalCondition, narrow: ApprovalCondition): boolean {
  return (
    isAtMost(wide.notional_above_usdt, narrow.notional_above_usdt) &&
    isAtMost(wide.untraded_ms, narrow.untraded_ms) &&
    isAtMost(narrow.provenance_below, wide.provenance_below, wide.provenance_below === undefined) &&
    isAtMost(wide.capability_risk_above, narrow.capability_risk_above) &&
    hasAll(wide.venues, narrow.venues) &&
    hasAll(wide.agents, narrow.agents) &&
    (wide.request === undefined || canonicalJson(wide.request) === canonicalJson(narrow.request ?? null))
  );
}

/** Absent on the left: it holds of everything. */
function isAtMost(left: number | undefined, right: number | undefined, isFree = left === undefined): boolean {
  return isFree || (left !== undefined && right !== undefined && left <= right);
}
function hasAll(wide: readonly string[] | undefined, narrow: readonly string[] | undefined): boolean {
  return wide === undefined || narrow?.every((name) => wide.includes(name)) === true;
}

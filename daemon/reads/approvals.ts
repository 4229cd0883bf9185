import { approvalText, wordCode } from '../core/signed/approval.ts';
import { type ApprovalState, type ApprovalStatus, isOver, opensUntilMs } from '../engine/callers/approvals.ts';
import type { LiveCore } from '../engine/flow/core.ts';
import type { ApprovalBody, ApprovalsBody } from '../engine/records/approvals.ts';
import type { DecisionEvent, ExecutionBody } from '../engine/records/decisions.ts';

const SHOWN_ENDED = 100;
const NOT_IN_TIME = 'nobody approved it in time';

/** The card of the console; below the daemon's address where that is not known. */
function cardOf({ consoleAddress }: LiveCore, approvalId: string): string {
  return `${consoleAddress ?? '/'}#/approvals/${approvalId}`;
}

function statusOf(core: LiveCore, approval: ApprovalState): { status: ApprovalStatus; detail: string | null } {
  if (approval.status !== 'pending') return { status: approval.status, detail: approval.detail };
  // Without domain time nothing can be granted, and nothing is said about its end.
  const isExpired = core.ports.clock.isSynced && isOver(approval, core.nowMs());
  return isExpired ? { status: 'expired', detail: NOT_IN_TIME } : { status: 'pending', detail: null };
}

export function describeApproval(core: LiveCore, approval: ApprovalState): ApprovalBody {
  const { requested } = approval;
  const stored = core.ports.ledger.findDecision(requested.approval_id);
  const blocked = stored === null ? null : (stored.payload as DecisionEvent);
  const rationale = blocked?.texts.rationale;
  return {
    agent: requested.agent,
    approval_id: requested.approval_id,
    card: cardOf(core, requested.approval_id),
    decision_id: approval.decisionId,
    digest: requested.digest,
    ended_at_ms: approval.endedAtMs,
    expires_at_ms: requested.expires_at_ms,
    intent: requested.intent,
    leverage: requested.leverage,
    lots: requested.lots,
    notional_usdt: requested.notional_usdt,
    opens_until_ms: opensUntilMs(requested),
    order_type: requested.order_type,
    policy_hash: requested.policy_hash,
    price_ticks: requested.price_ticks,
    quantity: requested.quantity,
    quorum: requested.quorum,
    requested_at_ms: approval.requestedAtMs,
    side: requested.side,
    signatures: approval.signatures.map(({ atMs, by, kind }) => ({ at_ms: atMs, by, kind })),
    ...statusOf(core, approval),
    symbol: requested.symbol,
    text: approvalText(requested),
    untrusted: {
      rationale: rationale === undefined ? null : core.ports.ledger.readText(rationale),
      strategy_id: blocked?.request.strategy_id ?? null,
    },
    words: wordCode(requested.digest),
    worst_price: requested.worst_price,
  };
}

/** Those that wait, oldest first, then the last ones that have ended. */
export function describeApprovals(core: LiveCore): ApprovalsBody {
  const { approvals } = core.state;
  const shown = [...approvals.pending(), ...approvals.ended(SHOWN_ENDED)];
  return { approvals: shown.map((approval) => describeApproval(core, approval)) };
}

/** What its own agent learns of an approval. */
export function tellApproval(core: LiveCore, approval: ApprovalState): NonNullable<ExecutionBody['approval']> {
  const { requested } = approval;
  return {
    approval_id: requested.approval_id,
    card: cardOf(core, requested.approval_id),
    decision_id: approval.decisionId,
    expires_at_ms: requested.expires_at_ms,
    quorum: requested.quorum,
    signatures: approval.signatures.length,
    ...statusOf(core, approval),
    words: wordCode(requested.digest),
  };
}

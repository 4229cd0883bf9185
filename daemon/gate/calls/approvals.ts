import { profileOf } from '../../core/venues.ts';
import { type ApprovalState, approverOf, isOver } from '../../engine/callers/approvals.ts';
import type { Decided } from '../../engine/decide/take-decision.ts';
import { grantedRequest } from '../../engine/openings/approvals.ts';
import type { ApprovalBody, ApprovalProof, ApprovedBody } from '../../engine/records/approvals.ts';
import type { Caller } from '../../engine/records/callers.ts';
import type { DecisionEvent, RequestedApproval } from '../../engine/records/events.ts';
import { describeApproval } from '../../reads/approvals.ts';
import type { CallerReads } from '../../reads/reads.ts';
import type { GateCore } from '../journal/journal.ts';
import { type Availability, DISK_FULL } from './disk-space.ts';
import type { Intake } from './intake.ts';
import type { Outcomes } from './outcomes.ts';
import type { ParentDecisions } from './parent-decisions.ts';

/** An approval that cannot be given. It is recorded, and nothing was sent. */
export class ApprovalError extends Error {
  readonly code: 'APPROVAL_REFUSED' | 'NOT_READY';

  constructor(message: string, code: ApprovalError['code'] = 'APPROVAL_REFUSED') {
    super(message);
    this.code = code;
  }
}

/** Grants and denials of people. */
export class Approvals {
  readonly #core: GateCore;
  readonly #availability: Availability;
  readonly #decisions: ParentDecisions;
  readonly #outcomes: Outcomes;
  readonly #reads: CallerReads;

  constructor(parts: {
    core: GateCore;
    availability: Availability;
    decisions: ParentDecisions;
    outcomes: Outcomes;
    reads: CallerReads;
  }) {
    this.#core = parts.core;
    this.#availability = parts.availability;
    this.#decisions = parts.decisions;
    this.#outcomes = parts.outcomes;
    this.#reads = parts.reads;
  }

  find(id: string): ApprovalBody | null {
    const approval = this.#core.state.approvals.find(id);
    return approval === null ? null : describeApproval(this.#core, approval);
  }

  /**
   * One person's approval. With the last one that is needed, the gate decides again, with the approval in its context; that
   * decision's own record uses it up. INVARIANT: from the check to the decision there is no `await`, so that of two grants
   * only one finds it waiting.
   *
   * @param digest of the approval as the person saw it
   * @returns null: there is no such approval
   * @throws ApprovalError when it is not accepted
   */
  async approve(caller: Caller, id: string, digest: string, proof: ApprovalProof): Promise<ApprovedBody | null> {
    const core = this.#core;
    this.#requireAvailable();
    // The blocked decision is read from the ledger.
    await core.settled();
    const approval = core.state.approvals.find(id);
    if (approval === null) return null;
    const why = this.#findRefusal(approval, digest, proof);
    if (why !== null) throw await this.refuse(caller, id, why);
    const signed = core.append('approval', { action: 'signed', approval_id: id, digest, proof, set_by: caller.agent });
    const now = core.state.approvals.find(id) ?? approval;
    const counted = this.#counted(now);
    if (new Set(counted.signatures.map(({ approver }) => approver)).size < now.requested.quorum) {
      await signed.committed;
      return { approval: describeApproval(core, core.state.approvals.find(id) ?? now), answer: null };
    }
    const { decided, intake } = this.#grant(counted);
    const carriedOut = decided.body.decision === 'BLOCK' ? null : this.#outcomes.of(intake, decided);
    await core.settled();
    await carriedOut;
    core.ports.trace?.answered(decided.body.decision_id);
    const answer = this.#reads.getDecision(caller, decided.body.decision_id);
    if (answer === null) throw new Error(`decision ${decided.body.decision_id} is not in the ledger`);
    return { approval: describeApproval(core, core.state.approvals.find(id) ?? now), answer };
  }

  /** @throws ApprovalError when it does not wait any more */
  async deny(caller: Caller, id: string, reason: string): Promise<ApprovalBody | null> {
    const core = this.#core;
    this.#requireAvailable();
    const approval = core.state.approvals.find(id);
    if (approval === null) return null;
    if (isOver(approval, core.nowMs())) throw await this.refuse(caller, id, describeEnd(approval));
    await core.append('approval', { action: 'denied', approval_id: id, reason, set_by: caller.agent }).committed;
    return describeApproval(core, core.state.approvals.find(id) ?? approval);
  }

  /** Records what was not accepted, by the gate or by the entrance that verifies signatures. */
  async refuse(caller: Caller, id: string, reason: string): Promise<ApprovalError> {
    await this.#core.append('approval', { action: 'refused', approval_id: id, reason, set_by: caller.agent }).committed;
    return new ApprovalError(reason);
  }

  #requireAvailable(): void {
    const closed = this.#availability.findRefusal() ?? (this.#availability.isDiskFull ? DISK_FULL : null);
    if (closed !== null && 'message' in closed) throw new ApprovalError(closed.message, 'NOT_READY');
  }

  /** Why the proof is not accepted; null: it is. */
  #findRefusal(approval: ApprovalState, digest: string, proof: ApprovalProof): string | null {
    const core = this.#core;
    const { requested, signatures } = approval;
    if (isOver(approval, core.nowMs())) return describeEnd(approval);
    if (!core.isCallerLive(requested.token_id)) return voidOrphan(core, requested);
    if (digest !== requested.digest) return 'the digest is not the one of this approval: look at it again';
    // RISK: on live a token that lies in a file must not be enough to open.
    if (profileOf(core.settings.venue).isRealMoney && proof.kind !== 'passkey')
      return `on ${core.settings.venue} only a passkey approves`;
    // It may have been removed since its signature was verified.
    if (proof.kind === 'passkey' && core.state.passkeys.find(proof.key_id) === null)
      return 'the passkey that signed it was removed';
    const approver = approverOf(proof);
    return signatures.some((signature) => signature.approver === approver)
      ? 'this approver has approved it already, and another one is needed'
      : null;
  }

  /**
   * With the signatures that count. RISK: who revokes an operator's token does not trust it: what it approved counts no more. What a
   * removed passkey signed is gone by then.
   */
  #counted(approval: ApprovalState): ApprovalState {
    const { stands } = this.#core.authorityNow();
    return { ...approval, signatures: approval.signatures.filter(({ credential }) => stands(credential)) };
  }

  #grant(approval: ApprovalState): { readonly decided: Decided; readonly intake: Intake } {
    const core = this.#core;
    const stored = core.ports.ledger.findDecision(approval.requested.approval_id);
    if (stored === null) throw new Error(`decision ${approval.requested.approval_id} is not in the ledger`);
    const blocked = stored.payload as DecisionEvent;
    const intake: Intake = {
      request: grantedRequest(blocked, core.nowMs()),
      caller: {
        role: blocked.request.origin === 'operator' ? 'operator' : 'agent',
        agent: blocked.agent,
        tokenId: approval.requested.token_id,
        skillSha256: blocked.context.trust.token_skill_sha256,
      },
      bodyHash: null,
      texts: {},
      target: null,
      // It held under this policy, which is still the one in force: another one voids the approval.
      schemaViolation: blocked.context.schema_violation,
    };
    return { decided: this.#decisions.decideGranted(intake, approval), intake };
  }
}

/**
 * Ends what waits for people and was asked for with a token that has ended: nobody can grant it, and it would keep its agent
 * from asking again.
 */
export function voidOrphans(core: GateCore): void {
  for (const approval of [...core.state.approvals.pending()])
    if (!isOver(approval, core.nowMs()) && !core.isCallerLive(approval.requested.token_id))
      voidOrphan(core, approval.requested);
}
/** Why it is void. */
function voidOrphan(core: GateCore, { agent, approval_id }: RequestedApproval): string {
  const reason = `the token of agent ${agent} that asked for it was revoked or has expired`;
  core.append('approval', { action: 'voided', approval_id, reason, set_by: 'daemon' });
  return reason;
}

function describeEnd({ detail, status }: ApprovalState): string {
  if (status === 'pending') return 'it has expired: the agent must ask again';
  return status === 'granted' ? 'it was approved already, and is used up' : `it is ${status}: ${detail ?? ''}`;
}

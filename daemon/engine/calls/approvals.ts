import { profileOf } from '../../core/venues.ts';
import { type ApprovalState, approverOf, isOver } from '../callers/approvals.ts';
import type { Decided } from '../decide/decided.ts';
import type { LiveCore } from '../flow/core.ts';
import { type Flow, onDisk, resultOf } from '../flow/step.ts';
import { grantedRequest } from '../openings/approvals.ts';
import type { ApprovalProof } from '../records/approvals.ts';
import type { Caller } from '../records/callers.ts';
import type { DecisionEvent } from '../records/decisions.ts';
import type { RequestedApproval } from '../records/people-events.ts';
import { DISK_FULL } from './disk-space.ts';
import type { Availability, Intake, ParentDecisions } from './intake.ts';
import type { Outcomes } from './tool-calls.ts';

/** An approval that cannot be given. It is recorded, and nothing was sent. */
export class ApprovalError extends Error {
  readonly code: 'APPROVAL_REFUSED' | 'NOT_READY';

  constructor(message: string, code: ApprovalError['code'] = 'APPROVAL_REFUSED') {
    super(message);
    this.code = code;
  }
}

/** `decisionId`: of the grant; null: more people must approve. */
interface Approved {
  readonly approval: ApprovalState;
  readonly decisionId: string | null;
}

/** Grants and denials of people. */
export class Approvals {
  readonly #core: LiveCore;
  readonly #availability: Availability;
  readonly #decisions: ParentDecisions;
  readonly #outcomes: Outcomes;

  constructor(parts: {
    core: LiveCore;
    availability: Availability;
    decisions: ParentDecisions;
    outcomes: Outcomes;
  }) {
    this.#core = parts.core;
    this.#availability = parts.availability;
    this.#decisions = parts.decisions;
    this.#outcomes = parts.outcomes;
  }

  /**
   * One person's approval. With the last one that is needed, the gate decides again, with the approval in its context; that
   * decision's own record uses it up. INVARIANT: from the check to the decision nothing is waited for, so that of two grants
   * only one finds it waiting.
   *
   * @param digest of the approval as the person saw it
   * @returns null: there is no such approval
   * @throws ApprovalError when it is not accepted
   */
  *approve(caller: Caller, id: string, digest: string, proof: ApprovalProof): Flow<Approved | null> {
    const core = this.#core;
    this.#requireAvailable();
    // The blocked decision is read from the ledger.
    yield* onDisk();
    const approval = core.state.approvals.find(id);
    if (approval === null) return null;
    const why = this.#findRefusal(approval, digest, proof);
    if (why !== null) throw this.refuse(caller, id, why);
    // Another one was quicker: what this person wants is done.
    if (approval.status === 'granted') return { approval, decisionId: approval.decisionId };
    core.append('approval', { action: 'signed', approval_id: id, digest, proof, set_by: caller.agent });
    const now = core.state.approvals.find(id) ?? approval;
    const counted = this.#counted(now);
    if (new Set(counted.signatures.map(({ approver }) => approver)).size < now.requested.quorum)
      return { approval: now, decisionId: null };
    const { decided, intake } = this.#grant(counted);
    const carriedOut = decided.body.decision === 'BLOCK' ? null : this.#outcomes.of(intake, decided);
    if (carriedOut !== null) yield* resultOf(carriedOut);
    core.ports.trace?.answered(decided.body.decision_id);
    return { approval: now, decisionId: decided.body.decision_id };
  }

  /** @throws ApprovalError when it does not wait any more */
  deny(caller: Caller, id: string, reason: string): ApprovalState | null {
    const core = this.#core;
    this.#requireAvailable();
    const approval = core.state.approvals.find(id);
    if (approval === null) return null;
    if (isOver(approval, core.nowMs())) throw this.refuse(caller, id, describeEnd(approval));
    core.append('approval', { action: 'denied', approval_id: id, reason, set_by: caller.agent });
    return core.state.approvals.find(id) ?? approval;
  }

  /** Records what was not accepted, by the gate or by the entrance that verifies signatures. */
  refuse(caller: Caller, id: string, reason: string): ApprovalError {
    this.#core.append('approval', { action: 'refused', approval_id: id, reason, set_by: caller.agent });
    return new ApprovalError(reason);
  }

  #requireAvailable(): void {
    const closed = this.#availability.findRefusal() ?? (this.#availability.isDiskFull ? DISK_FULL : null);
    if (closed !== null && 'message' in closed) throw new ApprovalError(closed.message, 'NOT_READY');
  }

  /** Why the proof is not accepted; null: it is. */
  #findRefusal(approval: ApprovalState, digest: string, proof: ApprovalProof): string | null {
    const core = this.#core;
    const { requested, status } = approval;
    const isGranted = status === 'granted';
    const { signatures } = isGranted ? approval : this.#counted(approval);
    const approver = approverOf(proof);
    const hasSigned = signatures.some((signature) => signature.approver === approver);
    if (isOver(approval, core.nowMs()) && (!isGranted || hasSigned)) return describeEnd(approval);
    if (!isGranted && !core.isCallerLive(requested.token_id)) return voidOrphan(core, requested);
    if (digest !== requested.digest) return 'the digest is not the one of this approval: look at it again';
    // RISK: on live a token that lies in a file must not be enough to open.
    if (profileOf(core.settings.venue).isRealMoney && proof.kind !== 'passkey')
      return `on ${core.settings.venue} only a passkey approves`;
    // It may have been removed since its signature was verified.
    if (proof.kind === 'passkey' && core.state.passkeys.find(proof.key_id) === null)
      return 'the passkey that signed it was removed';
    return hasSigned ? 'this approver has approved it already, and another one is needed' : null;
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

function describeEnd({ detail, status }: ApprovalState): string {
  if (status === 'pending') return 'it has expired: the agent must ask again';
  return status === 'granted' ? 'it was approved already, and is used up' : `it is ${status}: ${detail ?? ''}`;
}

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
function voidOrphan(core: LiveCore, { agent, approval_id }: RequestedApproval): string {
  const reason = `the token of agent ${agent} that asked for it was revoked or has expired`;
  core.append('approval', { action: 'voided', approval_id, reason, set_by: 'daemon' });
  return reason;
}

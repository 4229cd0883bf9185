import type { ApprovalGrant } from '../../core/context.ts';
import { countedUsdt } from '../../core/rules/price.ts';
import { ByName, keepLast } from '../kept/collections.ts';
import type { ApprovalProof } from '../records/approvals.ts';
import type { DecisionEvent } from '../records/decisions.ts';
import type {
  ApprovalEvent,
  PasskeyEvent,
  PolicyEvent,
  RequestedApproval,
  StateEvent,
} from '../records/people-events.ts';
import { ceilTicks, floorLots, floorTicks, type LotRules, readE8, type TickRules } from '../records/units.ts';

/** Older ones that have ended are only in the ledger. */
const MAX_ENDED = 1_000;

/** `granted`: used up by the decision of the grant, whatever that said. `expired` follows from the time alone. */
export type ApprovalStatus = 'pending' | 'granted' | 'denied' | 'voided' | 'expired';
interface Signature {
  readonly atMs: number;
  readonly by: string;
  readonly kind: 'operator_token' | 'passkey';
  /** Equal for two signatures of one approver. */
  readonly approver: string;
  /** Id of the token, or the passkey; of older records of a token, its operator's name. */
  readonly credential: string;
}
export interface ApprovalState {
  readonly requested: RequestedApproval;
  readonly requestedAtMs: number;
  readonly signatures: readonly Signature[];
  readonly status: ApprovalStatus;
  readonly endedAtMs: number | null;
  /** Why it ended; null: it waits, or was granted. */
  readonly detail: string | null;
  /** The decision of the grant. */
  readonly decisionId: string | null;
}

/**
 * Approvals that wait, what became of others, and what agents opened. All of it follows from records: also that an approval
 * is void, so that no restart and no order of records brings one back.
 */
export class ApprovalBook {
  private readonly waiting = new Map<string, ApprovalState>();
  private readonly over = new Map<string, ApprovalState>();
  private readonly opened = new ByName(() => new OpenedSums());

  find(id: string): ApprovalState | null {
    return this.waiting.get(id) ?? this.over.get(id) ?? null;
  }
  /** Oldest first; {@link isOver} says which of them have expired since the last record. */
  pending(): IterableIterator<ApprovalState> {
    return this.waiting.values();
  }
  /** Newest first. */
  ended(limit: number): readonly ApprovalState[] {
    return [...this.over.values()].slice(-limit).reverse();
  }

  /** Those of an agent that wait at this time, and the one among them for a symbol. */
  count(agent: string, symbol: string, nowMs: number): { readonly count: number; readonly inSymbol: string | null } {
    let count = 0;
    let inSymbol: string | null = null;
    for (const approval of this.waiting.values()) {
      if (approval.requested.agent !== agent || isOver(approval, nowMs)) continue;
      count += 1;
      if (approval.requested.symbol === symbol) inSymbol = approval.requested.approval_id;
    }
    return { count, inSymbol };
  }
  /** Whether the agent has one that waits; `symbol` null: in any. */
  isWaiting(agent: string, symbol: string | null): boolean {
    if (this.waiting.size === 0) return false;
    for (const { requested } of this.waiting.values())
      if (requested.agent === agent && (symbol === null || symbol === requested.symbol)) return true;
    return false;
  }
  openedUsdt(agent: string, tMs: number, windowMs: number): { readonly approved: number; readonly unapproved: number } {
    return this.opened.find(agent)?.sum(tMs, windowMs) ?? { approved: 0, unapproved: 0 };
  }

  apply(event: ApprovalEvent, atMs: number): void {
    switch (event.action) {
      case 'requested': {
        const { approval_id: id } = event;
        this.waiting.set(id, {
          requested: event,
          requestedAtMs: atMs,
          signatures: [],
          status: 'pending',
          endedAtMs: null,
          detail: null,
          decisionId: null,
        });
        return;
      }
      case 'signed': {
        const approval = this.waiting.get(event.approval_id);
        if (approval === undefined || event.digest !== approval.requested.digest) return;
        const { proof } = event;
        const by = proof.kind === 'passkey' ? proof.name : proof.by;
        const approver = approverOf(proof);
        const credential = proof.kind === 'passkey' ? proof.key_id : (proof.token_id ?? proof.by);
        const signature: Signature = { atMs, by, kind: proof.kind, approver, credential };
        this.waiting.set(event.approval_id, { ...approval, signatures: [...approval.signatures, signature] });
        return;
      }
      case 'denied':
        this.#end(event.approval_id, 'denied', atMs, `denied by ${event.set_by}: ${event.reason}`);
        return;
      case 'voided':
        this.#end(event.approval_id, 'voided', atMs, event.reason);
        return;
      case 'refused':
        return;
    }
  }

  /** INVARIANT: the record that uses an approval ends it, whatever it decided. */
  noteDecision(event: DecisionEvent, atMs: number, tMs: number): void {
    const { context, decision, request } = event;
    if (decision.kind !== 'tool') return;
    const grant = context.approval?.grant ?? null;
    if (grant !== null) this.#end(grant.approval_id, 'granted', atMs, { decisionId: decision.decision_id });
    const isCancelAll = request.tool === 'cancel_all';
    const isClosing = isCancelAll || request.intent === 'close' || decision.effective?.action === 'exit';
    if (isClosing && this.waiting.size > 0) {
      const what = isCancelAll ? 'canceled all' : 'closed';
      this.#void(
        (each) => each.agent === event.agent && (request.symbol === null || request.symbol === each.symbol),
        `the agent itself ${what}`,
        atMs,
      );
    }
    if (decision.effective?.action === 'open' && event.orders.length > 0 && !event.orders.some((o) => o.reduce_only))
      this.addOpened(event.agent, countedUsdt(decision.effective, context), grant !== null, tMs);
  }
  addOpened(agent: string, usdt: number, isApproved: boolean, tMs: number): void {
    if (usdt > 0) this.opened.of(agent).add(tMs, usdt, isApproved);
  }

  /** Whatever ends opening ends what waits to open: a person would approve it again under the new circumstances. */
  noteState({ layer, name, reason, scope, state }: StateEvent, atMs: number): void {
    if (state === 'active') return;
    this.#void(
      (each) => scope === 'account' || name === (scope === 'symbol' ? each.symbol : each.agent),
      `trading state ${state} by the ${layer} layer${layer === 'operator' ? '' : `: ${reason}`}`,
      atMs,
    );
  }
  notePolicy({ action, hash }: PolicyEvent, atMs: number): void {
    if (action === 'in_force') this.#void((each) => each.policy_hash !== hash, 'another policy is in force', atMs);
  }

  /**
   * RISK: who removes a passkey does not trust it: what it signed for an order that still waits counts no more. A recovery
   * removes every key.
   */
  notePasskey(event: PasskeyEvent): void {
    if (event.action === 'asserted' || (event.action === 'added' && !event.is_recovery)) return;
    const isGone = ({ approver, kind }: Signature): boolean =>
      event.action === 'added' ? kind === 'passkey' : approver === `passkey ${event.id}`;
    for (const [id, approval] of this.waiting)
      if (approval.signatures.some(isGone))
        this.waiting.set(id, { ...approval, signatures: approval.signatures.filter((each) => !isGone(each)) });
  }

  /** What a record finds expired has ended; until then {@link isOver} says so. */
  dropOld(atMs: number): void {
    if (this.waiting.size === 0) return;
    for (const [id, { requested }] of this.waiting)
      if (atMs >= requested.expires_at_ms) this.#end(id, 'expired', atMs, 'nobody approved it in time');
  }

  #void(concerns: (requested: RequestedApproval) => boolean, why: string, atMs: number): void {
    if (this.waiting.size === 0) return;
    for (const [id, { requested }] of this.waiting) if (concerns(requested)) this.#end(id, 'voided', atMs, why);
  }

  #end(id: string, status: ApprovalStatus, endedAtMs: number, why: string | { readonly decisionId: string }): void {
    const approval = this.waiting.get(id);
    if (approval === undefined) return;
    this.waiting.delete(id);
    const [detail, decisionId] = typeof why === 'string' ? [why, null] : [null, why.decisionId];
    this.over.set(id, { ...approval, status, endedAtMs, detail, decisionId });
    keepLast(this.over, MAX_ENDED);
  }
}

/** Equal for two signatures of one approver. */
export function approverOf(proof: ApprovalProof): string {
  return proof.kind === 'passkey' ? `passkey ${proof.key_id}` : `operator ${proof.by}`;
}

/** Nobody can grant it any more. */
export function isOver(approval: ApprovalState, nowMs: number): boolean {
  return approval.status !== 'pending' || !(nowMs < approval.requested.expires_at_ms);
}

/** Until when what it permits may go out and rest. */
export function opensUntilMs({ expires_at_ms: grantByMs, opens_until_ms: opensMs }: RequestedApproval): number {
  return opensMs ?? grantByMs;
}

/**
 * The grant that a decision is held to, in the steps of now: the quantity and the worst price that were signed, never
 * more. `steps` null: they are not known.
 */
export function grantOf(
  { requested }: Pick<ApprovalState, 'requested'>,
  steps: (LotRules & TickRules) | null,
): ApprovalGrant {
  const { quantity, side, worst_price: worst } = requested;
  const inTicks = side === 'buy' ? floorTicks : ceilTicks;
  return {
    agent: requested.agent,
    approval_id: requested.approval_id,
    expires_at_ms: requested.expires_at_ms,
    leverage: requested.leverage,
    lots: steps === null ? requested.lots : floorLots(readE8(quantity), steps),
    policy_hash: requested.policy_hash,
    price_ticks: steps === null ? requested.price_ticks : inTicks(readE8(worst), steps),
    quorum: requested.quorum,
    side,
    symbol: requested.symbol,
  };
}

const BUCKET_MS = 60_000;
/** The longest window of a policy. */
const KEEP_MS = 86_400_000;

interface Bucket {
  readonly index: number;
  approved: number;
  unapproved: number;
}

/**
 * What one agent opened, with and without an approval, by the minute. A minute counts until all of it has left the window:
 * never too small a sum.
 */
class OpenedSums {
  private readonly buckets: Bucket[] = [];

  add(tMs: number, usdt: number, isApproved: boolean): void {
    const index = Math.floor(tMs / BUCKET_MS);
    let last = this.buckets.at(-1);
    if (last === undefined || last.index < index) {
      last = { index, approved: 0, unapproved: 0 };
      this.buckets.push(last);
      const first = Math.floor((tMs - KEEP_MS) / BUCKET_MS);
      const kept = this.buckets.findIndex((bucket) => bucket.index >= first);
      if (kept > 0) this.buckets.splice(0, kept);
    }
    if (isApproved) last.approved += usdt;
    else last.unapproved += usdt;
  }

  sum(tMs: number, windowMs: number): { readonly approved: number; readonly unapproved: number } {
    const first = Math.floor((tMs - windowMs) / BUCKET_MS);
    let approved = 0;
    let unapproved = 0;
    for (let i = this.buckets.length - 1; i >= 0; i -= 1) {
      const bucket = this.buckets[i] as Bucket;
      if (bucket.index < first) break;
      approved += bucket.approved;
      unapproved += bucket.unapproved;
    }
    return { approved, unapproved };
  }
}

/**
 * The authority of an order that opens: until when, and on whose word, it may go out and rest (DESIGN section 12.3). It is
 * fixed at the order's record, and {@link whyEnded} alone says that it has ended: before a slice or an amend is sent, on the
 * way, at rest and after a restart. Pure, for the daemon and a replay alike (SAE-SAME-CODE). Instants in ms.
 */
import type { CompiledPolicy } from '../../core/compiled-policy.ts';
import type { ExecutionDecision } from '../../core/decision.ts';
import type { ExecutionRequest } from '../../core/request.ts';
import { closesAt } from '../../core/rules/schedule.ts';
import { type ApprovalState, opensUntilMs } from '../callers/approvals.ts';
import { everyLiveOrder, isOwnOpening, isPlanned, isTerminal, neverRests, type OrderState } from '../orders/orders.ts';
import type { Authority, EndsBy, PlannedOrder } from '../records/decisions.ts';
import type { GateViews } from '../state/views.ts';
import type { AuthorityNow } from './authority-now.ts';

/** On what an order rests beside its decision. */
export interface Words {
  /** The token, or the passkey, with which it was asked for; null: nobody asked with any. */
  readonly askedWith: string | null;
  /** The approval that it uses up; null: none was needed. */
  readonly approval: ApprovalState | null;
}
export const NO_WORDS: Words = { askedWith: null, approval: null };

interface Asked {
  readonly request: ExecutionRequest;
  readonly policy: CompiledPolicy;
  readonly nowMs: number;
  readonly words: Words;
}

/** What an order's time is bounded by; null: it is not. */
export const BOUNDS: { readonly [By in EndsBy]: (asked: Asked) => number | null } = {
  valid_until_ms: ({ request }) => request.valid_until_ms,
  resting_ttl_ms: ({ nowMs, policy }) => nowMs + policy.spec.standing.resting_ttl_ms,
  schedule: ({ nowMs, policy }) => (policy.schedule === null ? null : closesAt(policy.schedule, nowMs)),
  opens_until_ms: ({ words: { approval } }) => (approval === null ? null : opensUntilMs(approval.requested)),
};

/** What is recorded with a decision that opens, or that makes what opens larger or dearer; null: it does neither. */
export function planAuthority(
  asked: Asked,
  { effective }: Pick<ExecutionDecision, 'effective'>,
  orders: readonly PlannedOrder[],
): Authority | null {
  const opens = orders.length > 0 && !orders.some(({ reduce_only: closes }) => closes);
  const addsRisk = effective?.action === 'amend' && effective.leverage !== null;
  if (!opens && !addsRisk) return null;
  let endsAtMs = Number.POSITIVE_INFINITY;
  let endsBy: EndsBy = 'resting_ttl_ms';
  for (const by of Object.keys(BOUNDS) as EndsBy[]) {
    const atMs = BOUNDS[by](asked) ?? Number.POSITIVE_INFINITY;
    if (atMs >= endsAtMs) continue;
    endsAtMs = atMs;
    endsBy = by;
  }
  const { approval, askedWith } = asked.words;
  const approvedWith = approval?.signatures.map(({ credential }) => credential) ?? [];
  const words = askedWith === null ? approvedWith : [askedWith, ...approvedWith];
  return { ends_at_ms: Math.floor(endsAtMs), ends_by: endsBy, words: [...new Set(words)] };
}

export const TIME_OVER: { readonly [By in EndsBy]: string } = {
  valid_until_ms: 'its valid_until_ms is over',
  resting_ttl_ms: 'resting time to live is over',
  schedule: "its agent's hours are over",
  opens_until_ms: 'the time is over for which people approved it (opens_until_ms)',
};
export const STAGING_EXPIRED = 'the staging plan ran out of time';
export const WORD_GONE =
  'who asked for it, or approved it, may do so no more: a token is revoked or has expired, or a passkey is removed';
export const OTHER_POLICY = 'it was approved under another policy';
export const UNSEEN = 'another policy is in force, and nobody has looked at the order who has to by that one';

type FindEnd = (order: OrderState, now: AuthorityNow) => string | null;

/** One line for each cause; null: not by this one. */
export const ENDS: { readonly [cause: string]: FindEnd } = {
  time: ({ endsAtMs, endsBy }, { nowMs }) =>
    endsAtMs !== null && nowMs >= endsAtMs ? TIME_OVER[endsBy ?? 'resting_ttl_ms'] : null,
  // RISK: by the time that has passed as well.
  passed: ({ endsBy, lapsesAtMs, plannedAtMs }, { spec, tMs }) =>
    tMs >= (lapsesAtMs ?? plannedAtMs + spec.standing.resting_ttl_ms) ? TIME_OVER[endsBy ?? 'resting_ttl_ms'] : null,
  staging: (order, { spec, tMs }) =>
    isPlanned(order) && tMs > order.plannedAtMs + spec.staging.ttl_ms ? STAGING_EXPIRED : null,
  // RISK: a token is revoked because whoever holds it must open nothing more.
  words: (order, { isSpokenFor, stands }) => (hasWord(order, isSpokenFor, stands) ? null : WORD_GONE),
  policy: ({ approvedE8, policyHash: decidedBy }, { policyHash }) =>
    approvedE8 !== null && decidedBy !== policyHash ? OTHER_POLICY : null,
  // What people would be asked is of the parent as a whole, and rule 16 asks nobody about a part of one.
  unseen: (order, { policyHash, spec }) =>
    isPlanned(order) && spec.approvals !== undefined && order.policyHash !== policyHash ? UNSEEN : null,
};

/** Records of before say only whose it is. */
function hasWord(
  { agent, origin, words }: OrderState,
  isSpokenFor: AuthorityNow['isSpokenFor'],
  stands: AuthorityNow['stands'],
): boolean {
  if (words === null) return origin !== 'agent' || agent === null || isSpokenFor(agent);
  return words === '' || words.split(' ').every(stands);
}

/** Why the authority of an order has ended; null: it has not, or the order opens nothing. */
export function whyEnded(order: OrderState, now: AuthorityNow): string | null {
  if (!isOwnOpening(order)) return null;
  for (const find of Object.values(ENDS)) {
    const why = find(order, now);
    if (why !== null) return why;
  }
  return null;
}

/** When the time of an order is over at the latest, where venue time is `t`, as in a replay; of one that is not sent, also that of its plan. */
export function endOfTimeMs(order: OrderState, spec: AuthorityNow['spec']): number {
  const { endsAtMs, lapsesAtMs, plannedAtMs } = order;
  const lapsesMs = lapsesAtMs ?? plannedAtMs + spec.standing.resting_ttl_ms;
  const stagedMs = isPlanned(order) ? plannedAtMs + spec.staging.ttl_ms + 1 : Number.POSITIVE_INFINITY;
  return Math.min(endsAtMs ?? lapsesMs, lapsesMs, stagedMs);
}

/** Orders to be canceled, or dropped where they are not sent yet. What is on its way and never rests its sender stops. */
export function findEnded(
  { orders }: GateViews,
  now: AuthorityNow,
): readonly { readonly order: OrderState; readonly why: string }[] {
  const ended: { order: OrderState; why: string }[] = [];
  for (const order of everyLiveOrder(orders)) {
    if (!isOwnOpening(order) || order.cancelRequested || isTerminal(order)) continue;
    if (!isPlanned(order) && neverRests(order)) continue;
    const why = whyEnded(order, now);
    if (why !== null) ended.push({ order, why });
  }
  return ended;
}

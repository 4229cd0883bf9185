import type { TimeInForce } from '../../core/decision.ts';
import type { OrderType, Origin, Side } from '../../core/request.ts';
import type {
  DecisionEvent,
  EndsBy,
  EvidenceKind,
  OrderEvent,
  OrderStatus,
  PlannedOrder,
} from '../records/decisions.ts';
import { rulesOf, tickE8, toE8 } from '../records/units.ts';
import type { OrderKind } from '../records/venue.ts';

/** Instants are by `t` (passed-time.ts), but for `endsAtMs`. */
export interface OrderState {
  readonly clientOrderId: string;
  readonly decisionId: string | null;
  readonly agent: string | null;
  readonly origin: Origin | null;
  readonly symbol: string;
  readonly side: Side;
  readonly orderType: OrderType | string;
  readonly timeInForce: TimeInForce | null;
  readonly kind: OrderKind;
  readonly slice: number;
  /** Charged leverage; a later slice may be held to less than its parent was. */
  leverage: number;
  readonly reduceOnly: boolean;
  readonly protective: boolean;
  readonly foreign: boolean;
  triggerE8: number | null;
  readonly plannedAtMs: number;
  /** When a delayed slice falls due. */
  readonly dueAtMs: number;
  /** Bound on the price that was requested; null: none was, which exits may leave out. */
  readonly slippageBps: number | null;
  /** Middle of the book that the decision saw which planned the order; null: it saw none, or there was no decision. */
  readonly midAtDecision: number | null;
  /** Skill that the caller's token names, and the one that the ask itself named: what the order is trusted by. */
  readonly tokenSkillSha256: string | null;
  readonly claimedSkillSha256: string | null;
  /** The worst price that a person approved for it; null: it needed no approval. */
  approvedE8: number | null;
  /** The policy by which it was decided; null: none was. */
  readonly policyHash: string | null;
  /** When its authority ends, venue time; null: an older record does not say, or it opens nothing. */
  readonly endsAtMs: number | null;
  /** The same by `t`. */
  readonly lapsesAtMs: number | null;
  readonly endsBy: EndsBy | null;
  /** Ids of the tokens and passkeys on whose word it rests, with a space between; null: an older record does not say. */
  words: string | null;
  quantityE8: number;
  priceE8: number | null;
  executedE8: number;
  status: OrderStatus;
  venueOrderId: string | null;
  averagePrice: number | null;
  detail: string | null;
  retryable: boolean;
  /** Decision of the slice that sent it (the parent's own for slice 0). */
  sentAtMs: number | null;
  /** When the venue first acknowledged it. */
  acknowledgedAtMs: number | null;
  cancelRequested: boolean;
  /** Why the order still rests although its cancel was requested, in the venue's words. */
  cancelRefusal: string | null;
  amend: { readonly quantityE8: number; readonly priceE8: number } | null;
  /** Record of the decision with which it goes out: a reading of before knows nothing of it. 0: it is not ours. */
  decidedSeq: number;
  /** Record of the decision behind `amend`; null: none, or somebody changed the order at the venue. */
  amendSeq: number | null;
  /** That amend was sent no later than this; known once its outcome is not. */
  amendSentByMs: number | null;
  /** Head of the ledger when the newest answer that showed the order was requested; null: the venue never showed it. */
  shownSeq: number | null;
  /** Record that ended it. */
  endedSeq: number | null;
  /** The venue showed its end; else it was refused, not sent, or is absent. */
  isEndShown: boolean;
  /** How it was proven to have ended; null: a record of an older daemon does not say, or it has not. */
  endedBy: EvidenceKind | null;
  /** It was sent no later than this; known once its outcome is not. */
  sentByMs: number | null;
  updatedAtMs: number;
  /** What trades have accounted for: quantity, and the sum of quantity times price, USDT in units of 1e-8. */
  tradedE8: number;
  tradedUsdtE8: number;
  /** What executed lots whose trades are not read yet were counted as, quantity times price. */
  unreportedUsdtE8: number;
  /** When they were counted last; null: there were none. */
  unreportedAtMs: number | null;
  /** What trades say was paid and realised, USDT; `feesUsdt` estimates where none is known yet. */
  tradedFeesUsdt: number;
  realisedPnlUsdt: number;
  feesUsdt: number;
}

/** Middle of the book that a decision saw. */
export function midOf({ context }: DecisionEvent): number | null {
  const { ask, bid } = context.market;
  return ask === null || bid === null ? null : (bid + ask) / 2;
}

/**
 * Orders of a permitted decision: slice 0 may be on its way from here on, later slices are planned.
 *
 * @param aheadMs venue time less `t`
 */
export function planOrders(event: DecisionEvent, atMs: number, aheadMs = 0): OrderState[] {
  return event.orders.map((planned) => buildOrder(planned, event, atMs, aheadMs));
}

/** What nothing has happened to yet. */
const UNTOUCHED = {
  averagePrice: null,
  detail: null,
  retryable: false,
  cancelRequested: false,
  cancelRefusal: null,
  amend: null,
  decidedSeq: 0,
  amendSeq: null,
  amendSentByMs: null,
  shownSeq: null,
  endedSeq: null,
  isEndShown: false,
  endedBy: null,
  sentByMs: null,
  tradedE8: 0,
  tradedUsdtE8: 0,
  unreportedUsdtE8: 0,
  unreportedAtMs: null,
  tradedFeesUsdt: 0,
  realisedPnlUsdt: 0,
  feesUsdt: 0,
} satisfies Partial<OrderState>;
const NO_AUTHORITY = { endsAtMs: null, lapsesAtMs: null, endsBy: null, words: null } satisfies Partial<OrderState>;

function buildOrder(planned: PlannedOrder, event: DecisionEvent, atMs: number, aheadMs: number): OrderState {
  const isFirst = planned.delay_ms === 0;
  return {
    ...UNTOUCHED,
    clientOrderId: planned.client_order_id,
    // Later rungs and merged exits belong to the decision that requested them.
    decisionId: event.parent_decision_id ?? event.decision.decision_id,
    agent: event.agent,
    origin: event.request.origin,
    symbol: planned.symbol,
    side: planned.side,
    orderType: planned.order_type,
    timeInForce: planned.time_in_force,
    kind: planned.kind,
    slice: planned.slice,
    leverage: planned.leverage,
    reduceOnly: planned.reduce_only,
    protective: planned.protective,
    foreign: false,
    triggerE8: planned.trigger_e8,
    plannedAtMs: atMs,
    dueAtMs: atMs + planned.delay_ms,
    slippageBps: event.decision.effective?.max_slippage_bps ?? null,
    midAtDecision: midOf(event),
    tokenSkillSha256: event.context.trust.token_skill_sha256,
    claimedSkillSha256: event.context.trust.claimed_skill_sha256,
    approvedE8: approvedOf(event),
    policyHash: event.decision.policy_hash,
    ...authorityOf(planned, event, aheadMs),
    quantityE8: planned.quantity_e8,
    priceE8: planned.price_e8,
    executedE8: 0,
    status: isFirst ? 'in_flight' : 'pending_send',
    venueOrderId: null,
    sentAtMs: isFirst ? atMs : null,
    acknowledgedAtMs: null,
    updatedAtMs: atMs,
  };
}

/** The grant has the tick of its own context. */
function approvedOf({ context }: DecisionEvent): number | null {
  const ticks = context.approval?.grant?.price_ticks ?? null;
  const { rules } = context.market;
  return ticks === null || rules === null ? null : toE8(ticks, tickE8(rulesOf(rules)));
}

/** Records of before say what the request, and the approval, had said of its end. */
function authorityOf(
  planned: PlannedOrder,
  { authority, context, request }: DecisionEvent,
  aheadMs: number,
): Pick<OrderState, 'endsAtMs' | 'lapsesAtMs' | 'endsBy' | 'words'> {
  if (planned.reduce_only) return NO_AUTHORITY;
  if (authority !== undefined) {
    const { ends_at_ms: endsAtMs, ends_by: endsBy, words } = authority;
    return { endsAtMs, lapsesAtMs: endsAtMs - aheadMs, endsBy, words: words.join(' ') };
  }
  const { valid_until_ms: validUntilMs } = request;
  const approvedUntilMs = context.approval?.grant?.expires_at_ms ?? null;
  if (validUntilMs === null && approvedUntilMs === null) return NO_AUTHORITY;
  const isApproval = (approvedUntilMs ?? Number.POSITIVE_INFINITY) < (validUntilMs ?? Number.POSITIVE_INFINITY);
  return {
    endsAtMs: isApproval ? approvedUntilMs : validUntilMs,
    lapsesAtMs: null,
    endsBy: isApproval ? 'opens_until_ms' : 'valid_until_ms',
    words: null,
  };
}

export function buildForeignOrder(event: OrderEvent, atMs: number): OrderState | null {
  const foreign = event.foreign;
  if (foreign === null) return null;
  return {
    ...UNTOUCHED,
    ...NO_AUTHORITY,
    clientOrderId: event.client_order_id,
    decisionId: null,
    agent: null,
    origin: null,
    symbol: foreign.symbol,
    side: foreign.side,
    orderType: foreign.order_type,
    timeInForce: null,
    kind: foreign.kind,
    slice: 0,
    leverage: 1,
    reduceOnly: foreign.reduce_only || foreign.close_position,
    protective: false,
    foreign: true,
    triggerE8: foreign.trigger_e8,
    plannedAtMs: atMs,
    dueAtMs: atMs,
    slippageBps: null,
    midAtDecision: null,
    tokenSkillSha256: null,
    claimedSkillSha256: null,
    approvedE8: null,
    policyHash: null,
    quantityE8: foreign.quantity_e8,
    priceE8: foreign.price_e8,
    // What it filled before it was seen is in the position already, which the account shows; its trades count by themselves.
    executedE8: event.executed_e8,
    tradedE8: event.executed_e8,
    tradedUsdtE8: event.executed_e8 * (event.average_price ?? 0),
    status: event.status,
    venueOrderId: event.venue_order_id,
    sentAtMs: atMs,
    acknowledgedAtMs: atMs,
    updatedAtMs: atMs,
  };
}

/** r_o: what may still fill; while an amend is not proven, the larger of both. */
export function remainingE8({
  amend,
  executedE8,
  quantityE8,
}: Pick<OrderState, 'amend' | 'executedE8' | 'quantityE8'>): number {
  const most = amend === null ? quantityE8 : Math.max(quantityE8, amend.quantityE8);
  return Math.max(0, most - executedE8);
}

/** Of the lots that an order has just executed, those whose trades are not read yet. */
export function unreportedE8({ executedE8, tradedE8 }: OrderState, quantityE8: number): number {
  return Math.max(0, executedE8 - Math.max(executedE8 - quantityE8, tradedE8));
}

/** The venue tells one average of all that was executed: what has just moved is the rest of it. Null: it tells none. */
export function priceMoved(order: OrderState, quantityE8: number, average: number | null): number | null {
  const unreported = unreportedE8(order, quantityE8);
  if (average === null || unreported === 0) return average;
  const price = (average * order.executedE8 - order.tradedUsdtE8 - order.unreportedUsdtE8) / unreported;
  return price > 0 ? price : average;
}

import type { Claim } from '../orders/claim.ts';
import { isProvenUnfilled } from '../orders/evidence.ts';
import type { OrderState } from '../orders/order.ts';
import type { EvidenceKind } from '../records/decisions.ts';
import type { EndedOrderRow } from '../records/ended-order.ts';
import type { GateViews } from './views.ts';

/** How long the ledger's table tells of an order after its end, ms of event time. */
export const KEEP_ENDED_ROWS_MS = 7 * 86_400_000;
/** How long an order stays in the views of which more may be heard, ms of event time. Late fills arrive within minutes. */
export const KEEP_UNPROVEN_MS = 7 * 86_400_000;
/** As long as that, so far back the exchange tells of trades, an order stays of which some were not read. */
const KEEP_UNREPORTED_MS = 90 * 86_400_000;
/** Proofs of an end that nothing contradicts later. */
const PROVEN: ReadonlySet<EvidenceKind | null> = new Set(['answer', 'shown', 'unsent']);

/** The execution of one decision: its orders, and the claim that they worked for. */
export interface Recalled {
  readonly orders: readonly OrderState[];
  readonly claim: Claim | null;
}
/** One of which all orders have ended. Foreign orders stand alone. */
export interface EndedDecision extends Recalled {
  readonly endedAtMs: number;
}

/** What ended a while ago leaves the views, decision by decision: no view, and no decision, asks for it any more. */
export function takeEnded(views: GateViews, nowMs: number): readonly EndedDecision[] {
  const { claims, orders, requests } = views;
  const dropped = orders.ended.dropOld(orders, nowMs, (order, endedAtMs) => mayLeave(views, order, endedAtMs, nowMs));
  return dropped.map((group) => {
    const { agent = null, decisionId = null } = group.orders[0] ?? {};
    if (decisionId === null) return { ...group, claim: null };
    if (group.orders.every(isProvenUnfilled)) requests.noteUnfilled(agent, decisionId);
    return { ...group, claim: claims.take(decisionId) };
  });
}

function mayLeave(views: GateViews, order: OrderState, endedAtMs: number, nowMs: number): boolean {
  // RISK: a further order of an exit that is not over is numbered by those before it, which are not forgotten.
  if (views.claims.isOpen(order.decisionId)) return false;
  // RISK: whose trades those are that a daemon reads after a long absence, only their order tells.
  const { executedE8, foreign, tradedE8, updatedAtMs } = order;
  if (executedE8 > tradedE8 && !foreign && updatedAtMs > nowMs - KEEP_UNREPORTED_MS) return false;
  return endedAtMs <= nowMs - KEEP_UNPROVEN_MS || isOver(views, order);
}

/** Nothing more is heard of it, and no other view holds it. */
function isOver({ changes, claims, readAs, uncontained }: GateViews, order: OrderState): boolean {
  if (order.amend !== null || order.executedE8 > order.tradedE8 || !PROVEN.has(order.endedBy)) return false;
  // The gate asks when its last exit of a symbol was.
  if (claims.find(order.decisionId ?? '')?.origin === 'gate') return false;
  return !uncontained.has(order) && !readAs.has(order) && !changes.isConcerned(order);
}

/** Members of a claim that are orders of its decision: their ids stand for them. */
type ReportedClaim = Omit<Claim, 'first' | 'orders' | 'gaveWay'> & {
  readonly first: string;
  readonly orders: readonly string[];
  readonly gaveWay: readonly string[];
};

export function toRows({ claim, endedAtMs, orders }: EndedDecision): readonly EndedOrderRow[] {
  return orders.map((order) => ({
    client_order_id: order.clientOrderId,
    decision_id: order.decisionId,
    agent: order.agent,
    symbol: order.symbol,
    planned_at_ms: order.plannedAtMs,
    ended_at_ms: endedAtMs,
    body: JSON.stringify(order),
    claim: claim?.first === order ? JSON.stringify(tellClaim(claim)) : null,
  }));
}
function tellClaim(claim: Claim): ReportedClaim {
  const ids = (orders: readonly OrderState[]): readonly string[] => orders.map(({ clientOrderId }) => clientOrderId);
  return { ...claim, first: claim.first.clientOrderId, orders: ids(claim.orders), gaveWay: ids(claim.gaveWay) };
}

export function orderOf({ body }: EndedOrderRow): OrderState {
  return JSON.parse(body) as OrderState;
}
/** Of a whole decision. Nothing is folded into these: they are copies. */
export function fromRows(rows: readonly EndedOrderRow[]): Recalled {
  const orders = rows.map(orderOf);
  const text = rows.find(({ claim }) => claim !== null)?.claim ?? null;
  if (text === null) return { orders, claim: null };
  const reported = JSON.parse(text) as ReportedClaim;
  const named = (ids: readonly string[]): OrderState[] =>
    orders.filter(({ clientOrderId }) => ids.includes(clientOrderId));
  const first = orders.find(({ clientOrderId }) => clientOrderId === reported.first);
  if (first === undefined) return { orders, claim: null };
  return { orders, claim: { ...reported, first, orders: named(reported.orders), gaveWay: named(reported.gaveWay) } };
}

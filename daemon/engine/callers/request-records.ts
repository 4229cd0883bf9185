import type { RequestKind } from '../../core/policy.ts';
import type { ExecutionRequest } from '../../core/request.ts';
import { ByName } from '../kept/restore.ts';
import { RollingSum } from '../kept/rolling-windows.ts';
import { type Claim, meantBy } from '../orders/claim.ts';
import { everyLiveOrder, isTerminal, liveOrders, type OrderBook } from '../orders/orders.ts';
import type { DecisionEvent } from '../records/decisions.ts';
import type { RejectedInputEvent, RequestSumEvent, SenderRole } from '../records/house-events.ts';
import type { SignalEvent } from '../records/people-events.ts';
import type { ApprovalBook } from './approvals.ts';
import { isInCancelAll, type LayerMap, stateInForce } from './layers.ts';

/** The longest window that a policy may have. */
const LONGEST_MS = 3_600_000;
const BUCKET_MS = 1_000;

/** Who sends requests: an agent and an operator of one name are two. */
export interface Sender {
  readonly origin: SenderRole;
  readonly agent: string;
}
/** What shows whether a cancel cancels anything. */
export interface CancelViews {
  readonly approvals: Pick<ApprovalBook, 'isWaiting'>;
  readonly claims: { readonly open: ReadonlySet<Claim> };
  readonly layers: LayerMap;
  readonly orders: OrderBook;
}

/** Rejected input is counted separately, against the same limit as refusals: it must not hide decisions. */
export type CountedKind = RequestKind | 'rejected' | 'signals';

export interface RecordCount {
  readonly records: number;
  /** When the oldest of them leaves the window; null: there is none. */
  readonly freeAtMs: number | null;
}

const MONITOR = 'monitor';

/**
 * How many calls without an effect are on record of each agent, and what was summed beyond that: folded from the
 * ledger, so that a restart begins no budget again. All tokens of an agent share its budgets; an operator of the same
 * name has its own.
 */
export class RequestRecords {
  /** By the second of `t`: one counts until its whole second has left the window, so the count is never too low. */
  private readonly windows = new ByName(() => new RollingSum(LONGEST_MS, BUCKET_MS));
  /** Calls that were summed, since the ledger began. */
  summed = 0;

  /** To be called before anything else takes the decision in: what it cancels is still alive then. */
  noteDecision(event: DecisionEvent, state: CancelViews, tMs: number): void {
    const kind = recordedAs(event, state, tMs);
    if (kind !== null) this.#add(kind, event.request.origin, event.agent, tMs);
  }
  noteRejected(event: RejectedInputEvent, tMs: number): void {
    this.#add('rejected', event.origin ?? 'agent', event.agent, tMs);
  }
  noteSignal(event: SignalEvent, tMs: number): void {
    if (event.ended_reason === undefined) this.#add('signals', MONITOR, event.set_by, tMs);
  }
  noteSum({ count }: RequestSumEvent): void {
    this.summed += count;
  }

  count(kind: CountedKind, { agent, origin }: Sender, tMs: number, windowMs: number): RecordCount {
    const window = this.windows.find(`${kind} ${origin} ${agent}`);
    if (window === undefined) return { records: 0, freeAtMs: null };
    return { records: window.sum(tMs, windowMs), freeAtMs: window.freeAtMs(tMs, windowMs) };
  }

  #add(kind: CountedKind, origin: SenderRole, agent: string, tMs: number): void {
    this.windows.of(`${kind} ${origin} ${agent}`).add(tMs, 1);
  }
}

const ADVISORY: { readonly [kind: string]: RequestKind } = { dry_run: 'dry_runs', intercept: 'intercepts' };

/** The budget that a recorded decision takes from; null: it had an effect, or nobody requested it. */
function recordedAs(event: DecisionEvent, state: CancelViews, tMs: number): RequestKind | null {
  const { decision, orders, request } = event;
  if (decision.kind !== 'tool') return ADVISORY[decision.kind] ?? null;
  if (orders.length > 0) return null;
  if (decision.decision === 'BLOCK' || decision.effective === null) return 'refusals';
  return decision.effective.action === 'cancel' && cancelsNothing(state, request, tMs) ? 'refusals' : null;
}

/**
 * A permitted cancel that changes nothing: no order that it means is alive or not being canceled already, and no exit
 * that it would end is between two of its orders.
 */
export function cancelsNothing(state: CancelViews, request: ExecutionRequest, tMs: number): boolean {
  const { approvals, claims, layers, orders } = state;
  const isHalted = (its: string, whose: string): boolean => stateInForce(layers, tMs, its, whose).state === 'halted';
  const meant = meantBy(claims.open, request, Number.POSITIVE_INFINITY, isHalted);
  if (meant.some((claim) => !claim.isCanceled)) return false;
  if (request.client_order_id !== null) {
    const order = orders.all.get(request.client_order_id);
    return order === undefined || order.cancelRequested || isTerminal(order);
  }
  const { agent, symbol } = request;
  if (approvals.isWaiting(agent, symbol)) return false;
  const live = symbol === null ? everyLiveOrder(orders) : liveOrders(orders, symbol);
  for (const order of live)
    if (!order.cancelRequested && !isTerminal(order) && isInCancelAll(order, request, layers, tMs)) return false;
  return true;
}

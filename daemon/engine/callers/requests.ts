import type { RequestKind } from '../../core/policy.ts';
import type { ExecutionRequest } from '../../core/request.ts';
import { ByName, RollingSum } from '../kept/collections.ts';
import { type Claim, meantBy } from '../orders/claim.ts';
import { everyLiveOrder, isTerminal, liveOrders, type OrderBook, type OrderState } from '../orders/orders.ts';
import type { DecisionEvent, OrderIntentEvent } from '../records/decisions.ts';
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
interface CancelViews {
  readonly approvals: Pick<ApprovalBook, 'isWaiting'>;
  readonly claims: { readonly open: ReadonlySet<Claim> };
  readonly layers: LayerMap;
  readonly orders: OrderBook;
}

/** Rejected input is counted separately, against the same limit as refusals: it must not hide decisions. */
export type CountedKind = RequestKind | 'rejected' | 'signals';

interface RecordCount {
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
  if (request.client_order_id === null && approvals.isWaiting(request.agent, request.symbol)) return false;
  return !findConcerned(request, orders, layers, tMs).some((order) => !order.cancelRequested && !isTerminal(order));
}

/** How many changes are kept. The orders themselves show what older ones did. */
export const MAX_CHANGES = 1_000;

/** The orders of one permitted modify, cancel or cancel_all, and its outcome besides their own status. */
export interface OrderChange {
  readonly action: 'amend' | 'cancel';
  readonly orders: readonly OrderState[];
  /** Amend: the venue proved one of both forms. A cancel shows in the status of its orders. */
  isSettled: boolean;
  /** Amend: why the old form stays, in the venue's words. */
  refusal: string | null;
}

/** Changes by their decision, folded from events alone. */
export class OrderChanges {
  private readonly byDecision = new Map<string, OrderChange>();
  /** How many changes are of an order. */
  private readonly concerned = new Map<OrderState, number>();

  find(decisionId: string): OrderChange | null {
    return this.byDecision.get(decisionId) ?? null;
  }

  /** Applies a decision on a tool call. */
  begin(event: DecisionEvent, book: OrderBook, layers: LayerMap, tMs: number): void {
    const action = event.decision.effective?.action;
    if (action !== 'amend' && action !== 'cancel') return;
    const orders = findConcerned(event.request, book, layers, tMs);
    if (action === 'amend')
      for (const order of orders) this.#settle(order, 'what became of it was not proven before the next change');
    const change: OrderChange = { action, orders, isSettled: false, refusal: null };
    this.byDecision.set(event.decision.decision_id, change);
    this.#concern(change, 1);
    for (const [oldest, old] of this.byDecision) {
      if (this.byDecision.size <= MAX_CHANGES) break;
      this.byDecision.delete(oldest);
      this.#concern(old, -1);
    }
  }

  isConcerned(order: OrderState): boolean {
    return this.concerned.has(order);
  }
  #concern({ orders }: OrderChange, by: 1 | -1): void {
    for (const order of orders) {
      const times = (this.concerned.get(order) ?? 0) + by;
      if (times === 0) this.concerned.delete(order);
      else this.concerned.set(order, times);
    }
  }

  /** Applies the proof of one of both forms. */
  settle(order: OrderState, event: OrderIntentEvent): void {
    if (event.action === 'amended') this.#settle(order, null);
    else if (event.action === 'amend_failed') this.#settle(order, event.reason);
  }

  /** The amend of an order of which nothing is proven: there is one at most. */
  #settle(order: OrderState, refusal: string | null): void {
    for (const change of this.byDecision.values())
      if (change.action === 'amend' && !change.isSettled && change.orders.includes(order)) {
        change.isSettled = true;
        change.refusal = refusal;
      }
  }
}

/** The orders that a permitted modify or cancel means. */
function findConcerned(
  request: ExecutionRequest,
  book: OrderBook,
  layers: LayerMap,
  tMs: number,
): readonly OrderState[] {
  if (request.client_order_id !== null) {
    const order = book.all.get(request.client_order_id);
    return order === undefined ? [] : [order];
  }
  const candidates = request.symbol === null ? everyLiveOrder(book) : liveOrders(book, request.symbol);
  return [...candidates].filter((order) => !isTerminal(order) && isInCancelAll(order, request, layers, tMs));
}

import type { SignalKind } from '../../core/policy.ts';
import { Accounts } from '../accounts/accounts.ts';
import { EquityHistory } from '../accounts/equity.ts';
import { TradeBook } from '../accounts/trades.ts';
import { ApprovalBook } from '../callers/approvals.ts';
import { Countdowns } from '../callers/countdowns.ts';
import { type LayerMap, SignalBook } from '../callers/layers.ts';
import { Outbox } from '../callers/outbox.ts';
import { Pacing, RequestMemory, SignsOfLife } from '../callers/pacing.ts';
import { PasskeyBook } from '../callers/passkeys.ts';
import { RecentAlerts, RecentFills } from '../callers/recent.ts';
import { OrderChanges, RequestRecords } from '../callers/requests.ts';
import { heldIn, SeenIds } from '../kept/collections.ts';
import { PassedTime } from '../kept/passed-time.ts';
import type { Claim } from '../orders/claim.ts';
import { Claims } from '../orders/claims.ts';
import { isProvenUnfilled } from '../orders/evidence.ts';
import type { OrderState } from '../orders/order.ts';
import { createOrderBook } from '../orders/orders.ts';
import { createPosition, type PositionState } from '../positions/positions.ts';
import type { EvidenceKind } from '../records/decisions.ts';
import type { EndedOrderRow } from '../records/ended-order.ts';
import type { ArmingEvent, PolicyEvent, RecoveryEvent } from '../records/people-events.ts';
import type { SymbolRules } from '../records/venue.ts';
import type { AccountEvent, MarketEvent } from '../records/venue-events.ts';

const DAY_MS = 86_400_000;
/** Pages of trades go back to the newest one known; at a start an hour, or to the oldest fill that has none, within this. */
const KEEP_TRADES_MS = 2 * DAY_MS;
/** The list of transfers is requested from the last one on, or from the last account record before a restart. */
const KEEP_TRANSFERS_MS = 30 * DAY_MS;
/** Of each, whatever their age: as many as the venue has on a page. */
const KEEP_LAST = 1_000;

/** Every view of the gate. {@link GateState} folds ledger events into them, and nothing else writes them. */
export class GateViews {
  readonly time = new PassedTime();
  readonly orders = createOrderBook();
  readonly changes = new OrderChanges();
  readonly claims = new Claims();
  readonly positions = new Map<string, PositionState>();
  readonly pacing = new Pacing();
  readonly layers: LayerMap = new Map();
  readonly signals = new SignalBook();
  readonly requests = new RequestMemory();
  readonly requestRecords = new RequestRecords();
  readonly equity = new EquityHistory();
  readonly trades = new TradeBook();
  readonly rules = new Map<string, SymbolRules>();
  readonly markets = new Map<string, MarketEvent>();
  readonly approvals = new ApprovalBook();
  readonly lives = new SignsOfLife();
  readonly alerts = new RecentAlerts();
  readonly outbox = new Outbox();
  readonly fills = new RecentFills();
  readonly accounts = new Accounts();
  readonly passkeys = new PasskeyBook();
  readonly countdowns = new Countdowns();
  /** Trade ids by symbol. */
  readonly seenTrades = new SeenIds(KEEP_TRADES_MS, KEEP_LAST);
  readonly seenTransfers = new SeenIds(KEEP_TRANSFERS_MS, KEEP_LAST);
  account: AccountEvent | null = null;
  /** `t` when it was asked for. */
  accountAskedMs = Number.NEGATIVE_INFINITY;
  policy: PolicyEvent | null = null;
  arming: ArmingEvent | null = null;
  /** Names of the passkeys that signed it and are still enrolled, by their ids. */
  readonly armingSigners = new Map<string, string>();
  /** The last one; null: none ever. */
  recovery: RecoveryEvent | null = null;
  /** `t` of it. */
  recoveredMs: number | null = null;
  /** Venue time until which orders of other ledgers are accounted for, ms. */
  takenOverUntilMs: number | null = null;
  /** Opening orders whose margin the last account snapshot may not contain yet. */
  readonly uncontained = new Set<OrderState>();
  /** Orders that an amend made larger or dearer, as a balance that was asked for before that has them. */
  readonly readAs = new Map<OrderState, { readonly quantityE8: number; readonly priceE8: number }>();
  stateSeq = 0;
  marketSeq = 0;
  lastEventAtMs = 0;
  /** Latest instant of a record since the clock was last set back. */
  latestEventAtMs = 0;
  /** By how much the clock is ahead of the time that has passed, as far as nothing has confirmed it, ms. */
  clockAheadMs = 0;
  /** Domain time minus the host's, while neither was in doubt, ms; null: it is not on record. */
  hostOffsetMs: number | null = null;

  position(symbol: string): PositionState {
    return heldIn(this.positions, symbol, createPosition);
  }

  /** Of a balance, by what was read of the account until now. */
  drawdown(nowMs: number, marginBalanceUsdt: number, windowMs: number): number {
    return this.equity.drawdown(this.time.atNow(nowMs), marginBalanceUsdt, windowMs);
  }
  /** The same; the day is the venue's. */
  dailyLoss(nowMs: number, marginBalanceUsdt: number): number {
    const tMs = this.time.atNow(nowMs);
    return this.equity.dailyLoss(tMs, marginBalanceUsdt, this.equity.dailyReference(tMs, tMs - (nowMs % DAY_MS)));
  }

  /** Whether trades have left nothing held in a symbol after a `t`: the venue dates them. */
  wasFlatSince(symbol: string, tMs: number): boolean {
    return this.accounts.wasFlatSince(symbol, this.time.wasAtMs(tMs));
  }

  /** Kinds with an active signal for this account, agent and symbol, in the order of SIGNAL_KINDS. */
  activeSignals(tMs: number, account: string, agent: string, symbol: string | null): readonly SignalKind[] {
    return this.signals.activeKinds(tMs, account, agent, symbol);
  }
}

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

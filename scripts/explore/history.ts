import type { DecisionEvent, GateEvent, OrderEvent, PlannedOrder } from '../../daemon/gate/events.ts';
import { START_MS } from './market.ts';
import type { AgentName, Plan } from './plan.ts';
import type { PlayedWorld } from './played-world.ts';
import { type CallRecord, LOT } from './records.ts';
import type { WireRecord } from './wire.ts';

/** A recorded decision; times are milliseconds since the world began. */
export interface Decision {
  readonly seq: number;
  readonly atMs: number;
  readonly id: string;
  /** The decision that it belongs to: its parent's, or its own. */
  readonly rootId: string;
  readonly agent: string;
  readonly origin: string;
  readonly symbol: string | null;
  readonly event: DecisionEvent;
}

/** An order that a decision planned. */
export interface PlannedBy {
  readonly decision: Decision;
  readonly planned: PlannedOrder;
}

export interface Fill {
  readonly atMs: number;
  readonly clientId: string;
  readonly symbol: string;
  readonly side: 'buy' | 'sell';
  readonly lots: number;
  /** Signed lots of the account. */
  readonly before: number;
  readonly after: number;
  readonly order: PlannedBy | null;
}

/** What an agent holds of a symbol by the books, after each fill. */
export interface ShareStep {
  readonly atMs: number;
  readonly lots: number;
  /** Record of the agent's own request that moved it; null: something else did. */
  readonly requestSeq: number | null;
}

export interface Note {
  readonly seq: number;
  readonly atMs: number;
  readonly event: GateEvent;
}

/** Everything that promises are judged by. */
export interface History {
  readonly world: PlayedWorld;
  readonly plan: Plan;
  readonly endMs: number;
  readonly events: readonly Note[];
  readonly decisions: ReadonlyMap<string, Decision>;
  /** By client order id. */
  readonly orders: ReadonlyMap<string, PlannedBy>;
  readonly orderEvents: ReadonlyMap<
    string,
    readonly { readonly seq: number; readonly atMs: number; readonly event: OrderEvent }[]
  >;
  readonly fills: readonly Fill[];
  /** The first POST of an order that came to the exchange. */
  readonly posts: ReadonlyMap<string, WireRecord>;
  /** Of the call that requested it. */
  readonly decisionOf: (call: CallRecord) => Decision | null;
  readonly shareAt: (agent: string, symbol: string, atMs: number) => number;
  readonly sharesOf: (agent: string, symbol: string) => readonly ShareStep[];
}

export function readHistory(world: PlayedWorld, plan: Plan): History {
  const events: Note[] = [];
  const decisions = new Map<string, Decision>();
  const orders = new Map<string, PlannedBy>();
  const orderEvents = new Map<string, { seq: number; atMs: number; event: OrderEvent }[]>();
  for (const stored of world.ledger.iterateEvents()) {
    if (stored.kind === 'genesis') continue;
    const event = stored as unknown as GateEvent;
    const note = { seq: stored.seq, atMs: stored.at_ms - START_MS, event };
    events.push(note);
    if (event.kind === 'decision') {
      const decision = readDecision(note.seq, note.atMs, event.payload);
      decisions.set(decision.id, decision);
      for (const planned of event.payload.orders)
        if (!orders.has(planned.client_order_id)) orders.set(planned.client_order_id, { decision, planned });
    } else if (event.kind === 'order') {
      const id = event.payload.client_order_id;
      const known = orderEvents.get(id);
      const entry = { seq: note.seq, atMs: note.atMs, event: event.payload };
      if (known === undefined) orderEvents.set(id, [entry]);
      else known.push(entry);
    }
  }
  const fills = readFills(world, orders);
  const posts = new Map<string, WireRecord>();
  for (const record of world.wire.records)
    if (
      record.method === 'POST' &&
      record.clientId !== null &&
      record.servedAtMs !== null &&
      !posts.has(record.clientId)
    )
      posts.set(record.clientId, record);
  const shares = readShares(fills, orderEvents, (rootId) => decisions.get(rootId)?.seq ?? null);
  const sharesOf = (agent: string, symbol: string): readonly ShareStep[] => shares.get(`${agent} ${symbol}`) ?? [];
  return {
    world,
    plan,
    endMs: world.time.nowMs,
    events,
    decisions,
    orders,
    orderEvents,
    fills,
    posts,
    decisionOf: (call) =>
      call.answer === null || isLost({ world }, call)
        ? null
        : (decisions.get(call.answer.decision.decision_id) ?? null),
    sharesOf,
    shareAt: (agent, symbol, atMs) => sharesOf(agent, symbol).findLast((step) => step.atMs <= atMs)?.lots ?? 0,
  };
}

function readDecision(seq: number, atMs: number, event: DecisionEvent): Decision {
  const { decision, request, parent_decision_id } = event;
  return {
    seq,
    atMs,
    id: decision.decision_id,
    rootId: parent_decision_id ?? decision.decision_id,
    agent: event.agent,
    origin: request.origin,
    symbol: request.symbol,
    event,
  };
}

function readFills(world: PlayedWorld, orders: ReadonlyMap<string, PlannedBy>): readonly Fill[] {
  const { state } = world.exchange.world;
  // What a conditional order turned into is the stop's fill.
  const algos = new Map([...state.algoOrders.values()].map((algo) => [algo.actualOrderId, algo.clientAlgoId]));
  return state.trades.map((trade) => {
    const clientId = algos.get(trade.orderId) ?? trade.clientOrderId;
    return {
      atMs: trade.timeMs - START_MS,
      clientId,
      symbol: trade.symbol,
      side: trade.side === 'BUY' ? 'buy' : 'sell',
      lots: Number(trade.quantity / LOT),
      before: Number(trade.positionBefore / LOT),
      after: Number(trade.positionAfter / LOT),
      order: orders.get(clientId) ?? null,
    };
  });
}

type Told = History['orderEvents'];

/**
 * An agent's own fills move its share; those of the operator, a stop or a cut move all shares in proportion. What an exit
 * closes beyond its agent's share is a debt, which a promise finds, unless nobody could know: a stop had fired, and that
 * was not told when the exit was decided. Then it comes out of what nobody holds, and then of the others' shares.
 */
function readShares(
  fills: readonly Fill[],
  told: Told,
  seqOf: (rootId: string) => number | null,
): ReadonlyMap<string, readonly ShareStep[]> {
  const shares = new Map<string, ShareStep[]>();
  const now = new Map<string, Map<string, number>>();
  const note = (agent: string, symbol: string, atMs: number, lots: number, requestSeq: number | null = null): void => {
    const held = now.get(symbol) ?? new Map<string, number>();
    now.set(symbol, held);
    held.set(agent, lots);
    const key = `${agent} ${symbol}`;
    const steps = shares.get(key);
    if (steps === undefined) shares.set(key, [{ atMs, lots, requestSeq }]);
    else steps.push({ atMs, lots, requestSeq });
  };
  for (const fill of fills) {
    const { atMs, symbol, side, lots, before, order } = fill;
    const signed = side === 'buy' ? lots : -lots;
    const held = now.get(symbol);
    if (order !== null && order.decision.origin === 'agent' && !order.planned.protective) {
      const { agent } = order.decision;
      const own = held?.get(agent) ?? 0;
      const beyond = Math.max(0, lots - Math.max(0, own * Math.sign(before)));
      if (!order.planned.reduce_only || beyond === 0 || !wasSentUntold(fill, fills, told)) {
        note(agent, symbol, atMs, own + signed, seqOf(order.decision.rootId));
        continue;
      }
      const others = [...(held ?? [])].filter(([name, share]) => name !== agent && share * before > 0);
      const total = others.reduce((sum, [, share]) => sum + Math.abs(share), 0);
      const taken = Math.max(0, beyond - Math.max(0, Math.abs(before) - Math.abs(own) - total));
      note(agent, symbol, atMs, 0);
      for (const [name, share] of others) note(name, symbol, atMs, share * (1 - Math.min(1, taken / total)));
    } else if (held !== undefined && signed * before < 0) {
      const left = leftOfShares(fill, [...held.values()]);
      for (const [agent, share] of [...held]) note(agent, symbol, atMs, share * left);
    }
  }
  return shares;
}

/**
 * What part of all shares an exit leaves that is no agent's. Lots that nobody holds here, as those that a restored ledger
 * knows nothing of, go first, and last where the gate cuts: that is for what agents hold.
 */
function leftOfShares({ after, before, lots, order }: Fill, shares: readonly number[]): number {
  const owned = shares.reduce((sum, share) => sum + share * Math.sign(before), 0);
  if (after * before <= 0 || owned <= 0) return 0;
  const isCut = order !== null && order.decision.origin === 'gate' && !order.planned.protective;
  const first = isCut ? 0 : Math.max(0, Math.abs(before) - owned);
  return 1 - Math.min(owned, Math.max(0, lots - first)) / owned;
}

/**
 * When an exit was decided, no record had told of a stop that had fired before it filled. Other exits in flight are no
 * such excuse: the gate has sent them, and counts them.
 */
function wasSentUntold({ atMs, order, symbol }: Fill, fills: readonly Fill[], told: Told): boolean {
  const seq = order?.decision.seq ?? 0;
  const filled = new Map<string, number>();
  for (const other of fills)
    if (other.symbol === symbol && other.atMs <= atMs && other.order?.planned.protective === true)
      filled.set(other.clientId, (filled.get(other.clientId) ?? 0) + other.lots);
  return [...filled].some(
    ([id, lots]) => !told.get(id)?.some((known) => known.seq < seq && known.event.executed_lots >= lots),
  );
}

/** Whether the account's owner traded at the exchange itself within a span: in a symbol, or in any. */
export function isOwnersHandIn(
  { world }: History,
  symbol: string | null,
  fromMs = Number.NEGATIVE_INFINITY,
  untilMs = Number.POSITIVE_INFINITY,
): boolean {
  return world.venue.hands.some(
    (hand) =>
      hand.what === 'order' &&
      (symbol === null || hand.symbol === symbol) &&
      hand.atMs >= fromMs &&
      hand.atMs <= untilMs,
  );
}

/** Whether writing into the ledger failed for a while. */
export function couldNotRecord({ plan }: History): boolean {
  return plan.steps.some(
    ({ do: action }) => action.kind === 'trouble' && /^(disk_full|failing_table|read_only)$/.test(action.trouble.kind),
  );
}

/** Whether a restore has lost what was decided on a call: its decision id may have been given again since. */
export function isLost({ world: { homes } }: Pick<History, 'world'>, { askedAtMs }: CallRecord): boolean {
  return homes.restores.some(({ copiedAtMs, atMs }) => askedAtMs >= copiedAtMs && askedAtMs <= atMs);
}

/** Lots that were executed for a decision and everything that follows from it, since an instant. */
export function executedFor(history: History, rootId: string, afterMs = Number.NEGATIVE_INFINITY): number {
  let lots = 0;
  for (const fill of history.fills)
    if (fill.atMs > afterMs && fill.order?.decision.rootId === rootId) lots += fill.lots;
  return lots;
}

export function isPermitted(call: CallRecord): boolean {
  return call.outcome === 'decided' && call.answer !== null && call.answer.decision.decision !== 'BLOCK';
}

/** Whether a permitted call closes, and all that its agent held. */
export function closesAll(call: CallRecord): boolean {
  if (!isPermitted(call) || call.answer?.decision.effective?.action !== 'exit') return false;
  return call.tool === 'close_position' && (call.args.fraction === undefined || call.args.fraction === 1);
}

export type { AgentName };

import type { DecisionEvent, ToolAnswer } from '../../daemon/engine/records/decisions.ts';
import type { GateEvent } from '../../daemon/engine/records/events.ts';
import { START_MS } from './market.ts';
import type { AgentName, Plan } from './plan.ts';
import type { PlayedWorld } from './played-world.ts';
import { type CallRecord, type Decision, type Fill, OPERATOR, type OrderWord, type PlannedBy } from './records.ts';
import { type Adoption, readShares, type ShareStep } from './shares.ts';
import type { WireRecord } from './wire.ts';

export interface Note {
  readonly seq: number;
  /** By the world's clock, as calls, answers and fills are timed; the gate's is off where it learned of a late answer. */
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
  readonly orderEvents: ReadonlyMap<string, readonly OrderWord[]>;
  readonly fills: readonly Fill[];
  /** The first POST of an order that came to the exchange. */
  readonly posts: ReadonlyMap<string, WireRecord>;
  /** Of the call that requested it. */
  readonly decisionOf: (call: CallRecord) => Decision | null;
  /** What an operator is told of a decision at the end; null: nobody is there, or it is not known. */
  readonly reportedOf: (decisionId: string) => ToolAnswer | null;
  readonly shareAt: (agent: string, symbol: string, atMs: number) => number;
  readonly adoptions: readonly Adoption[];
  /** At the end. */
  readonly shareOf: (agent: string, symbol: string) => number;
  readonly sharesOf: (agent: string, symbol: string) => readonly ShareStep[];
}

export function readHistory(world: PlayedWorld, plan: Plan): History {
  const events: Note[] = [];
  const decisions = new Map<string, Decision>();
  const orders = new Map<string, PlannedBy>();
  const orderEvents = new Map<string, OrderWord[]>();
  for (const stored of world.ledger.iterateEvents()) {
    if (stored.kind === 'genesis') continue;
    const event = stored as unknown as GateEvent;
    const atMs = world.madeAtMs.get(stored.seq) ?? stored.at_ms - START_MS;
    const note = { seq: stored.seq, atMs, event };
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
  const seqOf = (rootId: string): number | null => decisions.get(rootId)?.seq ?? null;
  const reported = new Map<string, ToolAnswer | null>();
  const adoptions = events.flatMap(({ atMs, event, seq }): readonly Adoption[] => {
    if (event.kind !== 'holder' || event.payload.action !== 'adopted') return [];
    return [{ agent: event.payload.agent, symbol: event.payload.symbol, atMs, seq }];
  });
  const shares = readShares(fills, orderEvents, seqOf, adoptions);
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
    reportedOf: (id) => {
      const known = reported.get(id);
      if (known !== undefined) return known;
      const answer = world.gate?.getDecision(OPERATOR, id) ?? null;
      reported.set(id, answer);
      return answer;
    },
    adoptions,
    sharesOf,
    shareAt: (agent, symbol, atMs) => sharesOf(agent, symbol).findLast((step) => step.atMs <= atMs)?.quantityE8 ?? 0,
    shareOf: (agent, symbol) => sharesOf(agent, symbol).at(-1)?.quantityE8 ?? 0,
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
    const atMs = trade.timeMs - START_MS;
    const by = orders.get(clientId);
    return {
      atMs,
      clientId,
      symbol: trade.symbol,
      side: trade.side === 'BUY' ? 'buy' : 'sell',
      quantityE8: Number(trade.quantity),
      before: Number(trade.positionBefore),
      after: Number(trade.positionAfter),
      // One that was lost with what a restored copy has not had the id before.
      order: by === undefined || atMs < by.decision.atMs ? null : by,
    };
  });
}

/** A reading of the account is believed by then, also where a fill that nobody tells of may explain it, ms. */
const BELIEVED_AFTER_MS = 55_000;

/**
 * Since no list of orders came, a fill was told only when the account had been believed: what was missing was taken out of
 * all shares by then.
 */
export function isReportedLate({ fills, orderEvents }: History, symbol: string): boolean {
  return fills.some(({ atMs, clientId, order, symbol: where }) => {
    if (order === null || where !== symbol) return false;
    const reported = orderEvents.get(clientId)?.find(({ event }) => event.executed_e8 > 0);
    return reported !== undefined && reported.atMs - atMs > BELIEVED_AFTER_MS;
  });
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

/** When the first step of that kind was taken; Infinity: none was. */
export function firstStepMs(
  { plan, world }: History,
  isMeant: (action: Plan['steps'][number]['do']) => boolean,
): number {
  const index = plan.steps.findIndex(({ do: action }) => isMeant(action));
  return world.stepsAtMs[index] ?? Number.POSITIVE_INFINITY;
}

/** Whether a restore has lost what was decided on a call: its decision id may have been given again since. */
export function isLost({ world: { homes } }: Pick<History, 'world'>, { askedAtMs }: CallRecord): boolean {
  return homes.restores.some(({ copiedAtMs, atMs }) => askedAtMs >= copiedAtMs && askedAtMs <= atMs);
}

/** Units of 1e-8 that were executed for a decision and everything that follows from it, since an instant. */
export function executedFor(history: History, rootId: string, afterMs = Number.NEGATIVE_INFINITY): number {
  let quantityE8 = 0;
  for (const fill of history.fills)
    if (fill.atMs > afterMs && fill.order?.decision.rootId === rootId) quantityE8 += fill.quantityE8;
  return quantityE8;
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

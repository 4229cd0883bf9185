import { effectiveE8 } from './decided.ts';
import type { History } from './history.ts';
import type { Fill, OperatorRecord, PlannedBy } from './records.ts';

/** Who asked for an exit that closes now: an agent by one of two tools, an operator, or the gate itself. */
export const ASKERS = ['close_position', 'place_order', 'flatten', 'gate'] as const;
export type Asker = (typeof ASKERS)[number];

/** One exit of one symbol. */
export interface ExitFigure {
  readonly asker: Asker;
  /**
   * From the call, or the gate's own record, until its lots were closed, less the time for which no daemon ran; null: it
   * ended before, or goes on.
   */
  readonly ms: number | null;
  /** Requests that left for the exchange, answered or not. */
  readonly orders: number;
  readonly cancels: number;
}

/** What an exit cancels goes out beside it, or after it. */
const CANCELS_UNTIL_MS = 1_000;
const CANCEL_PATHS = new Set(['/fapi/v1/order', '/fapi/v1/allOpenOrders']);
/** Between an order that the exchange has ended and the next one of its exit, at most. */
const RETRIED_WITHIN_MS = 10_000;

interface Exit {
  readonly asker: Asker;
  readonly symbol: string;
  /** Of what it closes: 1 long, -1 short. */
  readonly sign: number;
  readonly askedAtMs: number;
  /** It is on record from here on, and all its orders have ended by there: what fills between may close its lots. */
  readonly fromMs: number;
  readonly untilMs: number;
  readonly isOwn: (order: PlannedBy) => boolean;
  /** Of what it asked for; infinite: all that is held. */
  leftE8: number;
  closedAtMs: number | null;
  lastSentAtMs: number;
  orders: number;
  cancels: number;
}
type Asked = Pick<Exit, 'asker' | 'symbol' | 'sign' | 'askedAtMs' | 'fromMs' | 'untilMs' | 'isOwn' | 'leftE8'>;

/**
 * Exits that close now, by calls, decisions, orders and the exchange's books alone, whatever else the gate notes of its
 * work on them. A fill is of the exit whose order it is; what that one does not need, and what others closed, is of the
 * oldest that waits. A symbol that is flat, or on the other side, has nothing left to close.
 */
export function measureExits(history: History): readonly ExitFigure[] {
  const exits = [...listDecided(history), ...listFlattens(history)]
    .sort((a, b) => a.fromMs - b.fromMs)
    .map((asked): Exit => ({ ...asked, closedAtMs: null, lastSentAtMs: asked.askedAtMs, orders: 0, cancels: 0 }));
  for (const fill of history.fills) takeFill(exits, fill);
  countRequests(history, exits);
  return exits.map(({ asker, askedAtMs, cancels, closedAtMs, orders }) => {
    const ms = closedAtMs === null ? null : Math.round(closedAtMs - askedAtMs - downMs(history, askedAtMs, closedAtMs));
    return { asker, ms, orders, cancels };
  });
}

/** For how long no daemon ran within a span. */
function downMs({ endMs, world }: History, fromMs: number, toMs: number): number {
  const own = world.lives.filter(({ number }) => !world.homes.isSecond(number));
  const gaps = own.map((life, index) => ({ fromMs: life.toMs ?? endMs, toMs: own[index + 1]?.fromMs ?? endMs }));
  return gaps.reduce((sum, gap) => sum + Math.max(0, Math.min(gap.toMs, toMs) - Math.max(gap.fromMs, fromMs)), 0);
}

/** Those of agents and of the gate: each has a decision. */
function listDecided(history: History): Asked[] {
  const askedAtMs = new Map<string, number>();
  for (const call of history.world.calls) {
    const id = history.decisionOf(call)?.id;
    if (id !== undefined && !askedAtMs.has(id)) askedAtMs.set(id, call.askedAtMs);
  }
  return [...history.decisions.values()].flatMap(({ atMs, event, id, origin, rootId, symbol }): Asked[] => {
    const { decision: verdict, effective, kind } = event.decision;
    const asker = origin === 'gate' ? origin : event.route;
    if (id !== rootId || symbol === null || origin === 'operator' || !isAsker(asker)) return [];
    if (verdict === 'BLOCK' || effective?.action !== 'exit' || effective.time_in_force === 'GTC') return [];
    if ((kind !== 'tool' && kind !== 'gate') || event.orders.some(({ protective }) => protective)) return [];
    const sign = effective.side === 'sell' ? 1 : -1;
    if (sign * positionAt(history, symbol, atMs) <= 0) return [];
    const isOwn = ({ decision }: PlannedBy): boolean => decision.rootId === id;
    const times = { askedAtMs: askedAtMs.get(id) ?? atMs, fromMs: atMs, untilMs: endedAtMs(history, isOwn) };
    return [{ asker, symbol, sign, ...times, isOwn, leftE8: effectiveE8(event) }];
  });
}

function isAsker(name: string): name is Asker {
  return (ASKERS as readonly string[]).includes(name);
}

/** One for each symbol that was held when an operator asked for it; another word of the operator ends it. */
function listFlattens(history: History): Asked[] {
  const { exchange, operatorCalls } = history.world;
  const flattens = operatorCalls.filter(({ what }) => what === 'flatten');
  return flattens.flatMap((call) => {
    const { askedAtMs } = call;
    const fromMs = haltedAtMs(history, call);
    const symbols = call.symbol === null ? [...exchange.world.state.markets.keys()] : [call.symbol];
    if (fromMs === null) return [];
    return symbols.flatMap((symbol): Asked[] => {
      const sign = Math.sign(positionAt(history, symbol, askedAtMs));
      if (sign === 0) return [];
      const end = operatorCalls.find(
        ({ askedAtMs: at, symbol: of, what }) =>
          at >= fromMs && (what === 'active' || what === 'reducing') && (of === null || of === symbol),
      );
      const isOwn = ({ decision }: PlannedBy): boolean => decision.origin === 'operator' && decision.symbol === symbol;
      const untilMs = end?.askedAtMs ?? history.endMs;
      return [{ asker: 'flatten', symbol, sign, askedAtMs, fromMs, untilMs, isOwn, leftE8: Number.POSITIVE_INFINITY }];
    });
  });
}

/** The record of the halt that a flatten begins with; null: the process died before it. */
function haltedAtMs({ events, endMs }: History, { answeredAtMs, askedAtMs, symbol }: OperatorRecord): number | null {
  const halt = events.find(
    ({ atMs, event }) =>
      atMs >= askedAtMs && event.kind === 'state' && event.payload.flatten === true && event.payload.name === symbol,
  );
  return halt !== undefined && halt.atMs <= (answeredAtMs ?? endMs) ? halt.atMs : null;
}

/** The last word on record about its orders, where all of them have ended; after one of the exchange another may follow. */
function endedAtMs({ endMs, orderEvents, orders }: History, isOwn: Exit['isOwn']): number {
  const own = [...orders].filter(([, order]) => isOwn(order));
  const ends = own.map(([clientId]) => {
    const { atMs = 0, event } = orderEvents.get(clientId)?.at(-1) ?? {};
    if (event?.status === 'canceled' || event?.status === 'filled') return atMs;
    return event?.status === 'expired' || event?.status === 'rejected' ? atMs + RETRIED_WITHIN_MS : endMs;
  });
  return Math.max(...ends);
}

/** Signed lots of the account by the exchange's books. */
function positionAt({ fills }: History, symbol: string, atMs: number): number {
  return fills.findLast((fill) => fill.symbol === symbol && fill.atMs <= atMs)?.after ?? 0;
}

function takeFill(exits: readonly Exit[], { after, atMs, before, quantityE8, order, side, symbol }: Fill): void {
  const sign = side === 'sell' ? 1 : -1;
  if (sign * before <= 0) return;
  const open = exits.filter(
    (exit) =>
      exit.symbol === symbol &&
      exit.sign === sign &&
      exit.closedAtMs === null &&
      exit.fromMs <= atMs &&
      atMs <= exit.untilMs,
  );
  const own = open.filter(({ isOwn }) => order !== null && isOwn(order));
  let left = quantityE8;
  for (const exit of new Set([...own, ...open])) {
    // Who wants all leaves to others what they want.
    const taken = Number.isFinite(exit.leftE8) ? Math.min(left, exit.leftE8) : 0;
    left -= taken;
    exit.leftE8 -= taken;
    if (exit.leftE8 === 0 || sign * after <= 0) exit.closedAtMs = atMs;
  }
}

/** A request that serves several exits counts for the newest of them. */
function countRequests({ orders, world }: History, exits: readonly Exit[]): void {
  const records = world.wire.records.filter(({ life }) => !world.homes.isSecond(life));
  for (const { clientId, method, path, sentAtMs } of records) {
    const order = method === 'POST' && path === '/fapi/v1/order' ? orders.get(clientId ?? '') : undefined;
    if (order === undefined || !order.planned.reduce_only) continue;
    const exit = exits.findLast(({ askedAtMs, isOwn }) => askedAtMs <= sentAtMs && isOwn(order));
    if (exit === undefined) continue;
    exit.orders += 1;
    exit.lastSentAtMs = Math.max(exit.lastSentAtMs, sentAtMs);
  }
  for (const { method, params, path, sentAtMs } of records) {
    if (method !== 'DELETE' || !CANCEL_PATHS.has(path)) continue;
    const exit = exits.findLast(
      ({ askedAtMs, closedAtMs, lastSentAtMs, symbol }) =>
        symbol === params.text('symbol') &&
        askedAtMs <= sentAtMs &&
        sentAtMs <= (closedAtMs ?? lastSentAtMs) + CANCELS_UNTIL_MS,
    );
    if (exit !== undefined) exit.cancels += 1;
  }
}

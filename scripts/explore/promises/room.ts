import { readE8 } from '../../../daemon/engine/records/units.ts';
import type { PositionRecord } from '../../../daemon/engine/records/venue-events.ts';
import { at, type Breach } from '../breach.ts';
import { type History, isOwnersHandIn } from '../history.ts';
import type { PlannedBy } from '../records.ts';

const ENDED: ReadonlySet<string> = new Set(['filled', 'canceled', 'expired', 'rejected', 'not_placed', 'lost']);
/** What was held so long before may be what the gate knows, ms. */
const REPORTED_WITHIN_MS = 15_000;
/** From the record of an order until it leaves, ms. */
const LEAVES_WITHIN_MS = 1_000;
/** A reading of the account of so long before may be believed, ms. */
const READ_WITHIN_MS = 60_000;

/**
 * Making room cancels as few resting exits as needed, the newest first: without such a cancel what rests, or is on its way,
 * would not fit into what is held, together with what closes now, however often an exit was refused. [EX-52, EX-74]
 * @except another daemon runs, or a ledger was put back
 * @except a person trades by hand
 * @except it has not left yet
 * @except an exit of that side was changed within fifteen seconds
 */
export function findRoomBreaches(history: History): readonly Breach[] {
  const { homes } = history.world;
  if (homes.restores.length + homes.seconds.length > 0) return [];
  const canceled = findMadeRoom(history);
  return canceled.flatMap((one) => {
    const { atMs, clientId, order } = one;
    const { side, symbol } = order.planned;
    // One that has not left yet takes nobody's place at the exchange.
    if (isOwnersHandIn(history, symbol) || !history.posts.has(clientId)) return [];
    // Of those that were asked back together, the newer ones went first.
    const together = canceled.filter((other) => other.atMs === atMs && isOnItsSide(other.order, order));
    const first = { atMs, seq: Math.min(...together.map(({ seq }) => seq)) };
    const gone = new Set(together.filter((other) => isNewer(history, other, one)).map((other) => other.clientId));
    const wanted = wantedE8(history, one, first, gone);
    const held = minHeld(history, order, first);
    if (wanted > held) return [];
    const detail = `${clientId} of ${order.decision.agent} (${side} ${symbol}) is canceled at ${at(atMs)} to make room: exits of ${wanted} rest or close now, ${held} are held`;
    return [{ code: 'room/more-than-needed', detail }];
  });
}

interface MadeRoom extends Instant {
  readonly clientId: string;
  readonly order: PlannedBy;
}

function findMadeRoom({ events, orders }: History): readonly MadeRoom[] {
  return events.flatMap(({ atMs, event, seq }) => {
    if (event.kind !== 'order_intent' || event.payload.action !== 'cancel') return [];
    const { client_order_id: clientId, reason } = event.payload;
    const order = orders.get(clientId);
    if (order === undefined || !reason.startsWith('makes room')) return [];
    return order.planned.protective || order.decision.origin === 'gate' ? [] : [{ atMs, clientId, order, seq }];
  });
}

function isOnItsSide({ planned: { side, symbol } }: PlannedBy, { planned }: PlannedBy): boolean {
  return planned.side === side && planned.symbol === symbol;
}

/** By when it was asked for, or changed; of one exit's orders by when they were decided. */
function isNewer(history: History, one: MadeRoom, other: MadeRoom): boolean {
  const [a, b] = [one, other].map(({ order, seq }) => askedSeq(history, order.decision.rootId, seq)) as [
    number,
    number,
  ];
  return a === b ? one.order.decision.seq > other.order.decision.seq : a > b;
}
function askedSeq({ decisions, events, orders }: History, rootId: string, untilSeq: number): number {
  const changed = events.findLast(
    ({ event, seq }) =>
      seq < untilSeq &&
      event.kind === 'order_intent' &&
      event.payload.action === 'amended' &&
      orders.get(event.payload.client_order_id)?.decision.rootId === rootId,
  );
  return Math.max(decisions.get(rootId)?.seq ?? 0, changed?.seq ?? 0);
}

interface Instant {
  readonly atMs: number;
  readonly seq: number;
}

/**
 * Lots of the exits of one side that are at the exchange, or leave this moment; and of those that go first what they lack:
 * exits that close now, and those that were asked for earlier and go on, whatever holds them up.
 */
export function wantedE8(
  history: History,
  { clientId, order: { planned } }: Pick<MadeRoom, 'clientId' | 'order'>,
  at: Instant,
  gone: ReadonlySet<string>,
): number {
  const { side, symbol } = planned;
  const { amendedMs, askedBack, over } = readIntents(history, planned, at.seq);
  // What an amend has made of an exit is on its way.
  if (amendedMs > at.atMs - REPORTED_WITHIN_MS) return Number.POSITIVE_INFINITY;
  const claims = new Map<string, { asked: number; done: number; live: number }>();
  for (const [id, order] of history.orders) {
    const { decision } = order;
    if (!order.planned.reduce_only || order.planned.protective || !isOfSide(order, side, symbol)) continue;
    if (decision.seq > at.seq) continue;
    const claim = claims.get(decision.rootId) ?? { asked: 0, done: 0, live: 0 };
    claims.set(decision.rootId, claim);
    const reported = (history.orderEvents.get(id) ?? []).filter((word) => word.seq < at.seq);
    const executed = Math.max(0, ...reported.map(({ event }) => event.executed_e8));
    const quantityE8 = quantityOf(history, id, order, at.atMs);
    claim.asked = Math.max(claim.asked, quantityE8);
    claim.done += executed;
    const isOver = ENDED.has(reported.at(-1)?.event.status ?? '') || askedBack.has(id) || gone.has(id);
    if (!isOver && hasLeft(history, id, order, at.atMs)) claim.live += quantityE8 - executed;
  }
  const ownSeq = askedSeq(history, history.orders.get(clientId)?.decision.rootId ?? '', at.seq);
  const closing = openTargets(history, symbol, side, at.seq);
  let quantityE8 = 0;
  for (const [rootId, { asked, done, live }] of claims) {
    const now = closing.find(({ id }) => id === rootId);
    if (now?.isWhole === true) return Number.POSITIVE_INFINITY;
    const isFirst = now !== undefined || (!over.has(rootId) && askedSeq(history, rootId, at.seq) < ownSeq);
    const left = (now?.asked ?? asked) - done;
    // The rest of one that closes now is at least what the exchange takes.
    const least = now !== undefined && left > 0 ? history.world.venue.minE8(symbol) : 0;
    quantityE8 += isFirst ? Math.max(live, left, least) : live;
  }
  return quantityE8;
}

function isOfSide({ planned }: PlannedBy, side: string, symbol: string): boolean {
  return planned.side === side && planned.symbol === symbol;
}

/** As it is known to have been changed at the exchange; the larger while a change is on its way. Units of 1e-8. */
function quantityOf({ world }: History, id: string, { planned }: PlannedBy, atMs: number): number {
  let known = planned.quantity_e8;
  const onTheirWay: number[] = [];
  for (const { answeredAtMs, clientId, method, params, sentAtMs, status } of world.wire.records) {
    if (clientId !== id || method !== 'PUT' || sentAtMs > atMs + LEAVES_WITHIN_MS) continue;
    const quantityE8 = readE8(params.text('quantity') ?? '0');
    if (answeredAtMs === null || answeredAtMs > atMs) onTheirWay.push(quantityE8);
    else if (status === 200) known = quantityE8;
  }
  return Math.max(known, ...onTheirWay);
}

/** A take-profit that has not gone out yet waits for what the older ones leave. */
function hasLeft({ world }: History, id: string, { planned }: PlannedBy, atMs: number): boolean {
  if (planned.time_in_force !== 'GTC') return true;
  return world.wire.records.some(
    ({ clientId, method, sentAtMs }) => clientId === id && method === 'POST' && sentAtMs <= atMs + LEAVES_WITHIN_MS,
  );
}

/** By the records of before: which orders were asked back, which exits are over, when one was last amended. */
function readIntents(
  { events, orders }: History,
  { side, symbol }: PlannedBy['planned'],
  untilSeq: number,
): { readonly askedBack: ReadonlySet<string>; readonly over: ReadonlySet<string>; readonly amendedMs: number } {
  const askedBack = new Set<string>();
  const over = new Set<string>();
  let amendedMs = Number.NEGATIVE_INFINITY;
  for (const { atMs, event, seq } of events) {
    if (seq >= untilSeq) break;
    if (event.kind === 'exit_target' && event.payload.action === 'ended' && event.payload.reason !== 'rests')
      over.add(event.payload.decision_id);
    if (event.kind !== 'order_intent') continue;
    const { action, client_order_id: id, reason } = event.payload;
    const order = orders.get(id);
    if (order === undefined || !isOfSide(order, side, symbol)) continue;
    if (/^amend/.test(action)) amendedMs = atMs;
    if (action !== 'cancel') continue;
    askedBack.add(id);
    if (!/^(?:makes room|gives its place)/.test(reason)) over.add(order.decision.rootId);
  }
  return { askedBack, over, amendedMs };
}

/** Exits that close now, at a record. */
function openTargets(
  { events }: History,
  symbol: string,
  side: string,
  untilSeq: number,
): readonly { readonly id: string; readonly isWhole: boolean; readonly asked: number }[] {
  const open = new Map<string, { id: string; isWhole: boolean; asked: number }>();
  for (const { event, seq } of events) {
    if (seq >= untilSeq) break;
    if (event.kind !== 'exit_target') continue;
    const { payload } = event;
    if (payload.action === 'ended') open.delete(payload.decision_id);
    else if (payload.symbol === symbol && payload.side === side)
      open.set(payload.decision_id, { id: payload.decision_id, isWhole: payload.is_whole, asked: payload.quantity_e8 });
  }
  return [...open.values()];
}

/** The fewest lots that anybody may have known to be held on that side: by the books of a while, by what was told, or read. */
function minHeld(history: History, { planned: { side, symbol } }: PlannedBy, { atMs, seq }: Instant): number {
  const sign = side === 'sell' ? 1 : -1;
  const known: number[] = [];
  let reported = 0;
  for (const [id, words] of history.orderEvents) {
    const order = history.orders.get(id);
    if (order?.planned.symbol !== symbol) continue;
    const executed = Math.max(0, ...words.filter((word) => word.seq < seq).map(({ event }) => event.executed_e8));
    reported += order.planned.side === 'buy' ? executed : -executed;
  }
  known.push(reported);
  const fills = history.fills.filter((fill) => fill.symbol === symbol && fill.atMs <= atMs);
  const before = fills.findLast((fill) => fill.atMs <= atMs - REPORTED_WITHIN_MS);
  known.push(before?.after ?? 0);
  for (const fill of fills) if (fill.atMs > atMs - REPORTED_WITHIN_MS) known.push(fill.after);
  const sinceMs = Math.max(fills.at(-1)?.atMs ?? 0, atMs - READ_WITHIN_MS);
  for (const { atMs: readMs, event } of history.events)
    if (event.kind === 'account' && readMs > sinceMs && readMs <= atMs)
      known.push(readHeld(event.payload.positions, symbol));
  return Math.max(0, Math.min(...known.map((quantityE8) => quantityE8 * sign)));
}

function readHeld(positions: readonly PositionRecord[], symbol: string): number {
  return positions.find((position) => position.symbol === symbol)?.quantity_e8 ?? 0;
}

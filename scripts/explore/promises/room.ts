import { at, type Breach } from '../breach.ts';
import { type History, isOwnersHandIn, type PlannedBy } from '../history.ts';

const ENDED: ReadonlySet<string> = new Set(['filled', 'canceled', 'expired', 'rejected', 'not_placed', 'lost']);
/** What was held so long before may be what the gate knows, ms. */
const TOLD_WITHIN_MS = 15_000;
/** From the record of an order until it leaves, ms. */
const LEAVES_WITHIN_MS = 1_000;
/** A reading of the account of so long before may be believed, ms. */
const READ_WITHIN_MS = 60_000;

/**
 * Making room cancels as few resting exits as needed, the newest first: without such a cancel what rests, or is on its way,
 * would not fit into what is held, together with what closes now.
 */
export function findRoomBreaches(history: History): readonly Breach[] {
  const { homes } = history.world;
  if (homes.restores.length + homes.seconds.length > 0) return [];
  const canceled = findMadeRoom(history);
  return canceled.flatMap((one) => {
    const { atMs, clientId, order } = one;
    const { side, symbol } = order.planned;
    if (isOwnersHandIn(history, symbol)) return [];
    // Of those that were asked back together, the newer ones went first.
    const together = canceled.filter((other) => other.atMs === atMs && isOnItsSide(other.order, order));
    const first = { atMs, seq: Math.min(...together.map(({ seq }) => seq)) };
    const gone = new Set(together.filter((other) => isNewer(history, other, one)).map((other) => other.clientId));
    const wanted = wantedLots(history, order, first, gone);
    const held = leastHeld(history, order, first);
    if (wanted > held) return [];
    const detail = `${clientId} of ${order.decision.agent} (${side} ${symbol}) is canceled at ${at(atMs)} to make room: exits of ${wanted} lots rest or close now, ${held} are held`;
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
  const [a, b] = [askedSeq(history, one), askedSeq(history, other)];
  return a === b ? one.order.decision.seq > other.order.decision.seq : a > b;
}
function askedSeq({ decisions, events, orders }: History, { order: { decision }, seq }: MadeRoom): number {
  const changed = events.findLast(
    ({ event, seq: at }) =>
      at < seq &&
      event.kind === 'order_intent' &&
      event.payload.action === 'amended' &&
      orders.get(event.payload.client_order_id)?.decision.rootId === decision.rootId,
  );
  return Math.max(decisions.get(decision.rootId)?.seq ?? 0, changed?.seq ?? 0);
}

interface Instant {
  readonly atMs: number;
  readonly seq: number;
}

/** Lots of the exits of one side that are at the exchange, or leave this moment, and of those that close now what they lack. */
function wantedLots(
  history: History,
  { planned: { side, symbol } }: PlannedBy,
  { atMs, seq }: Instant,
  gone: ReadonlySet<string>,
): number {
  const askedBack = new Set(gone);
  let hasChanged = false;
  for (const { atMs: askedMs, event, seq: askedSeq } of history.events) {
    if (askedSeq >= seq) break;
    if (event.kind !== 'order_intent') continue;
    const { action, client_order_id: id } = event.payload;
    if (action === 'cancel') askedBack.add(id);
    const isNear = askedMs > atMs - TOLD_WITHIN_MS;
    if (/^amend/.test(action) && isNear && history.orders.get(id)?.planned.symbol === symbol) hasChanged = true;
  }
  // What an amend has made of an exit is on its way.
  if (hasChanged) return Number.POSITIVE_INFINITY;
  const sentAtMs = new Map<string, number>();
  for (const { clientId, method, sentAtMs: sentMs } of history.world.wire.records)
    if (method === 'POST' && clientId !== null && !sentAtMs.has(clientId)) sentAtMs.set(clientId, sentMs);
  const liveOf = new Map<string, number>();
  const doneOf = new Map<string, number>();
  let lots = 0;
  for (const [id, { decision, planned }] of history.orders) {
    if (!planned.reduce_only || planned.protective || planned.symbol !== symbol || planned.side !== side) continue;
    if (decision.seq > seq) continue;
    const told = (history.orderEvents.get(id) ?? []).filter((word) => word.seq < seq);
    const executed = Math.max(0, ...told.map(({ event }) => event.executed_lots));
    doneOf.set(decision.rootId, (doneOf.get(decision.rootId) ?? 0) + executed);
    const last = told.at(-1)?.event.status;
    if ((last !== undefined && ENDED.has(last)) || askedBack.has(id)) continue;
    // A take-profit that has not gone out waits for what the older ones leave.
    const sentMs = sentAtMs.get(id) ?? Number.POSITIVE_INFINITY;
    if (planned.time_in_force === 'GTC' && sentMs > atMs + LEAVES_WITHIN_MS) continue;
    liveOf.set(decision.rootId, (liveOf.get(decision.rootId) ?? 0) + planned.lots - executed);
    lots += planned.lots - executed;
  }
  for (const { id, isWhole, asked } of openTargets(history, symbol, side, seq)) {
    if (isWhole) return Number.POSITIVE_INFINITY;
    lots += Math.max(0, asked - (doneOf.get(id) ?? 0) - (liveOf.get(id) ?? 0));
  }
  return lots;
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
      open.set(payload.decision_id, { id: payload.decision_id, isWhole: payload.is_whole, asked: payload.lots });
  }
  return [...open.values()];
}

/** The fewest lots that anybody may have known to be held on that side: by the books of a while, by what was told, or read. */
function leastHeld(history: History, { planned: { side, symbol } }: PlannedBy, { atMs, seq }: Instant): number {
  const sign = side === 'sell' ? 1 : -1;
  const known: number[] = [];
  let told = 0;
  for (const [id, words] of history.orderEvents) {
    const order = history.orders.get(id);
    if (order?.planned.symbol !== symbol) continue;
    const executed = Math.max(0, ...words.filter((word) => word.seq < seq).map(({ event }) => event.executed_lots));
    told += order.planned.side === 'buy' ? executed : -executed;
  }
  known.push(told);
  const fills = history.fills.filter((fill) => fill.symbol === symbol && fill.atMs <= atMs);
  const before = fills.findLast((fill) => fill.atMs <= atMs - TOLD_WITHIN_MS);
  known.push(before?.after ?? 0);
  for (const fill of fills) if (fill.atMs > atMs - TOLD_WITHIN_MS) known.push(fill.after);
  const sinceMs = Math.max(fills.at(-1)?.atMs ?? 0, atMs - READ_WITHIN_MS);
  for (const { atMs: readMs, event } of history.events)
    if (event.kind === 'account' && readMs > sinceMs && readMs <= atMs)
      known.push(readLots(event.payload.positions, symbol));
  return Math.max(0, Math.min(...known.map((lots) => lots * sign)));
}

function readLots(positions: readonly { readonly symbol: string; readonly lots: number }[], symbol: string): number {
  return positions.find((position) => position.symbol === symbol)?.lots ?? 0;
}

import { at, type Breach } from '../breach.ts';
import { type History, isOwnersHandIn } from '../history.ts';
import type { PlannedBy } from '../records.ts';
import { isCalm } from './quiet.ts';

/** Open orders that the exchange takes in a symbol, and openings of an agent, where a plan says nothing. */
const MAX_ORDERS = 200;
const MAX_OPENINGS = 20;
/** From the refusal of an exit until another order of its own is at the exchange, where nothing else is amiss, ms. */
const GOES_ON_WITHIN_MS = 8_000;
/** From such a refusal until the exit is tried again, place or not, with something to spare, ms. */
const TRIED_AGAIN_MS = 950;
/** After so long a place is taken not to help, and another one is asked for, ms. */
const PLACE_GIVEN_MS = 5_000;
const CAME_IN: ReadonlySet<string> = new Set(['working', 'filled', 'expired', 'canceled', 'unknown']);
const OVER: ReadonlySet<string> = new Set([
  'filled',
  'expired',
  'canceled',
  'rejected',
  'not_placed',
  'unknown',
  'lost',
]);
/** Of the exchange's two limits, that of conditional orders is answered to an order of any kind now and then. */
const REFUSED = /max (?:open|stop) order/i;
const GIVES_PLACE = /^gives its place/;

/**
 * The exchange takes so many open orders in a symbol: openings leave room for exits and for each other. An exit that
 * closes now and is refused for that limit goes on in the place of one of ours, the newest opening first, and is never
 * given up for it. Each place serves one exit at a time. [EX-21 EX-46 EX-70]
 * @except another daemon runs, or a ledger was put back
 */
export function findPlaceBreaches(history: History): readonly Breach[] {
  const { homes } = history.world;
  if (homes.restores.length + homes.seconds.length > 0) return [];
  return [
    ...findTooManyOpenings(history),
    ...findGivenUp(history),
    ...findGivenPlaces(history),
    ...findHeldOut(history),
    ...findShared(history),
  ];
}

function findTooManyOpenings({ orders, plan, world }: History): readonly Breach[] {
  const { maxOrders = MAX_ORDERS, maxOpenings = MAX_OPENINGS } = plan.setup;
  const most = Math.max(1, Math.floor(maxOrders / 2));
  return world.venue.sends.flatMap(({ openings, symbol, wire }) => {
    const order = orders.get(wire.clientId ?? '');
    if (order === undefined || order.planned.reduce_only || wire.method !== 'POST' || wire.servedAtMs === null)
      return [];
    const others = openings.flatMap((id) => orders.get(id) ?? []);
    const own = others.filter(({ decision }) => decision.agent === order.decision.agent);
    const what = `${wire.clientId} of ${order.decision.agent} comes at ${at(wire.servedAtMs)} beside`;
    return [
      ...(others.length >= most
        ? [{ code: 'places/all', detail: `${what} ${others.length} openings in ${symbol}, of ${most}` }]
        : []),
      ...(own.length >= maxOpenings
        ? [{ code: 'places/own', detail: `${what} ${own.length} of its own in ${symbol}, of ${maxOpenings}` }]
        : []),
    ];
  });
}

function findGivenUp({ events }: History): readonly Breach[] {
  return events.flatMap(({ atMs, event }) => {
    if (event.kind !== 'exit_target' || event.payload.action !== 'ended' || !REFUSED.test(event.payload.detail))
      return [];
    const { decision_id: id, reason } = event.payload;
    return [
      { code: 'places/given-up', detail: `the exit ${id} ends at ${at(atMs)}, ${reason}: ${event.payload.detail}` },
    ];
  });
}

/** An order of an exit that closes now was refused for the limit. */
interface Refusal {
  readonly atMs: number;
  readonly seq: number;
  readonly order: PlannedBy;
}

function findRefusals({ events, orders }: History): readonly Refusal[] {
  const closing = new Set(
    events.flatMap(({ event }) =>
      event.kind === 'exit_target' && event.payload.action === 'opened' ? [event.payload.decision_id] : [],
    ),
  );
  return events.flatMap(({ atMs, event, seq }) => {
    if (event.kind !== 'order' || event.payload.status !== 'rejected') return [];
    const order = orders.get(event.payload.client_order_id);
    if (order === undefined || !REFUSED.test(event.payload.detail ?? '')) return [];
    return closing.has(order.decision.rootId) && !order.planned.protective ? [{ atMs, seq, order }] : [];
  });
}

function findGivenPlaces(history: History): readonly Breach[] {
  const refusals = findRefusals(history);
  return history.events.flatMap(({ atMs, event, seq }) => {
    if (event.kind !== 'order_intent' || event.payload.action !== 'cancel') return [];
    const { client_order_id: id, reason } = event.payload;
    if (!GIVES_PLACE.test(reason)) return [];
    const order = history.orders.get(id);
    const what = `${id} gives its place at ${at(atMs)}`;
    if (order === undefined) return [{ code: 'places/foreign', detail: `${what}, and is not ours` }];
    const { symbol } = order.planned;
    const isAsked = refusals.some(
      (refusal) =>
        refusal.seq < seq && refusal.order.planned.symbol === symbol && !isEnded(history, refusal.order, seq),
    );
    if (!isAsked) return [{ code: 'places/needless', detail: `${what}, and no exit was refused for the limit` }];
    const resting = findResting(history, symbol, seq).filter((other) => other !== order);
    if (order.planned.reduce_only && resting.some(({ planned }) => !planned.reduce_only))
      return [{ code: 'places/exit-first', detail: `${what}, and an opening rests` }];
    const isNewer = resting.some(
      ({ decision, planned }) =>
        planned.reduce_only === order.planned.reduce_only && decision.atMs > order.decision.atMs,
    );
    return isNewer ? [{ code: 'places/newer-left', detail: `${what}, and a newer one rests` }] : [];
  });
}

function isEnded({ events }: History, { decision }: PlannedBy, untilSeq: number): boolean {
  return events.some(
    ({ event, seq }) =>
      seq < untilSeq &&
      event.kind === 'exit_target' &&
      event.payload.action === 'ended' &&
      event.payload.decision_id === decision.rootId,
  );
}

/** Orders of agents and operators that rest in a symbol by what was told, and that nobody has asked back. */
function findResting(history: History, symbol: string, untilSeq: number): readonly PlannedBy[] {
  const { events, orderEvents, orders } = history;
  const askedBack = new Set<string>();
  for (const { event, seq } of events)
    if (seq < untilSeq && event.kind === 'order_intent' && event.payload.action === 'cancel')
      askedBack.add(event.payload.client_order_id);
  return [...orders].flatMap(([id, order]) => {
    const { decision, planned } = order;
    if (planned.symbol !== symbol || planned.protective || planned.time_in_force === 'IOC' || askedBack.has(id))
      return [];
    if (planned.reduce_only && decision.origin !== 'agent') return [];
    const last = orderEvents.get(id)?.findLast(({ seq }) => seq < untilSeq)?.event.status;
    return last === 'working' ? [order] : [];
  });
}

/**
 * It was refused, one of ours rests there all the time, nothing else is amiss, and no other order of it gets there.
 * @except something fails within eight seconds
 * @except a person trades by hand
 * @except the world is over within eight seconds
 */
function findHeldOut(history: History): readonly Breach[] {
  return findRefusals(history).flatMap(({ atMs, order, seq }) => {
    const { decision, planned } = order;
    const untilMs = atMs + GOES_ON_WITHIN_MS;
    if (untilMs > history.endMs || !isCalm(history, atMs - GOES_ON_WITHIN_MS, untilMs)) return [];
    if (isOwnersHandIn(history, planned.symbol, undefined, untilMs)) return [];
    const untilSeq = history.events.findLast((note) => note.atMs <= untilMs)?.seq ?? seq;
    if (isEnded(history, order, untilSeq)) return [];
    const goesOn = [...history.orderEvents].some(
      ([id, words]) =>
        history.orders.get(id)?.decision.rootId === decision.rootId &&
        words.some((word) => word.seq > seq && word.atMs <= untilMs && CAME_IN.has(word.event.status)),
    );
    const rests = findResting(history, planned.symbol, seq);
    const left = findResting(history, planned.symbol, untilSeq).filter((other) => rests.includes(other));
    if (goesOn || left.length < rests.length || left.length === 0) return [];
    const detail = `the exit ${decision.rootId} was refused for the limit at ${at(atMs)}, and has no order there at ${at(untilMs)}; ${left.length} of ours rest`;
    return [{ code: 'places/held-out', detail }];
  });
}

/** Orders of exits that went out sooner than after their wait: in a place that was given. */
function findInPlaces(history: History): readonly (readonly [string, PlannedBy])[] {
  const orders = [...history.orders];
  return findRefusals(history).flatMap(({ atMs, order, seq }) => {
    const next = orders.find(
      ([, { decision }]) =>
        decision.rootId === order.decision.rootId && decision.seq > seq && decision !== order.decision,
    );
    return next !== undefined && next[1].decision.atMs < atMs + TRIED_AGAIN_MS ? [next] : [];
  });
}

/**
 * The next exit goes into a place once it is known what became of the order in it, or that its answer is lost; or into
 * another one, which was given since.
 */
function findShared(history: History): readonly Breach[] {
  const { orderEvents, orders, posts } = history;
  const inPlaces = [...findInPlaces(history)].sort(([, a], [, b]) => a.decision.seq - b.decision.seq);
  const isOver = (id: string, fromSeq: number, toSeq: number): boolean =>
    (orderEvents.get(id) ?? []).some(({ event, seq }) => seq > fromSeq && seq < toSeq && OVER.has(event.status));
  const given = history.events.flatMap(({ event }) =>
    event.kind === 'order_intent' && GIVES_PLACE.test(event.payload.reason) ? [event.payload.client_order_id] : [],
  );
  return inPlaces.flatMap(([id, { decision, planned }]) => {
    const beside = inPlaces.findLast(
      ([other, by]) =>
        by.planned.symbol === planned.symbol &&
        by.decision.rootId !== decision.rootId &&
        by.decision.seq < decision.seq &&
        by.decision.atMs > decision.atMs - PLACE_GIVEN_MS &&
        posts.get(other)?.life === posts.get(id)?.life,
    );
    if (beside === undefined || isOver(beside[0], 0, decision.seq)) return [];
    const isAnother = given.some(
      (other) =>
        orders.get(other)?.planned.symbol === planned.symbol && isOver(other, beside[1].decision.seq, decision.seq),
    );
    if (isAnother) return [];
    const detail = `${id} goes out at ${at(decision.atMs)} into the place of ${beside[0]}, whose end is not known`;
    return [{ code: 'places/shared', detail }];
  });
}

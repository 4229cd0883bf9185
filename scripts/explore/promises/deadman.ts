import { isOpen } from '../../../daemon/exchange-sim/core/orders/orders.ts';
import type { AlgoOrder, Order } from '../../../daemon/exchange-sim/core/state.ts';
import { at, type Breach } from '../breach.ts';
import type { History } from '../history.ts';
import { START_MS } from '../market.ts';
import { readySpans } from './stops.ts';

/** Of the policy when the plan names none. */
const DEADMAN_MS = 120_000;
/** From when an opening rests until its symbol's countdown is set, where the exchange answers. */
const SET_WITHIN_MS = 5_000;
/** What had left when the daemon died still arrives. */
const ARRIVES_MS = 3_000;
/** From when it was sent on, the exchange takes no earlier good-till-date; whole seconds. */
const MIN_GOOD_MS = 661_000;

/** No process of the daemon runs. */
interface Gap {
  readonly diedAtMs: number;
  readonly untilMs: number;
}

/**
 * While the daemon is down nothing opens later than `standing.deadman_ms` where the exchange's countdown ran, nor after its
 * good-till-date elsewhere; and no countdown takes a stop. Told from the books, and from when processes lived.
 * [EX-67 EX-68 TM-58 TM-59 TM-62]
 * @except another daemon runs, or a ledger was put back
 */
export function findDeadmanBreaches(history: History): readonly Breach[] {
  const { world } = history;
  if (world.homes.restores.length + world.homes.seconds.length > 0) return [];
  return gapsOf(history).flatMap((gap) => [
    ...findLeft(history, gap),
    ...findBeyondDate(history, gap),
    ...findTaken(history, gap),
  ]);
}

function gapsOf({ endMs, world: { lives } }: History): readonly Gap[] {
  return lives.flatMap(({ toMs }, index) => {
    if (toMs === null) return [];
    const untilMs = lives[index + 1]?.fromMs ?? endMs;
    return untilMs > toMs ? [{ diedAtMs: toMs, untilMs }] : [];
  });
}

/** When an order rested no more, ms of the world. */
function endOf(order: Order): number {
  return isOpen(order) ? Number.POSITIVE_INFINITY : order.updatedMs - START_MS;
}

/** Openings of agents that lay at the exchange when the daemon died. */
function leftOpenings({ orders, world }: History, { diedAtMs }: Gap): readonly Order[] {
  return [...world.exchange.world.state.orders.values()].filter((order) => {
    const planned = orders.get(order.clientOrderId)?.planned;
    if (planned === undefined || planned.reduce_only || planned.protective) return false;
    return order.createdMs - START_MS <= diedAtMs - SET_WITHIN_MS && endOf(order) > diedAtMs;
  });
}

/** It lived and knew everything, and the exchange answered, for long enough before it died. */
function wasWell(history: History, { diedAtMs }: Gap): boolean {
  const fromMs = diedAtMs - SET_WITHIN_MS;
  const { leftAlone, looks, records } = history.world.wire;
  const isAnswered = (asked: { readonly sentAtMs: number; readonly status: number | null }): boolean =>
    asked.sentAtMs < fromMs - SET_WITHIN_MS || asked.sentAtMs > diedAtMs - ARRIVES_MS || asked.status === 200;
  return (
    readySpans(history).some((span) => span.fromMs <= fromMs && span.toMs >= diedAtMs) &&
    [...records, ...looks].every(isAnswered) &&
    !leftAlone.isAskedWithin(fromMs, diedAtMs)
  );
}

function heldE8At({ fills }: History, symbol: string, atMs: number): number {
  return fills.findLast((fill) => fill.symbol === symbol && fill.atMs <= atMs)?.after ?? 0;
}
function isFlatThroughout(history: History, symbol: string, fromMs: number, toMs: number): boolean {
  const isBetween = history.fills.some((fill) => fill.symbol === symbol && fill.atMs >= fromMs && fill.atMs <= toMs);
  return heldE8At(history, symbol, fromMs) === 0 && !isBetween;
}
function isOwnersHandIn({ world }: History, symbol: string): boolean {
  return world.venue.hands.some((hand) => hand.symbol === symbol);
}

/**
 * Nothing is left at rest for longer than the countdown.
 * @except the exchange’s clock stands still
 * @except the daemon was not well for five seconds before
 * @except a person trades by hand
 * @except the countdown takes stops, and something was held
 */
function findLeft(history: History, gap: Gap): readonly Breach[] {
  const { plan } = history;
  const { diedAtMs, untilMs } = gap;
  const { countdown, deadmanMs = DEADMAN_MS, isClockStopped } = plan.setup;
  const overMs = diedAtMs + deadmanMs + ARRIVES_MS;
  if (deadmanMs === 0 || isClockStopped === true || untilMs <= overMs || !wasWell(history, gap)) return [];
  return leftOpenings(history, gap).flatMap((order) => {
    const { clientOrderId: id, symbol } = order;
    if (endOf(order) <= overMs || isOwnersHandIn(history, symbol)) return [];
    if (countdown === 'all' && !isFlatThroughout(history, symbol, diedAtMs - 2 * SET_WITHIN_MS, diedAtMs)) return [];
    const filled = history.fills.find(({ atMs, clientId }) => clientId === id && atMs > overMs && atMs < untilMs);
    const what = filled === undefined ? `rests at ${at(overMs)}` : `fills at ${at(filled.atMs)}`;
    const code = filled === undefined ? 'deadman/rests' : 'deadman/filled';
    return [{ code, detail: `${id} ${what}, and the daemon died at ${at(diedAtMs)}` }];
  });
}

function findBeyondDate(history: History, gap: Gap): readonly Breach[] {
  return leftOpenings(history, gap).flatMap((order) => {
    const { clientOrderId: id } = order;
    const endsAtMs = history.orders.get(id)?.decision.event.authority?.ends_at_ms;
    if (endsAtMs === undefined) return [];
    const dateMs = Math.max(endsAtMs, order.createdMs + MIN_GOOD_MS) - START_MS + ARRIVES_MS;
    if (Math.min(endOf(order), gap.untilMs) <= dateMs || gap.diedAtMs > dateMs) return [];
    return [
      { code: 'deadman/good-till', detail: `${id} rests at ${at(dateMs)}, and the daemon died at ${at(gap.diedAtMs)}` },
    ];
  });
}

/**
 * Where the position was known for long enough.
 * @except the daemon was not well for five seconds before
 * @except a person trades by hand
 */
function findTaken(history: History, gap: Gap): readonly Breach[] {
  const { diedAtMs, untilMs } = gap;
  const isTaken = ({ createdMs, status, symbol, updatedMs }: AlgoOrder): boolean => {
    const atMs = updatedMs - START_MS;
    return (
      status === 'CANCELED' &&
      atMs > diedAtMs + ARRIVES_MS &&
      atMs < untilMs &&
      createdMs - START_MS < diedAtMs - SET_WITHIN_MS &&
      heldE8At(history, symbol, diedAtMs - 2 * SET_WITHIN_MS) !== 0 &&
      !isOwnersHandIn(history, symbol)
    );
  };
  const taken = [...history.world.exchange.world.state.algoOrders.values()].filter(isTaken);
  if (taken.length === 0 || !wasWell(history, gap)) return [];
  return taken.map(({ clientAlgoId, updatedMs }) => ({
    code: 'deadman/stop',
    detail: `the stop ${clientAlgoId} is canceled at ${at(updatedMs - START_MS)}, and no daemon ran since ${at(diedAtMs)}`,
  }));
}

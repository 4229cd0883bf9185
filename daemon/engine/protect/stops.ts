/**
 * The gate's own requests to protect the account. Pure functions, so that the daemon and a replay make the same ones
 * (SAE-SAME-CODE).
 */
import { copyRequest, type ExecutionRequest, type Side } from '../../core/request.ts';
import { isNotPlaced, isUnknown, type OrderState } from '../orders/orders.ts';
import { bareRequest, type ReviewPlace } from '../plan/orders.ts';
import type { PlannedOrder } from '../records/decisions.ts';
import { E8, fromE8, type TickRules, tickE8, toE8 } from '../records/units.ts';

/** The gate's request to close a part of what it may close in a symbol. */
export function closeRequest(
  place: ReviewPlace,
  { fraction, side, symbol }: { readonly symbol: string; readonly side: Side; readonly fraction: number },
  nowMs: number,
): ExecutionRequest {
  const request = copyRequest(bareRequest(place, symbol, nowMs));
  request.fraction = fraction;
  request.intent = 'close';
  request.order_type = 'market';
  request.reduce_only = true;
  request.side = side;
  request.tool = 'close_position';
  return request;
}

/** Trigger of a stop at `stopBps` from the entry price, on the losing side; `side`: the stop's. */
export function findStopE8(side: Side, entryPrice: number, stopBps: number, rules: TickRules): number {
  const distance = stopBps / 1e4;
  const price = side === 'sell' ? entryPrice * (1 - distance) : entryPrice * (1 + distance);
  return toE8(Math.round((price * rules.tickScale) / rules.tickMantissa), tickE8(rules));
}

/** A stop stays where it is for a difference of this many ticks, or of this part of the distance. */
const SMALL_TICKS = 2;
const SMALL_PART = 0.01;

/** Whether a stop is materially further from the entry price than `stopBps`, on the losing side. */
export function isStopTooFar(
  { side, triggerE8 }: { readonly side: Side; readonly triggerE8: number },
  entryPrice: number,
  stopBps: number,
  rules: TickRules,
): boolean {
  const wantedE8 = findStopE8(side, entryPrice, stopBps, rules);
  const beyondE8 = side === 'sell' ? wantedE8 - triggerE8 : triggerE8 - wantedE8;
  const distanceE8 = (entryPrice * E8 * stopBps) / 1e4;
  return beyondE8 > Math.max(SMALL_TICKS * tickE8(rules), distanceE8 * SMALL_PART);
}

/** Whether a stop at this trigger would fire at once. */
export function isMarkBeyond(side: Side, triggerE8: number, mark: number): boolean {
  const trigger = fromE8(triggerE8);
  return side === 'sell' ? mark <= trigger : mark >= trigger;
}

/** A stop for the whole position: closePosition, on the mark. `quantityE8`: the size that it counts as. */
export function planStop(
  id: string,
  stop: { readonly symbol: string; readonly side: Side; readonly quantityE8: number; readonly triggerE8: number },
): PlannedOrder {
  return {
    client_order_id: id,
    delay_ms: 0,
    kind: 'algo',
    leverage: 1,
    quantity_e8: stop.quantityE8,
    order_type: 'market',
    price_e8: null,
    protective: true,
    reduce_only: true,
    side: stop.side,
    slice: 0,
    symbol: stop.symbol,
    time_in_force: null,
    trigger_e8: stop.triggerE8,
  };
}

/** The stop that fires first; one that is being canceled only where there is no other. */
export function findClosest(stops: readonly OrderState[]): OrderState | null {
  const staying = stops.filter((order) => !order.cancelRequested);
  const distance = ({ side, triggerE8 }: OrderState): number =>
    triggerE8 === null ? Number.POSITIVE_INFINITY : side === 'sell' ? -triggerE8 : triggerE8;
  let closest: OrderState | null = null;
  for (const order of staying.length > 0 ? staying : stops)
    if (closest === null || distance(order) < distance(closest)) closest = order;
  return closest;
}

/** Why it is not there, in the words of an alert. */
export function describeMissing(order: OrderState): string {
  if (isNotPlaced(order)) return 'protective stops that were sent never rested at the venue';
  if (isUnknown(order)) return 'whether the protective stop rests at the venue cannot be found out';
  return `the protective stop was refused (${order.detail ?? 'no reason'})`;
}

/** A conditional order without a size of its own. */
export function closesAll(order: OrderState): boolean {
  return order.kind === 'algo' && order.reduceOnly && order.quantityE8 === 0;
}

import type { DecisionEvent } from '../../../daemon/engine/records/decisions.ts';
import { ceilTicks, floorLots, floorTicks } from '../../../daemon/engine/records/units.ts';
import type { PlainOrder, PlainOrders } from '../plain/plain-orders.ts';
import { type Found, unequal } from '../plain/told.ts';
import type { PlainHeld } from './figures-held.ts';

/** The order that a call would change or cancel, as it was decided, is what the records before it say of it. */
export function* compareOrder({ all, rules: allRules }: PlainOrders, { context }: DecisionEvent): Generator<Found> {
  const { order: view } = context;
  const order = view === null ? undefined : all.get(view.client_order_id);
  const rules = order === undefined ? undefined : allRules.get(order.symbol);
  if (view === null || order === undefined || rules === undefined) return;
  yield* unequal('order-agent', view.agent, order.agent);
  yield* unequal('order-symbol', view.symbol, order.symbol);
  yield* unequal('order-side', view.side, order.side);
  yield* unequal('order-closes', String(view.reduce_only), String(order.reduceOnly));
  yield* unequal('order-lots', view.lots, floorLots(order.quantityE8, rules));
  yield* unequal('order-filled', view.filled_lots, floorLots(order.executed, rules));
  const ticks = order.side === 'sell' ? ceilTicks : floorTicks;
  yield* unequal('order-price', view.price_ticks, order.priceE8 === null ? null : ticks(order.priceE8, rules));
  if (order.isOver) yield* unequal('order-open', String(view.is_open), 'false');
}

/** Exits at rest are counted where a limit order is requested against a position, and no fewer than the records tell of. */
export function* compareResting(
  { all }: PlainOrders,
  { context: { agent }, request }: DecisionEvent,
  held: PlainHeld,
): Generator<Found> {
  const isCounted = request.order_type === 'limit' && held.of(request.symbol ?? '').held !== 0;
  const resting = isCounted
    ? [...all.values()].filter((order) => isRestingExit(order) && !held.isWorked(order.rootId))
    : [];
  const own = countClaims(resting.filter((order) => order.agent === request.agent));
  const here = countClaims(resting.filter((order) => order.symbol === request.symbol));
  if (agent.resting_exits < own || (!isCounted && agent.resting_exits > 0))
    yield ['figure/resting-exits', `${agent.resting_exits}, by the records ${own}`];
  if (agent.symbol_resting_exits < here || (!isCounted && agent.symbol_resting_exits > 0))
    yield ['figure/symbol-resting-exits', `${agent.symbol_resting_exits}, by the records ${here}`];
}

/** One may have several orders. */
const countClaims = (orders: readonly PlainOrder[]): number => new Set(orders.map(({ rootId }) => rootId)).size;

function isRestingExit({ isLeaving, isOver, isUnsent, origin, reduceOnly, rests }: PlainOrder): boolean {
  return reduceOnly && rests && origin === 'agent' && !isLeaving && !isOver && !isUnsent;
}

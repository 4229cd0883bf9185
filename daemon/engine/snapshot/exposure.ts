import { ceilTicks as ceilPriceTicks } from '../../core/arithmetic/quantities.ts';
import { remainingE8 } from '../orders/order.ts';
import { isPlanned, isResting, isTerminal, liveOrders, type OrderBook, type OrderState } from '../orders/orders.ts';
import { isFlat, longE8, type PositionState, shortE8 } from '../positions/positions.ts';
import type { LiveInputs, Own } from '../readings/inputs.ts';
import { ceilLots, ceilTicks, floorLots, floorTicks, type LotRules } from '../records/units.ts';
import type { SymbolRules } from '../records/venue.ts';
import type { GateViews } from '../state/views.ts';

/**
 * Worst case of one symbol in integer units (lots x ticks, both rounded up to the step), DESIGN "Arithmetic":
 * W+ = max(0,P) mark + sum of r_o v_o over opening buys, W- mirrored, N = max(W+, W-). Reduce-only orders add 0 and
 * nothing is netted across sides, so |P'| mark <= N for every subset and order of fills and cancels at fixed marks.
 */
export interface Exposure {
  readonly longUnits: number;
  readonly shortUnits: number;
}
export interface ExposedPosition {
  readonly longE8: number;
  readonly shortE8: number;
}
type CountedOrder = Pick<
  OrderState,
  'side' | 'reduceOnly' | 'quantityE8' | 'executedE8' | 'priceE8' | 'triggerE8' | 'amend'
>;

/** v_o = max(mark, limit, trigger, IOC bound) in ticks, upwards; while an amend is not proven, the worse price. */
function valueTicks(order: CountedOrder, markTicks: number, rules: SymbolRules): number {
  const dearestE8 = Math.max(order.priceE8 ?? 0, order.triggerE8 ?? 0, order.amend?.priceE8 ?? 0);
  return Math.max(markTicks, ceilTicks(dearestE8, rules));
}
/** r_o v_o. */
export function orderUnits(order: CountedOrder, markTicks: number, rules: SymbolRules): number {
  return order.reduceOnly ? 0 : ceilLots(remainingE8(order), rules) * valueTicks(order, markTicks, rules);
}

export function worstCase(
  position: ExposedPosition,
  orders: Iterable<CountedOrder>,
  markTicks: number,
  rules: SymbolRules,
): Exposure {
  let longUnits = ceilLots(position.longE8, rules) * markTicks;
  let shortUnits = ceilLots(position.shortE8, rules) * markTicks;
  for (const order of orders) {
    const units = orderUnits(order, markTicks, rules);
    if (order.side === 'buy') longUnits += units;
    else shortUnits += units;
  }
  return { longUnits, shortUnits };
}

/** Mark in whole ticks, rounded up: what one lot is valued at. */
export function markInTicks(mark: number, rules: SymbolRules): number {
  return ceilPriceTicks(mark, { tick_mantissa: rules.tickMantissa, tick_scale: rules.tickScale });
}
export function unitsInUsdt(units: number, rules: SymbolRules): number {
  return (units * (rules.lotMantissa * rules.tickMantissa)) / (rules.lotScale * rules.tickScale);
}

/**
 * Signed lots that may be closed, of so much of a position: rounded down. All of the position counts as the lots that
 * cover it: nobody else's stand beside them, and reduceOnly keeps an order of these inside the position (DESIGN 12.2,
 * "Holdings below the venue's minimum", which a lot is, too).
 */
export function closableLots(position: PositionState, signedE8: number, rules: LotRules): number {
  const allE8 = signedE8 > 0 ? longE8(position) : -shortE8(position);
  return signedE8 === allE8 ? ceilLots(signedE8, rules) : floorLots(signedE8, rules);
}

/** Orders other than those that are being decided; `agent`: of that agent alone. Mostly there are none at all. */
export function othersThan(orders: ReadonlySet<OrderState>, own: Own, agent: string | null): Iterable<OrderState> {
  return orders.size === 0 ? orders : eachOther(orders, own, agent);
}
function* eachOther(orders: ReadonlySet<OrderState>, own: Own, agent: string | null): Generator<OrderState> {
  for (const order of orders) {
    if (agent !== null && order.agent !== agent) continue;
    if (isOther(order, own)) yield order;
  }
}
/**
 * Neither decided again, nor leaving, nor an unsent part of the same parent. RISK: an amend takes nothing of these: they go
 * out beside what it makes of their order, and trader state does not hold them again.
 */
export function isOther(order: OrderState, { own, leaving, phase }: Own): boolean {
  if (order === own || leaving?.has(order) === true) return false;
  const isSibling = own !== null && own.decisionId !== null && order.decisionId === own.decisionId;
  return !isSibling || !isPlanned(order) || phase === 'parent';
}

/** Exposure that cannot be valued leaves no room for anything (JSON has no infinity). */
export const UNVALUED_USDT = Number.MAX_SAFE_INTEGER;

interface ExposedViews {
  readonly orders: OrderBook;
  readonly positions: ReadonlyMap<string, PositionState>;
}
/** Symbols with a position or an order that can still fill, each once. */
export function exposedSymbols(state: ExposedViews): string[] {
  const symbols: string[] = [];
  for (const position of state.positions.values())
    if (longE8(position) > 0 || shortE8(position) > 0) symbols.push(position.symbol);
  for (const [symbol, orders] of state.orders.live) {
    if (orders.size === 0 || symbols.includes(symbol)) continue;
    for (const order of orders) {
      if (!order.reduceOnly && remainingE8(order) > 0) {
        symbols.push(symbol);
        break;
      }
    }
  }
  return symbols;
}
/** The same in alphabetical order. */
export function exposedInOrder(state: ExposedViews): readonly string[] {
  const symbols = exposedSymbols(state);
  // Mostly there are one or two.
  if (symbols.length > 2) return symbols.sort();
  return symbols.length === 2 && symbols[1]! < symbols[0]! ? symbols.reverse() : symbols;
}

/** Initial margin of opening orders that the snapshot's available balance does not contain yet. */
export function reservedMargin(
  state: GateViews,
  symbols: LiveInputs['symbols'],
  own: Own,
  isConcerned: (order: OrderState) => boolean,
): number {
  let total = 0;
  for (const order of state.uncontained) {
    if (!isConcerned(order)) continue;
    // What is decided again counts by what it has filled: the rest of it is what the decision is about.
    const isOver = isTerminal(order) || !isOther(order, own);
    const quantityE8 = isOver ? order.executedE8 : Math.max(order.quantityE8, order.amend?.quantityE8 ?? 0);
    total += neededMargin(state, symbols, order, quantityE8);
  }
  for (const [order, form] of state.readAs) {
    if (state.uncontained.has(order) || !isConcerned(order) || !isOther(order, own)) continue;
    const quantityE8 = isTerminal(order) ? order.executedE8 : remainingE8(order);
    total += Math.max(0, neededMargin(state, symbols, order, quantityE8) - formMargin(state, order, form));
  }
  return total;
}
function neededMargin(state: GateViews, symbols: LiveInputs['symbols'], order: OrderState, quantityE8: number): number {
  const rules = state.rules.get(order.symbol);
  const live = symbols.get(order.symbol);
  if (rules === undefined || live === undefined) return 0;
  const usdt = unitsInUsdt(
    ceilLots(quantityE8, rules) * valueTicks(order, markInTicks(live.mark, rules), rules),
    rules,
  );
  return usdt / Math.max(1, marginLeverage(state, order)) + usdt * 2 * rules.takerFee;
}

/**
 * Margin that the venue holds for the resting orders that are decided again, or are about to be canceled: contained in
 * the snapshot, and theirs to use (DESIGN rule 15, "own reservation excluded").
 */
export function ownMargin(state: GateViews, { own, leaving }: Own): number {
  let total = own === null ? 0 : heldMargin(state, own);
  // In one order whatever the review's was: sums of decimals depend on it, and an audit derives them again.
  const others = leaving === null ? [] : [...leaving].sort((a, b) => (a.clientOrderId < b.clientOrderId ? -1 : 1));
  for (const order of others) if (order !== own) total += heldMargin(state, order);
  return total;
}
function heldMargin(state: GateViews, order: OrderState): number {
  if (order.reduceOnly || !isResting(order) || state.uncontained.has(order)) return 0;
  return formMargin(state, order, state.readAs.get(order) ?? order);
}
/** What the venue holds for a form of an order, at the order's own price. */
function formMargin(state: GateViews, order: OrderState, form: Pick<OrderState, 'quantityE8' | 'priceE8'>): number {
  const rules = state.rules.get(order.symbol);
  if (rules === undefined) return 0;
  // RISK: it is subtracted from what is needed, so it is rounded down.
  const lots = floorLots(Math.max(0, form.quantityE8 - order.executedE8), rules);
  const units = lots * floorTicks(form.priceE8 ?? 0, rules);
  return unitsInUsdt(units, rules) / Math.max(1, marginLeverage(state, order));
}

/**
 * Leverage at which the venue holds the margin of an order: the symbol's own setting, which stays while a position or
 * another order exists (BY-39), and never more than was charged.
 */
function marginLeverage(state: GateViews, order: OrderState): number {
  const position = state.positions.get(order.symbol);
  const setting = position?.leverage ?? null;
  if (setting === null || setting >= order.leverage) return order.leverage;
  const own: Own = { own: order, leaving: null };
  return isLeverageLocked(position, liveOrders(state.orders, order.symbol), own) ? setting : order.leverage;
}

/**
 * Leverage is a setting of the symbol: it can be set to the charged leverage while the symbol is flat and has no order at the
 * venue other than those that are being decided; otherwise it stays (BY-39).
 */
export function isLeverageLocked(
  position: PositionState | undefined,
  orders: ReadonlySet<OrderState>,
  own: Own,
): boolean {
  if (position !== undefined && !isFlat(position)) return true;
  for (const order of othersThan(orders, own, null)) if (!isPlanned(order)) return true;
  return false;
}

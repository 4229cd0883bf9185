import type { TradeFill } from '../../core/features/round-trips.ts';
import { isLiquidation } from '../accounts/income-rows.ts';
import { parentOf } from '../callers/pacing.ts';
import { applyListed, applyOrderEvent, setAmend } from '../orders/evidence.ts';
import { holdAgain, holdBy } from '../orders/holding.ts';
import { priceMoved, unreportedE8 } from '../orders/order.ts';
import {
  buildForeignOrder,
  insertOrder,
  isPlanned,
  isTerminal,
  type OrderState,
  planOrders,
} from '../orders/orders.ts';
import { applyFill, type ClosedAndOpened } from '../positions/fills.ts';
import type { Openings } from '../positions/lot-book.ts';
import type { PositionState } from '../positions/positions.ts';
import type { DecisionEvent, OrderEvent, RecordedDecision } from '../records/decisions.ts';
import { fromE8, lotE8, rulesOf, tickE8, toE8 } from '../records/units.ts';
import type { GateViews } from './views.ts';

/** Orders, reservations and pacing that follow from a decision. */
export function applyDecision(state: GateViews, event: DecisionEvent): void {
  state.requests.apply(event, state.time.tMs);
  const { decision } = event;
  if (decision.kind === 'slice') {
    applySlice(state, event);
    return;
  }
  if (decision.kind === 'tool') state.changes.begin(event, state.orders, state.layers, state.time.tMs);
  if (decision.kind === 'tool' && decision.effective?.action === 'amend') applyAmend(state, event);
  if (event.orders.length === 0) return;
  const opening = decision.effective?.action === 'open';
  for (const order of planOrders(event, state.time.tMs, state.time.aheadMs)) {
    order.decidedSeq = state.stateSeq;
    insertOrder(state.orders, order);
    if (order.reduceOnly) continue;
    state.uncontained.add(order);
  }
  // In shadow mode what opens follows from a decision that refuses it.
  if (decision.kind === 'tool' && event.request.origin === 'agent' && event.orders[0]?.reduce_only === false)
    holdBy(state.position(event.request.symbol ?? ''), event.agent);
  if (opening && decision.kind === 'tool') {
    // The parent takes a token for every slice at its decision: sends are counted, not acknowledgements.
    const { tMs } = state.time;
    state.pacing.take('sends', event.agent, tMs, event.orders.length);
    if (event.request.symbol !== null) state.pacing.symbol(event.request.symbol).lastOpenParentAtMs = tMs;
  }
  // One that waits takes its token when it is sent.
  if (decision.effective?.action === 'exit' && event.orders[0]?.delay_ms === 0)
    state.pacing.take('exits', event.agent, state.time.tMs);
}

/**
 * INVARIANT: an amend counts from its decision on, in the same turn, as the larger and the worse of both forms. One
 * that adds risk (it has a leverage) is paced like the opening order that it becomes; any other takes a token when its
 * rate was looked at, which that of an agent is.
 */
function applyAmend(state: GateViews, event: DecisionEvent): void {
  const { effective } = event.decision;
  const order = state.orders.all.get(event.request.client_order_id ?? '');
  if (order === undefined || effective === null || isTerminal(order)) return;
  if (effective.action === 'cancel' || effective.price_ticks === null) return;
  // A balance that was asked for before holds the margin of the old form at most, whenever it is answered.
  if (effective.leverage !== null && !state.readAs.has(order))
    state.readAs.set(order, { quantityE8: order.quantityE8, priceE8: order.priceE8 ?? 0 });
  const form = amendedForm(event, effective.lots, effective.price_ticks);
  if (form === null) return;
  noteAdded(state, event, form.quantityE8 - order.quantityE8);
  setAmend(order, form, state.stateSeq);
  for (const word of event.authority?.words ?? []) order.words = withWord(order.words, word);
  if (effective.leverage === null && !isPaced(event.decision)) return;
  const { tMs } = state.time;
  state.pacing.take('sends', event.agent, tMs);
  if (effective.leverage !== null) state.pacing.symbol(order.symbol).lastOpenParentAtMs = tMs;
}

/** In the steps of the decision's own context. */
function amendedForm({ context }: DecisionEvent, lots: number, ticks: number): NonNullable<OrderState['amend']> | null {
  const { rules } = context.market;
  if (rules === null) return null;
  const steps = rulesOf(rules);
  return { quantityE8: toE8(lots, lotE8(steps)), priceE8: toE8(ticks, tickE8(steps)) };
}

function withWord(words: string | null, word: string): string | null {
  // Records of before say whose the order is: that stays what it rests on.
  if (words === null || words.split(' ').includes(word)) return words;
  return words === '' ? word : `${words} ${word}`;
}

/** What an amend adds is opened like the lots of a new order, at the worse of mark and price. */
function noteAdded(state: GateViews, { agent, context, decision }: DecisionEvent, addedE8: number): void {
  const { effective } = decision;
  const { mark, rules } = context.market;
  if (effective === null || effective.action === 'cancel' || effective.reduce_only || addedE8 <= 0 || rules === null)
    return;
  const markUsdt = mark === null ? 0 : (mark * rules.lot_mantissa) / rules.lot_scale;
  const lotUsdt = Math.max(effective.notional / effective.lots, markUsdt);
  state.approvals.addOpened(agent, (addedE8 / lotE8(rulesOf(rules))) * lotUsdt, false, state.time.tMs);
}

/** Whether rule 6 looked at its rate. */
export function isPaced({ is_paced: isNoted, verdicts }: RecordedDecision): boolean {
  return isNoted ?? verdicts?.some(({ code }) => code === 'RATE') ?? false;
}

/** A later slice is decided on its own and can only shrink; what it lost is released. An exit takes a small rest along. */
function applySlice(state: GateViews, event: DecisionEvent): void {
  for (const fresh of planOrders(event, state.time.tMs, state.time.aheadMs)) {
    const order = state.orders.all.get(fresh.clientOrderId);
    // A further rung of an exit is a new order; it is reduce-only and so adds no exposure.
    if (order === undefined && fresh.reduceOnly) {
      const parentId = event.parent_decision_id ?? event.decision.decision_id;
      const siblings = state.orders.byDecision.get(parentId) ?? [];
      if (!siblings.some((sibling) => sibling.sentAtMs !== null))
        state.pacing.take('exits', event.agent, state.time.tMs);
      insertOrder(state.orders, fresh);
    }
    fresh.decidedSeq = state.stateSeq;
    if (order === undefined || !isPlanned(order)) continue;
    order.decidedSeq = state.stateSeq;
    // A resting exit that waited for its rate.
    if (order.reduceOnly) state.pacing.take('exits', event.agent, state.time.tMs);
    order.quantityE8 = order.reduceOnly ? fresh.quantityE8 : Math.min(order.quantityE8, fresh.quantityE8);
    order.priceE8 = fresh.priceE8;
    order.leverage = Math.min(order.leverage, fresh.leverage);
    order.status = 'in_flight';
    order.sentAtMs = state.time.tMs;
  }
}

/** What became of an order, and what of it was executed. */
export function applyOrder(state: GateViews, event: OrderEvent): void {
  const { tMs } = state.time;
  let order = state.orders.all.get(event.client_order_id);
  const hadEnded = order !== undefined && isTerminal(order);
  if (order === undefined) {
    const foreign = buildForeignOrder(event, tMs);
    if (foreign === null) return;
    insertOrder(state.orders, foreign);
    if (!foreign.reduceOnly) state.uncontained.add(foreign);
    order = foreign;
  } else if (event.foreign !== null) {
    order = applyListed(state.orders, order, event, tMs);
    if (!order.reduceOnly) state.uncontained.add(order);
  }
  const delta = applyOrderEvent(state.orders, order, event, { time: state.time, seq: state.stateSeq });
  if (hadEnded && (delta > 0 || !isTerminal(order))) {
    if (isOfThisEpoch(state, order)) holdAgain(state.position(order.symbol), order);
    if (!order.reduceOnly) state.uncontained.add(order);
  }
  if (delta > 0) moveFill(state, order, delta, event);
  state.claims.noteOrder(order, event, tMs, () => state.countdowns.wasDue(order.symbol, event.venue_at_ms));
}

/** RISK: what a recovered ledger had placed before is nobody's, whoever bears its agent's name now. */
function isOfThisEpoch({ recoveredMs }: GateViews, { plannedAtMs }: OrderState): boolean {
  return recoveredMs === null || plannedAtMs > recoveredMs;
}

/** INVARIANT: one view event moves a fill's quantity from its order to the position. */
function moveFill(state: GateViews, order: OrderState, quantityE8: number, event: OrderEvent): void {
  const rules = state.rules.get(order.symbol);
  const position = state.position(order.symbol);
  const price = priceMoved(order, quantityE8, event.average_price) ?? priceOf(order, position);
  // These are known by their trades.
  if (order.foreign && isLiquidation({ client_order_id: order.clientOrderId })) return;
  const effect = applyFill(position, {
    side: order.side,
    quantityE8,
    price,
    atMs: state.time.of(event.venue_at_ms),
    owner: order.origin === 'agent' && isOfThisEpoch(state, order) ? order.agent : null,
    agentsFirst: order.origin === 'gate',
    reduceOnly: order.reduceOnly,
    order: order.foreign ? null : order.clientOrderId,
    trade: unreportedE8(order, quantityE8) === 0 ? 0 : null,
    seq: order.decidedSeq,
  });
  noteOpened(state, order.symbol, effect.openings);
  if (rules === undefined || price === null) return;
  const unreported = unreportedE8(order, quantityE8) * price;
  order.unreportedUsdtE8 += unreported;
  const { tMs } = state.time;
  order.unreportedAtMs = tMs;
  // Turnover and fees are estimated at once and put right by the trade, so that no budget of them can be outrun. Trades that
  // are read before their lots move have counted already.
  const notional = fromE8(unreported);
  const fee = notional * rules.takerFee;
  state.pacing.noteTraded(order.agent, tMs, notional, fee);
  order.feesUsdt += fee;
  const fill: TradeFill = {
    symbol: order.symbol,
    side: order.side,
    lots: quantityE8,
    lot_size: fromE8(1),
    price,
    fee_usdt: fromE8(quantityE8) * price * rules.takerFee,
    at_ms: event.venue_at_ms,
  };
  if (position.holder !== null) noteRoundTrips(state, order, { holder: position.holder, ...effect.own }, fill);
}

/** Orders of ours opened: from here on the flip interval runs, from the side of the last one, and their parents count as executed. */
function noteOpened({ orders, pacing, time }: GateViews, symbol: string, { lastSide, orders: ids }: Openings): void {
  for (const id of ids) {
    const order = orders.all.get(id);
    const parent = order === undefined ? null : parentOf(orders, order);
    if (parent === null) continue;
    Object.assign(pacing.symbol(symbol), { lastOpenFillAtMs: time.tMs, lastOpenFillSide: lastSide });
    pacing.noteExecution(parent, time.tMs);
  }
}

/** Round trips are the holder's, by what became of its own lots. Where another's exit closed them, that is its turnover, too. */
function noteRoundTrips(
  { pacing, time, trades }: GateViews,
  { agent, origin, reduceOnly }: OrderState,
  own: ClosedAndOpened & { readonly holder: string },
  fill: TradeFill,
): void {
  const { holder } = own;
  const part = (lots: number): TradeFill => ({ ...fill, lots, fee_usdt: (fill.fee_usdt * lots) / fill.lots });
  if (own.closed > 0) trades.close(holder, part(own.closed));
  if (own.opened > 0) trades.addFill(holder, part(own.opened));
  // An agent's order counts as a whole for its agent, and so does an operator's for who bears its name.
  if (holder === agent || (agent !== null && (origin === 'agent' || !reduceOnly))) return;
  const closed = part(own.closed);
  const pace = pacing.agent(holder);
  pace.turnover.add(time.tMs, closed.lots * closed.lot_size * closed.price);
  pace.fees.add(time.tMs, closed.fee_usdt);
}

/**
 * What an order is valued at while no trade is known: its own price bound; without one the middle of the book that its
 * decision saw, else the mark of the last reading, else what the position was opened at.
 */
function priceOf(order: OrderState, { entryPrice, markPrice }: PositionState) {
  if (order.averagePrice !== null) return order.averagePrice;
  if (order.priceE8 !== null) return fromE8(order.priceE8);
  return order.midAtDecision ?? markPrice ?? (entryPrice > 0 ? entryPrice : null);
}

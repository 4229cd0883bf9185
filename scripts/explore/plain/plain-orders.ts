import type {
  DecisionEvent,
  GateEvent,
  OrderEvent,
  OrderIntentEvent,
  PlannedOrder,
} from '../../../daemon/gate/events.ts';
import type { SymbolRules } from '../../../daemon/gate/venue-port.ts';

/** What the records say of an order, read in the plainest way. */
export interface PlainOrder {
  readonly id: string;
  readonly symbol: string;
  readonly side: 'buy' | 'sell';
  readonly agent: string | null;
  readonly origin: DecisionEvent['request']['origin'] | null;
  readonly rootId: string | null;
  readonly reduceOnly: boolean;
  readonly foreign: boolean;
  lots: number;
  priceTicks: number | null;
  /** Bounds before an amendment: some of it may have filled under them. */
  readonly formerTicks: number[];
  readonly triggerTicks: number | null;
  /** Middle of the book that its decision saw. */
  readonly mid: number | null;
  amend: { readonly lots: number; readonly priceTicks: number } | null;
  executed: number;
  averagePrice: number | null;
  traded: { lots: number; usdt: number };
  isUnsent: boolean;
  isOver: boolean;
}

/** Lots that were executed of an order with one record. */
export interface PlainFill {
  readonly order: PlainOrder;
  readonly lots: number;
  /** What they are worth while no trade is known; null: plain reading does not say. */
  readonly price: number | null;
  /** The price is that of all that the order has executed. */
  readonly isAverage: boolean;
  readonly atMs: number;
  readonly venueAtMs: number;
}

const OVER: ReadonlySet<string> = new Set(['filled', 'canceled', 'expired', 'rejected', 'not_placed']);

/** Orders by what was recorded of them: what is executed only rises, and what has ended has ended, but for a later list. */
export class PlainOrders {
  readonly all = new Map<string, PlainOrder>();
  readonly rules = new Map<string, SymbolRules>();
  /** Of the last reading of the account that had the symbol. */
  readonly marks = new Map<string, number>();
  /** An order was told in a way that plain reading does not settle: another one under its id, or one that lives again. */
  isUnclear = false;

  /** Takes in a record; what it executed, if it did. */
  take(event: GateEvent): PlainFill | null {
    switch (event.kind) {
      case 'decision':
        this.#plan(event.payload);
        return null;
      case 'order':
        return this.#note(event.payload, event.at_ms);
      case 'order_intent':
        this.#intend(event.payload);
        return null;
      case 'rules':
        this.rules.set(event.payload.rules.symbol, event.payload.rules);
        return null;
      case 'account':
        for (const { mark_price: mark, symbol } of event.payload.positions) if (mark > 0) this.marks.set(symbol, mark);
        return null;
      case 'trade': {
        const order = this.all.get(event.payload.client_order_id ?? '');
        if (order === undefined) return null;
        order.traded.lots += event.payload.quantity_e8;
        order.traded.usdt += event.payload.quantity_e8 * event.payload.price;
        order.averagePrice = order.traded.usdt / order.traded.lots;
        return null;
      }
      default:
        return null;
    }
  }

  #plan(event: DecisionEvent): void {
    const { decision, orders, request } = event;
    for (const planned of orders) {
      const known = this.all.get(planned.client_order_id);
      if (known === undefined) this.all.set(planned.client_order_id, plainOf(planned, event));
      else if (known.isUnsent && !known.isOver) {
        // A slice is decided again when it is sent, and only shrinks.
        known.lots = Math.min(known.lots, planned.quantity_e8);
        known.priceTicks = planned.price_e8;
        known.isUnsent = false;
      }
    }
    const { effective } = decision;
    if (decision.kind !== 'tool' || effective?.action !== 'amend' || effective.price_ticks === null) return;
    const order = this.all.get(request.client_order_id ?? '');
    if (order !== undefined && !order.isOver) order.amend = { lots: effective.lots, priceTicks: effective.price_ticks };
  }

  #note(event: OrderEvent, atMs: number): PlainFill | null {
    const known = this.all.get(event.client_order_id);
    if (event.another === true || (known !== undefined && event.foreign !== null)) this.isUnclear = true;
    const order = known ?? this.#takeForeign(event);
    if (order === null) return null;
    const lots = Math.max(0, event.executed_e8 - order.executed);
    order.executed += lots;
    if (event.average_price !== null) order.averagePrice = event.average_price;
    if (OVER.has(event.status)) order.isOver = true;
    else if (event.foreign !== null) {
      // A later list shows what was thought to have ended, or never to have been sent.
      const { quantityE8: shown, price_e8: priceTicks } = event.foreign;
      Object.assign(order, { isOver: false, isUnsent: false, lots: shown, priceTicks });
    }
    const rules = this.rules.get(order.symbol);
    const bound =
      order.priceTicks === null || rules === undefined
        ? null
        : (order.priceTicks * rules.tickMantissa) / rules.tickScale;
    const price =
      event.average_price ?? order.averagePrice ?? bound ?? order.mid ?? this.marks.get(order.symbol) ?? null;
    const isAverage = event.average_price !== null;
    return lots === 0 ? null : { order, lots, price, isAverage, atMs, venueAtMs: event.venue_at_ms };
  }

  #takeForeign({ client_order_id: id, executed_e8: executed, foreign, status }: OrderEvent): PlainOrder | null {
    if (foreign === null) return null;
    const order: PlainOrder = {
      id,
      symbol: foreign.symbol,
      side: foreign.side,
      agent: null,
      origin: null,
      rootId: null,
      reduceOnly: foreign.reduce_only || foreign.close_position,
      foreign: true,
      lots: foreign.quantityE8,
      priceTicks: foreign.price_e8,
      triggerTicks: foreign.trigger_e8,
      mid: null,
      amend: null,
      formerTicks: [],
      executed,
      averagePrice: null,
      traded: { lots: 0, usdt: 0 },
      isUnsent: false,
      isOver: OVER.has(status),
    };
    this.all.set(id, order);
    return order;
  }

  #intend({ action, client_order_id: id, quantity_e8: lots, price_e8: priceTicks }: OrderIntentEvent): void {
    const order = this.all.get(id);
    if (order === undefined) return;
    if (action === 'amend' && lots !== null && priceTicks !== null) order.amend = { lots, priceTicks };
    if (action === 'amended' && order.amend !== null) {
      if (order.priceTicks !== null) order.formerTicks.push(order.priceTicks);
      Object.assign(order, order.amend);
    }
    if (action === 'amended' || action === 'amend_failed') order.amend = null;
  }
}

function plainOf(
  planned: PlannedOrder,
  { agent, context, decision, parent_decision_id: parent, request }: DecisionEvent,
): PlainOrder {
  const { ask, bid } = context.market;
  return {
    id: planned.client_order_id,
    symbol: planned.symbol,
    side: planned.side,
    agent,
    origin: request.origin,
    rootId: parent ?? decision.decision_id,
    reduceOnly: planned.reduce_only,
    foreign: false,
    lots: planned.quantity_e8,
    priceTicks: planned.price_e8,
    triggerTicks: planned.trigger_e8,
    mid: bid === null || ask === null ? null : (bid + ask) / 2,
    amend: null,
    formerTicks: [],
    executed: 0,
    averagePrice: null,
    traded: { lots: 0, usdt: 0 },
    isUnsent: planned.delay_ms > 0,
    isOver: false,
  };
}

/** USDT that may still be filled of what opens, at the worse of mark and limit: the larger of both forms of an amend. */
export function pendingUsdt(order: PlainOrder, rules: SymbolRules, mark: number): number {
  if (order.reduceOnly || order.isOver) return 0;
  const lots = Math.max(0, Math.max(order.lots, order.amend?.lots ?? 0) - order.executed);
  const tick = rules.tickMantissa / rules.tickScale;
  const markTicks = Math.ceil(mark / tick - 1e-9);
  const ticks = Math.max(markTicks, order.priceTicks ?? 0, order.triggerTicks ?? 0, order.amend?.priceTicks ?? 0);
  return lots * (rules.lotMantissa / rules.lotScale) * ticks * tick;
}

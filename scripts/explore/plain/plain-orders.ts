import type {
  DecisionEvent,
  OrderEvent,
  OrderIntentEvent,
  PlannedOrder,
} from '../../../daemon/engine/records/decisions.ts';
import type { GateEvent } from '../../../daemon/engine/records/events.ts';
import { ceilLots, E8 } from '../../../daemon/engine/records/units.ts';
import type { SymbolRules } from '../../../daemon/engine/records/venue.ts';
import { effectiveE8, effectivePriceE8 } from '../decided.ts';

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
  /** When a hand's order was listed first; 0: it is ours. */
  readonly listedAtMs: number;
  /** It stays until it fills: neither taken at once nor waiting for a trigger. */
  readonly rests: boolean;
  quantityE8: number;
  priceE8: number | null;
  /** Bounds before an amendment: some of it may have filled under them. */
  readonly formerE8: number[];
  readonly triggerE8: number | null;
  /** Middle of the book that its decision saw. */
  readonly mid: number | null;
  amend: { readonly quantityE8: number; readonly priceE8: number } | null;
  executed: number;
  averagePrice: number | null;
  traded: { quantityE8: number; usdt: number };
  isUnsent: boolean;
  /** Its end has been asked for. */
  isLeaving: boolean;
  isOver: boolean;
}

/** Lots that were executed of an order with one record. */
export interface PlainFill {
  readonly order: PlainOrder;
  readonly quantityE8: number;
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
        if (order === undefined || event.payload.at_venue_ms < order.listedAtMs) return null;
        order.traded.quantityE8 += event.payload.quantity_e8;
        order.traded.usdt += event.payload.quantity_e8 * event.payload.price;
        order.averagePrice = order.traded.usdt / order.traded.quantityE8;
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
        known.quantityE8 = Math.min(known.quantityE8, planned.quantity_e8);
        known.priceE8 = planned.price_e8;
        known.isUnsent = false;
      }
    }
    const { effective } = decision;
    if (decision.kind !== 'tool' || effective?.action !== 'amend' || effective.price_ticks === null) return;
    const order = this.all.get(request.client_order_id ?? '');
    const priceE8 = effectivePriceE8(event);
    if (order !== undefined && !order.isOver && priceE8 !== null)
      order.amend = { quantityE8: effectiveE8(event), priceE8 };
  }

  #note(event: OrderEvent, atMs: number): PlainFill | null {
    const known = this.all.get(event.client_order_id);
    if (event.another === true || (known !== undefined && event.foreign !== null)) this.isUnclear = true;
    const order = known ?? this.#takeForeign(event, atMs);
    if (order === null) return null;
    const quantityE8 = Math.max(0, event.executed_e8 - order.executed);
    order.executed += quantityE8;
    if (event.average_price !== null) order.averagePrice = event.average_price;
    if (OVER.has(event.status)) order.isOver = true;
    else if (event.foreign !== null) {
      // A later list shows what was thought to have ended, or never to have been sent.
      const { quantity_e8: shown, price_e8: priceE8 } = event.foreign;
      Object.assign(order, { isOver: false, isUnsent: false, quantityE8: shown, priceE8 });
    }
    const bound = order.priceE8 === null ? null : order.priceE8 / E8;
    const price =
      event.average_price ?? order.averagePrice ?? bound ?? order.mid ?? this.marks.get(order.symbol) ?? null;
    const isAverage = event.average_price !== null;
    return quantityE8 === 0 ? null : { order, quantityE8, price, isAverage, atMs, venueAtMs: event.venue_at_ms };
  }

  #takeForeign(
    { average_price: average, client_order_id: id, executed_e8: executed, foreign, status }: OrderEvent,
    atMs: number,
  ): PlainOrder | null {
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
      listedAtMs: atMs,
      rests: false,
      quantityE8: foreign.quantity_e8,
      priceE8: foreign.price_e8,
      triggerE8: foreign.trigger_e8,
      mid: null,
      amend: null,
      formerE8: [],
      executed,
      averagePrice: null,
      traded: { quantityE8: executed, usdt: executed * (average ?? 0) },
      isUnsent: false,
      isLeaving: false,
      isOver: OVER.has(status),
    };
    this.all.set(id, order);
    return order;
  }

  #intend({ action, client_order_id: id, quantity_e8: quantityE8, price_e8: priceE8 }: OrderIntentEvent): void {
    const order = this.all.get(id);
    if (order === undefined) return;
    if (action === 'cancel') order.isLeaving = true;
    if (action === 'amend' && quantityE8 !== null && priceE8 !== null) order.amend = { quantityE8, priceE8 };
    if (action === 'amended' && order.amend !== null) {
      if (order.priceE8 !== null) order.formerE8.push(order.priceE8);
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
    listedAtMs: 0,
    rests: planned.time_in_force === 'GTC' && planned.trigger_e8 === null,
    quantityE8: planned.quantity_e8,
    priceE8: planned.price_e8,
    triggerE8: planned.trigger_e8,
    mid: bid === null || ask === null ? null : (bid + ask) / 2,
    amend: null,
    formerE8: [],
    executed: 0,
    averagePrice: null,
    traded: { quantityE8: 0, usdt: 0 },
    isUnsent: planned.delay_ms > 0,
    isLeaving: false,
    isOver: false,
  };
}

/** What may still be filled of what opens, in lots times ticks, at the worse of mark and limit: the larger of both forms of an amend. */
export function pendingUnits(order: PlainOrder, rules: SymbolRules, mark: number): number {
  if (order.reduceOnly || order.isOver) return 0;
  const quantityE8 = Math.max(0, Math.max(order.quantityE8, order.amend?.quantityE8 ?? 0) - order.executed);
  const bound = Math.max(order.priceE8 ?? 0, order.triggerE8 ?? 0, order.amend?.priceE8 ?? 0) / E8;
  return ceilLots(quantityE8, rules) * ticksOf(rules, Math.max(mark, bound));
}
/** A price in ticks, upwards. */
export function ticksOf({ tickMantissa, tickScale }: SymbolRules, price: number): number {
  return Math.ceil((price * tickScale) / tickMantissa - 1e-9);
}
/** A lot times a tick, USDT. */
export function unitOf({ lotMantissa, lotScale, tickMantissa, tickScale }: SymbolRules): number {
  return (lotMantissa * tickMantissa) / (lotScale * tickScale);
}
export function pendingUsdt(order: PlainOrder, rules: SymbolRules, mark: number): number {
  return pendingUnits(order, rules, mark) * unitOf(rules);
}

import { isInFlight, type OrderState } from '../orders/orders.ts';
import type { Approved, OrderInstruction, StopInstruction } from '../records/venue.ts';

/** The venue takes no end that is less than 600 s ahead; the rest is for the way there, and for clocks. */
const MIN_GOOD_MS = 660_000;

/** When an opening that rests expires at the venue, should this daemon be down: its end, in whole seconds. */
function goodTillMs({ endsAtMs, timeInForce }: OrderState, nowMs: number): number | null {
  if (endsAtMs === null || timeInForce !== 'GTC') return null;
  return Math.ceil(Math.max(endsAtMs, nowMs + MIN_GOOD_MS) / 1000) * 1000;
}

/** Whether the venue was told when the order expires: records of before say nothing of an authority. */
export function hasGoodTill({ lapsesAtMs, timeInForce }: Pick<OrderState, 'lapsesAtMs' | 'timeInForce'>): boolean {
  return lapsesAtMs !== null && timeInForce === 'GTC';
}

/** How many ids of sent orders are remembered. */
const MAX_KEPT = 100_000;

/**
 * The only place that creates an `Approved` (SAE-NONBYPASS). An order must have been decided, reserved and written to
 * disk, and each client order id is sent once. A second attempt has another id, recorded as such.
 */
export class Approvals {
  readonly #given = new Set<string>();

  approveOrder(order: OrderState, nowMs: number): Approved<OrderInstruction> {
    this.#once(order, order.clientOrderId);
    return {
      clientOrderId: order.clientOrderId,
      symbol: order.symbol,
      side: order.side,
      orderType: order.orderType === 'market' ? 'market' : 'limit',
      timeInForce: order.timeInForce,
      goodTillMs: goodTillMs(order, nowMs),
      quantityE8: order.quantityE8,
      priceE8: order.priceE8,
      reduceOnly: order.reduceOnly,
    } as Approved<OrderInstruction>;
  }

  approveStop(order: OrderState): Approved<StopInstruction> {
    this.#once(order, order.clientOrderId);
    if (order.triggerE8 === null) throw new Error(`stop ${order.clientOrderId} has no trigger`);
    return {
      clientOrderId: order.clientOrderId,
      symbol: order.symbol,
      side: order.side,
      triggerE8: order.triggerE8,
    } as Approved<StopInstruction>;
  }

  /** An amend of a resting order, recorded as the order's pending amend. */
  approveAmend(order: OrderState): Approved<OrderInstruction> {
    if (order.amend === null) throw new Error(`order ${order.clientOrderId} has no recorded amend`);
    return {
      clientOrderId: order.clientOrderId,
      symbol: order.symbol,
      side: order.side,
      orderType: 'limit',
      timeInForce: 'GTC',
      // It keeps the one that it was placed with.
      goodTillMs: null,
      quantityE8: order.amend.quantityE8,
      priceE8: order.amend.priceE8,
      reduceOnly: order.reduceOnly,
    } as Approved<OrderInstruction>;
  }

  /** Whether it was approved, and so may be at the venue. */
  wasGiven(order: OrderState): boolean {
    return this.#given.has(order.clientOrderId);
  }

  #once(order: OrderState, id: string): void {
    // INVARIANT: in flight means decided and reserved; ids are never sent twice.
    if (!isInFlight(order)) throw new Error(`order ${id} is ${order.status}, not in flight`);
    if (order.foreign) throw new Error(`order ${id} is foreign`);
    if (this.#given.has(id)) throw new Error(`order ${id} was sent already`);
    this.#given.add(id);
    // The oldest ones ended long ago.
    for (const old of this.#given) {
      if (this.#given.size <= MAX_KEPT) break;
      this.#given.delete(old);
    }
  }
}

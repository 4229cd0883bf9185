import type { LiveCore } from '../flow/core.ts';
import { intentOn } from '../orders/evidence.ts';
import { everyLiveOrder, isResting, isTerminal, type OrderState } from '../orders/orders.ts';
import { Elapsed } from '../plan/deadline.ts';
import type { ForeignOrder } from '../records/decisions.ts';
import type { VenueOrder } from '../records/venue.ts';
import { describeForm } from '../sending/order-proof.ts';

/** How many consecutive answers must neither list nor find an order before it counts as ended. */
const ABSENT_TIMES = 3;

/**
 * Resting orders that the venue no longer lists or finds. It answers from lagging replicas, so
 * only a repeated absence, for longer than an order takes to arrive, proves anything.
 */
export class Absences {
  readonly #core: LiveCore;
  readonly #seen = new Map<string, { readonly since: Elapsed; times: number }>();

  constructor(core: LiveCore) {
    this.#core = core;
  }

  /** Counts another answer without the order; true once they prove its end. */
  isProven(order: OrderState): boolean {
    const known = this.#seen.get(order.clientOrderId) ?? { since: new Elapsed(this.#core.planClock), times: 0 };
    known.times += 1;
    this.#seen.set(order.clientOrderId, known);
    if (known.times < ABSENT_TIMES || known.since.ms() < this.#core.ports.venue.acceptanceHorizonMs) return false;
    this.#seen.delete(order.clientOrderId);
    return true;
  }

  /** The order was seen again, or its end is proven. */
  end(order: OrderState): void {
    this.#seen.delete(order.clientOrderId);
  }
}

/** A form shown this often in a row, for this long, is the order's; until then the larger of both counts. */
const SHOWN_TIMES = 3;
const SHOWN_FOR_MS = 10_000;

interface Form {
  readonly quantityE8: number;
  readonly priceE8: number | null;
}
interface Claim extends Form {
  readonly since: Elapsed;
  times: number;
  isReported: boolean;
}

/**
 * Resting orders whose size or price somebody changed at the venue. The form shown there counts at once,
 * together with our own, as the larger size and the worse price. A single answer may be old, so our form
 * is dropped only when the venue has shown the other one for a while, and the other when the venue shows ours again.
 */
export class ChangedOrders {
  readonly #core: LiveCore;
  readonly #claims = new Map<string, Claim>();

  constructor(core: LiveCore) {
    this.#core = core;
  }

  /** Forms before the query: an order that we change meanwhile must not be compared with the answer. */
  noteForms(): ReadonlyMap<OrderState, Form> {
    const forms = new Map<OrderState, Form>();
    for (const order of everyLiveOrder(this.#core.state.orders)) {
      if (order.kind === 'regular' && isResting(order) && order.amendSeq === null)
        forms.set(order, { quantityE8: order.quantityE8, priceE8: order.priceE8 });
    }
    for (const id of this.#claims.keys())
      if (this.#core.state.orders.all.get(id)?.amend == null) this.#claims.delete(id);
    return forms;
  }

  /** Compares an order with the list of open orders; `before`: its form when the list was requested. */
  compare(order: OrderState, report: VenueOrder, before: Form | undefined): void {
    const { priceE8, quantityE8 } = report;
    if (before === undefined || !isResting(order) || report.kind !== 'regular' || priceE8 === null) return;
    if (order.quantityE8 !== before.quantityE8 || order.priceE8 !== before.priceE8) return;
    // An amend of our own began while the venue was asked.
    if (order.amendSeq !== null) return;
    const claim = this.#claims.get(order.clientOrderId) ?? this.#resumeClaim(order);
    if (quantityE8 === order.quantityE8 && priceE8 === order.priceE8) {
      if (claim !== undefined) this.#settle(order, 'amend_failed', 'the venue shows the form that we know');
    } else if (claim === undefined || claim.quantityE8 !== quantityE8 || claim.priceE8 !== priceE8) {
      const since = new Elapsed(this.#core.planClock);
      const found = { quantityE8, priceE8, since, times: 1, isReported: false };
      this.#claims.set(order.clientOrderId, found);
      this.#alert(order, report, found);
      const reason = 'changed at the venue, not by this daemon';
      this.#core.append('order_intent', intentOn(order, 'amend', reason, { quantityE8, priceE8 }));
    } else {
      claim.times += 1;
      this.#alert(order, report, claim);
      if (claim.times >= SHOWN_TIMES && claim.since.ms() >= SHOWN_FOR_MS)
        this.#settle(order, 'amended', 'the venue goes on showing this form');
    }
  }

  /** A change seen before a restart is in the ledger; how often and how long it was shown is counted from the start. */
  #resumeClaim({ amend, clientOrderId, updatedAtMs }: OrderState): Claim | undefined {
    if (amend === null) return undefined;
    const isReported = this.#core.passedMs() - updatedAtMs >= SHOWN_FOR_MS;
    const claim = { ...amend, since: new Elapsed(this.#core.planClock), times: 0, isReported };
    this.#claims.set(clientOrderId, claim);
    return claim;
  }

  #settle(order: OrderState, action: 'amended' | 'amend_failed', reason: string): void {
    this.#claims.delete(order.clientOrderId);
    this.#core.append('order_intent', intentOn(order, action, reason));
  }

  /**
   * Whoever placed an order may change it: a foreign one is no alarm, but it counts in its new form all the same. Soon after
   * a change of our own a replica that lags shows the form of before: nobody is blamed for that.
   */
  #alert(order: OrderState, report: VenueOrder, claim: Claim): void {
    if (order.foreign || claim.isReported || this.#core.passedMs() - order.updatedAtMs < SHOWN_FOR_MS) return;
    claim.isReported = true;
    const rules = this.#core.state.rules.get(order.symbol);
    this.#core.alert(
      'ORDER_CHANGED',
      `order ${order.clientOrderId} was changed at the venue, not by this daemon: ${describeForm(report, rules)} instead of ${describeForm(order, rules)}; until that is settled the larger and the worse count`,
      order.symbol,
    );
  }
}

/** The form of an order that a list shows, as it is recorded. */
export function describeForeign(report: VenueOrder): ForeignOrder {
  return {
    close_position: report.closePosition,
    kind: report.kind,
    quantity_e8: report.quantityE8,
    order_type: report.type,
    price_e8: report.priceE8,
    reduce_only: report.reduceOnly,
    side: report.side,
    symbol: report.symbol,
    trigger_e8: report.triggerE8,
  };
}

/** A client id is unique among open orders only: whoever chose it may use it again once its order has ended. */
export function isAnother(order: OrderState, report: VenueOrder): boolean {
  if (order.venueOrderId === null || order.venueOrderId === report.venueOrderId) return false;
  return isTerminal(order) || (order.foreign && order.kind === report.kind);
}
/** The exchange numbers orders upwards; an old list may still show the earlier of two with the same client id. */
export function isLater(venueOrderId: string, than: string | null): boolean {
  const isNumber = (id: string | null): id is string => id !== null && /^\d+$/.test(id);
  return !isNumber(venueOrderId) || !isNumber(than) || BigInt(venueOrderId) > BigInt(than);
}

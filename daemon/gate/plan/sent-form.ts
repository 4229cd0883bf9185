import type { OrderState } from '../state/orders.ts';
import type { VenueOrder } from '../venue-port.ts';

/**
 * The venue accepts signed requests only if both clocks agree to a second. A far larger difference is another order.
 */
const PLACED_BEFORE_MS = 60_000;

type Form = Pick<VenueOrder, 'side' | 'lots' | 'priceTicks'>;

/**
 * Whether an order that the venue shows under our client id may be ours: side, size and price are as sent, and
 * it was not placed before our decision. An id used earlier, or by a copy of the ledger, names another
 * order, whose fill is never ours (BY-46). Once the venue's own order id is known, it identifies the order, and
 * a change at the venue is a change of our order.
 */
export function isAsSent(order: OrderState, report: VenueOrder): boolean {
  if (order.foreign || order.venueOrderId !== null) return true;
  if (report.placedAtMs !== undefined && wasPlacedBefore(order, report.placedAtMs)) return false;
  if (report.side !== order.side) return false;
  // The order that a conditional one became has the form at its trigger.
  if (report.kind !== order.kind) return order.kind === 'algo';
  if (order.kind === 'algo') return report.triggerTicks === order.triggerTicks;
  return isForm(order, report) || (order.amend !== null && isForm(order.amend, report));
}

/** Placed before the decision, by far more than clocks differ. A clock may have been set back since it was planned. */
export function wasPlacedBefore(order: OrderState, placedAtMs: number): boolean {
  return placedAtMs < Math.min(order.plannedAtMs, order.sentAtMs ?? order.plannedAtMs) - PLACED_BEFORE_MS;
}

function isForm(form: Pick<Form, 'lots' | 'priceTicks'>, report: Form): boolean {
  return form.lots === report.lots && form.priceTicks === report.priceTicks;
}

/** Describes for an operator what was sent and what the venue shows. */
export function describeDifference(order: OrderState, report: VenueOrder): string {
  const shown = `${report.side} ${report.lots} lots at ${report.priceTicks ?? 'any price'}`;
  const sent = `${order.side} ${order.lots} lots at ${order.priceTicks ?? 'any price'}`;
  const placed = report.placedAtMs === undefined ? '' : ` of ${new Date(report.placedAtMs).toISOString()}`;
  return `the venue shows another order${placed} under the id ${order.clientOrderId}: ${shown} (ticks), sent was ${sent}`;
}

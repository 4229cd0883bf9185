import type { OrderState } from '../state/orders.ts';
import type { VenueOrder } from '../venue-port.ts';

/** The venue's clock and ours agree to a second where a signed request is taken; far more than that is another order. */
const PLACED_BEFORE_MS = 60_000;

type Form = Pick<VenueOrder, 'side' | 'lots' | 'priceTicks'>;

/**
 * Whether what the venue shows under an order's client id may be that order: side, size and price are what was sent, and
 * it was not placed before it was decided. An id that was used before, or that a copy of the ledger used, names another
 * order; its fill is never ours (BY-46). Once the venue's own id of an order is known, that tells orders apart, and
 * whoever changed the order at the venue changed ours.
 */
export function isAsSent(order: OrderState, report: VenueOrder): boolean {
  if (order.foreign || order.venueOrderId !== null) return true;
  if (report.placedAtMs !== undefined && wasPlacedBefore(order, report.placedAtMs)) return false;
  if (report.side !== order.side) return false;
  // What a conditional order became has the form that it was triggered in.
  if (report.kind !== order.kind) return order.kind === 'algo';
  if (order.kind === 'algo') return report.triggerTicks === order.triggerTicks;
  return isForm(order, report) || (order.amend !== null && isForm(order.amend, report));
}

/** Before it was decided, that is: by far more than clocks differ. A clock may have been set back since it was planned. */
export function wasPlacedBefore(order: OrderState, placedAtMs: number): boolean {
  return placedAtMs < Math.min(order.plannedAtMs, order.sentAtMs ?? order.plannedAtMs) - PLACED_BEFORE_MS;
}

function isForm(form: Pick<Form, 'lots' | 'priceTicks'>, report: Form): boolean {
  return form.lots === report.lots && form.priceTicks === report.priceTicks;
}

/** For an operator: what was sent, and what the venue shows. */
export function describeDifference(order: OrderState, report: VenueOrder): string {
  const shown = `${report.side} ${report.lots} lots at ${report.priceTicks ?? 'any price'}`;
  const sent = `${order.side} ${order.lots} lots at ${order.priceTicks ?? 'any price'}`;
  const placed = report.placedAtMs === undefined ? '' : ` of ${new Date(report.placedAtMs).toISOString()}`;
  return `the venue shows another order${placed} under the id ${order.clientOrderId}: ${shown} (ticks), sent was ${sent}`;
}

import { isRejected, type OrderState } from './orders.ts';

/** Records have the venue's message, for people, and no cause: it is read out of that here, and nowhere else. */
const MESSAGES = {
  nothing_to_reduce: /reduce-?only order (is rejected|failed)/i,
  /** The same price would be refused again. */
  price_band: /PERCENT_PRICE|mark price multiplier|price can't be (higher|lower) than/i,
};
export function wasRefusedFor(order: OrderState, cause: keyof typeof MESSAGES): boolean {
  return isRejected(order) && MESSAGES[cause].test(order.detail ?? '');
}

import { areUsable, formatE8, lotsToQuantity, type RulesView, ticksToPrice } from '../arithmetic/quantities.ts';
import { quotedOrNull } from '../canonical-json.ts';
import type { ExecutionContext } from '../context.ts';
import type { ExecutionDecision } from '../decision.ts';
import type { ExecutionRequest } from '../request.ts';
import { findExit } from './exit.ts';

/** The size that was asked for, in both units of an order that goes out; before lots, budgets or what there is to close. */
export interface Asked {
  /** USDT, at the price at which the order is sized; null: no price is known. */
  readonly notional: number | null;
  /** Base asset, a decimal down to 1e-8; null: no price or filters are known. */
  readonly quantity: string | null;
}

/** `price` of a unit of the base asset where nothing goes out, USDT. Null: it asks for no size of its own, as a cancel. */
export function findAsked(
  request: ExecutionRequest,
  context: ExecutionContext,
  { effective }: Pick<ExecutionDecision, 'effective'>,
  price: number | null,
): Asked | null {
  if (request.intent === 'cancel' || effective?.action === 'cancel') return null;
  const { rules } = context.market;
  if (rules === null || !areUsable(rules))
    return request.requested_notional === null && request.quantity === null
      ? null
      : pairOf(request.requested_notional, request.quantity);
  const sent = effective === null ? 0 : lotsToQuantity(effective.lots, rules);
  // As the order that goes out is told: both sizes are at one price.
  const at = effective !== null && sent > 0 && effective.notional > 0 ? effective.notional / sent : price;
  const { slice_lots: lots } = context;
  if (lots === null && request.requested_notional !== null)
    return pairOf(request.requested_notional, at === null ? null : request.requested_notional / at);
  const quantity = lots === null ? quantityOf(request, context, rules) : lotsToQuantity(lots, rules);
  return quantity === null ? null : pairOf(at === null ? null : quantity * at, quantity);
}

function quantityOf(request: ExecutionRequest, context: ExecutionContext, rules: RulesView): number | null {
  if (request.quantity !== null) return request.quantity;
  if (request.intent === 'modify') return context.order === null ? null : lotsToQuantity(context.order.lots, rules);
  const exit = findExit(request, context);
  if (exit === null) return null;
  const { fraction } = request;
  const lots = fraction === null || fraction === 1 ? exit.permittedLots : fraction * exit.provenLots;
  return lotsToQuantity(lots, rules);
}

function pairOf(notional: number | null, quantity: number | null): Asked {
  return {
    notional: notional === null ? null : Number(notional.toPrecision(12)),
    quantity: quantity === null ? null : formatE8(quantity),
  };
}

/** The price at which an opening that is refused would be sized. */
export function priceAt(ticks: number | null, { limit_price: limit }: ExecutionRequest, rules: RulesView | null) {
  return ticks === null || rules === null ? limit : ticksToPrice(ticks, rules);
}

/** `JSON.stringify(asked)` with sorted keys, for answers. Total: a figure that is none is null. */
export function writeAsked(asked: Asked | null): string {
  if (asked === null) return 'null';
  const { notional, quantity } = asked;
  const figure = notional !== null && Number.isFinite(notional) ? `${notional}` : 'null';
  return `{"notional":${figure},"quantity":${quotedOrNull(quantity)}}`;
}

import type { OrderState } from '../orders/order.ts';
import { fromE8 } from '../records/units.ts';
import type { IncomeRow, TradeEvent } from '../records/venue-events.ts';
import type { Booked } from './account-days.ts';

/** Numbers are unique within a type. */
export function idOf({ income_id: id, type }: IncomeRow): string {
  return `${type} ${id}`;
}
/** The exchange closed a position by itself: by liquidation, by auto-deleveraging, or as a contract was settled. */
export function isLiquidation({ client_order_id: id }: Pick<TradeEvent, 'client_order_id'>): boolean {
  return id !== null && /^(adl_|settlement_)?autoclose/.test(id);
}
/**
 * Money that is moved into or out of the account, by the exchange's words for what it comes from or goes to: another
 * wallet, another user, a trading bot's account, another asset. It is neither a loss nor a gain.
 */
const MOVES: ReadonlySet<string> = new Set([
  'TRANSFER',
  'INTERNAL_TRANSFER',
  'STRATEGY_UMFUTURES_TRANSFER',
  'CROSS_COLLATERAL_TRANSFER',
  'COIN_SWAP_DEPOSIT',
  'COIN_SWAP_WITHDRAW',
  'AUTO_EXCHANGE',
]);
export function isMove(type: string): boolean {
  return MOVES.has(type);
}
export function kindOf(type: string): keyof Booked {
  if (isMove(type)) return 'transfers';
  switch (type) {
    case 'REALIZED_PNL':
      return 'realised';
    case 'COMMISSION':
      return 'commission';
    case 'FUNDING_FEE':
      return 'funding';
    default:
      return 'other';
  }
}
/** What a fill cost against the mid at its order's decision, USDT; null: that is not known, or it is a stop. */
export function slippageOf(
  { quantity_e8: quantityE8, price, side }: TradeEvent,
  order: OrderState | undefined,
): number | null {
  const mid = order?.midAtDecision ?? null;
  if (mid === null || order?.protective === true || price <= 0) return null;
  const worse = side === 'buy' ? price - mid : mid - price;
  return worse * fromE8(quantityE8);
}

import type { IncomeRow, TradeEvent } from '../events.ts';
import type { SymbolRules } from '../venue-port.ts';
import type { Booked } from './account-days.ts';
import type { OrderState } from './order.ts';

/** Numbers are unique within a type. */
export function idOf({ income_id: id, type }: IncomeRow): string {
  return `${type} ${id}`;
}
/** Base asset of one lot; 0 without rules. */
export function lotSizeOf(rules: SymbolRules | undefined): number {
  return rules === undefined ? 0 : rules.lotMantissa / rules.lotScale;
}
export function kindOf(type: string): keyof Booked {
  switch (type) {
    case 'REALIZED_PNL':
      return 'realised';
    case 'COMMISSION':
      return 'commission';
    case 'FUNDING_FEE':
      return 'funding';
    case 'TRANSFER':
      return 'transfers';
    default:
      return 'other';
  }
}
/** What a fill cost against the mid at its order's decision, USDT; null: that is not known, or it is a stop. */
export function slippageOf(
  { lots, price, side }: TradeEvent,
  order: OrderState | undefined,
  lotUsdt: number,
): number | null {
  const mid = order?.midAtDecision ?? null;
  if (mid === null || order?.protective === true || price <= 0) return null;
  const worse = side === 'buy' ? price - mid : mid - price;
  return (worse * lots * lotUsdt) / price;
}

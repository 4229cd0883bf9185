import type { ExecutionContext } from '../context.ts';
import type { SizedAction } from '../decision.ts';
import { lotsToQuantity } from '../quantities.ts';

/**
 * An opening at the worse of mark and price, USDT. RISK: at its own price, lots that rest far below the mark would need
 * nobody, and an amend to a higher price adds none.
 */
export function countedUsdt(
  { lots, notional }: Pick<SizedAction, 'lots' | 'notional'>,
  { market: { mark, rules } }: Pick<ExecutionContext, 'market'>,
): number {
  return mark === null || rules === null ? notional : Math.max(notional, lotsToQuantity(lots, rules) * mark);
}

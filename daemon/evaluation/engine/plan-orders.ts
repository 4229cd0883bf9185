import type { ExecutionDecision } from '../../core/decision.ts';
import type { ExecutionRequest } from '../../core/request.ts';
import type { PlannedOrder } from '../../gate/events.ts';
import type { SymbolRules } from '../../gate/venue-port.ts';

/** Rung and slice orders of a permitted decision. */
export function planOrders(
  decision: ExecutionDecision,
  request: ExecutionRequest,
  rules: SymbolRules,
  id: string,
  waitMs: number,
): readonly PlannedOrder[] {
  const { effective } = decision;
  if (decision.decision === 'BLOCK' || effective === null || request.symbol === null) return [];
  if (effective.action !== 'open' && effective.action !== 'exit') return [];
  const symbol = request.symbol;
  return decision.constraints.staging_plan.map((slice) => ({
    client_order_id: `hfreplay${id}-${slice.slice}-0`,
    delay_ms: effective.action === 'exit' ? waitMs : slice.delay_ms,
    kind: 'regular',
    leverage: effective.leverage ?? 1,
    lots: Math.round((Number(slice.quantity) * rules.lotScale) / rules.lotMantissa),
    order_type: effective.order_type,
    price_ticks: effective.price_ticks,
    protective: false,
    reduce_only: effective.reduce_only,
    side: effective.side,
    slice: slice.slice,
    symbol,
    time_in_force: effective.time_in_force,
    trigger_ticks: null,
  }));
}

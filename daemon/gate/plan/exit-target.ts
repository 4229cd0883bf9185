import type { CompiledPolicy } from '../../core/compiled-policy.ts';
import { findExit, restsAtItsPrice, wholeExitLots } from '../../core/exit.ts';
import type { ExecutionRequest } from '../../core/request.ts';
import type { DecisionEvent, ExitCause, ExitTargetEvent } from '../events.ts';

/**
 * Exits that may be sent as one order: same share, symbol, side and price bound. No bound differs from
 * 0 bps.
 */
export function exitKey(
  request: Pick<ExecutionRequest, 'agent' | 'limit_price' | 'max_slippage_bps' | 'order_type' | 'origin'>,
  symbol: string,
  side: string,
): string {
  const bound =
    request.order_type === 'limit' && request.limit_price !== null
      ? `at ${request.limit_price}`
      : request.max_slippage_bps === null
        ? 'at any price'
        : `within ${request.max_slippage_bps}`;
  // Exits of operators and of the gate close the account's position, whoever requested them.
  const whose = request.origin === 'agent' ? `agent ${request.agent}` : request.origin;
  return [whose, symbol, side, bound].join('\u0000');
}

/**
 * The target that a recorded decision opens; null: it is no exit, or it rests at its own price and so stays its
 * caller's order. A pure function of the decision.
 */
export function findTarget(event: DecisionEvent, policy: CompiledPolicy, cause: ExitCause): ExitTargetEvent | null {
  const { agent, context, decision, orders, request } = event;
  const [first] = orders;
  const { effective } = decision;
  if (first === undefined || effective?.action !== 'exit' || !first.reduce_only || first.protective) return null;
  if (restsAtItsPrice(effective, context, policy)) return null;
  const lots = wholeExitLots(decision, first.lots);
  const exit = findExit(request, context, policy);
  return {
    action: 'opened',
    agent,
    cause,
    client_order_id: first.client_order_id,
    decision_id: decision.decision_id,
    // A part of the known position is a part, even if its last lot may be all of it.
    is_whole: exit !== null && lots >= exit.permittedLots && (request.fraction === null || request.fraction >= 1),
    key: exitKey(request, first.symbol, first.side),
    lots,
    origin: request.origin,
    scope:
      request.origin === 'agent' ? policy.exitScope : request.origin === 'gate' ? policy.spec.exits.scope : 'account',
    side: first.side,
    symbol: first.symbol,
  };
}

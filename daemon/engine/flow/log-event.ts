import { isLost, isRejected, isUnknown } from '../orders/orders.ts';
import type { GateEvent, OrderEvent, StateEvent } from '../records/events.ts';
import type { EngineLog } from './core.ts';

/** What an operator looks for in the log afterwards; everything else is in the ledger. Alerts log themselves. */
export function logEvent(log: EngineLog, event: GateEvent, symbolOf: (clientOrderId: string) => string | null): void {
  if (event.kind === 'state') logState(log, event.payload, event.seq);
  else if (event.kind === 'order') logOrder(log, event.payload, event.seq, symbolOf(event.payload.client_order_id));
}

/** The words of an operator stay in the ledger; the daemon's own reasons are said. */
function logState(log: EngineLog, event: StateEvent, seq: number): void {
  const { layer, scope, name, state, set_by } = event;
  const own = layer === 'operator' ? {} : { reason: event.reason };
  const ends = event.clears_at_ms === null ? {} : { clears_at_ms: event.clears_at_ms };
  const fields = { layer, scope, name, state, set_by, ...own, ...ends, seq };
  if (state === 'active') log.info(fields, `trading state: the ${layer} layer is cleared`);
  else if (layer === 'boot') log.info(fields, `trading state: ${state} until reconciled`);
  else log.warn(fields, `trading state: ${state} by the ${layer} layer`);
}

function logOrder(log: EngineLog, event: OrderEvent, seq: number, symbol: string | null): void {
  const fields = { order: event.client_order_id, symbol, detail: event.detail, seq };
  if (isRejected(event)) log.warn({ ...fields, retryable: event.retryable }, 'an order was rejected');
  else if (isUnknown(event)) log.warn(fields, 'what became of an order is unknown: it is looked up');
  else if (isLost(event)) log.error(fields, 'what became of an order could not be found out: it counts as open');
}

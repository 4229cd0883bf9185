import type { EngineLog } from '../../engine/flow/core.ts';
import { isLost, isRejected, isUnknown } from '../../engine/orders/orders.ts';
import type { DecisionEvent, GateEvent, OrderEvent, StateEvent } from '../../engine/records/events.ts';

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

/**
 * Decisions of one commit. A list, as a Map that fills and empties with each of them makes new tables, and an old one that
 * the collector has moved to where it seldom looks keeps all later ones, with what was in them.
 */
interface Unwritten {
  readonly committed: Promise<void>;
  readonly decisions: DecisionEvent[];
}

/** Decisions that are not on disk yet, by the commit that each waits for. */
export class UnwrittenDecisions {
  readonly #waiting: Unwritten[] = [];

  keep(event: DecisionEvent, committed: Promise<void>): void {
    const newest = this.#waiting.at(-1);
    if (newest?.committed === committed) {
      newest.decisions.push(event);
      return;
    }
    const waiting: Unwritten = { committed, decisions: [event] };
    this.#waiting.push(waiting);
    const forget = (): void => {
      this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
    };
    committed.then(forget, forget);
  }

  find(id: string): DecisionEvent | null {
    for (const { decisions } of this.#waiting)
      for (const event of decisions) if (event.decision.decision_id === id) return event;
    return null;
  }
}

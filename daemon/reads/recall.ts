import type { LedgerPort, StoredEvent } from '../engine/flow/ports.ts';
import { keepLast } from '../engine/kept/restore.ts';
import { isTerminal, type OrderState } from '../engine/orders/orders.ts';
import type { DecisionEvent } from '../engine/records/decisions.ts';
import type { GateEvent } from '../engine/records/events.ts';
import { GateState } from '../engine/state/gate-state.ts';
import { fromRows, type Recalled } from '../engine/state/leave.ts';
import type { GateViews } from '../engine/state/views.ts';

/** Trades follow the end of their order within this time, ms. */
const TRADES_WITHIN_MS = 60_000;
/** How many events of all kinds are read back for one execution; beyond that only its end, and its orders' outcomes. */
const MAX_EVENTS = 20_000;
/** How many recalled executions are cached: they no longer change. */
const MAX_RECALLED = 1_000;
const NOTHING: Recalled = { orders: [], claim: null };

/**
 * Executions whose orders have left the views: from the ledger's table of ended orders, and what is older folded from
 * the records again by the code that folds the views. That walk begins at the decision and ends a minute after its last
 * order, so it is as long as the execution was.
 */
export class ExecutionRecall {
  readonly #state: GateViews;
  readonly #ledger: Pick<LedgerPort, 'findDecision' | 'iterateEvents' | 'readEndedOrders'>;
  readonly #recalled = new Map<string, Recalled>();

  constructor(state: GateViews, ledger: Pick<LedgerPort, 'findDecision' | 'iterateEvents' | 'readEndedOrders'>) {
    this.#state = state;
    this.#ledger = ledger;
  }

  /** The execution of a recorded decision. */
  recall(stored: StoredEvent): Recalled {
    const event = stored.payload as DecisionEvent;
    const { parent_decision_id: parentId } = event;
    const id = event.decision.decision_id;
    if (parentId !== null && event.orders.length > 0) return this.#recallPart(event, parentId);
    return this.#held(id) ?? (event.orders.length === 0 ? NOTHING : this.#recallEnded(id, stored));
  }

  #held(id: string): Recalled | null {
    const orders = this.#state.orders.byDecision.get(id);
    return orders === undefined ? null : { orders, claim: this.#state.claims.find(id) };
  }

  /** `stored`: its decision; null: where it is in the ledger still. */
  #recallEnded(id: string, stored: StoredEvent | null): Recalled {
    const rows = this.#ledger.readEndedOrders({ decisionId: id });
    if (rows.length > 0) return fromRows(rows);
    const known = this.#recalled.get(id);
    if (known !== undefined) return known;
    const decided = stored ?? this.#ledger.findDecision(id);
    if (decided === null) return NOTHING;
    const folded = this.#fold(decided, id);
    this.#recalled.set(id, folded);
    keepLast(this.#recalled, MAX_RECALLED);
    return folded;
  }

  /** Orders of slices and later rungs belong to their parent, which has one end: while its claim goes on, none has ended. */
  #recallPart(event: DecisionEvent, parentId: string): Recalled {
    const { claim, orders } = this.#held(parentId) ?? this.#recallEnded(parentId, null);
    const ids = new Set(event.orders.map(({ client_order_id: id }) => id));
    return {
      orders: orders.filter(({ clientOrderId }) => ids.has(clientOrderId)),
      claim: claim?.end === null ? claim : null,
    };
  }

  #fold(stored: StoredEvent, decisionId: string): Recalled {
    const state = new GateState();
    for (const [symbol, rules] of this.#state.rules) state.rules.set(symbol, rules);
    state.apply(stored as GateEvent);
    const orders = (): readonly OrderState[] => state.orders.byDecision.get(decisionId) ?? [];
    const recalled = (): Recalled => ({ orders: orders(), claim: state.claims.find(decisionId) });
    let lastMs = stored.at_ms;
    let isOver = false;
    const take = (raw: StoredEvent): boolean => {
      const event = raw as GateEvent;
      if (isOver && event.at_ms > lastMs + TRADES_WITHIN_MS) return false;
      if (!concerns(event, decisionId, state)) return true;
      state.apply(event);
      lastMs = event.at_ms;
      const claim = state.claims.find(decisionId);
      isOver = orders().every(isTerminal) && claim?.end !== null;
      return true;
    };
    let nextSeq = stored.seq + 1;
    for (const event of this.#ledger.iterateEvents({ fromSeq: nextSeq })) {
      if (!take(event) || event.seq > stored.seq + MAX_EVENTS) break;
      nextSeq = event.seq + 1;
    }
    if (isOver) return recalled();
    // The end of an exit first: it says what was closed, and after which orders nobody need look further.
    const isEnded = (): boolean => state.claims.find(decisionId)?.end !== null;
    for (const kind of ['exit_target', 'order'])
      for (const event of this.#ledger.iterateEvents({ fromSeq: nextSeq, kind }))
        if (!take(event) || (kind === 'exit_target' && isEnded())) break;
    return recalled();
  }
}

/** The events that an execution's fold needs: those of its orders and the later decisions on them. */
function concerns(event: GateEvent, decisionId: string, state: GateState): boolean {
  switch (event.kind) {
    case 'order':
    case 'order_intent':
      return state.orders.all.has(event.payload.client_order_id);
    case 'exit_target':
      return event.payload.decision_id === decisionId;
    case 'trade':
      return event.payload.client_order_id !== null && state.orders.all.has(event.payload.client_order_id);
    case 'decision':
      return (
        event.payload.parent_decision_id === decisionId ||
        (event.payload.request.client_order_id !== null && state.orders.all.has(event.payload.request.client_order_id))
      );
    default:
      return false;
  }
}

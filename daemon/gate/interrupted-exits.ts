import { wholeExitLots } from '../core/exit.ts';
import type { DecisionEvent, StateEvent } from './events.ts';
import type { LedgerPort } from './ports.ts';
import type { GateState } from './state/gate-state.ts';
import { layerKey } from './state/layers.ts';
import { isTerminal, type OrderState } from './state/orders.ts';

/** An exit is looked for in what was planned within this time before the last record, ms. */
const PLANNED_WITHIN_MS = 600_000;
/** Between two rungs at most this much time passes, refusals and their waits included, ms. */
const RUNG_WITHIN_MS = 60_000;

/** Recorded by a daemon at work, and by none that only starts. */
const WORK_KINDS: ReadonlySet<string> = new Set(['account', 'decision', 'market', 'order', 'order_intent', 'trade']);
/** A start records fewer events than these before it enters the boot layer. */
const BEFORE_BOOT_EVENTS = 1_000;

/** What a ladder was about when its daemon ended, as the ledger shows it. */
export interface InterruptedLadder {
  /** The decision that the rungs follow from. */
  readonly event: DecisionEvent;
  /** The last rung that was decided. It may have been sent; nothing follows before its end is proven. */
  readonly order: OrderState;
  /** Lots that were to be closed when that rung was decided. */
  readonly leftLots: number;
  readonly rung: number;
  readonly attempt: number;
}
export interface InterruptedExits {
  /** Permitted, waiting for their rate, never sent. */
  readonly waiting: readonly { readonly event: DecisionEvent; readonly order: OrderState }[];
  readonly ladders: readonly InterruptedLadder[];
}

/** Permitted, and not sent yet: what a restart must not forget. */
export function isWaitingExit(order: OrderState): boolean {
  return order.status === 'pending_send' && order.reduceOnly && !order.foreign && !order.protective;
}

/**
 * Exits that the last stop cut off. Precondition: `state` is folded from the whole ledger, and nothing was recorded
 * since. What the gate itself had begun is not among them: it finds again what it has to protect.
 */
export function findInterrupted(state: GateState, ledger: LedgerPort): InterruptedExits {
  const lastSeq = ledger.lastSeq();
  const [last] = ledger.iterateEvents({ fromSeq: lastSeq });
  if (last === undefined) return { waiting: [], ladders: [] };
  const waiting: { event: DecisionEvent; order: OrderState }[] = [];
  const workedAtMs = findLastWork(state, ledger) ?? last.at_ms;
  let fromSeq = Number.POSITIVE_INFINITY;
  for (const order of state.orders.all.values()) {
    const isRecent = order.plannedAtMs >= workedAtMs - PLANNED_WITHIN_MS || !isTerminal(order.status);
    if (order.decisionId === null || order.foreign || !order.reduceOnly || order.origin === 'gate' || !isRecent)
      continue;
    const stored = ledger.findDecision(order.decisionId);
    if (stored === null) continue;
    if (isWaitingExit(order)) waiting.push({ event: stored.payload as DecisionEvent, order });
    else fromSeq = Math.min(fromSeq, stored.seq);
  }
  const ladders = fromSeq > lastSeq ? [] : findLadders(state, ledger, fromSeq, workedAtMs);
  return { waiting, ladders };
}

/**
 * When exits were last carried on. A start that was itself cut off before it had reconciled recorded only that: its
 * instants say nothing of when a rung ended. Null: the last run had reconciled, and its last record tells.
 */
function findLastWork(state: GateState, ledger: LedgerPort): number | null {
  if (!state.layers.has(layerKey('boot', 'account', null))) return null;
  let bootSeq: number | null = null;
  for (const stored of ledger.iterateEvents({ kind: 'state' })) {
    const { layer, state: set } = stored.payload as StateEvent;
    if (layer === 'boot') bootSeq = set === 'active' ? null : (bootSeq ?? stored.seq);
  }
  if (bootSeq === null) return null;
  let workedAtMs: number | null = null;
  for (const stored of ledger.iterateEvents({ fromSeq: Math.max(1, bootSeq - BEFORE_BOOT_EVENTS) })) {
    if (stored.seq >= bootSeq) break;
    if (WORK_KINDS.has(stored.kind)) workedAtMs = stored.at_ms;
  }
  return workedAtMs;
}

function findLadders(state: GateState, ledger: LedgerPort, fromSeq: number, lastMs: number): InterruptedLadder[] {
  const rungsByParent = new Map<string, DecisionEvent[]>();
  for (const stored of ledger.iterateEvents({ fromSeq, kind: 'decision' })) {
    const event = stored.payload as DecisionEvent;
    const { decision, parent_decision_id: parentId } = event;
    const known = decision.kind === 'slice' ? rungsByParent.get(parentId ?? '') : undefined;
    if (known !== undefined) known.push(event);
    else if (isFirstRung(event)) {
      const rungs = [event];
      // Later rungs of a merged exit name what asked for it; older ledgers name the merged one.
      for (const id of [decision.decision_id, parentId]) if (id !== null) rungsByParent.set(id, rungs);
    }
  }
  const ladders: InterruptedLadder[] = [];
  for (const rungs of new Set(rungsByParent.values())) {
    const ladder = readLadder(state, rungs);
    if (ladder === null) continue;
    const { order } = ladder;
    // One that ended by itself some time before is over; what is not proven yet may go on.
    if (!isTerminal(order.status) || order.updatedAtMs >= lastMs - RUNG_WITHIN_MS) ladders.push(ladder);
  }
  return ladders;
}

/** Of an exit that goes out at once: one that waits, or that only rests, has no ladder. */
function isFirstRung({ decision, orders, request }: DecisionEvent): boolean {
  const [first] = orders;
  if (first === undefined || request.origin === 'gate' || decision.kind === 'slice') return false;
  return first.reduce_only && !first.protective && first.delay_ms === 0 && first.time_in_force !== 'GTC';
}

/** Null: the last rung was decided against, or canceled before it was sent. */
function readLadder(state: GateState, rungs: readonly DecisionEvent[]): InterruptedLadder | null {
  const [event] = rungs;
  const last = rungs.at(-1);
  const order = state.orders.all.get(last?.orders[0]?.client_order_id ?? '');
  if (event === undefined || last === undefined || order === undefined || order.cancelRequested) return null;
  if (order.status === 'canceled' && order.venueOrderId === null) return null;
  const whole = wholeExitLots(last.decision, order.lots);
  const asked = last.context.slice_lots;
  return {
    event,
    order,
    leftLots: asked === null ? whole : Math.min(asked, whole),
    rung: last.context.exit_rung,
    attempt: rungs.length - 1,
  };
}

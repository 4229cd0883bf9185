import type { CompiledPolicy } from '../../core/compiled-policy.ts';
import type { DecisionEvent } from '../events.ts';
import { findOpeningsAgainst, findSlicesAgainst, findUndone, OPENING_ENDED, SLICE_DROPPED } from '../plan/undone.ts';
import { heldOn } from '../state/held-lots.ts';
import type { OrderState } from '../state/orders.ts';
import type { GateCore } from './journal.ts';
import { endedEvent } from './order-words.ts';

/**
 * Records the end of whatever would undo an exit. It is called in the turn that appended the exit's decision, so both
 * are in one transaction: no ledger contains the exit together with live slices. The cancels are sent later.
 */
export function endUndone(core: GateCore, event: DecisionEvent, policy: CompiledPolicy): void {
  const { slices, openings } = findUndone(core.state, event, policy);
  dropSlices(core, slices);
  askForCancels(core, openings);
}

/**
 * The venue's answer shows a limit exit filled. By the previous quote it should have rested, but it
 * closed at once. It cancels what any exit cancels that closes at once.
 */
export function endUndoneByAnswer(core: GateCore, exit: OrderState): void {
  const { agent, origin, side, symbol } = exit;
  const isConcerned = (order: OrderState): boolean => origin !== 'agent' || order.agent === agent;
  dropSlices(core, findSlicesAgainst(core.state, symbol, side).filter(isConcerned));
  const left = heldOn(core.state.positions.get(symbol), side, origin === 'agent' ? agent : null);
  if (left === 0) askForCancels(core, findOpeningsAgainst(core.state, symbol, side).filter(isConcerned));
}

/** The cancels are sent with the exit, or at the next tick. */
function askForCancels(core: GateCore, openings: readonly OrderState[]): void {
  for (const order of openings) {
    if (order.cancelRequested) continue;
    core.append('order_intent', {
      action: 'cancel',
      client_order_id: order.clientOrderId,
      lots: null,
      price_ticks: null,
      reason: OPENING_ENDED,
    });
  }
}

/**
 * A protective stop has closed something. Neither unsent slices nor resting orders may buy it back into the fall. A
 * stop closes the whole position, so it ends the openings of all agents.
 */
export function endUndoneByStop(core: GateCore, stop: OrderState): void {
  dropSlices(core, findSlicesAgainst(core.state, stop.symbol, stop.side));
  askForCancels(core, findOpeningsAgainst(core.state, stop.symbol, stop.side));
}

function dropSlices(core: GateCore, slices: readonly OrderState[]): void {
  for (const order of slices) core.append('order', endedEvent(core, order, 'canceled', SLICE_DROPPED));
}

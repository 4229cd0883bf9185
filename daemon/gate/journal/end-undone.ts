import type { CompiledPolicy } from '../../core/compiled-policy.ts';
import type { DecisionEvent } from '../events.ts';
import { findOpeningsAgainst, findSlicesAgainst, findUndone, OPENING_ENDED, SLICE_DROPPED } from '../plan/undone.ts';
import { heldOn } from '../state/held-lots.ts';
import type { OrderState } from '../state/orders.ts';
import type { GateCore } from './journal.ts';
import { endedEvent } from './order-words.ts';

/**
 * Records the end of what would undo an exit. Called in the turn in which its decision was appended, so that both are in
 * one transaction: there is no ledger in which the exit stands and the slices do as well. The cancels are sent later.
 */
export function endUndone(core: GateCore, event: DecisionEvent, policy: CompiledPolicy): void {
  const { slices, openings } = findUndone(core.state, event, policy);
  dropSlices(core, slices);
  askForCancels(core, openings);
}

/**
 * The venue's answer to a limit exit shows it filled: it was taken for one that rests, by a quote of a moment before, and
 * has closed at once. It ends what an exit ends that closes now.
 */
export function endUndoneByAnswer(core: GateCore, exit: OrderState): void {
  const { agent, origin, side, symbol } = exit;
  const isConcerned = (order: OrderState): boolean => origin !== 'agent' || order.agent === agent;
  dropSlices(core, findSlicesAgainst(core.state, symbol, side).filter(isConcerned));
  const left = heldOn(core.state.positions.get(symbol), side, origin === 'agent' ? agent : null);
  if (left === 0) askForCancels(core, findOpeningsAgainst(core.state, symbol, side).filter(isConcerned));
}

/** They are sent by whoever carries the exit out, or at the next tick. */
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
 * A protective stop has closed something: neither what is not sent yet nor what rests must buy it back into the fall. A
 * stop closes the whole position, and so ends the openings of all agents.
 */
export function endUndoneByStop(core: GateCore, stop: OrderState): void {
  dropSlices(core, findSlicesAgainst(core.state, stop.symbol, stop.side));
  askForCancels(core, findOpeningsAgainst(core.state, stop.symbol, stop.side));
}

function dropSlices(core: GateCore, slices: readonly OrderState[]): void {
  for (const order of slices) core.append('order', endedEvent(core, order, 'canceled', SLICE_DROPPED));
}

import type { HoldingView, OpeningsView } from '../../core/context.ts';
import type { ExecutionRequest } from '../../core/request.ts';
import { isBesideNobodys, isReleasedFrom } from '../orders/holding.ts';
import { isPlanned, isUnproven, liveOrders, type OrderState } from '../orders/orders.ts';
import { createPosition } from '../positions/positions.ts';
import { isOther } from '../readings/inputs.ts';
import type { GateViews } from '../state/views.ts';
import type { Subject } from './subject.ts';

/** Open orders that Binance takes of an account in a symbol, where its filters do not say. */
export const MAX_ORDERS = 200;

/** What stands against opening in the symbol, or against one more exit there; undefined: nothing does. */
export function viewHolding({ ask, inputs, request, state, symbol, tMs }: Subject): HoldingView | undefined {
  const { own, phase } = ask;
  if (phase === 'standing' || request.intent === 'cancel') return undefined;
  const live = liveOrders(state.orders, symbol);
  const known = state.positions.get(symbol);
  if (known === undefined && live.size === 0) return undefined;
  // Nothing was ever read or held there, and orders stand there all the same: a person's, an operator's.
  const position = known ?? createPosition(symbol);
  const exit = findExitInProgress(state, symbol);
  const view: HoldingView = {
    held_by: heldBy(position.holder, isReleasedFrom(position, request.agent, tMs), request),
    is_unowned: position.isContested || isBesideNobodys(position, live),
    unproven_order: findUnproven(live, own),
    exit_decision: exit,
    exit_until_ms: exit === null ? null : (inputs.exitsWaitUntilMs ?? null),
    open_exits: countOpen(state, symbol, request.agent),
  };
  const isNothing = view.held_by === null && !view.is_unowned && view.unproven_order === null;
  return isNothing && exit === null && view.open_exits === 0 ? undefined : view;
}

/** An agent is not told which other one it is. */
function heldBy(holder: string | null, isReleased: boolean, { agent, origin }: ExecutionRequest): string | null {
  if (origin === 'operator') return holder;
  if (holder !== null && holder !== agent) return 'another';
  return isReleased ? 'released' : null;
}

function findUnproven(live: ReadonlySet<OrderState>, own: OrderState | null): string | null {
  for (const order of live) {
    if (order === own || order.foreign || order.protective) continue;
    if (isUnproven(order)) return order.clientOrderId;
  }
  return null;
}

function countOpen({ claims }: GateViews, symbol: string, agent: string): number {
  let open = 0;
  for (const claim of claims.open)
    if (claim.wants === 'now' && claim.origin === 'agent' && claim.agent === agent && claim.symbol === symbol)
      open += 1;
  return open;
}

/**
 * The decision of an exit that closes now, or of one that still stands at the venue after the position was closed: nothing
 * opens beside it. Null: there is none.
 */
export function findExitInProgress(state: GateViews, symbol: string): string | null {
  for (const claim of state.claims.open) if (claim.symbol === symbol && claim.wants === 'now') return claim.decisionId;
  const position = state.positions.get(symbol);
  if (position !== undefined && position.quantityE8 !== 0) return null;
  for (const order of liveOrders(state.orders, symbol))
    if (order.reduceOnly && !order.protective && !order.foreign && !isPlanned(order)) return order.decisionId;
  return null;
}

/** Orders that open beside the decided one; undefined: there are none, or nothing is opened. */
export function viewOpenings({ ask, request, rules, state, symbol }: Subject): OpeningsView | undefined {
  const { agent, intent } = request;
  if (intent !== 'open' && intent !== 'modify') return undefined;
  let [own, all] = [0, 0];
  for (const order of liveOrders(state.orders, symbol)) {
    if (order.reduceOnly || order.protective || order.foreign || !isOther(order, ask)) continue;
    all += 1;
    if (order.agent === agent) own += 1;
  }
  return all === 0 ? undefined : { own, all, venue_limit: rules?.maxOrders ?? MAX_ORDERS };
}

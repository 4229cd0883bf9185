/**
 * What follows from an exit that was decided: the target that it opens, and what it ends, because that would open again
 * what the exit closes. Pure functions of a recorded decision and of folded state, so that the daemon and a replay end
 * the same (SAE-SAME-CODE).
 */
import type { CompiledPolicy } from '../../core/compiled-policy.ts';
import { isFullClose, wholeExitLots } from '../../core/decide/exit.ts';
import type { ExecutionRequest, Side } from '../../core/request.ts';
import { restsAtItsPrice } from '../../core/rules/price.ts';
import type { EngineCore } from '../flow/core.ts';
import { endedEvent, intentOn } from '../orders/evidence.ts';
import { heldOn, ownOn } from '../orders/holding.ts';
import { isPlanned, liveOrders, type OrderState } from '../orders/orders.ts';
import type { DecisionEvent, ExitTargetEvent } from '../records/decisions.ts';
import { lotE8, rulesOf, toE8 } from '../records/units.ts';
import type { GateViews } from '../state/views.ts';
import { causeOf, type ExitCause } from '../tables/rank.ts';

/**
 * The claim that closes now, which a recorded decision opens; null: it is no exit, or it rests at its own price.
 * `cause`: absent where the request's origin says it.
 */
export function findTarget(event: DecisionEvent, policy: CompiledPolicy, cause?: ExitCause): ExitTargetEvent | null {
  const { agent, context, decision, orders, request } = event;
  const [first] = orders;
  const { effective } = decision;
  if (first === undefined || effective?.action !== 'exit' || !first.reduce_only || first.protective) return null;
  if (restsAtItsPrice(effective, context, policy)) return null;
  const { rules } = context.market;
  if (rules === null) return null;
  const lots = wholeExitLots(decision, effective.lots);
  return {
    action: 'opened',
    agent,
    cause: cause ?? causeOf(request),
    client_order_id: first.client_order_id,
    decision_id: decision.decision_id,
    is_whole: isFullClose(request, context),
    key: '',
    quantity_e8: toE8(lots, lotE8(rulesOf(rules))),
    origin: request.origin,
    scope: request.origin === 'operator' ? 'account' : 'own',
    side: first.side,
    symbol: first.symbol,
  };
}

/** Why a slice was never sent. */
export const SLICE_DROPPED = 'dropped: an exit closes what it would open again';
/** The same, where its caller canceled another slice. */
export const SLICE_CANCELED = 'dropped: another slice of the same order was canceled';

/** Slices that were not sent yet of an opening of which a cancel names one: its caller wants no more of it. */
export function findSlicesBeside(
  { orders }: GateViews,
  { client_order_id: id }: ExecutionRequest,
): readonly OrderState[] {
  const named = id === null ? undefined : orders.all.get(id);
  const siblings = orders.byDecision.get(named?.decisionId ?? '') ?? [];
  return siblings.filter((order) => order !== named && !order.reduceOnly && isPlanned(order));
}

/** Why an opening order is canceled. */
export const OPENING_ENDED = 'an exit closes what it would open again';

export interface OpeningsToEnd {
  /** Never sent: ended at once. */
  readonly slices: readonly OrderState[];
  /** Resting, on their way, or of unknown outcome: their cancel is asked for. */
  readonly openings: readonly OrderState[];
}
const NOTHING: OpeningsToEnd = { slices: [], openings: [] };

/**
 * Of an exit that closes now: unsent slices, and what is decided and has not left; where all is closed that the caller
 * may close, its resting openings as well, on both sides. An agent's exit ends what is its own, an operator's and the
 * gate's what is anybody's. An exit that only rests ends nothing, nor does a protective stop before it fires.
 *
 * @param isUnsent an opening that is decided, and that the sender has not handed over
 */
export function findOpeningsToEnd(
  state: GateViews,
  event: DecisionEvent,
  policy: CompiledPolicy,
  isUnsent: (order: OrderState) => boolean = () => false,
): OpeningsToEnd {
  const closing = findClosing(event, policy);
  if (closing === null) return NOTHING;
  const { request } = event;
  const isConcerned = (order: OrderState): boolean => request.origin !== 'agent' || order.agent === request.agent;
  const isEverything = closing.isWhole || request.origin !== 'agent';
  const slices: OrderState[] = [];
  const openings: OrderState[] = [];
  for (const order of openingsIn(state, request.symbol ?? '')) {
    if (!isConcerned(order)) continue;
    if (isPlanned(order)) slices.push(order);
    else if (isEverything || isUnsent(order)) openings.push(order);
  }
  return { slices, openings };
}

/** What a decision closes now; null: nothing, or it only rests. An amend counts once its price reaches the book. */
function findClosing(
  { context, decision, orders, request }: DecisionEvent,
  policy: CompiledPolicy,
): { readonly side: Side; readonly isWhole: boolean } | null {
  const { effective } = decision;
  const [first] = orders;
  if (effective === null || effective.action === 'cancel' || effective.action === 'open') return null;
  const { side } = effective;
  if (effective.action === 'amend') {
    if (!effective.reduce_only || restsAtItsPrice(effective, context, policy)) return null;
    const leftLots = effective.lots - (context.order?.filled_lots ?? 0);
    return { side, isWhole: isFullClose({ ...request, side }, context, leftLots) };
  }
  if (first === undefined || !first.reduce_only || first.protective) return null;
  if (restsAtItsPrice(effective, context, policy)) return null;
  return { side, isWhole: isFullClose({ ...request, side }, context) };
}

/**
 * The venue's answer to a limit exit shows it filled: it was taken for one that rests, by a quote of a moment before, and
 * has closed at once. It ends what an exit ends that closes now.
 */
export function findOpeningsToEndByAnswer(
  state: GateViews,
  { agent, origin, side, symbol }: OrderState,
): OpeningsToEnd {
  const isConcerned = (order: OrderState): boolean => origin !== 'agent' || order.agent === agent;
  const { slices, openings } = findAll(state, symbol);
  const position = state.positions.get(symbol);
  const left = origin === 'agent' ? ownOn(position, side, agent) : heldOn(position, side);
  return { slices: slices.filter(isConcerned), openings: left === 0 ? openings.filter(isConcerned) : [] };
}

/**
 * A protective stop has closed something: neither what is not sent yet nor what rests must buy it back into the fall. A
 * stop closes the whole position, and so ends the openings of all.
 */
export function findOpeningsToEndByStop(state: GateViews, { symbol }: OrderState): OpeningsToEnd {
  return findAll(state, symbol);
}

function findAll(state: GateViews, symbol: string): OpeningsToEnd {
  const openings = openingsIn(state, symbol);
  return {
    slices: openings.filter(isPlanned),
    openings: openings.filter((order) => !isPlanned(order)),
  };
}

/** Orders of ours that may still open. */
function openingsIn(state: GateViews, symbol: string): readonly OrderState[] {
  return [...liveOrders(state.orders, symbol)].filter((order) => !order.reduceOnly && !order.foreign);
}

/**
 * Records the end of what would undo an exit. Called in the turn in which its decision was appended, so that both are in
 * one transaction: there is no ledger in which the exit stands and the slices do as well. The cancels are sent later.
 */
export function endOpenings(core: EngineCore, event: DecisionEvent, policy: CompiledPolicy): void {
  record(
    core,
    findOpeningsToEnd(core.state, event, policy, (order) => core.isUnsent(order)),
  );
}
/** {@link findOpeningsToEndByAnswer} */
export function endOpeningsByAnswer(core: EngineCore, exit: OrderState): void {
  record(core, findOpeningsToEndByAnswer(core.state, exit));
}
/** {@link findOpeningsToEndByStop} */
export function endOpeningsByStop(core: EngineCore, stop: OrderState): void {
  record(core, findOpeningsToEndByStop(core.state, stop));
}

/** Cancels are sent by whoever carries the exit out, or at the next tick. */
function record(core: EngineCore, { slices, openings }: OpeningsToEnd): void {
  for (const order of slices) core.append('order', endedEvent(core, order, SLICE_DROPPED));
  for (const order of openings)
    if (!order.cancelRequested) core.append('order_intent', intentOn(order, 'cancel', OPENING_ENDED));
}

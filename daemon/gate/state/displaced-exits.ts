import type { DecisionEvent, ExitTargetEvent, OrderEvent, OrderIntentEvent } from '../events.ts';
import { type ExitBound, ExitBounds, mayOpenStill, type Then } from './exit-bounds.ts';
import type { ExitTargets } from './exit-targets.ts';
import type { HeldChange, HeldFill } from './held-lots.ts';
import { keeps } from './keep.ts';
import { isResting, isTerminal, type OrderState } from './orders.ts';
import type { PositionState } from './positions.ts';
import type { Redate } from './redate.ts';

/** Reason of a cancel that only makes room: what it takes away rests again afterwards. */
export const MAKES_ROOM = 'makes room for an exit';
/** Reason of a cancel of what the share no longer covers: it rests again, clipped to what the share is then. */
export const BEYOND_SHARE = "beyond what is left of its agent's share";

/** What the execution of one says that ended because all that it was to close is closed. */
export const NOTHING_LEFT = 'nothing is left of what it was to close';

/** An exit that is to rest at its own price, and does not: through no wish of its caller. */
export interface DisplacedExit {
  readonly decisionId: string;
  readonly agent: string;
  /** Its last order, which has ended, is being canceled, or is on its way. */
  order: OrderState;
  /** All of its orders since it was displaced. */
  readonly clientOrderIds: Set<string>;
  /** It rested before: what takes its place waits until there is room. Else it was not placed, and makes its own. */
  readonly hasRested: boolean;
  /** The gate itself wants its last order gone: that it never arrived, or was refused, changes nothing. */
  isAskedBack: boolean;
  sinceMs: number;
  /** What it may close; kept while it rests, since it may be displaced again. */
  bound: ExitBound;
}

/** Until they rest, are closed otherwise, or are given up; folded from events alone, so that a restart goes on. */
export class DisplacedExits {
  #byDecision = new Map<string, DisplacedExit>();
  /** Of these and of those that rest. */
  readonly bounds = new ExitBounds();

  static {
    keeps(
      DisplacedExits,
      (view) => ({ byDecision: view.#byDecision, bounds: view.bounds }),
      (kept) => {
        const made = new DisplacedExits();
        made.#byDecision = kept.byDecision;
        return Object.assign(made, { bounds: kept.bounds });
      },
    );
  }

  get size(): number {
    return this.#byDecision.size;
  }
  has(decisionId: string): boolean {
    return this.#byDecision.has(decisionId);
  }
  find(decisionId: string): DisplacedExit | null {
    return this.#byDecision.get(decisionId) ?? null;
  }
  /** The gate itself wants it gone, and not its caller. */
  isAskedBack(order: OrderState): boolean {
    const entry = this.#byDecision.get(order.decisionId ?? '');
    return entry !== undefined && entry.order === order && entry.isAskedBack;
  }
  get all(): Iterable<DisplacedExit> {
    return this.#byDecision.values();
  }

  /** Of which nothing is at the venue, and something is left; what was displaced last first. */
  waiting(): readonly DisplacedExit[] {
    return [...this.#byDecision.values()].filter(({ order }) => isTerminal(order.status)).reverse();
  }

  /** A cancel was requested, or it became known what became of an amend. */
  note(order: OrderState, event: OrderIntentEvent, then: Then): void {
    if (event.action === 'amended' || event.action === 'amend_failed')
      this.#settleAmend(order, event.action === 'amended', then);
    if (event.action !== 'cancel' || (event.reason !== MAKES_ROOM && event.reason !== BEYOND_SHARE)) return;
    if (isOfRestingKind(order)) this.#add(order, true, then);
  }

  /** An amend that nobody decided here counts from when the venue shows it. */
  #settleAmend(order: OrderState, isAmended: boolean, then: Then): void {
    const { agent, decisionId } = order;
    if (agent === null || decisionId === null || this.bounds.find(decisionId) === null) return;
    const entry = this.#byDecision.get(decisionId);
    const isOfOthers = !this.bounds.isRenewed(decisionId);
    if (isAmended && isOfOthers && entry === undefined) this.bounds.ask(decisionId, agent, order, then);
    this.bounds.settle(decisionId, isAmended);
    if (entry !== undefined) entry.bound = this.bounds.find(decisionId) ?? entry.bound;
  }

  #add(order: OrderState, hasRested: boolean, then: Then): void {
    const { agent, decisionId } = order;
    if (agent === null || decisionId === null) return;
    const known = this.#byDecision.get(decisionId);
    if (known !== undefined) {
      known.order = order;
      known.isAskedBack = order.cancelRequested;
      return;
    }
    this.#byDecision.set(decisionId, {
      decisionId,
      agent,
      order,
      clientOrderIds: new Set([order.clientOrderId]),
      hasRested,
      isAskedBack: order.cancelRequested,
      sinceMs: then.atMs,
      bound: this.bounds.find(decisionId) ?? this.bounds.ask(decisionId, agent, order, then),
    });
  }

  /** Something became known of an order. */
  settle(order: OrderState, event: OrderEvent, targets: ExitTargets, then: Then): void {
    if (!isOfRestingKind(order)) return;
    const known = this.#byDecision.get(order.decisionId ?? '');
    if (known !== undefined && known.order === order) {
      // It rests, has filled, or was ended at the venue by somebody.
      const isOver = isTerminal(order.status) ? !mayRestYet(known, event) : isResting(order) && !order.cancelRequested;
      if (isOver) this.#byDecision.delete(known.decisionId);
      else this.#dropIfClosed(known, order.symbol);
    } else if (known === undefined && isTerminal(order.status) && wasNotPlaced(order, event)) {
      const target = targets.find(order.decisionId ?? '');
      if (target === null || target.end?.reason === 'rests') this.#add(order, false, then);
    }
    const id = order.decisionId ?? '';
    const target = targets.find(id);
    const goesOn = this.#byDecision.has(id) || (target !== null && target.end === null);
    if (isTerminal(order.status) && !goesOn) this.bounds.forget(id);
  }

  /** What is held has been proven to be another: what was closed has nothing left to take profit of. */
  follow(symbol: string, changes: readonly HeldChange[], fill: HeldFill | null): void {
    this.bounds.follow(symbol, changes, fill);
    for (const entry of this.#byDecision.values())
      if (changes.some(({ agent, side }) => side === entry.order.side && agent === entry.bound.whose))
        this.#dropIfClosed(entry, symbol);
  }

  /** What waits unsent is ended by whoever would send it; of what is at the venue the end is to be proven first. */
  #dropIfClosed(entry: DisplacedExit, symbol: string): void {
    const { order } = entry;
    if (order.symbol !== symbol || !isTerminal(order.status) || !hasNothingLeft(entry)) return;
    this.#drop(entry);
    order.detail ??= NOTHING_LEFT;
  }

  #drop({ decisionId, order }: DisplacedExit): void {
    this.#byDecision.delete(decisionId);
    if (isTerminal(order.status)) this.bounds.forget(decisionId);
  }

  /** A reading agrees with what is proven, and no order is unproven: nothing is held beyond that. */
  agree(symbol: string, position: PositionState): void {
    this.bounds.agree(symbol, position);
    for (const entry of this.#byDecision.values()) this.#dropIfClosed(entry, symbol);
  }

  /** One is permitted; a further order of it goes out; or its caller wants it gone, though it is at the moment. */
  apply(event: DecisionEvent, book: OrdersById, { isHalted, thenOf }: Around): void {
    const { decision, orders, parent_decision_id: parentId, request } = event;
    const order = orders[0] === undefined ? undefined : book.get(orders[0].client_order_id);
    // Until it rests; what turns out to be a target is none.
    if (decision.kind === 'tool' && order !== undefined && isOfRestingKind(order))
      this.#add(order, false, thenOf(order.symbol));
    const amended = decision.effective?.action === 'amend' ? book.get(request.client_order_id ?? '') : undefined;
    if (amended !== undefined && amended.amend !== null && amended.agent !== null && amended.decisionId !== null)
      this.bounds.renew(amended.decisionId, amended.agent, amended, thenOf(amended.symbol));
    if (this.#byDecision.size === 0) return;
    const again = decision.kind === 'slice' ? this.#byDecision.get(parentId ?? '') : undefined;
    if (again !== undefined && order !== undefined) {
      again.order = order;
      again.isAskedBack = false;
      again.clientOrderIds.add(order.clientOrderId);
    }
    if (decision.kind !== 'tool' || request.intent !== 'cancel' || !isHeard(event)) return;
    for (const entry of this.meantBy(request, isHalted)) this.#drop(entry);
  }

  /** What a cancel takes back, in `halted` of an operator alone. */
  meantBy(
    { agent, client_order_id: id, origin, symbol }: CancelRequest,
    isHalted: Around['isHalted'],
  ): readonly DisplacedExit[] {
    const isOperators = origin === 'operator';
    return [...this.#byDecision.values()].filter((entry) => {
      if (!isOperators && agent !== entry.agent) return false;
      if (id !== null) return entry.clientOrderIds.has(id);
      const { symbol: its } = entry.order;
      return (symbol ?? its) === its && (isOperators || !isHalted(its, entry.agent));
    });
  }

  /** It closes at once, and so is a target; or the gate gives it up. */
  leave(event: ExitTargetEvent): void {
    const entry = this.#byDecision.get(event.decision_id);
    if (entry !== undefined && event.action === 'ended' && isTerminal(entry.order.status))
      entry.order.detail ??= event.detail;
    this.#byDecision.delete(event.decision_id);
    if (event.action === 'ended' && event.reason !== 'rests') this.bounds.forget(event.decision_id);
  }

  /** The clock was moved. */
  redate(redate: Redate): void {
    for (const entry of this.#byDecision.values()) entry.sinceMs = redate(entry.sinceMs);
    this.bounds.redate(redate);
  }

  /** The unit of quantities has changed. */
  rescale(symbol: string, toNew: (lots: number) => number): void {
    this.bounds.rescale(symbol, toNew);
  }
}

type CancelRequest = Pick<DecisionEvent['request'], 'agent' | 'client_order_id' | 'origin' | 'symbol'>;
type OrdersById = Pick<ReadonlyMap<string, OrderState>, 'get'>;
/** What is known when a decision is recorded. */
interface Around {
  readonly thenOf: (symbol: string) => Then;
  readonly isHalted: (symbol: string, agent: string) => boolean;
}

/** One that is refused takes nothing back; that nothing of it is at the venue says no more than the book does. */
function isHeard({ decision }: DecisionEvent): boolean {
  return decision.decision !== 'BLOCK' || decision.reasons.every(({ code }) => code === 'ORDER_NOT_OPEN');
}

/** All that it was to take profit of is closed. */
export function hasNothingLeft({ bound }: DisplacedExit): boolean {
  return bound.roomLots <= 0 && !mayOpenStill(bound);
}

/** An exit with a price of its own; it may belong to a target, whose ladder such orders are as well. */
function isOfRestingKind({ decisionId, origin, protective, reduceOnly, timeInForce }: OrderState): boolean {
  return reduceOnly && !protective && timeInForce === 'GTC' && origin !== 'gate' && decisionId !== null;
}

/**
 * It never reached the venue, or was refused there, though nobody wanted it gone. What was never sent ended by a wish.
 */
function wasNotPlaced(order: OrderState, event: OrderEvent, isAskedBack = false): boolean {
  if ((order.cancelRequested && !isAskedBack) || order.sentAtMs === null || event.evidence?.kind === 'operator')
    return false;
  if (order.executedLots > 0) return false;
  const { status, venueOrderId } = order;
  return status === 'not_placed' || status === 'rejected' || (status === 'canceled' && venueOrderId === null);
}

/** Something is left of it, and it has ended by the gate's own wish or was not placed. */
function mayRestYet({ isAskedBack, order }: DisplacedExit, event: OrderEvent): boolean {
  if (order.executedLots >= order.lots) return false;
  if (order.status !== 'canceled') return wasNotPlaced(order, event, isAskedBack);
  return order.sentAtMs !== null && event.evidence?.kind !== 'operator';
}

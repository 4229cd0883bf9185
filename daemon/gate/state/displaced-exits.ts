import type { DecisionEvent, ExitTargetEvent, OrderEvent, OrderIntentEvent } from '../events.ts';
import type { ExitTargets } from './exit-targets.ts';
import { type HeldChange, heldOn, provenOn } from './held-lots.ts';
import { isResting, isTerminal, type OrderState } from './orders.ts';
import type { PositionState } from './positions.ts';

/** Reason of a cancel that only makes room: what it takes away rests again afterwards. */
export const MAKES_ROOM = 'makes room for an exit';
/** Reason of a cancel of what the share no longer covers: it rests again, clipped to what the share is then. */
export const BEYOND_SHARE = "beyond what is left of its agent's share";

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
  sinceMs: number;
  /** With whose lots it would take profit: its agent's share, or, where there is none, the position (null). */
  readonly whose: string | null;
  /** Lots held when it was displaced that have not been closed since: what was opened later is not its to close. */
  roomLots: number;
  /** Its agent's openings of before it was displaced that may still fill: what they fill is its to close, too. */
  readonly openings: ReadonlySet<OrderState>;
}

/** Until they rest, are closed otherwise, or are given up; folded from events alone, so that a restart goes on. */
export class DisplacedExits {
  readonly #byDecision = new Map<string, DisplacedExit>();

  get size(): number {
    return this.#byDecision.size;
  }
  has(decisionId: string): boolean {
    return this.#byDecision.has(decisionId);
  }
  find(decisionId: string): DisplacedExit | null {
    return this.#byDecision.get(decisionId) ?? null;
  }
  get all(): Iterable<DisplacedExit> {
    return this.#byDecision.values();
  }

  /** Of which nothing is at the venue, and something is left; what was displaced last first. */
  waiting(): readonly DisplacedExit[] {
    return [...this.#byDecision.values()].filter(({ order }) => isTerminal(order.status)).reverse();
  }

  /** A cancel was asked for. */
  note(order: OrderState, event: OrderIntentEvent, { atMs, live, position }: Then): void {
    if (event.action !== 'cancel' || (event.reason !== MAKES_ROOM && event.reason !== BEYOND_SHARE)) return;
    if (isOfRestingKind(order)) this.#add(order, true, { atMs, live, position });
  }

  #add(order: OrderState, hasRested: boolean, { atMs, live, position }: Then): void {
    const { agent, decisionId, side } = order;
    if (agent === null || decisionId === null) return;
    const known = this.#byDecision.get(decisionId);
    if (known !== undefined) {
      known.order = order;
      return;
    }
    const openings = new Set([...live].filter((one) => !one.reduceOnly && one.side !== side && one.agent === agent));
    const whose = heldOn(position, side, agent) > 0 || openings.size > 0 ? agent : null;
    this.#byDecision.set(decisionId, {
      decisionId,
      agent,
      order,
      clientOrderIds: new Set([order.clientOrderId]),
      hasRested,
      sinceMs: atMs,
      whose,
      roomLots: heldOn(position, side, whose),
      openings,
    });
  }

  /** Something became known of an order. */
  settle(order: OrderState, event: OrderEvent, targets: ExitTargets, then: Then): void {
    if (!isOfRestingKind(order)) return;
    const known = this.#byDecision.get(order.decisionId ?? '');
    if (known !== undefined && known.order === order) {
      // It rests, has filled, or was ended at the venue by somebody.
      const isOver = isTerminal(order.status) ? !mayRestYet(order, event) : isResting(order) && !order.cancelRequested;
      if (isOver) this.#byDecision.delete(known.decisionId);
    } else if (known === undefined && isTerminal(order.status) && wasNotPlaced(order, event)) {
      const target = targets.find(order.decisionId ?? '');
      if (target === null || target.end?.reason === 'rests') this.#add(order, false, then);
    }
  }

  /** What is held has been proven to be another: what was closed has nothing left to take profit of. */
  follow(symbol: string, changes: readonly HeldChange[], fill: OrderState | null): void {
    for (const entry of this.#byDecision.values()) {
      const { order, whose } = entry;
      if (order.symbol !== symbol) continue;
      const change = changes.find(({ agent, side }) => side === order.side && agent === whose);
      if (change === undefined) continue;
      const grown = change.after - change.before;
      if (grown < 0 || (fill !== null && entry.openings.has(fill))) entry.roomLots += grown;
      this.#dropIfClosed(entry);
    }
  }

  /** What waits unsent is ended by whoever would send it. */
  #dropIfClosed(entry: DisplacedExit): void {
    if (entry.order.status !== 'pending_send' && hasNothingLeft(entry)) this.#byDecision.delete(entry.decisionId);
  }

  /** A reading agrees with what is proven, and no order is unproven: nothing is held beyond that. */
  agree(symbol: string, position: PositionState): void {
    for (const entry of this.#byDecision.values()) {
      const { order, whose } = entry;
      if (order.symbol !== symbol) continue;
      entry.roomLots = Math.min(entry.roomLots, Math.max(0, provenOn(position, order.side, whose)));
      this.#dropIfClosed(entry);
    }
  }

  /** One is permitted; a further order of it goes out; or its caller wants it gone, though it is at the moment. */
  apply(event: DecisionEvent, book: OrdersById, thenOf: (symbol: string) => Then): void {
    const { agent, decision, orders, parent_decision_id: parentId, request } = event;
    const order = orders[0] === undefined ? undefined : book.get(orders[0].client_order_id);
    // Until it rests; what turns out to be a target is none.
    if (decision.kind === 'tool' && order !== undefined && isOfRestingKind(order))
      this.#add(order, false, thenOf(order.symbol));
    if (this.#byDecision.size === 0) return;
    const again = decision.kind === 'slice' ? this.#byDecision.get(parentId ?? '') : undefined;
    if (again !== undefined && order !== undefined) {
      again.order = order;
      again.clientOrderIds.add(order.clientOrderId);
    }
    if (decision.kind !== 'tool' || request.intent !== 'cancel') return;
    for (const entry of [...this.#byDecision.values()]) {
      const isMeant =
        (request.origin === 'operator' || agent === entry.agent) &&
        (request.client_order_id === null
          ? request.symbol === null || request.symbol === entry.order.symbol
          : entry.clientOrderIds.has(request.client_order_id));
      if (isMeant) this.#byDecision.delete(entry.decisionId);
    }
  }

  /** It closes at once, and so is a target; or the gate gives it up. */
  leave(event: ExitTargetEvent): void {
    this.#byDecision.delete(event.decision_id);
  }

  /** The clock was set back. */
  setBack(nowMs: number): void {
    for (const entry of this.#byDecision.values()) entry.sinceMs = Math.min(entry.sinceMs, nowMs);
  }

  /** The unit of quantities has changed. */
  rescale(symbol: string, toNew: (lots: number) => number): void {
    for (const entry of this.#byDecision.values())
      if (entry.order.symbol === symbol) entry.roomLots = toNew(entry.roomLots);
  }
}

type OrdersById = ReadonlyMap<string, OrderState>;
/** What is known of its symbol when an exit is displaced. */
export interface Then {
  readonly atMs: number;
  readonly live: ReadonlySet<OrderState>;
  readonly position: PositionState | undefined;
}

/** All that it was to take profit of is closed. */
export function hasNothingLeft(exit: DisplacedExit): boolean {
  return exit.roomLots <= 0 && !mayOpenStill(exit);
}
/** What was sent before it was displaced may have opened: what only rests has not, and may do so for hours. */
export function mayOpenStill({ openings }: DisplacedExit): boolean {
  for (const order of openings) if (!isTerminal(order.status) && !isResting(order)) return true;
  return false;
}

/** An exit with a price of its own; it may belong to a target, whose ladder such orders are as well. */
function isOfRestingKind({ decisionId, origin, protective, reduceOnly, timeInForce }: OrderState): boolean {
  return reduceOnly && !protective && timeInForce === 'GTC' && origin !== 'gate' && decisionId !== null;
}

/** It never reached the venue, or was refused there, though nobody wanted it gone. What was never sent ended by a wish. */
function wasNotPlaced(order: OrderState, event: OrderEvent): boolean {
  if (order.cancelRequested || order.sentAtMs === null || event.evidence?.kind === 'operator') return false;
  if (order.executedLots > 0) return false;
  const { status, venueOrderId } = order;
  return status === 'not_placed' || status === 'rejected' || (status === 'canceled' && venueOrderId === null);
}

/** Something is left of it, and it has ended by the gate's own wish or was not placed. */
function mayRestYet(order: OrderState, event: OrderEvent): boolean {
  if (order.executedLots >= order.lots) return false;
  if (order.status !== 'canceled') return wasNotPlaced(order, event);
  return order.sentAtMs !== null && event.evidence?.kind !== 'operator';
}

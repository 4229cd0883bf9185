import type { SizedAction } from '../../core/decision.ts';
import type { ExecutionRequest } from '../../core/request.ts';
import type { DecisionEvent } from '../../gate/events.ts';
import {
  type ExitForm,
  exitOrderAsk,
  exitOrderId,
  exitOrderRequest,
  planExitOrder,
} from '../../gate/plan/exit-order.ts';
import { ExitPace } from '../../gate/plan/exit-pace.ts';
import { type DecidedExit, ExitPump } from '../../gate/plan/exit-pump.ts';
import { findInTheWay, isSibling, leftOf, whyTooLarge } from '../../gate/plan/exit-room.ts';
import { RestingPump } from '../../gate/plan/resting-pump.ts';
import { GATE_AGENT } from '../../gate/plan/standing.ts';
import { type DisplacedExit, MAKES_ROOM } from '../../gate/state/displaced-exits.ts';
import type { ExitTarget } from '../../gate/state/exit-targets.ts';
import { isTerminal, liveOrders, type OrderState } from '../../gate/state/orders.ts';
import type { Rejection } from '../../gate/venue-port.ts';
import type { GateDoor, Taken } from './door.ts';
import { PLACE } from './intake.ts';
import type { Asked } from './tally.ts';

/** What the exits need of the part that handles orders. */
export interface OrderHands {
  /** Sends an order; null: it was taken. */
  send(order: OrderState, asked: Asked | null): Rejection | null;
  /** Asks for the cancel of an order and takes its end in. */
  cancel(order: OrderState, reason: string): void;
  /** {@link ReplayExits.wake} is due then. */
  later(atMs: number): void;
}
interface Parent {
  readonly event: DecisionEvent;
  readonly asked: Asked | null;
}
/** An order of an exit that was decided and is to be sent. */
interface Carried {
  readonly order: OrderState;
  readonly asked: Asked | null;
  /** It rests at its own price, and what rests makes room for it; null: it is a target's. */
  readonly makesRoom: boolean | null;
  /** What it had left to close when it was decided. */
  readonly left: number;
  /** Refusals of its exit in a row, once it was refused; null: it does not go on. */
  refusals: number | null;
}

/** Decisions that are kept for later orders of their exits before those that are over are dropped. */
const MOST_KEPT = 64;

/**
 * Exits of a replay: what goes out when is said by the gate's own pumps (`gate/plan`), here it is decided and sent. The
 * exchange answers at once, so nothing is ever unknown, and what follows from an answer follows in the same instant.
 */
export class ReplayExits {
  readonly #door: GateDoor;
  readonly #orders: OrderHands;
  readonly #pump: ExitPump;
  readonly #resting: RestingPump;
  readonly #parents = new Map<string, Parent>();
  #outbox: Carried[] = [];
  #wakeAtMs = Number.POSITIVE_INFINITY;
  #isAgain = false;
  readonly #isBound = ({ agent, origin }: OrderState): boolean =>
    origin === 'agent' && agent !== null && this.#door.policy(agent).exitScope === 'own';

  constructor(door: GateDoor, orders: OrderHands) {
    this.#door = door;
    this.#orders = orders;
    const { planClock: clock, sends, state } = door;
    const exits = () => door.policy(GATE_AGENT).spec.exits;
    const pace = new ExitPace({ state, sends, clock, exits });
    const shared = {
      state,
      clock,
      pace,
      exitScope: (agent: string) => door.policy(agent).exitScope,
      endUnsent: (order: OrderState, detail: string) => door.endUnsent(order, detail),
      alert: () => undefined,
    };
    this.#pump = new ExitPump({
      ...shared,
      exits,
      decide: ({ decisionId }, lots, rung) => this.#decide(decisionId, { lots, rung, own: null }, null),
      recordEnd: ({ decisionId, filledLots }, reason, detail) =>
        this.#recordEnd(decisionId, filledLots, reason, detail),
      onDefect: (error) => {
        throw error;
      },
      wakeAt: (atMs) => this.#wakeAt(atMs),
    });
    this.#resting = new RestingPump({
      ...shared,
      lookEveryMs: null,
      isAwaited: () => true,
      decide: (decisionId, form, makesRoom) => this.#decide(decisionId, form, makesRoom),
      recordEnd: ({ decisionId, order }, reason, detail) =>
        this.#recordEnd(decisionId, order.executedLots, reason, detail),
    });
    this.#resting.isReleased = true;
  }

  planDelay(request: ExecutionRequest, effective: SizedAction): number {
    return this.#pump.planDelay(request, effective);
  }
  isGateExiting(symbol: string): boolean {
    return this.#pump.isGateExiting(symbol);
  }

  /** A permitted exit; {@link settle} carries it on. */
  begin({ event }: Taken, first: OrderState, asked: Asked | null): void {
    const { decision_id: decisionId } = event.decision;
    if (this.#parents.size >= MOST_KEPT) this.#dropOver();
    this.#parents.set(decisionId, { event, asked });
    if (first.status !== 'in_flight') return;
    const isTarget = this.#door.state.targets.find(decisionId) !== null;
    if (isTarget) this.#pump.carry(first);
    else this.#resting.carry(first);
    this.#push(first, asked, isTarget ? null : true);
  }

  cancelTargets(isConcerned: (target: ExitTarget) => boolean, detail: string): void {
    this.#pump.cancelTargets(isConcerned, detail);
  }
  cancelResting(isConcerned: (exit: DisplacedExit) => boolean, detail: string): void {
    for (const exit of this.#door.state.displaced.waiting())
      if (isConcerned(exit)) this.#resting.giveUp(exit, 'canceled', detail);
  }

  /** Everything that may go out now does, with all that follows from it at this instant. */
  settle(): void {
    const { displaced, targets } = this.#door.state;
    if (this.#outbox.length + displaced.size + targets.open.size === 0 && this.#pump.isIdle) return;
    do {
      this.#isAgain = false;
      this.#sendOut();
      this.#pump.pass();
      // Each that is to rest and does not is in that book.
      const waitMs = this.#door.state.displaced.size === 0 ? null : this.#resting.pass();
      if (waitMs !== null) this.#wakeAt(this.#door.planClock.wallMs() + waitMs);
    } while (this.#outbox.length > 0 || this.#isAgain);
  }

  /** What was asked for by {@link OrderHands.later}. */
  wake(): void {
    if (this.#door.planClock.wallMs() >= this.#wakeAtMs) this.#wakeAtMs = Number.POSITIVE_INFINITY;
    this.settle();
  }

  #wakeAt(atMs: number): void {
    if (atMs <= this.#door.planClock.wallMs()) {
      this.#isAgain = true;
      return;
    }
    if (atMs >= this.#wakeAtMs) return;
    this.#wakeAtMs = atMs;
    this.#orders.later(atMs);
  }

  #decide(decisionId: string, form: ExitForm, makesRoom: boolean | null): DecidedExit {
    const parent = this.#parents.get(decisionId);
    const first = parent?.event.orders[0];
    if (parent === undefined || first === undefined) throw new Error(`no exit ${decisionId} is kept`);
    const { event, asked } = parent;
    const door = this.#door;
    const id = exitOrderId(door.ids, door.state.orders, event, form);
    const taken = door.take(exitOrderRequest(event, form), exitOrderAsk(PLACE, form), {
      kind: 'slice',
      parentDecisionId: decisionId,
      plan: (decision) => planExitOrder(decision, first.symbol, id),
    });
    const order = taken?.orders[0] ?? null;
    return {
      order,
      code: taken?.event.decision.reasons[0]?.code ?? 'BLOCK',
      send: () => {
        if (order !== null) this.#push(order, asked, makesRoom);
      },
    };
  }

  #push(order: OrderState, asked: Asked | null, makesRoom: boolean | null): void {
    this.#outbox.push({ order, asked, makesRoom, left: leftOf(this.#door.state, order), refusals: null });
  }

  /** The daemon sends them side by side: room for all is made before, and what a refusal asks for comes after all. */
  #sendOut(): void {
    while (this.#outbox.length > 0) {
      const due = this.#outbox;
      this.#outbox = [];
      for (const carried of due) this.#makeRoom(carried);
      const refused = due.filter((carried) => this.#send(carried));
      for (const { refusals, order } of refused) this.#cancelSiblings(order, refusals);
      for (const { makesRoom, order } of due)
        if (makesRoom === null) this.#pump.take(order);
        else this.#resting.take(order);
    }
  }

  #makeRoom({ makesRoom, order }: Carried): void {
    if (makesRoom === false) return;
    for (const other of findInTheWay(this.#door.state, order, this.#isBound)) this.#orders.cancel(other, MAKES_ROOM);
  }

  /** Whether the exchange refused it for what rests beside it. */
  #send(carried: Carried): boolean {
    const { asked, left, makesRoom, order } = carried;
    const { state } = this.#door;
    if (order.status !== 'in_flight') return false;
    const why = whyTooLarge(state, order, left, this.#isBound);
    if (why !== null) {
      this.#door.endUnsent(order, why);
      return false;
    }
    const rejection = this.#orders.send(order, asked);
    if (rejection === null) {
      if (makesRoom !== null) this.#resting.noteTaken(order.decisionId ?? '');
      return false;
    }
    if (makesRoom === null) {
      this.#pump.noteRefusal(order, rejection);
      carried.refusals = this.#pump.crowdedOf(order) + 1;
    } else carried.refusals = this.#resting.noteRefusal(order, rejection);
    return rejection.consequence === 'cancel_sibling';
  }

  /** `refusals`: of the exit for what rests beside it, in a row; null: it does not go on. */
  #cancelSiblings(order: OrderState, refusals: number | null): void {
    if (refusals === null) return;
    const siblings = [...liveOrders(this.#door.state.orders, order.symbol)].filter((other) =>
      isSibling(other, order, refusals),
    );
    for (const sibling of siblings) this.#orders.cancel(sibling, MAKES_ROOM);
    if (siblings.length > 0 && siblings.every(({ status }) => isTerminal(status))) this.#pump.noteRoom(order);
  }

  #recordEnd(
    decisionId: string,
    filledLots: number,
    reason: Parameters<RestingPump['giveUp']>[1],
    detail: string,
  ): void {
    this.#door.append('exit_target', {
      action: 'ended',
      decision_id: decisionId,
      detail,
      filled_lots: filledLots,
      reason,
    });
  }

  /** Of exits that are over nothing goes out any more. */
  #dropOver(): void {
    const { displaced, orders, targets } = this.#door.state;
    for (const decisionId of this.#parents.keys()) {
      const target = targets.find(decisionId);
      const isLive = (orders.byDecision.get(decisionId) ?? []).some(({ status }) => !isTerminal(status));
      if (!isLive && !displaced.has(decisionId) && (target === null || target.end !== null))
        this.#parents.delete(decisionId);
    }
  }
}

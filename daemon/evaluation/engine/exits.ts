import type { SizedAction } from '../../core/decision.ts';
import type { ExecutionRequest } from '../../core/request.ts';
import type { DecidedExit } from '../../engine/claims/exit-hands.ts';
import {
  type ExitForm,
  exitOrderAsk,
  exitOrderId,
  exitOrderRequest,
  planExitOrder,
} from '../../engine/claims/exit-order.ts';
import { ExitPace } from '../../engine/claims/exit-pace.ts';
import { ExitPump } from '../../engine/claims/exit-pump.ts';
import { type Claim, closedE8, isLive } from '../../engine/orders/claims.ts';
import { isInFlight, type OrderState } from '../../engine/orders/orders.ts';
import { GATE_AGENT } from '../../engine/plan/standing.ts';
import type { DecisionEvent } from '../../engine/records/events.ts';
import type { Rejection } from '../../engine/records/venue.ts';
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
}

/** Decisions that are kept for later orders of their exits before those that are over are dropped. */
const MAX_KEPT = 64;

/**
 * Exits of a replay: what goes out when is said by the engine's own pump (`engine/claims`), here it is decided and sent. The
 * exchange answers at once, so nothing is ever unknown, and what follows from an answer follows in the same instant.
 */
export class ReplayExits {
  readonly #door: GateDoor;
  readonly #orders: OrderHands;
  readonly #pump: ExitPump;
  readonly #parents = new Map<string, Parent>();
  #outbox: Carried[] = [];
  #wakeAtMs = Number.POSITIVE_INFINITY;
  #isAgain = false;
  /** Records up to which everything that could go out has gone. */
  #settledActs = -1;

  constructor(door: GateDoor, orders: OrderHands) {
    this.#door = door;
    this.#orders = orders;
    const { planClock: clock, sends, state } = door;
    const exits = () => door.policy(GATE_AGENT).spec.exits;
    this.#pump = new ExitPump({
      state,
      clock,
      pace: new ExitPace({ state, sends, clock, exits }),
      exits,
      decide: (claim, form) => this.#decide(claim, form),
      recordEnd: (claim, reason, detail) =>
        door.append('exit_target', {
          action: 'ended',
          decision_id: claim.decisionId,
          detail,
          filled_e8: closedE8(claim),
          reason,
        }),
      endUnsent: (order, detail) => door.endUnsent(order, detail),
      cancel: (order, reason) => {
        orders.cancel(order, reason);
        this.#isAgain = true;
      },
      alert: () => undefined,
      onDefect: (error) => {
        throw error;
      },
      wakeAt: (atMs) => this.#wakeAt(atMs),
    });
  }

  planDelay(request: ExecutionRequest, effective: SizedAction): number {
    return this.#pump.planDelay(request, effective);
  }
  isGateExiting(symbol: string): boolean {
    return this.#pump.isGateExiting(symbol);
  }

  /** A permitted exit; {@link settle} carries it on. */
  begin({ event }: Taken, first: OrderState, asked: Asked | null): void {
    if (this.#parents.size >= MAX_KEPT) this.#dropOver();
    this.#parents.set(event.decision.decision_id, { event, asked });
    if (!isInFlight(first)) return;
    this.#pump.carry(first);
    this.#outbox.push({ order: first, asked });
  }

  /** Claims that a recorded cancel took back, and of which nothing is at the venue. */
  endCanceled(detail: string): void {
    this.#pump.cancelClaims(({ isCanceled }) => isCanceled, detail);
  }

  /** An exit is under way, or one that is to rest does not: both may wait for what a reading shows. */
  get isExiting(): boolean {
    for (const claim of this.#door.state.claims.open) if (claim.wants === 'now' || !isLive(claim)) return true;
    return false;
  }

  /** Everything that may go out now does, with all that follows from it at this instant. */
  settle(): void {
    const isAsLeft = this.#door.state.claims.open.size === 0 || this.#door.acts === this.#settledActs;
    if (isAsLeft && this.#outbox.length === 0 && this.#pump.isIdle && !this.isExiting) return;
    do {
      this.#isAgain = false;
      this.#sendOut();
      this.#pump.pass();
    } while (this.#outbox.length > 0 || this.#isAgain);
    this.#settledActs = this.#door.acts;
  }

  /** What was asked for by {@link OrderHands.later}. */
  wake(): void {
    this.#settledActs = -1;
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

  #decide({ decisionId }: Claim, form: ExitForm): DecidedExit {
    const parent = this.#parents.get(decisionId);
    const first = parent?.event.orders[0];
    if (parent === undefined || first === undefined) throw new Error(`no exit ${decisionId} is kept`);
    const { event, asked } = parent;
    const door = this.#door;
    const id = exitOrderId(door.ids, door.state.orders, event, form);
    const taken = door.take(exitOrderRequest(event, form), exitOrderAsk(PLACE, form), {
      kind: 'slice',
      parentDecisionId: decisionId,
      plan: (decision) => planExitOrder(decision, first.symbol, id, door.state.rules.get(first.symbol)),
    });
    const order = taken?.orders[0] ?? null;
    return {
      order,
      code: taken?.event.decision.reasons[0]?.code ?? 'BLOCK',
      send: () => {
        if (order !== null) this.#outbox.push({ order, asked });
      },
    };
  }

  /** The daemon sends them side by side. */
  #sendOut(): void {
    while (this.#outbox.length > 0) {
      const due = this.#outbox;
      this.#outbox = [];
      for (const { asked, order } of due) {
        const rejection = isInFlight(order) ? this.#orders.send(order, asked) : null;
        if (rejection !== null) this.#pump.noteRefusal(order, rejection);
      }
      for (const { order } of due) this.#pump.take(order);
    }
  }

  /** Of exits that are over nothing goes out any more. */
  #dropOver(): void {
    const { claims } = this.#door.state;
    for (const decisionId of this.#parents.keys()) {
      const claim = claims.find(decisionId);
      if (claim === null || (claim.end !== null && !isLive(claim))) this.#parents.delete(decisionId);
    }
  }
}

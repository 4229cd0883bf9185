import type { ExecutionDecision } from '../../core/decision.ts';
import type { ExecutionRequest } from '../../core/request.ts';
import type { OrderState } from '../../engine/orders/orders.ts';
import { StandingReview } from '../../engine/plan/review.ts';
import { type Breach, findBreaches, GATE_AGENT } from '../../engine/plan/standing.ts';
import type { Ask, LiveInputs } from '../../engine/readings/inputs.ts';
import type { GateCore } from '../journal/journal.ts';
import { endedEvent } from '../journal/order-records.ts';
import type { Canceler } from '../orders/cancels.ts';
import type { OrderSender } from '../orders/sender.ts';
import { consider, recordDecision } from '../take-decision.ts';

/** Rule 15 as it acts: what it says ({@link StandingReview}) is decided, recorded and canceled here. */
export class StandingOrders {
  readonly #core: GateCore;
  readonly #review: StandingReview;
  /** Cancels that the running call has begun. */
  #cancels: Promise<void>[] = [];

  constructor(core: GateCore, canceler: Canceler, sender: OrderSender) {
    this.#core = core;
    this.#review = new StandingReview({
      state: core.state,
      clock: core.planClock,
      place: core.settings,
      inputs: () => this.#inputs(),
      policyFor: (agent) => core.policyFor(agent),
      recordState: (event) => core.append('state', event),
      decide: (order, request, ask, isKept) => this.#decide(order, request, ask, isKept),
      cancel: (order, reason) => this.#cancels.push(canceler.cancel(order, reason)),
      endUnsent: (order, detail) => sender.record(order, endedEvent(core, order, 'canceled', detail)),
    });
  }

  /**
   * Cheap: called at every feed tick and after every event that may tighten. All that follows is under way when it
   * returns; the promise is that of the cancels that this call began (null: none), and no later call waits for it.
   * INVARIANT: a cancel that hangs holds up neither the next one nor the next review (BY-31).
   */
  tick(): Promise<unknown> | null {
    this.#cancels = [];
    this.#review.followCondition();
    this.#review.followHoldingTimes();
    this.#review.follow();
    return this.#cancels.length === 0 ? null : Promise.all(this.#cancels);
  }

  #inputs(): LiveInputs {
    return this.#core.market.inputs(this.#core.nowMs());
  }

  #decide(
    order: OrderState,
    request: ExecutionRequest,
    ask: Ask,
    isKept: (decision: ExecutionDecision) => boolean,
  ): void {
    const considered = consider(this.#core, request, ask);
    if (!isKept(considered.decision)) return;
    recordDecision(this.#core, considered, {
      kind: 'standing',
      route: 'standing',
      bodyHash: null,
      texts: {},
      parentDecisionId: order.decisionId,
      orders: [],
    });
  }

  /** Positions above the tightened symbol, gross or liquidation-distance cap; empty unless `on_breach: reduce`. */
  findBreaches(): readonly Breach[] {
    return findBreaches(this.#core.state, this.#inputs(), this.#core.policyFor(GATE_AGENT), this.#core.settings);
  }
}

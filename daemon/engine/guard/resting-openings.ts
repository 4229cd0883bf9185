import type { ExecutionDecision } from '../../core/decision.ts';
import type { ExecutionRequest } from '../../core/request.ts';
import { consider, recordDecision } from '../decide/take-decision.ts';
import type { EngineCore } from '../flow/core.ts';
import type { Started } from '../flow/step.ts';
import type { OrderState } from '../orders/orders.ts';
import { findBreaches } from '../plan/judge-resting.ts';
import { type Breach, GATE_AGENT } from '../plan/orders.ts';
import { StandingReview } from '../plan/resting-review.ts';
import type { Ask } from '../readings/inputs.ts';
import type { Canceler } from '../sending/cancels.ts';
import type { OrderProof } from '../sending/order-proof.ts';

/**
 * {@link StandingReview} as it acts: what it says is decided, recorded and canceled here. `begun`: told of each cancel, which
 * is under way then.
 */
export function reviewOf(
  core: EngineCore,
  canceler: Canceler,
  proof: OrderProof,
  begun: (cancel: Started<void>) => void,
): StandingReview {
  return new StandingReview({
    state: core.state,
    clock: core.planClock,
    place: core.settings,
    inputs: () => core.market.inputs(core.nowMs()),
    policyFor: (agent) => core.policyFor(agent),
    recordState: (event) => core.append('state', event),
    decide: (order, request, ask, isKept) => decideStanding(core, order, { request, ask, isKept }),
    cancel: (order, reason) => begun(canceler.cancel(order, reason)),
    endUnsent: (order, detail) => proof.end(order, detail),
  });
}

function decideStanding(
  core: EngineCore,
  order: OrderState,
  asked: {
    readonly request: ExecutionRequest;
    readonly ask: Ask;
    readonly isKept: (decision: ExecutionDecision) => boolean;
  },
): void {
  const considered = consider(core, asked.request, asked.ask);
  if (!asked.isKept(considered.decision)) return;
  recordDecision(core, considered, {
    kind: 'standing',
    route: 'standing',
    parentDecisionId: order.decisionId,
    orders: [],
  });
}

/** Rule 15, whenever anything may have tightened. */
export class StandingOrders {
  readonly #core: EngineCore;
  readonly #review: StandingReview;
  /** Cancels that the running call has begun. */
  #cancels: Started<void>[] = [];

  constructor(core: EngineCore, canceler: Canceler, proof: OrderProof) {
    this.#core = core;
    this.#review = reviewOf(core, canceler, proof, (cancel) => this.#cancels.push(cancel));
  }

  /**
   * Cheap: called at every feed tick and after every event that may tighten. All that follows is under way when it
   * returns: the cancels that this call began. No later call waits for them. INVARIANT: a cancel that hangs holds up
   * neither the next one nor the next review (BY-31).
   */
  tick(): readonly Started<void>[] {
    this.#cancels = [];
    this.#review.followCondition();
    this.#review.followHoldingTimes();
    this.#review.follow();
    return this.#cancels;
  }

  /** To be called in the turn in which an opening that may rest was permitted, before it is sent. */
  noteOpening(): void {
    this.#review.noteOpening();
  }

  /** Positions above the tightened symbol, gross or liquidation-distance cap; empty unless `on_breach: reduce`. */
  findBreaches(): readonly Breach[] {
    const { market, settings, state } = this.#core;
    return findBreaches(state, market.inputs(this.#core.nowMs()), this.#core.policyFor(GATE_AGENT), settings);
  }
}

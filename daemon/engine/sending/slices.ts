/** Later slices of an opening parent: each is decided again when it falls due (SAE-M5). */
import type { ExecutionDecision } from '../../core/decision.ts';
import { copyRequest, type ExecutionRequest } from '../../core/request.ts';
import type { Decided } from '../decide/decided.ts';
import { consider, recordDecision } from '../decide/take-decision.ts';
import type { EngineCore } from '../flow/core.ts';
import { ask, type Flow } from '../flow/step.ts';
import { whyEnded } from '../openings/authority.ts';
import type { AuthorityNow } from '../openings/authority-now.ts';
import { isInFlight, isPlanned, type OrderState } from '../orders/orders.ts';
import { planSingle, type ReviewPlace, type Steps } from '../plan/orders.ts';
import { type Ask, laterAsk } from '../readings/inputs.ts';
import type { DecisionEvent, PlannedOrder } from '../records/events.ts';
import type { LoneOpenings } from './lone-openings.ts';
import type { OrderProof } from './order-proof.ts';
import type { OrderSender } from './sender.ts';

export const FIRST_REJECTED = 'slice 0 was rejected';

export type SliceStep =
  | { readonly kind: 'gone' | 'early' | 'decide' }
  | { readonly kind: 'ended'; readonly why: string }
  | { readonly kind: 'wait'; readonly waitMs: number };

/**
 * What is to be done with a slice whose time may have come. `waitMs`: wall time until the venue's limit leaves room for it,
 * which is waited for, since a slice has no caller who could ask again.
 */
export function stepOfSlice(order: OrderState, now: AuthorityNow, waitMs: () => number): SliceStep {
  if (!isPlanned(order)) return { kind: 'gone' };
  const why = whyEnded(order, now);
  if (why !== null) return { kind: 'ended', why };
  if (now.tMs < order.dueAtMs) return { kind: 'early' };
  const leftMs = waitMs();
  return leftMs > 0 ? { kind: 'wait', waitMs: leftMs } : { kind: 'decide' };
}

/** As its parent was permitted, and no more. */
export function sliceRequest(parent: DecisionEvent): ExecutionRequest {
  const { effective } = parent.decision;
  const request = copyRequest(parent.request);
  request.max_slippage_bps = effective?.max_slippage_bps ?? parent.request.max_slippage_bps;
  request.requested_leverage = effective?.leverage ?? parent.request.requested_leverage;
  request.request_id = null;
  return request;
}

export function sliceAsk(place: ReviewPlace, order: OrderState): Ask {
  const ask = laterAsk(place, order.quantityE8);
  ask.tokenSkillSha256 = order.tokenSkillSha256;
  ask.own = order;
  // The parent's own.
  ask.parentPriceE8 = order.priceE8;
  return ask;
}

/** An opposite position may have come about meanwhile: a slice that would now be an exit is not sent. */
export function planSlice(
  decision: ExecutionDecision,
  order: OrderState,
  steps: Steps | undefined,
): readonly PlannedOrder[] {
  const { effective } = decision;
  if (decision.decision === 'BLOCK' || effective?.action !== 'open' || steps === undefined) return [];
  return [planSingle(effective, steps, { symbol: order.symbol, id: order.clientOrderId, slice: order.slice })];
}

/** One that is refused ends those after it. */
export function describeRefusedSlice(code: string | undefined): string {
  return `a later slice was refused: ${code ?? 'no longer an opening order'}`;
}

/** Of a parent: those that were never sent. */
export function unsentOf(orders: readonly OrderState[]): readonly OrderState[] {
  return orders.filter(isPlanned);
}

/** How long to sleep where domain time moves in steps, wall ms. */
const STEPS_PAUSE_MS = 25;

/** Opening parents: slice 0 goes out at once, later ones are decided again when they fall due (SAE-M5). */
export class SliceRunner {
  readonly #core: EngineCore;
  readonly #proof: Pick<OrderProof, 'end'>;
  readonly #sender: Pick<OrderSender, 'sendOpening'>;
  readonly #lone: Pick<LoneOpenings, 'waitMs'>;
  #isStopped = false;

  constructor(
    core: EngineCore,
    proof: Pick<OrderProof, 'end'>,
    sender: Pick<OrderSender, 'sendOpening'>,
    lone: Pick<LoneOpenings, 'waitMs'>,
  ) {
    this.#core = core;
    this.#proof = proof;
    this.#sender = sender;
    this.#lone = lone;
  }

  /** Runs a permitted parent; over when slice 0 has an outcome. */
  *run(decided: Decided): Flow<void> {
    const orders = this.#core.state.orders.byDecision.get(decided.body.decision_id) ?? [];
    const first = orders.find((order) => order.slice === 0);
    if (first === undefined) return;
    const outcome = yield* this.#sender.sendOpening(first, decided);
    if (outcome.kind === 'rejected') {
      this.#drop(orders, FIRST_REJECTED);
      return;
    }
    for (const order of orders) if (isPlanned(order)) this.#core.begin(this.#carry(decided, order));
  }

  /** One later slice, until it was sent or is over. Domain time decides, not the sleep: at scale 0 it moves in steps. */
  *#carry(decided: Decided, order: OrderState): Flow<void> {
    let waitMs: number | null = this.#untilDueMs(order);
    while (waitMs !== null) {
      yield* ask<'wait'>({ fx: 'wait', ms: Math.min(this.#core.longestWaitMs, waitMs) });
      if (this.#isStopped) return;
      try {
        waitMs = yield* this.#next(decided, order);
      } catch (error) {
        this.#core.alert('SLICE_FAILED', String(error), order.symbol);
        // Nothing is recorded any more; the next start drops it.
        if (!this.#core.ports.ledger.isFailed) this.#drop([order], `not sent: ${String(error)}`);
        return;
      }
    }
  }

  #untilDueMs(order: OrderState): number {
    const { clock } = this.#core.ports;
    return clock.scale > 0 ? Math.max(0, (order.dueAtMs - this.#core.passedMs()) / clock.scale) : STEPS_PAUSE_MS;
  }

  /** Wall ms until it is looked at again; null: it was sent, or is over. */
  *#next(decided: Decided, order: OrderState): Flow<number | null> {
    const parent = decided.event;
    const turnMs = (): number => Math.max(this.#core.sends.waitMs('other'), this.#lone.waitMs(order.symbol));
    const step = stepOfSlice(order, this.#core.authorityNow(), turnMs);
    switch (step.kind) {
      case 'gone':
        return null;
      case 'ended':
        this.#dropRest(parent.decision.decision_id, step.why);
        return null;
      case 'early':
        return this.#untilDueMs(order);
      case 'wait':
        return step.waitMs;
      case 'decide':
    }
    const considered = consider(this.#core, sliceRequest(parent), sliceAsk(this.#core.settings, order));
    const slice = recordDecision(this.#core, considered, {
      kind: 'slice',
      route: parent.route,
      bodyHash: null,
      texts: {},
      parentDecisionId: parent.decision.decision_id,
      orders: planSlice(considered.acted, order, this.#core.state.rules.get(order.symbol)),
    });
    if (slice.event.orders.length === 0)
      this.#dropRest(parent.decision.decision_id, describeRefusedSlice(slice.body.reasons[0]?.code));
    else if (isInFlight(order)) yield* this.#sender.sendOpening(order, slice);
    return null;
  }

  #dropRest(decisionId: string, detail: string): void {
    this.#drop(this.#core.state.orders.byDecision.get(decisionId) ?? [], detail);
  }
  #drop(orders: readonly OrderState[], detail: string): void {
    for (const order of unsentOf(orders)) this.#proof.end(order, detail);
  }

  /** The daemon stops: what waits goes out no more. */
  stop(): void {
    this.#isStopped = true;
  }
}

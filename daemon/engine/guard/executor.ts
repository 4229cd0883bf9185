import type { ExecutionDecision } from '../../core/decision.ts';
import { copyRequest, type ExecutionRequest } from '../../core/request.ts';
import type { CarriesOut, Considered, Decided } from '../decide/decided.ts';
import { findSlicesBeside, SLICE_CANCELED } from '../decide/openings-to-end.ts';
import { consider, recordDecision } from '../decide/take-decision.ts';
import type { EngineCore } from '../flow/core.ts';
import { type Flow, joined, onDisk, wait } from '../flow/step.ts';
import { whyEnded } from '../openings/authority.ts';
import { isInFlight, isPlanned, neverRests, type OrderState } from '../orders/orders.ts';
import { laterAsk, parentAsk, planFromDecision, planSingle, type ReviewPlace, type Steps } from '../plan/orders.ts';
import type { Ask } from '../readings/inputs.ts';
import type { DecisionEvent, PlannedOrder } from '../records/decisions.ts';
import type { Canceler } from '../sending/cancels.ts';
import type { LoneOpenings } from '../sending/lone-openings.ts';
import type { OrderProof } from '../sending/order-proof.ts';
import type { OrderSender } from '../sending/sender.ts';
import type { ExitCause } from '../tables/rank.ts';
import type { ExitBook } from './exit-book.ts';

/** As its parent was permitted, and no more. */
function sliceRequest(parent: DecisionEvent): ExecutionRequest {
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

/** How long to sleep where domain time moves in steps, wall ms. */
const STEPS_PAUSE_MS = 25;

/** The review of what rests. */
interface NotesOpenings {
  /** To be called in the turn in which an opening that may rest was permitted. */
  noteOpening(): void;
}
interface SliceParts {
  readonly proof: Pick<OrderProof, 'end'>;
  readonly sender: Pick<OrderSender, 'sendOpening'>;
  readonly lone: Pick<LoneOpenings, 'waitMs'>;
  readonly standing: NotesOpenings;
}

/** Opening parents: slice 0 goes out at once, later ones are decided again when they fall due (SAE-M5). */
export class SliceRunner {
  readonly #core: EngineCore;
  readonly #proof: Pick<OrderProof, 'end'>;
  readonly #sender: Pick<OrderSender, 'sendOpening'>;
  readonly #lone: Pick<LoneOpenings, 'waitMs'>;
  readonly #standing: NotesOpenings;
  #isStopped = false;

  constructor(core: EngineCore, parts: SliceParts) {
    this.#core = core;
    this.#proof = parts.proof;
    this.#sender = parts.sender;
    this.#lone = parts.lone;
    this.#standing = parts.standing;
  }

  /** Runs a permitted parent; over when slice 0 has an outcome. */
  *run(decided: Decided): Flow<void> {
    const orders = this.#core.state.orders.byDecision.get(decided.body.decision_id) ?? [];
    const first = orders.find((order) => order.slice === 0);
    if (first === undefined) return;
    const outcome = yield* this.#send(first, decided);
    if (outcome.kind === 'rejected') {
      this.#drop(orders, 'slice 0 was rejected');
      return;
    }
    for (const order of orders) if (isPlanned(order)) this.#core.begin(this.#carry(decided, order));
  }

  /** One later slice, until it was sent or is over. Domain time decides, not the sleep: at scale 0 it moves in steps. */
  *#carry(decided: Decided, order: OrderState): Flow<void> {
    let waitMs: number | null = this.#untilDueMs(order);
    while (waitMs !== null) {
      yield* wait(Math.min(this.#core.longestWaitMs, waitMs));
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
    const core = this.#core;
    const parent = decided.event;
    const now = core.authorityNow();
    if (!isPlanned(order)) return null;
    const ended = whyEnded(order, now);
    if (ended !== null) {
      this.#dropRest(parent.decision.decision_id, ended);
      return null;
    }
    if (now.tMs < order.dueAtMs) return this.#untilDueMs(order);
    // It has no caller who could ask again: room at the venue is waited for.
    const turnMs = Math.max(core.sends.waitMs('other'), this.#lone.waitMs(order.symbol));
    if (turnMs > 0) return turnMs;
    const considered = consider(core, sliceRequest(parent), sliceAsk(core.settings, order));
    const slice = recordDecision(core, considered, {
      kind: 'slice',
      route: parent.route,
      parentDecisionId: parent.decision.decision_id,
      orders: planSlice(considered.acted, order, core.state.rules.get(order.symbol)),
    });
    if (slice.event.orders.length === 0)
      this.#dropRest(
        parent.decision.decision_id,
        `a later slice was refused: ${slice.body.reasons[0]?.code ?? 'no longer an opening order'}`,
      );
    else if (isInFlight(order)) yield* this.#send(order, slice);
    return null;
  }

  #send(order: OrderState, decided: Decided): ReturnType<OrderSender['sendOpening']> {
    if (!neverRests(order)) this.#standing.noteOpening();
    return this.#sender.sendOpening(order, decided);
  }

  #dropRest(decisionId: string, detail: string): void {
    this.#drop(this.#core.state.orders.byDecision.get(decisionId) ?? [], detail);
  }
  #drop(orders: readonly OrderState[], detail: string): void {
    for (const order of orders) if (isPlanned(order)) this.#proof.end(order, detail);
  }

  /** The daemon stops: what waits goes out no more. */
  stop(): void {
    this.#isStopped = true;
  }
}

interface ExecutorParts {
  readonly core: EngineCore;
  readonly sender: OrderSender;
  readonly canceler: Canceler;
  readonly slices: SliceRunner;
  readonly exits: ExitBook;
}

/** Carries out permitted decisions: slices, exits, cancels, amends. */
export class Executor implements CarriesOut {
  readonly #parts: ExecutorParts;

  constructor(parts: ExecutorParts) {
    this.#parts = parts;
  }

  plan({ acted, request, seq }: Considered): readonly PlannedOrder[] {
    const rules = this.#parts.core.state.rules.get(request.symbol ?? '');
    if (rules === undefined) return [];
    return planFromDecision({ ids: this.#parts.core.ids, seq }, acted, request, {
      steps: rules,
      exitDelay: (effective) => this.#parts.exits.pump.planDelay(request, effective),
    });
  }

  /**
   * What a permitted cancel ends. INVARIANT: in the transaction of its decision, since only what is on record is asked for
   * again after a restart: an order whose cancel was permitted and forgotten would rest, and fill.
   */
  noteCancel({ body, event: { request } }: Decided): void {
    if (body.effective?.action !== 'cancel') return;
    const reason = reasonOf(request);
    for (const order of this.#parts.core.state.changes.find(body.decision_id)?.orders ?? [])
      this.#parts.canceler.note(order, reason);
    for (const slice of findSlicesBeside(this.#parts.core.state, request))
      this.#parts.canceler.note(slice, SLICE_CANCELED);
    this.#parts.exits.endCanceled(reason);
  }

  /** Over at the outcome. Begun in the turn of the decision; what is sent waits for the disk. `target`: the order that it names. */
  *act(decided: Decided, target: OrderState | null): Flow<void> {
    const first = decided.event.orders[0];
    if (first !== undefined) {
      if (first.reduce_only) yield* this.#parts.exits.run(decided);
      else yield* this.#parts.slices.run(decided);
      return;
    }
    const action = decided.body.effective?.action;
    if (action === 'cancel') yield* this.#cancel(decided);
    // In place. The order counts as the larger and the worse of both forms until one is proven.
    else if (action === 'amend' && target !== null && target.amend !== null)
      yield* this.#parts.sender.sendAmend(target, decided);
  }

  /** INVARIANT: cancels what its decision meant, and nothing requested since. */
  *#cancel({ body, event: { request } }: Decided): Flow<void> {
    const reason = reasonOf(request);
    const meant = this.#parts.core.state.changes.find(body.decision_id)?.orders ?? [];
    yield* joined(meant.map((order) => this.#parts.canceler.cancel(order, reason)));
  }

  /** Also between two rungs, when no order is live: the remainder must still be closed. */
  isGateExiting(symbol: string): boolean {
    return this.#parts.exits.pump.isGateExiting(symbol);
  }

  /** An exit of the gate itself, recorded even on a full disk. Over when it is on disk; it then runs by itself. */
  *runGateExit(request: ExecutionRequest, cause: ExitCause): Flow<void> {
    const core = this.#parts.core;
    const considered = consider(core, request, parentAsk(core.settings));
    const decided = recordDecision(core, considered, {
      kind: 'gate',
      route: 'gate',
      cause,
      orders: this.plan(considered),
    });
    // RISK: an outcome may stay unknown for long; the feeds that called must go on meanwhile.
    core.begin(this.#parts.exits.run(decided)).onEnd((end) => {
      if (end.kind === 'failed' && !core.isStopping())
        core.alert('GATE_EXIT_FAILED', String(end.error), request.symbol);
    });
    yield* onDisk();
  }
}

function reasonOf({ agent }: ExecutionRequest): string {
  return `asked for by ${agent}`;
}

import type { ExecutionRequest } from '../../core/request.ts';
import { findSlicesBeside, SLICE_CANCELED } from '../claims/openings-to-end.ts';
import type { Decided } from '../decide/decided.ts';
import { type Considered, consider, recordDecision } from '../decide/take-decision.ts';
import type { EngineCore } from '../flow/core.ts';
import { type Flow, joined, onDisk } from '../flow/step.ts';
import type { OrderState } from '../orders/orders.ts';
import { planFromDecision } from '../plan/orders.ts';
import { parentAsk } from '../readings/inputs.ts';
import type { ExitCause, PlannedOrder } from '../records/events.ts';
import type { Canceler } from '../sending/cancels.ts';
import type { OrderSender } from '../sending/sender.ts';
import type { SliceRunner } from '../sending/slices.ts';
import type { ExitBook } from './exit-book.ts';

interface ExecutorParts {
  readonly core: EngineCore;
  readonly sender: OrderSender;
  readonly canceler: Canceler;
  readonly slices: SliceRunner;
  readonly exits: ExitBook;
}

/** Carries out permitted decisions: slices, exits, cancels, amends. */
export class Executor {
  readonly #parts: ExecutorParts;

  constructor(parts: ExecutorParts) {
    this.#parts = parts;
  }

  /** Orders that follow from a first decision; none for advice. */
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
      bodyHash: null,
      texts: {},
      parentDecisionId: null,
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

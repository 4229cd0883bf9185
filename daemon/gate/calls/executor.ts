import type { ExecutionRequest } from '../../core/request.ts';
import { findSlicesBeside, SLICE_CANCELED } from '../../engine/claims/openings-to-end.ts';
import type { Caller } from '../api.ts';
import type { ExitBook } from '../exits/exit-book.ts';
import type { GateCore } from '../journal/journal.ts';
import type { Canceler } from '../orders/cancels.ts';
import type { OrderSender } from '../orders/sender.ts';
import type { SliceRunner } from '../orders/slices.ts';
import type { Decided } from '../take-decision.ts';
import { type Intake, readIntake } from './intake.ts';
import { isRecorded, type ParentDecisions } from './parent-decisions.ts';

/**
 * How long calls in flight may wait for their outcome once the daemon stops, wall ms; then they answer `submitting`.
 */
const ANSWER_WHEN_CLOSING_MS = 400;

/** Carries out permitted decisions: slices, exits, cancels, amends. */
export class Executor {
  readonly #core: GateCore;
  readonly #decisions: ParentDecisions;
  readonly #sender: OrderSender;
  readonly #canceler: Canceler;
  readonly #slices: SliceRunner;
  readonly #exits: ExitBook;
  readonly #signal: AbortSignal;
  /** Answers callers that still wait for an outcome by what is known. */
  readonly #waiting = new Set<() => void>();
  /** The daemon stops: nobody waits any more. */
  #isOver = false;

  constructor(parts: {
    core: GateCore;
    decisions: ParentDecisions;
    sender: OrderSender;
    canceler: Canceler;
    slices: SliceRunner;
    exits: ExitBook;
    signal: AbortSignal;
  }) {
    this.#core = parts.core;
    this.#decisions = parts.decisions;
    this.#sender = parts.sender;
    this.#canceler = parts.canceler;
    this.#slices = parts.slices;
    this.#exits = parts.exits;
    this.#signal = parts.signal;
  }

  /**
   * What a permitted cancel ends. INVARIANT: in the transaction of its decision, since only what is on record is asked for
   * again after a restart: an order whose cancel was permitted and forgotten would rest, and fill.
   */
  noteCancel({ request }: Intake, { body }: Decided): void {
    if (body.effective?.action !== 'cancel') return;
    const reason = reasonOf(request);
    for (const order of this.#core.state.changes.find(body.decision_id)?.orders ?? [])
      this.#canceler.note(order, reason);
    for (const slice of findSlicesBeside(this.#core.state, request)) this.#canceler.note(slice, SLICE_CANCELED);
    this.#exits.endCanceled(reason);
  }

  /** Carries out a permitted decision; returns at the outcome, or after `answer_within_ms`. */
  async execute(intake: Intake, decided: Decided): Promise<void> {
    const running = this.#act(intake, decided).catch((error: unknown) => {
      // An exit that waits for its rate stops with the daemon and resumes with the next one.
      if (this.#signal.aborted && error instanceof Error && error.name === 'AbortError') return;
      this.#core.alert(
        'EXECUTION_FAILED',
        `decision ${decided.body.decision_id}: ${String(error)}`,
        intake.request.symbol,
      );
    });
    await this.#within(this.#isOver ? 0 : this.#core.settings.answerWithinMs, running);
  }

  #within(ms: number, running: Promise<void>): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        timer.cancel();
        this.#waiting.delete(end);
        resolve();
      };
      const timer = this.#core.ports.time.after(ms, end);
      this.#waiting.add(end);
      void running.then(end);
    });
  }

  /** The daemon stops: nobody waits long any more. */
  answerSoon(): void {
    const answer = (): void => {
      this.#isOver = true;
      for (const end of this.#waiting) end();
    };
    this.#core.ports.time.after(ANSWER_WHEN_CLOSING_MS, answer, { unref: true });
  }

  async #act(intake: Intake, decided: Decided): Promise<void> {
    const orders = decided.event.orders;
    const first = orders[0];
    if (first !== undefined) {
      if (first.reduce_only) await this.#exits.run(decided);
      else await this.#slices.run(decided);
      return;
    }
    switch (decided.body.effective?.action) {
      case 'cancel':
        await this.#cancel(intake, decided);
        return;
      case 'amend':
        await this.#amend(intake, decided);
        return;
      default:
        return;
    }
  }

  /** INVARIANT: cancels what its decision meant, and nothing requested since. */
  async #cancel({ request }: Intake, { body }: Decided): Promise<void> {
    const reason = reasonOf(request);
    const meant = this.#core.state.changes.find(body.decision_id)?.orders ?? [];
    await Promise.all(meant.map((order) => this.#canceler.cancel(order, reason)));
  }

  /** Amends in place. The order counts as the larger and the worse of both forms until one is proven. */
  async #amend(intake: Intake, decided: Decided): Promise<void> {
    const { target } = intake;
    if (target === null || target.amend === null) return;
    await this.#sender.sendAmend(target, decided);
  }

  /** An exit of operator origin (flatten): decided, recorded and run like any other. */
  async runOperatorExit(
    caller: Caller,
    symbol: string,
    side: 'buy' | 'sell',
    onDecided: (decisionId: string) => void = () => undefined,
  ): Promise<void> {
    const intake = readIntake(this.#core, caller, { tool: 'close_position', args: { symbol, fraction: 1 } });
    const decided = this.#decisions.decide(
      { ...intake, request: { ...intake.request, side, origin: 'operator' } },
      'tool',
    );
    if (!isRecorded(decided)) return;
    onDecided(decided.body.decision_id);
    await decided.appended.committed;
    await this.#exits.run(decided);
  }

  /** Also between two rungs, when no order is live: the remainder must still be closed. */
  isGateExiting(symbol: string): boolean {
    return this.#exits.isGateExiting(symbol);
  }

  /** Resolves when the exit is on disk; it then runs by itself. */
  async runGateExit(request: ExecutionRequest, cause: 'stop' | 'cut'): Promise<void> {
    const decided = this.#decisions.decideForGate(request, cause);
    await decided.appended.committed;
    // RISK: an outcome may stay unknown for long; the feeds that called must go on meanwhile.
    this.#exits.run(decided).catch((error: unknown) => {
      if (!this.#signal.aborted) this.#core.alert('GATE_EXIT_FAILED', String(error), request.symbol);
    });
  }
}

function reasonOf({ agent }: ExecutionRequest): string {
  return `asked for by ${agent}`;
}

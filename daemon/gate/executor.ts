import type { ExecutionRequest } from '../core/request.ts';
import type { Caller } from './api.ts';
import type { Canceler } from './cancels.ts';
import type { Decided } from './decisions.ts';
import type { ExitRunner } from './exits.ts';
import type { GateCore } from './gate-core.ts';
import { type Intake, readIntake } from './intake.ts';
import type { OrderSender } from './order-sender.ts';
import type { ParentDecisions } from './parent-decisions.ts';
import type { SliceRunner } from './slices.ts';
import { isInCancelAll } from './state/order-changes.ts';
import type { OrderState } from './state/orders.ts';

/** Time that calls in flight have for their outcome once the daemon stops, wall ms; then they are answered `submitting`. */
const ANSWER_WHEN_CLOSING_MS = 400;

/** Carries out what was permitted: slices, exits, cancels, amends. */
export class Executor {
  readonly #core: GateCore;
  readonly #decisions: ParentDecisions;
  readonly #sender: OrderSender;
  readonly #canceler: Canceler;
  readonly #slices: SliceRunner;
  readonly #exits: ExitRunner;
  readonly #signal: AbortSignal;
  /** Whoever still waits for an outcome is answered with what is known: the daemon stops. */
  readonly #answerNow = new AbortController();
  /** Symbols that an exit of the gate is closing, from its decision until its ladder has ended. */
  readonly #gateExits = new Set<string>();

  constructor(parts: {
    core: GateCore;
    decisions: ParentDecisions;
    sender: OrderSender;
    canceler: Canceler;
    slices: SliceRunner;
    exits: ExitRunner;
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

  /** Acts on a permitted decision; returns at the outcome, or after `answer_within_ms`. */
  async execute(intake: Intake, decided: Decided): Promise<void> {
    const running = this.#act(intake, decided).catch((error: unknown) => {
      // An exit that waits for its rate ends with the daemon, and goes on with the next.
      if (this.#signal.aborted && error instanceof Error && error.name === 'AbortError') return;
      this.#core.alert(
        'EXECUTION_FAILED',
        `decision ${decided.body.decision_id}: ${String(error)}`,
        intake.request.symbol,
      );
    });
    const timeout = new AbortController();
    const late = AbortSignal.any([timeout.signal, this.#answerNow.signal]);
    await Promise.race([running, this.#core.ports.time.delay(this.#core.settings.answerWithinMs, late)]);
    timeout.abort();
  }

  /** The daemon stops: nobody waits for long any more. */
  answerSoon(): void {
    this.#core.ports.time.after(ANSWER_WHEN_CLOSING_MS, () => this.#answerNow.abort(), { unref: true });
  }

  async #act(intake: Intake, decided: Decided): Promise<void> {
    const orders = decided.event.orders;
    const first = orders[0];
    if (first !== undefined) {
      if (first.reduce_only) await this.#exits.run(decided);
      else await this.#slices.run(decided, intake.caller.skillSha256);
      return;
    }
    switch (decided.body.effective?.action) {
      case 'cancel':
        await this.#cancel(intake);
        return;
      case 'amend':
        await this.#amend(intake, decided);
        return;
      default:
        return;
    }
  }

  async #cancel(intake: Intake): Promise<void> {
    const { request, target } = intake;
    const reason = `asked for by ${request.agent}`;
    if (target !== null) {
      await this.#canceler.cancel(target, reason);
      return;
    }
    const now = this.#core.nowMs();
    const matches = (order: OrderState): boolean => isInCancelAll(order, request, this.#core.state.layers, now);
    await this.#canceler.cancelMatching(request.symbol, matches, reason);
  }

  /** Amend in place; its decision counts it as the larger and the worse of both forms until one is proven. */
  async #amend(intake: Intake, decided: Decided): Promise<void> {
    const { target } = intake;
    if (target === null || target.amend === null) return;
    await this.#sender.sendAmend(target, decided);
  }

  /** An exit of operator origin (flatten): decided, recorded and run like any other. */
  async runOperatorExit(caller: Caller, symbol: string, side: 'buy' | 'sell'): Promise<void> {
    const intake = readIntake(this.#core, caller, { tool: 'close_position', args: { symbol, fraction: 1 } });
    const decided = this.#decisions.decide(
      { ...intake, request: { ...intake.request, side, origin: 'operator' } },
      'tool',
    );
    if (decided === null) return;
    await decided.appended.committed;
    await this.#exits.run(decided);
  }

  /** Also between two rungs, where none of its orders is alive: what it has left is still to be closed. */
  isGateExiting(symbol: string): boolean {
    return this.#gateExits.has(symbol);
  }

  /** Resolves when the exit is on disk; it then runs by itself. */
  async runGateExit(request: ExecutionRequest): Promise<void> {
    const symbol = request.symbol ?? '';
    this.#gateExits.add(symbol);
    let running: Promise<void> | null = null;
    try {
      const decided = this.#decisions.decideForGate(request);
      if (decided === null) return;
      await decided.appended.committed;
      running = this.#exits.run(decided);
    } finally {
      if (running === null) this.#gateExits.delete(symbol);
    }
    // RISK: an outcome may stay unknown for long; the feeds that called must go on meanwhile.
    running
      .catch((error: unknown) => {
        if (!this.#signal.aborted) this.#core.alert('GATE_EXIT_FAILED', String(error), request.symbol);
      })
      .finally(() => this.#gateExits.delete(symbol));
  }
}

import type { ExecutionRequest } from '../../core/request.ts';
import type { Breach } from '../../engine/plan/standing.ts';
import type { PositionState } from '../../engine/positions/positions.ts';
import { ProtectionPlan, type StopStep } from '../../engine/protect/protection.ts';
import type { GateCore } from '../journal/journal.ts';
import type { Canceler } from '../orders/cancels.ts';
import type { OrderSender } from '../orders/sender.ts';
import { StopMoves } from './move-stop.ts';
import { placeStop } from './place-stop.ts';

/** Exits of the gate itself. */
export interface GateExits {
  /** Resolves when the exit is on disk; it then runs by itself. */
  runGateExit(request: ExecutionRequest, cause: 'stop' | 'cut'): Promise<void>;
  /** One of them has lots to close, or an order that lives. */
  isGateExiting(symbol: string): boolean;
}

/**
 * What the gate itself does to protect the account: cutting back a position above a tightened cap (`on_breach:
 * reduce`), protective stops (`protection.required`), the alert at the end of the holding time. What is due is said by
 * {@link ProtectionPlan}; here it is decided, recorded and sent.
 */
export class Protection {
  readonly #core: GateCore;
  readonly #sender: OrderSender;
  readonly #canceler: Canceler;
  readonly #exits: GateExits;
  readonly #plan: ProtectionPlan;
  readonly #moves: StopMoves;
  /** Symbols whose stop is being seen to: one at a time in each, and none waits for another. */
  readonly #protecting = new Set<string>();

  constructor(core: GateCore, sender: OrderSender, canceler: Canceler, exits: GateExits) {
    this.#core = core;
    this.#sender = sender;
    this.#canceler = canceler;
    this.#exits = exits;
    this.#plan = new ProtectionPlan({
      state: core.state,
      clock: core.planClock,
      place: core.settings,
      spec: () => core.policySpec,
      isGateExiting: (symbol) => exits.isGateExiting(symbol),
      alert: (code, detail, symbol) => core.alert(code, detail, symbol),
      alertRarely: (code, detail, symbol) => core.alertRarely(code, detail, symbol),
    });
    this.#moves = new StopMoves(core, sender, canceler, (symbol, decision) => this.#plan.isNews(symbol, decision));
  }

  async cutBack(breach: Breach): Promise<void> {
    const request = this.#plan.planCut(breach);
    if (request !== null) await this.#exits.runGateExit(request, 'cut');
  }

  /**
   * Begins with every symbol that is not under way yet, and resolves with those; null: nothing is due. RISK: a symbol for
   * which nothing can be planned must not keep the others from their stops.
   */
  tick(): Promise<unknown> | null {
    const begun: Promise<unknown>[] = [];
    for (const position of [...this.#core.state.positions.values()]) {
      try {
        this.#begin(position, begun);
      } catch (error) {
        begun.push(Promise.reject(error));
      }
    }
    return begun.length === 0 ? null : Promise.all(begun);
  }

  #begin(position: PositionState, begun: Promise<unknown>[]): void {
    const { symbol } = position;
    this.#plan.watchHoldingTime(position);
    // RISK: whether or not stops are still asked for, one that is left would close the next position.
    for (const stop of this.#plan.findOutdated(position))
      begun.push(this.#canceler.cancel(stop, 'the position that it protects is gone'));
    if (!this.#core.policySpec.protection.required || this.#protecting.has(symbol)) return;
    const step = this.#plan.next(position);
    if (step.kind === 'none') return;
    this.#protecting.add(symbol);
    begun.push(this.#take(position, step).finally(() => this.#protecting.delete(symbol)));
  }

  async #take(position: PositionState, step: Exclude<StopStep, { kind: 'none' }>): Promise<void> {
    if (step.kind === 'close') {
      await this.#exits.runGateExit(step.request, 'stop');
      return;
    }
    const { symbol } = position;
    if (step.kind === 'follow') {
      await this.#moves.follow(position, step.stop, step.stops);
      if (step.stop.cancelRequested) this.#plan.noteGivenUp(symbol);
      return;
    }
    const sent = await placeStop(this.#core, this.#sender, position, step.quantityE8, (decision) =>
      this.#plan.isNews(symbol, decision),
    );
    if (sent === null) return;
    const request = this.#plan.takePlaced(position, sent.order, sent.rejection);
    if (request !== null) await this.#exits.runGateExit(request, 'stop');
  }
}

import type { ExecutionRequest } from '../../core/request.ts';
import type { EngineCore } from '../flow/core.ts';
import { type Flow, Pending, type Started } from '../flow/step.ts';
import type { Breach } from '../plan/orders.ts';
import type { PositionState } from '../positions/positions.ts';
import { ProtectionPlan, type StopStep } from '../protect/protection.ts';
import type { Canceler } from '../sending/cancels.ts';
import type { OrderSender } from '../sending/sender.ts';
import { StopMoves } from './move-stop.ts';
import { placeStop } from './place-stop.ts';

/** Exits of the gate itself. */
export interface GateExits {
  /** Over when the exit is on disk; it then runs by itself. */
  runGateExit(request: ExecutionRequest, cause: 'stop' | 'cut'): Flow<void>;
  /** One of them has lots to close, or an order that lives. */
  isGateExiting(symbol: string): boolean;
}

/**
 * What the gate itself does to protect the account: cutting back a position above a tightened cap (`on_breach:
 * reduce`), protective stops (`protection.required`), the alert at the end of the holding time. What is due is said by
 * {@link ProtectionPlan}; here it is decided, recorded and sent.
 */
export class Protection {
  readonly #core: EngineCore;
  readonly #sender: OrderSender;
  readonly #canceler: Canceler;
  readonly #exits: GateExits;
  readonly #plan: ProtectionPlan;
  readonly #moves: StopMoves;
  /** Symbols whose stop is being seen to: one at a time in each, and none waits for another. */
  readonly #protecting = new Set<string>();
  /** At the last tick every position that is to have a stop had it where it is to stand. */
  isGuarded = true;

  constructor(core: EngineCore, sender: OrderSender, canceler: Canceler, exits: GateExits) {
    this.#core = core;
    this.#sender = sender;
    this.#canceler = canceler;
    this.#exits = exits;
    this.#plan = new ProtectionPlan(core, (symbol) => exits.isGateExiting(symbol));
    this.#moves = new StopMoves(core, sender, canceler, (symbol, decision) => this.#plan.isNews(symbol, decision));
  }

  *cutBack(breach: Breach): Flow<void> {
    const request = this.#plan.planCut(breach);
    if (request !== null) yield* this.#exits.runGateExit(request, 'cut');
  }

  /**
   * Begins with every symbol that is not under way yet: what it began. RISK: a symbol for which nothing can be planned must
   * not keep the others from their stops. `isOpen`: whether a symbol is traded now, and so can have one.
   */
  tick(isOpen: (symbol: string) => boolean = () => true): readonly Started<unknown>[] {
    const begun: Started<unknown>[] = [];
    this.isGuarded = true;
    for (const position of [...this.#core.state.positions.values()]) {
      try {
        this.#begin(position, begun, isOpen);
      } catch (error) {
        begun.push(Pending.failed(error));
      }
    }
    return begun;
  }

  #begin(position: PositionState, begun: Started<unknown>[], isOpen: (symbol: string) => boolean): void {
    const { symbol } = position;
    this.#plan.watchHoldingTime(position);
    // RISK: whether or not stops are still asked for, one that is left would close the next position.
    for (const stop of this.#plan.findOutdated(position))
      begun.push(this.#canceler.cancel(stop, 'the position that it protects is gone'));
    if (!this.#core.policySpec.protection.required || this.#protecting.has(symbol) || !isOpen(symbol)) return;
    const step = this.#plan.next(position);
    if (step.kind !== 'follow' && position.quantityE8 !== 0) this.isGuarded = false;
    if (step.kind === 'none') return;
    this.#protecting.add(symbol);
    begun.push(this.#core.begin(this.#take(position, step)).onEnd(() => this.#protecting.delete(symbol)));
  }

  *#take(position: PositionState, step: Exclude<StopStep, { kind: 'none' }>): Flow<void> {
    if (step.kind === 'close') {
      yield* this.#exits.runGateExit(step.request, 'stop');
      return;
    }
    const { symbol } = position;
    if (step.kind === 'follow') {
      yield* this.#moves.follow(position, step.stop, step.stops);
      if (step.stop.cancelRequested) this.#plan.noteGivenUp(symbol);
      if (this.#moves.isTried(symbol)) this.isGuarded = false;
      return;
    }
    const sent = yield* placeStop(this.#core, this.#sender, { position, heldE8: step.quantityE8 }, (decision) =>
      this.#plan.isNews(symbol, decision),
    );
    if (sent === null) return;
    const request = this.#plan.takePlaced(position, sent.order, sent.rejection);
    if (request !== null) yield* this.#exits.runGateExit(request, 'stop');
  }
}

import type { SizedAction } from '../../core/decision.ts';
import type { ExecutionRequest } from '../../core/request.ts';
import type { ExitEnd } from '../events.ts';
import type { GateCore } from '../journal/journal.ts';
import { endedEvent } from '../journal/order-records.ts';
import type { Canceler } from '../orders/cancels.ts';
import { neverRests, type Resolver } from '../orders/resolver.ts';
import type { OrderSender } from '../orders/sender.ts';
import type { ExitParent } from '../plan/exit-order.ts';
import { ExitPace } from '../plan/exit-pace.ts';
import { type DecidedExit, ExitPump } from '../plan/exit-pump.ts';
import { isLive } from '../plan/exits.ts';
import { OPENING_ENDED } from '../plan/undone.ts';
import type { DisplacedExit } from '../state/displaced-exits.ts';
import type { ExitTarget } from '../state/exit-targets.ts';
import { isResting, type OrderState, statusOf } from '../state/orders.ts';
import type { Decided } from '../take-decision.ts';
import { decideExitOrder } from './decide-order.ts';
import { readParent } from './read-parent.ts';
import { RestingExits } from './resting-exits.ts';
import { ExitRoom } from './room.ts';
import { watchExits } from './slow-exits.ts';
import { Waiters } from './waiters.ts';
import { WakeUp } from './wake-up.ts';

/**
 * The one book of exits of the account. A marketable exit is a target here: targets of one key go out together, one order
 * at a time, each order decided and on disk before it is sent; what is left goes up the ladder. What goes out when is the
 * pump's to say ({@link ExitPump}): it plans everything anew in one turn whenever something has changed, so that no exit is
 * lost between two steps. Here it is decided, recorded and sent.
 */
export class ExitBook {
  readonly #core: GateCore;
  readonly #sender: OrderSender;
  readonly #resolver: Resolver;
  readonly #canceler: Canceler;
  readonly #room: ExitRoom;
  readonly #pump: ExitPump;
  readonly #resting: RestingExits;
  readonly #lookForSlow: () => void;
  readonly #signal: AbortSignal;
  readonly #events = new Map<string, ExitParent>();
  readonly #waiters = new Waiters();
  readonly #wakeUp: WakeUp;

  constructor(core: GateCore, sender: OrderSender, resolver: Resolver, canceler: Canceler, signal: AbortSignal) {
    this.#core = core;
    this.#sender = sender;
    this.#resolver = resolver;
    this.#canceler = canceler;
    this.#wakeUp = new WakeUp(core.ports.time, signal, () => this.#pass());
    this.#room = new ExitRoom(core, canceler, signal);
    const { planClock: clock, sends, state } = core;
    const leftAloneMs = (): number => core.ports.venue.leftAloneMs?.() ?? 0;
    const pace = new ExitPace({ state, sends, clock, exits: () => core.policySpec.exits, leftAloneMs });
    this.#pump = this.#createPump(pace);
    this.#resting = new RestingExits(core, sender, this.#room, pace, signal, () => this.poke());
    this.#lookForSlow = watchExits(core);
    this.#signal = signal;
  }

  #createPump(pace: ExitPace): ExitPump {
    const core = this.#core;
    return new ExitPump({
      state: core.state,
      clock: core.planClock,
      pace,
      exits: () => core.policySpec.exits,
      exitScope: (agent) => core.policyFor(agent).exitScope,
      decide: (parent, lots, rung) => this.#decide(parent, lots, rung),
      recordEnd: (target, reason, detail) => this.#recordEnd(target, reason, detail),
      endUnsent: (order, detail) => this.#sender.record(order, endedEvent(core, order, 'canceled', detail)),
      alert: (code, detail, symbol) => core.alert(code, detail, symbol),
      onDefect: (error, symbol) =>
        core.alertRarely('EXITS_FAILED', `an exit could not be carried on: ${String(error)}`, symbol),
      wakeAt: (wallMs) => this.#wakeUp.at(wallMs),
    });
  }

  // --- what is asked for -----------------------------------------------------------------------------------------

  /** {@link ExitPump.planDelay} */
  planDelay(request: ExecutionRequest, effective: SizedAction): number {
    return this.#pump.planDelay(request, effective);
  }

  /** Carries out a permitted exit. Resolves when it has ended, or rests. */
  async run(decided: Decided): Promise<void> {
    const { decision_id: id } = decided.body;
    const first = (this.#core.state.orders.byDecision.get(id) ?? [])[0];
    if (first === undefined) return;
    // RISK: an operator's exit ends everybody's openings, and hundreds of cancels before it would hold it up.
    if (first.origin === 'operator') this.#core.ports.time.nextTurn(() => this.#cancelUndone(first));
    else this.#cancelUndone(first);
    const target = this.#core.state.targets.find(id);
    if (target === null) {
      await this.#resting.run(decided, first);
      return;
    }
    this.#events.set(id, decided.event);
    if (first.status === 'in_flight') {
      this.#pump.carry(first);
      this.#carry(first, decided.appended.committed);
    }
    const settled = this.#waiters.wait(target.decisionId);
    this.poke();
    await settled;
  }

  /** Opening orders that the exit's own record has ended; those that are on their way are dropped by the sender. */
  #cancelUndone({ symbol, side }: OrderState): void {
    const isEnded = (order: OrderState): boolean =>
      !order.reduceOnly && order.side !== side && order.cancelRequested && isResting(order);
    void this.#canceler.cancelMatching(symbol, isEnded, OPENING_ENDED);
  }

  /** {@link ExitPump.cancelTargets} */
  cancelTargets(isConcerned: (target: ExitTarget) => boolean, detail: string): void {
    this.#pump.cancelTargets(isConcerned, detail);
    this.poke();
  }

  /** The same of exits that are to rest, and are not at the venue at the moment. */
  cancelResting(isConcerned: (exit: DisplacedExit) => boolean, detail: string): void {
    for (const exit of this.#core.state.displaced.waiting())
      if (isConcerned(exit)) this.#resting.giveUp(exit, 'canceled', detail);
  }
  /** Of before a restart, and nobody means it any more. */
  drop(exit: DisplacedExit, detail: string): void {
    this.#resting.giveUp(exit, 'dropped', detail);
  }

  /** {@link ExitPump.isGateExiting} */
  isGateExiting(symbol: string): boolean {
    return this.#pump.isGateExiting(symbol);
  }

  // --- after a restart -------------------------------------------------------------------------------------------

  /** {@link ExitPump.hold} */
  hold(targets: Iterable<ExitTarget>): void {
    this.#pump.hold(targets);
  }
  /** They go on from where their records say that they are. */
  release(): void {
    this.#pump.release();
    this.#resting.release();
    this.poke();
  }

  // --- the pump --------------------------------------------------------------------------------------------------

  /** Something has changed. */
  poke(): void {
    this.#wakeUp.now();
  }

  /** Called at every tick as well: what a feed has proven is followed at once. */
  tick(): void {
    this.#pass();
    if (!this.#signal.aborted && !this.#core.ports.ledger.isFailed) this.#lookForSlow();
  }

  /** INVARIANT: no await in here: what is planned, decided and recorded is of one state. */
  #pass(): void {
    const core = this.#core;
    if (this.#signal.aborted || core.ports.ledger.isFailed || !core.ports.clock.isSynced) return;
    try {
      this.#pump.pass();
      const waitMs = this.#resting.pass();
      if (waitMs !== null) this.#wakeUp.at(core.ports.time.monotonicMs() + waitMs);
    } catch (error) {
      core.alertRarely('EXITS_FAILED', `the exits could not be carried on: ${String(error)}`);
    }
    this.#waiters.wake((id) => this.#isSettled(id));
  }

  #decide(parent: ExitTarget, lots: number, rung: number): DecidedExit {
    const { decided, order } = decideExitOrder(this.#core, this.#parentOf(parent), { lots, rung, own: null });
    return {
      order,
      code: decided.body.reasons[0]?.code ?? 'BLOCK',
      send: () => {
        if (order !== null) this.#carry(order, decided.appended.committed);
      },
    };
  }

  #parentOf({ decisionId, first }: ExitTarget): ExitParent {
    const known = this.#events.get(decisionId);
    if (known !== undefined) return known;
    const parent = readParent(this.#core, decisionId, first);
    if (parent === null) throw new Error(`decision ${decisionId} is not in the ledger`);
    this.#events.set(decisionId, parent);
    return parent;
  }

  // --- one order -------------------------------------------------------------------------------------------------

  /** Runs by itself, once `committed` says that the decision is on disk. */
  #carry(order: OrderState, committed: Promise<void>): void {
    const left = this.#room.leftOf(order);
    committed
      .then(() => this.#makeAndSend(order, left))
      .catch((error: unknown) => {
        if (this.#signal.aborted) return;
        this.#sender.giveUp(order, error);
        this.#core.alert('EXIT_FAILED', String(error), order.symbol);
      })
      .finally(() => {
        this.#pump.take(order);
        this.poke();
      });
  }

  async #makeAndSend(order: OrderState, left: number): Promise<void> {
    await this.#room.make(order);
    const why = order.status === 'in_flight' ? this.#room.whyTooLarge(order, left) : null;
    if (why !== null) {
      this.#sender.record(order, endedEvent(this.#core, order, 'canceled', why));
      return;
    }
    const outcome = await this.#sender.send(order);
    if (outcome.kind === 'rejected') {
      this.#pump.noteRefusal(order, outcome.rejection);
      if (outcome.rejection.consequence === 'cancel_sibling')
        if (await this.#room.cancelSiblings(order, this.#pump.crowdedOf(order) + 1)) this.#pump.noteRoom(order);
    }
    // RISK: an answer may show an IOC as resting while it is being matched; the ladder goes on from its end.
    if (statusOf(order) === 'unknown') this.#pump.pauseAfter(order);
    if (statusOf(order) === 'unknown' || (isResting(order) && neverRests(order)))
      void this.#resolver.resolve(order).finally(() => this.poke());
  }

  // --- ends ------------------------------------------------------------------------------------------------------

  /** {@link ExitPump.end} */
  end(target: ExitTarget, reason: ExitEnd, detail: string): void {
    this.#pump.end(target, reason, detail);
  }

  #recordEnd(target: ExitTarget, reason: ExitEnd, detail: string): void {
    this.#core.append('exit_target', {
      action: 'ended',
      decision_id: target.decisionId,
      detail,
      filled_lots: target.filledLots,
      reason,
    });
    this.#events.delete(target.decisionId);
  }

  /** Closed, or at its end: its caller is answered, though openings of before it are waited for. */
  #isSettled(id: string): boolean {
    const target = this.#core.state.targets.find(id);
    if (target === null) return true;
    const isOver = target.end !== null || (target.leftLots === 0 && target.filledLots > 0);
    return isOver && (!isLive(target) || target.end?.reason === 'rests');
  }
}

import type { SizedAction } from '../../core/decision.ts';
import type { ExecutionRequest } from '../../core/request.ts';
import type { DecidedExit } from '../../engine/claims/exit-hands.ts';
import type { ExitForm, ExitParent } from '../../engine/claims/exit-order.ts';
import { ExitPace } from '../../engine/claims/exit-pace.ts';
import { ExitPump } from '../../engine/claims/exit-pump.ts';
import { OPENING_ENDED } from '../../engine/claims/openings-to-end.ts';
import { type Claim, closedE8, isLive } from '../../engine/orders/claims.ts';
import {
  isInFlight,
  isPlanned,
  isResting,
  isUnknown,
  neverRests,
  type OrderState,
} from '../../engine/orders/orders.ts';
import type { ExitEnd } from '../../engine/records/events.ts';
import type { GateCore } from '../journal/journal.ts';
import { endedEvent } from '../journal/order-records.ts';
import type { Canceler } from '../orders/cancels.ts';
import type { Resolver } from '../orders/resolver.ts';
import type { OrderSender } from '../orders/sender.ts';
import type { Decided } from '../take-decision.ts';
import { decideExitOrder } from './decide-order.ts';
import { readParent } from './read-parent.ts';
import { watchExits } from './slow-exits.ts';
import { Waiters } from './waiters.ts';
import { WakeUp } from './wake-up.ts';

/**
 * The claims of the account, carried out. What goes out when is the pump's to say ({@link ExitPump}): it plans everything
 * anew in one turn whenever something has changed, so that no exit is lost between two steps. Here each order is decided,
 * recorded and sent.
 */
export class ExitBook {
  readonly #core: GateCore;
  readonly #sender: OrderSender;
  readonly #resolver: Resolver;
  readonly #canceler: Canceler;
  readonly #pump: ExitPump;
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
    const { planClock: clock, sends, state } = core;
    const leftAloneMs = (): number => core.ports.venue.leftAloneMs?.() ?? 0;
    const exits = () => core.policySpec.exits;
    this.#pump = new ExitPump({
      state,
      clock,
      pace: new ExitPace({ state, sends, clock, exits, leftAloneMs }),
      exits,
      decide: (claim, form) => this.#decide(claim, form),
      recordEnd: (claim, reason, detail) => this.#recordEnd(claim, reason, detail),
      endUnsent: (order, detail) => sender.record(order, endedEvent(core, order, 'canceled', detail)),
      cancel: (order, reason) => this.#cancel(order, reason),
      alert: (code, detail, symbol) => core.alert(code, detail, symbol),
      onDefect: (error, symbol) =>
        core.alertRarely('EXITS_FAILED', `an exit could not be carried on: ${String(error)}`, symbol),
      wakeAt: (wallMs) => this.#wakeUp.at(wallMs),
    });
    this.#lookForSlow = watchExits(core);
    this.#signal = signal;
  }

  // --- what is asked for -----------------------------------------------------------------------------------------

  /** {@link ExitPump.planDelay} */
  planDelay(request: ExecutionRequest, effective: SizedAction): number {
    return this.#pump.planDelay(request, effective);
  }

  /** Carries out a permitted exit. Resolves when it has ended, or rests, or what became of its order is not known. */
  async run(decided: Decided): Promise<void> {
    const { decision_id: id } = decided.body;
    const first = (this.#core.state.orders.byDecision.get(id) ?? [])[0];
    if (first === undefined) return;
    // RISK: an operator's exit ends everybody's openings, and hundreds of cancels before it would hold it up.
    if (first.origin === 'operator') this.#core.ports.time.nextTurn(() => this.#cancelOpenings(first));
    else this.#cancelOpenings(first);
    this.#events.set(id, decided.event);
    // What waited may have gone out before its caller came here.
    if (isInFlight(first) && !this.#pump.isCarried(first)) {
      this.#pump.carry(first);
      this.#carry(first, decided.appended.committed);
    }
    const settled = this.#waiters.wait(id);
    this.poke();
    await settled;
  }

  #cancel(order: OrderState, reason: string): void {
    this.#canceler
      .cancel(order, reason)
      .catch((error: unknown) => {
        if (!this.#signal.aborted) this.#core.alertRarely('CANCEL_FAILED', String(error), order.symbol);
      })
      .finally(() => this.poke());
  }

  /** Opening orders that the exit's own record has ended; those that are on their way are dropped by the sender. */
  #cancelOpenings({ symbol }: OrderState): void {
    const isEnded = (order: OrderState): boolean => !order.reduceOnly && order.cancelRequested && isResting(order);
    void this.#canceler.cancelMatching(symbol, isEnded, OPENING_ENDED);
  }

  /** {@link ExitPump.cancelClaims} */
  cancelClaims(isConcerned: (claim: Claim) => boolean, detail: string): void {
    this.#pump.cancelClaims(isConcerned, detail);
    this.poke();
  }

  /** Claims that a recorded cancel took back, and of which nothing is at the venue: in its transaction. */
  endCanceled(detail: string): void {
    this.cancelClaims(({ isCanceled }) => isCanceled, detail);
  }

  /** {@link ExitPump.isGateExiting} */
  isGateExiting(symbol: string): boolean {
    return this.#pump.isGateExiting(symbol);
  }

  // --- after a restart -------------------------------------------------------------------------------------------

  /** {@link ExitPump.hold} */
  hold(claims: Iterable<Claim>): void {
    this.#pump.hold(claims);
  }
  /** They go on from where their records say that they are. */
  release(): void {
    this.#pump.release();
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
    } catch (error) {
      core.alertRarely('EXITS_FAILED', `the exits could not be carried on: ${String(error)}`);
    }
    this.#waiters.wake((id) => this.#isSettled(id));
  }

  #decide(claim: Claim, form: ExitForm): DecidedExit {
    const { decided, order } = decideExitOrder(this.#core, this.#parentOf(claim), form);
    return {
      order,
      code: decided.body.reasons[0]?.code ?? 'BLOCK',
      send: () => {
        if (order !== null) this.#carry(order, decided.appended.committed);
      },
    };
  }

  #parentOf({ decisionId, first }: Claim): ExitParent {
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
    committed
      .then(() => this.#sendNow(order))
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

  async #sendNow(order: OrderState): Promise<void> {
    const outcome = await this.#sender.send(order);
    if (outcome.kind === 'rejected') this.#pump.noteRefusal(order, outcome.rejection);
    const isMarketable = this.#core.state.claims.of(order)?.wants === 'now';
    // RISK: an answer may show an IOC as resting while it is being matched; the ladder goes on from its end.
    if (isUnknown(order) && isMarketable) this.#pump.pauseAfter(order);
    if (isMarketable && (isUnknown(order) || (isResting(order) && neverRests(order))))
      void this.#resolver.resolve(order).finally(() => this.poke());
  }

  // --- ends ------------------------------------------------------------------------------------------------------

  /** {@link ExitPump.end} */
  end(claim: Claim, reason: ExitEnd, detail: string): void {
    this.#pump.end(claim, reason, detail);
  }

  #recordEnd(claim: Claim, reason: ExitEnd, detail: string): void {
    this.#core.append('exit_target', {
      action: 'ended',
      decision_id: claim.decisionId,
      detail,
      filled_e8: closedE8(claim),
      reason,
    });
    if (reason !== 'rests') this.#events.delete(claim.decisionId);
  }

  /** Closed, at its end, or at rest: its caller is answered, though openings of before it are waited for. */
  #isSettled(id: string): boolean {
    const claim = this.#core.state.claims.find(id);
    if (claim === null) return true;
    if (claim.end !== null) return !isLive(claim);
    const isUnderWay = claim.orders.some(
      (order) => isPlanned(order) || isInFlight(order) || this.#pump.isCarried(order),
    );
    if (isUnderWay) return false;
    if (claim.wants === 'rest') return isLive(claim);
    return !isLive(claim) && closedE8(claim) > 0 && this.#pump.isClosed(claim);
  }
}

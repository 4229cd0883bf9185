import type { DecidedExit } from '../claims/exit-hands.ts';
import { ExitPace } from '../claims/exit-pace.ts';
import { ExitPump } from '../claims/exit-pump.ts';
import {
  type ExitForm,
  type ExitParent,
  exitOrderAsk,
  exitOrderId,
  exitOrderRequest,
  planExitOrder,
} from '../claims/exit-request.ts';
import type { Decided } from '../decide/decided.ts';
import { OPENING_ENDED } from '../decide/openings-to-end.ts';
import { consider, recordDecision } from '../decide/take-decision.ts';
import type { EngineCore } from '../flow/core.ts';
import { ask, type Flow, joined, onDisk, Pending } from '../flow/step.ts';
import { type Claim, closedE8, isLive } from '../orders/claims.ts';
import { isInFlight, isPlanned, isResting, isUnknown, neverRests, type OrderState } from '../orders/orders.ts';
import type { ExitEnd } from '../records/decisions.ts';
import type { Canceler } from '../sending/cancels.ts';
import type { OrderProof } from '../sending/order-proof.ts';
import type { Resolver } from '../sending/resolver.ts';
import type { OrderSender } from '../sending/sender.ts';
import { readParent } from './read-parent.ts';

/**
 * The claims of the account, carried out. What goes out when is the pump's to say ({@link ExitPump}): it plans everything
 * anew in one turn whenever something has changed, so that no exit is lost between two steps. Here each order is decided,
 * recorded and sent.
 */
export class ExitBook {
  readonly #core: EngineCore;
  readonly #sender: OrderSender;
  readonly #canceler: Canceler;
  readonly #resolver: Resolver;
  readonly #wakeAt: (wallMs: number) => void;
  readonly pump: ExitPump;
  readonly #events = new Map<string, ExitParent>();
  /** Callers that wait until what they asked for has come so far. */
  readonly #waiting = new Map<string, Pending<void>>();

  constructor(parts: {
    core: EngineCore;
    proof: OrderProof;
    sender: OrderSender;
    canceler: Canceler;
    resolver: Resolver;
    /** {@link ExitBook.tick} is due then, wall ms of the process: the earliest instant that was asked for. */
    wakeExitsAt: (wallMs: number) => void;
  }) {
    const { core, proof } = parts;
    this.#core = core;
    this.#sender = parts.sender;
    this.#canceler = parts.canceler;
    this.#resolver = parts.resolver;
    this.#wakeAt = parts.wakeExitsAt;
    const { planClock: clock, sends, state } = core;
    const leftAloneMs = (): number => core.ports.venue.leftAloneMs?.() ?? 0;
    const exits = () => core.policySpec.exits;
    this.pump = new ExitPump({
      state,
      clock,
      pace: new ExitPace({ state, sends, clock, exits, leftAloneMs }),
      exits,
      decide: (claim, form) => this.#decide(claim, form),
      send: (order) => this.#carry(order),
      recordEnd: (claim, reason, detail) => this.#recordEnd(claim, reason, detail),
      endUnsent: (order, detail) => proof.end(order, detail),
      cancel: (order, reason) => this.#cancel(order, reason),
      alert: (code, detail, symbol) => core.alert(code, detail, symbol),
      onDefect: (error, symbol) =>
        core.alertRarely('EXITS_FAILED', `an exit could not be carried on: ${String(error)}`, symbol),
      wakeAt: parts.wakeExitsAt,
    });
  }

  // --- what is asked for -----------------------------------------------------------------------------------------

  /** Carries out a permitted exit. Over when it has ended, or rests, or what became of its order is not known. */
  *run(decided: Decided): Flow<void> {
    const { decision_id: id } = decided.body;
    const first = (this.#core.state.orders.byDecision.get(id) ?? [])[0];
    if (first === undefined) return;
    // RISK: an operator's exit ends everybody's openings, and hundreds of cancels before it would hold it up.
    if (first.origin === 'operator') this.#core.begin(this.#cancelOpeningsLater(first));
    else this.#cancelOpenings(first);
    this.#events.set(id, decided.event);
    // What waited may have gone out before its caller came here.
    if (isInFlight(first) && !this.pump.attempts.isCarried(first)) {
      this.pump.attempts.carry(first);
      this.#carry(first);
    }
    const settled = this.#waiting.get(id) ?? new Pending<void>();
    this.#waiting.set(id, settled);
    this.poke();
    yield* joined([settled]);
  }

  #cancel(order: OrderState, reason: string): void {
    this.#canceler.cancel(order, reason).onEnd((end) => {
      if (end.kind === 'failed' && !this.#core.isStopping())
        this.#core.alertRarely('CANCEL_FAILED', String(end.error), order.symbol);
      this.poke();
    });
  }

  *#cancelOpeningsLater(first: OrderState): Flow<void> {
    yield* onDisk();
    yield* ask<'nextTurn'>({ fx: 'nextTurn' });
    this.#cancelOpenings(first);
  }

  /** Opening orders that the exit's own record has ended; those that are on their way are dropped by the sender. */
  #cancelOpenings({ symbol }: OrderState): void {
    const isEnded = (order: OrderState): boolean => !order.reduceOnly && order.cancelRequested && isResting(order);
    this.#canceler.cancelMatching(symbol, isEnded, OPENING_ENDED);
  }

  /** {@link ExitPump.cancelClaims} */
  cancelClaims(isConcerned: (claim: Claim) => boolean, detail: string): void {
    this.pump.cancelClaims(isConcerned, detail);
    this.poke();
  }

  /** Claims that a recorded cancel took back, and of which nothing is at the venue: in its transaction. */
  endCanceled(detail: string): void {
    this.cancelClaims(({ isCanceled }) => isCanceled, detail);
  }

  // --- after a restart -------------------------------------------------------------------------------------------

  /** {@link ExitPump.release} */
  release(held: readonly Claim[]): void {
    this.pump.release(held);
    this.poke();
  }

  // --- the pump --------------------------------------------------------------------------------------------------

  /** Something has changed. */
  poke(): void {
    this.#wakeAt(this.#core.planClock.wallMs());
  }

  /**
   * When it was asked for, and in every round: what a feed has proven is followed at once. INVARIANT: nothing is waited for
   * in here: what is planned, decided and recorded is of one state.
   */
  tick(): void {
    const core = this.#core;
    if (this.#core.isStopping() || core.ports.ledger.isFailed || !core.ports.clock.isSynced) return;
    try {
      this.pump.pass();
    } catch (error) {
      core.alertRarely('EXITS_FAILED', `the exits could not be carried on: ${String(error)}`);
    }
    for (const [id, settled] of this.#waiting) {
      if (!this.#isSettled(id)) continue;
      this.#waiting.delete(id);
      settled.close({ kind: 'done', result: undefined });
    }
  }

  /** A further order of a permitted exit, at the size and on the rung of now. */
  #decide(claim: Claim, form: ExitForm): DecidedExit {
    const core = this.#core;
    const { orders } = core.state;
    const parent = this.#parentOf(claim);
    const [first] = parent.orders;
    if (first === undefined) throw new Error(`exit ${parent.decision.decision_id} planned no order`);
    const id = exitOrderId(core.ids, orders, parent, form);
    const considered = consider(core, exitOrderRequest(parent, form), exitOrderAsk(core.settings, form));
    const decided = recordDecision(core, considered, {
      kind: 'slice',
      route: parent.route,
      parentDecisionId: parent.decision.decision_id,
      orders: planExitOrder(considered.acted, first.symbol, id, core.state.rules.get(first.symbol)),
    });
    const planned = decided.event.orders[0];
    const order = planned === undefined ? undefined : orders.all.get(planned.client_order_id);
    return { order: order ?? null, code: decided.body.reasons[0]?.code ?? 'BLOCK' };
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

  #carry(order: OrderState): void {
    this.#core.begin(this.#sendAlone(order));
  }

  /** Goes on by itself. */
  *#sendAlone(order: OrderState): Flow<void> {
    try {
      yield* this.#sendNow(order);
    } catch (error) {
      if (this.#core.isStopping()) return;
      this.#sender.giveUp(order, error);
      this.#core.alert('EXIT_FAILED', String(error), order.symbol);
    } finally {
      this.pump.attempts.take(order);
      this.poke();
    }
  }

  *#sendNow(order: OrderState): Flow<void> {
    const outcome = yield* this.#sender.send(order);
    if (outcome.kind === 'rejected') this.pump.attempts.noteRefusal(order, outcome.rejection);
    const isMarketable = this.#core.state.claims.of(order)?.wants === 'now';
    // RISK: an answer may show an IOC as resting while it is being matched; the ladder goes on from its end.
    if (isUnknown(order) && isMarketable) this.pump.pauseAfter(order);
    if (isMarketable && (isUnknown(order) || (isResting(order) && neverRests(order))))
      this.#resolver.resolve(order).onEnd(() => this.poke());
  }

  // --- ends ------------------------------------------------------------------------------------------------------

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
      (order) => isPlanned(order) || isInFlight(order) || this.pump.attempts.isCarried(order),
    );
    if (isUnderWay) return false;
    if (claim.wants === 'rest') return isLive(claim);
    return !isLive(claim) && closedE8(claim) > 0 && this.pump.isClosed(claim);
  }
}

import type { ExecutionDecision } from '../../core/decision.ts';
import type { ExecutionRequest, Side } from '../../core/request.ts';
import type { EngineCore } from '../flow/core.ts';
import { type Flow, Pending, type Started } from '../flow/step.ts';
import { isExpired, isFilled, isLost, isRejected, isResting, liveOrders, type OrderState } from '../orders/orders.ts';
import { Elapsed } from '../plan/deadline.ts';
import type { Breach } from '../plan/orders.ts';
import type { PositionState } from '../positions/positions.ts';
import { toProtectE8 } from '../positions/snapshot.ts';
import { StopTries } from '../protect/stop-tries.ts';
import { closesAll, describeMissing, findClosest } from '../protect/stops.ts';
import type { Rejection } from '../records/venue.ts';
import type { Canceler } from '../sending/cancels.ts';
import type { OrderSender } from '../sending/sender.ts';
import { GateClosing } from './gate-closing.ts';
import { placeStop, StopMoves } from './stop-orders.ts';

/**
 * Time between two cuts of the same symbol, and from the end of the gate's last exit of it to the next cut, ms: the first
 * must show in the position before the next is sized.
 */
const CUT_EVERY_MS = 5_000;
/** Tries in a row that failed, and may be mended, before the position is closed instead. */
const MAX_TRIES = 3;

/** Exits of the gate itself. */
export interface GateExits {
  /** Over when the exit is on disk; it then runs by itself. */
  runGateExit(request: ExecutionRequest, cause: 'stop' | 'cut'): Flow<void>;
  /** One of them has lots to close, or an order that lives. */
  isGateExiting(symbol: string): boolean;
}

/** What is due of a position's stop. */
type StopStep =
  /** A stop stands, the closest of `stops`, all of which are on the right side: it may have to be moved. */
  | { readonly kind: 'follow'; readonly stop: OrderState; readonly stops: readonly OrderState[] }
  | { readonly kind: 'place'; readonly quantityE8: number }
  /** Stops that were sent did not arrive, one after the other: the exit that stands in for them. */
  | { readonly kind: 'close'; readonly request: ExecutionRequest };

/**
 * What the gate itself does to protect the account: cutting back a position above a tightened cap (`on_breach:
 * reduce`), protective stops (`protection.required`), the alert at the end of the holding time.
 */
export class Protection {
  readonly #core: EngineCore;
  readonly #sender: OrderSender;
  readonly #canceler: Canceler;
  readonly #exits: GateExits;
  readonly #closing: GateClosing;
  readonly #moves: StopMoves;
  readonly #cutAt = new Map<string, Elapsed>();
  readonly #alerted = new Map<string, number>();
  readonly #stopDenied = new Map<string, string | null>();
  readonly #tries: StopTries;
  /** Symbols in which somebody else's order closes the position: the venue takes no other on that side. */
  readonly #guarded = new Set<string>();
  /** The stop that protects, or last protected, a symbol. */
  readonly #lastStop = new Map<string, OrderState>();
  /** Symbols whose stop is being seen to: one at a time in each, and none waits for another. */
  readonly #protecting = new Set<string>();
  /** At the last tick every position that is to have a stop had it where it is to stand. */
  isGuarded = true;

  constructor(core: EngineCore, sender: OrderSender, canceler: Canceler, exits: GateExits) {
    this.#core = core;
    this.#sender = sender;
    this.#canceler = canceler;
    this.#exits = exits;
    this.#closing = new GateClosing(core, (symbol) => exits.isGateExiting(symbol));
    this.#tries = new StopTries(core.planClock, MAX_TRIES);
    this.#moves = new StopMoves(core, sender, canceler, (symbol, decision) => this.#isNews(symbol, decision));
  }

  // --- cuts --------------------------------------------------------------------------------------------------------

  *cutBack(breach: Breach): Flow<void> {
    const request = this.#planCut(breach);
    if (request !== null) yield* this.#exits.runGateExit(request, 'cut');
  }

  /**
   * The exit that cuts a confirmed breach back; null: none is due. While trading is halted nothing is cut back, and nothing
   * is recorded of it: the operator has taken over.
   */
  #planCut(breach: Breach): ExecutionRequest | null {
    const { symbol } = breach;
    const position = this.#core.state.position(symbol);
    if (position.quantityE8 === 0 || this.#closing.isHalted(symbol) || this.#isGone(position)) return null;
    if ((this.#cutAt.get(symbol)?.ms() ?? CUT_EVERY_MS) < CUT_EVERY_MS) return null;
    if (this.#closing.isUnderWay(symbol) || !this.#isLastExitShown(symbol)) return null;
    this.#cutAt.set(symbol, new Elapsed(this.#core.planClock));
    const above = `the position is above the tightened ${breach.cause} cap`;
    const { mostE8, surelyE8 } = this.#closing.sizeOf(position);
    // The breach is of what is surely held: what a lost exit may have closed is not in it.
    const quantityE8 = Math.min(breach.quantityE8, surelyE8);
    if (quantityE8 <= 0) {
      const nobodys = 'no agent holds any of it: nothing is closed';
      this.#core.alertRarely('POSITION_ABOVE_CAP', `${above}; ${nobodys}`, symbol);
      return null;
    }
    this.#core.alert('POSITION_CUT', `${above}: ${this.#closing.textOf(quantityE8, symbol)} is closed`, symbol);
    return this.#closing.request(symbol, position.quantityE8 > 0 ? 'sell' : 'buy', quantityE8, mostE8);
  }

  /**
   * The gate's last exit ended some time ago, and the account was asked for since it closed something: possibly seconds
   * after it was decided, so that it would be counted, and closed, twice.
   */
  #isLastExitShown(symbol: string): boolean {
    const { accountAskedMs: readAtMs, claims } = this.#core.state;
    const { endedAtMs, filledAtMs } = claims.lastGateExit(symbol);
    return this.#core.passedMs() - endedAtMs >= CUT_EVERY_MS && readAtMs >= filledAtMs;
  }

  // --- stops -------------------------------------------------------------------------------------------------------

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
    this.#watchHoldingTime(position);
    // RISK: whether or not stops are still asked for, one that is left would close the next position.
    for (const stop of this.#findOutdated(position))
      begun.push(this.#canceler.cancel(stop, 'the position that it protects is gone'));
    if (!this.#core.policySpec.protection.required || this.#protecting.has(symbol) || !isOpen(symbol)) return;
    const step = this.#next(position);
    if (step?.kind !== 'follow' && position.quantityE8 !== 0) this.isGuarded = false;
    if (step === null) return;
    this.#protecting.add(symbol);
    begun.push(this.#core.begin(this.#take(position, step)).onEnd(() => this.#protecting.delete(symbol)));
  }

  *#take(position: PositionState, step: StopStep): Flow<void> {
    if (step.kind === 'close') {
      yield* this.#exits.runGateExit(step.request, 'stop');
      return;
    }
    const { symbol } = position;
    if (step.kind === 'follow') {
      yield* this.#moves.follow(position, step.stop, step.stops);
      if (step.stop.cancelRequested) this.#tries.noteGivenUp(symbol);
      if (this.#moves.isTried(symbol)) this.isGuarded = false;
      return;
    }
    const sent = yield* placeStop(this.#core, this.#sender, { position, heldE8: step.quantityE8 }, (decision) =>
      this.#isNews(symbol, decision),
    );
    if (sent === null) return;
    const request = this.#takePlaced(position, sent.order, sent.rejection);
    if (request !== null) yield* this.#exits.runGateExit(request, 'stop');
  }

  #watchHoldingTime({ sinceMs, symbol }: PositionState): void {
    if (sinceMs === null || this.#core.passedMs() - sinceMs < this.#core.policySpec.budgets.holding_time_ms) return;
    if (this.#alerted.get(symbol) === sinceMs) return;
    this.#alerted.set(symbol, sinceMs);
    this.#core.alert(
      'HOLDING_TIME',
      `the position has been held for the whole holding time: the symbol is reducing until it is flat`,
      symbol,
    );
  }

  /**
   * Stops of a position that is gone. RISK: such a cancel may hang or be refused for long; the venue takes one stop on
   * each side, so that the one that is needed now does not wait for it.
   */
  #findOutdated(position: PositionState): readonly OrderState[] {
    const { side } = this.#needOf(position);
    return [...liveOrders(this.#core.state.orders, position.symbol)].filter(
      (order) => order.protective && order.side !== side && !order.cancelRequested,
    );
  }

  /** Lots to be protected, and the side of their stop; null: none. */
  #needOf(position: PositionState): { readonly quantityE8: number; readonly side: Side | null } {
    const quantityE8 = toProtectE8(position, this.#core.passedMs());
    return { quantityE8, side: quantityE8 === 0 ? null : quantityE8 > 0 ? 'sell' : 'buy' };
  }

  /**
   * One stop for the whole position (closePosition, on the mark); gone when flat, anew when the side changes, moved when
   * it stands too far away. Null: nothing is due.
   */
  #next(position: PositionState): StopStep | null {
    const { symbol } = position;
    const { quantityE8, side } = this.#needOf(position);
    // Waits and refusals are of one position: the next one gets its stop at once, and its first refusal is not the last
    // of these. So it is when somebody else's order, for which ours was refused, is gone.
    const live = [...liveOrders(this.#core.state.orders, symbol)];
    const isGuarded = live.some((order) => order.foreign && closesAll(order) && order.side === side);
    if (quantityE8 === 0 || (this.#guarded.has(symbol) && !isGuarded)) this.#forgetTries(symbol);
    if (isGuarded) this.#guarded.add(symbol);
    // RISK: one that is lost, or not known for long, may never have been placed, and whether it was perhaps nobody will
    // ever tell. Another one does no harm: both only close, and the venue refuses it while the first rests.
    const stops = live.filter(
      (order) => order.protective && order.side === side && !isLost(order) && !this.#tries.isUnknownForLong(order),
    );
    const stop = findClosest(stops);
    if (stop !== null) this.#lastStop.set(symbol, stop);
    if (quantityE8 === 0 || this.#isGone(position)) return null;
    if (stop !== null) {
      if (isResting(stop)) this.#tries.noteStanding(symbol);
      return { kind: 'follow', stop, stops };
    }
    const missing = this.#tries.takeMissing(symbol);
    const request = missing !== null && this.#tries.isEnough(symbol) ? this.#standIn(position, missing, null) : null;
    if (request !== null) return { kind: 'close', request };
    return this.#tries.begin(symbol) ? { kind: 'place', quantityE8 } : null;
  }

  /** A stop that goes on being refused for the same reason is recorded once. */
  #isNews(symbol: string, decision: ExecutionDecision): boolean {
    const denied = decision.decision === 'BLOCK' ? (decision.reasons[0]?.code ?? '') : null;
    const isNews = denied === null || denied !== this.#stopDenied.get(symbol);
    this.#stopDenied.set(symbol, denied);
    return isNews;
  }

  #forgetTries(symbol: string): void {
    this.#guarded.delete(symbol);
    this.#tries.forget(symbol);
  }

  /**
   * What became of a stop that was sent; the exit that stands in for it where it was refused, null: none. What an answer
   * does not say of one is seen later, by {@link #next}.
   */
  #takePlaced(position: PositionState, order: OrderState, rejection: Rejection | null): ExecutionRequest | null {
    const { symbol } = position;
    if (!isRejected(order) && !isExpired(order)) {
      this.#tries.noteSent(symbol, order);
      return null;
    }
    // The venue has changed its steps: that says nothing about the stop, which is written anew in the new ones.
    if (rejection?.cause === 'off_grid') {
      const refused = describeMissing(order);
      this.#core.alertRarely('STOP_REFUSED', `${refused}; it is placed anew once the venue's steps are read`, symbol);
      return null;
    }
    this.#tries.noteFailed(symbol);
    // A clock out of step or a busy venue is mended within seconds: the stop is placed again first.
    if (order.retryable && !this.#tries.isEnough(symbol)) return null;
    return this.#standIn(position, order, rejection);
  }

  /** RISK: a position without its stop. The exit closes what the gate may close, and no more; null: nothing is closed. */
  #standIn(position: PositionState, order: OrderState, rejection: Rejection | null): ExecutionRequest | null {
    const { symbol } = position;
    // An exit whose outcome is not known may have closed the position already: a second one is not sized beside it.
    if (this.#closing.isUnderWay(symbol)) return null;
    const refused = describeMissing(order);
    const { mostE8, surelyE8: quantityE8 } = this.#closing.sizeOf(position);
    const why = this.#whyNotClosed(position, rejection, quantityE8);
    if (why !== null) {
      this.#core.alertRarely('STOP_REFUSED', `${refused}; ${why}`, symbol);
      return null;
    }
    const left = Math.abs(position.quantityE8) - quantityE8;
    const what =
      left === 0
        ? 'the position is closed'
        : `the ${this.#closing.textOf(quantityE8, symbol)} that an agent holds is closed; ${this.#closing.textOf(left, symbol)} of nobody stays, without a stop`;
    this.#core.alert('STOP_REFUSED', `${refused}: ${what}`, symbol);
    return this.#closing.request(symbol, order.side, quantityE8, mostE8);
  }

  #whyNotClosed(position: PositionState, rejection: Rejection | null, quantityE8: number): string | null {
    if (rejection?.cause === 'stop_exists' && !this.#isTakeProfitInTheWay(position))
      return 'another order that closes the whole position rests at the venue already';
    if (position.quantityE8 === 0) return 'whether there is a position is not known yet: nothing is closed';
    if (this.#closing.isHalted(position.symbol)) return 'in halted only an operator closes the position';
    return quantityE8 > 0 ? null : 'no agent holds any of the position: nothing is closed';
  }

  /**
   * The order for which the venue takes no stop protects nothing: all that closes the position on that side fires when
   * it wins. RISK: a list may be a moment old, so a stop of somebody else's has the time of some tries to show.
   */
  #isTakeProfitInTheWay(position: PositionState): boolean {
    const { symbol } = position;
    if (!this.#tries.isEnough(symbol)) return false;
    const { side } = this.#needOf(position);
    const closing = [...liveOrders(this.#core.state.orders, symbol)].filter(
      (order) => order.side === side && (order.protective || (order.foreign && closesAll(order))),
    );
    return closing.length > 0 && closing.every((order) => order.orderType.startsWith('TAKE_PROFIT'));
  }

  /**
   * The position is no longer there, though our view still holds it: a stop has fired and the account has not been read
   * since, or the venue shows nothing on that side while a fill is on its way. There is nothing to protect or to cut;
   * the venue would refuse both.
   */
  #isGone(position: PositionState): boolean {
    const stop = this.#lastStop.get(position.symbol);
    const readAtMs = this.#core.state.accountAskedMs;
    if (stop !== undefined && isFilled(stop) && stop.updatedAtMs > readAtMs) return true;
    if (position.quantityE8 === 0) return false;
    return position.disputedE8 !== null && position.disputedE8 * Math.sign(position.quantityE8) <= 0;
  }
}

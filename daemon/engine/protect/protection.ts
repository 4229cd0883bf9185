/**
 * What the gate itself does to protect the account, over time: which position is cut back and by how much, which stop is
 * placed, given up or left, and what is closed where the venue takes none; for the daemon and a replay alike
 * (SAE-SAME-CODE). It records and sends nothing itself.
 */
import type { ExecutionDecision } from '../../core/decision.ts';
import type { IntendedPolicySpec } from '../../core/policy.ts';
import type { ExecutionRequest, Side } from '../../core/request.ts';
import { stateInForce } from '../callers/layers.ts';
import { ownE8 } from '../orders/holding.ts';
import { isExpired, isFilled, isLost, isRejected, isResting, liveOrders, type OrderState } from '../orders/orders.ts';
import { Elapsed, type PlanClock } from '../plan/deadline.ts';
import { type Breach, GATE_AGENT, type ReviewPlace } from '../plan/orders.ts';
import type { PositionState } from '../positions/positions.ts';
import { DISAGREEMENT_MS, toProtectE8 } from '../positions/snapshot.ts';
import type { SymbolInputs } from '../readings/inputs.ts';
import { floorLots, formatQuantityE8 } from '../records/units.ts';
import type { Rejection } from '../records/venue.ts';
import type { GateViews } from '../state/views.ts';
import { StopTries } from './stop-tries.ts';
import { closeRequest, closesAll, describeMissing, findClosest } from './stops.ts';

/**
 * Time between two cuts of the same symbol, and from the end of the gate's last exit of it to the next cut, ms: the first
 * must show in the position before the next is sized.
 */
const CUT_EVERY_MS = 5_000;
/** Tries in a row that failed, and may be mended, before the position is closed instead. */
const MAX_TRIES = 3;

/** What of the core is read here, and told to it. */
export interface ProtectedAccount {
  readonly state: GateViews;
  readonly planClock: PlanClock;
  readonly settings: ReviewPlace;
  /** In force. */
  readonly policySpec: IntendedPolicySpec;
  readonly market: { symbol(symbol: string): SymbolInputs | null };
  nowMs(): number;
  passedMs(): number;
  alert(code: string, detail: string, symbol: string): void;
  /** The same at most once a minute. */
  alertRarely(code: string, detail: string, symbol: string): void;
}

/** What is due of a position's stop. */
export type StopStep =
  | { readonly kind: 'none' }
  /** A stop stands, the closest of `stops`, all of which are on the right side: it may have to be moved. */
  | { readonly kind: 'follow'; readonly stop: OrderState; readonly stops: readonly OrderState[] }
  | { readonly kind: 'place'; readonly quantityE8: number }
  /** Stops that were sent did not arrive, one after the other: the exit that stands in for them. */
  | { readonly kind: 'close'; readonly request: ExecutionRequest };
const NOTHING_DUE: StopStep = { kind: 'none' };

export class ProtectionPlan {
  readonly #core: ProtectedAccount;
  /** `ExitPump.isGateExiting` */
  readonly #isGateExiting: (symbol: string) => boolean;
  readonly #cutAt = new Map<string, Elapsed>();
  readonly #alerted = new Map<string, number>();
  readonly #stopDenied = new Map<string, string | null>();
  readonly #tries: StopTries;
  /** Symbols in which somebody else's order closes the position: the venue takes no other on that side. */
  readonly #guarded = new Set<string>();
  /** The stop that protects, or last protected, a symbol. */
  readonly #lastStop = new Map<string, OrderState>();

  constructor(core: ProtectedAccount, isGateExiting: (symbol: string) => boolean) {
    this.#core = core;
    this.#isGateExiting = isGateExiting;
    this.#tries = new StopTries(core.planClock, MAX_TRIES);
  }

  // --- cuts --------------------------------------------------------------------------------------------------------

  /**
   * The exit that cuts a confirmed breach back; null: none is due. While trading is halted nothing is cut back, and nothing
   * is recorded of it: the operator has taken over.
   */
  planCut(breach: Breach): ExecutionRequest | null {
    const { planClock, settings, state } = this.#core;
    const { symbol } = breach;
    const position = state.position(symbol);
    if (position.quantityE8 === 0 || this.#isHalted(symbol) || this.#isGone(position)) return null;
    if ((this.#cutAt.get(symbol)?.ms() ?? CUT_EVERY_MS) < CUT_EVERY_MS) return null;
    if (this.#isExiting(symbol) || !this.#isLastExitShown(symbol)) return null;
    this.#cutAt.set(symbol, new Elapsed(planClock));
    const above = `the position is above the tightened ${breach.cause} cap`;
    const most = this.#mayClose(position);
    // The breach is of what is surely held: what a lost exit may have closed is not in it.
    const quantityE8 = Math.min(breach.quantityE8, most - this.#closedByLost(position));
    if (quantityE8 <= 0) {
      const nobodys = 'no agent holds any of it: nothing is closed';
      this.#core.alertRarely('POSITION_ABOVE_CAP', `${above}; ${nobodys}`, symbol);
      return null;
    }
    this.#core.alert('POSITION_CUT', `${above}: ${this.#textOf(quantityE8, symbol)} is closed`, symbol);
    const fraction = this.#partOf(quantityE8, most, symbol);
    const side = position.quantityE8 > 0 ? 'sell' : 'buy';
    return closeRequest(settings, { symbol, side, fraction }, this.#core.nowMs());
  }

  /**
   * An exit of the gate is on its way, unknown, or between two attempts, while the venue asks to be left alone for
   * instance: what it closes would be counted, and closed, twice.
   *
   * RISK: one that is lost may never have arrived, and whether it did perhaps nobody will ever tell. It never rests, so
   * a reading of the account well after it shows all that it has done: what is held then is not being closed. How much of
   * it is the gate's to close, {@link #closedByLost} tells.
   */
  #isExiting(symbol: string): boolean {
    if (this.#isGateExiting(symbol)) return true;
    const readAtMs = this.#core.state.accountAskedMs;
    return this.#ownExits(symbol).some((order) => !isLost(order) || readAtMs < order.updatedAtMs + DISAGREEMENT_MS);
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

  /** Exits of the gate that are not known to have ended. */
  #ownExits(symbol: string): readonly OrderState[] {
    return [...liveOrders(this.#core.state.orders, symbol)].filter(
      (order) => order.origin === 'gate' && order.reduceOnly && !order.protective,
    );
  }

  /**
   * Lots that lost exits of the gate may have closed already: what the venue shows less than our view, which follows no
   * reading while an order is not known. All of it counts as theirs.
   */
  #closedByLost({ symbol, quantityE8, disputedE8 }: PositionState): number {
    if (disputedE8 === null || !this.#ownExits(symbol).some((order) => isLost(order))) return 0;
    return Math.max(0, Math.abs(quantityE8) - Math.max(0, disputedE8 * Math.sign(quantityE8)));
  }

  #isHalted(symbol: string): boolean {
    const { state } = this.#core;
    return stateInForce(state.layers, this.#core.passedMs(), symbol, GATE_AGENT).state === 'halted';
  }

  /** Lots that the gate closes by itself: what the holder holds. */
  #mayClose(position: PositionState): number {
    if (position.isContested) return 0;
    return Math.min(Math.abs(position.quantityE8), Math.max(0, Math.sign(position.quantityE8) * ownE8(position)));
  }

  /** The fraction of what may be closed that `decide` makes as many whole lots of. */
  #partOf(quantityE8: number, maxE8: number, symbol: string): number {
    const rules = this.#core.state.rules.get(symbol);
    if (rules === undefined || quantityE8 === maxE8) return quantityE8 / maxE8;
    return floorLots(quantityE8, rules) / Math.max(1, floorLots(maxE8, rules));
  }
  #textOf(quantityE8: number, symbol: string): string {
    return formatQuantityE8(quantityE8, this.#core.state.rules.get(symbol));
  }

  // --- stops -------------------------------------------------------------------------------------------------------

  watchHoldingTime({ sinceMs, symbol }: PositionState): void {
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
  findOutdated(position: PositionState): readonly OrderState[] {
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
   * it stands too far away.
   */
  next(position: PositionState): StopStep {
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
    if (quantityE8 === 0 || this.#isGone(position)) return NOTHING_DUE;
    if (stop !== null) {
      if (isResting(stop)) this.#tries.noteStanding(symbol);
      return { kind: 'follow', stop, stops };
    }
    const missing = this.#tries.takeMissing(symbol);
    const request = missing !== null && this.#tries.isEnough(symbol) ? this.#standIn(position, missing, null) : null;
    if (request !== null) return { kind: 'close', request };
    return this.#tries.begin(symbol) ? { kind: 'place', quantityE8 } : NOTHING_DUE;
  }

  /** The stop that stood is given up: what takes its place waits for nothing. */
  noteGivenUp(symbol: string): void {
    this.#tries.noteGivenUp(symbol);
  }

  /** A stop that goes on being refused for the same reason is recorded once. */
  isNews(symbol: string, decision: ExecutionDecision): boolean {
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
   * does not say of one is seen later, by {@link next}.
   */
  takePlaced(position: PositionState, order: OrderState, rejection: Rejection | null): ExecutionRequest | null {
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
    if (this.#isExiting(symbol)) return null;
    const refused = describeMissing(order);
    const most = this.#mayClose(position);
    const quantityE8 = Math.max(0, most - this.#closedByLost(position));
    const why = this.#whyNotClosed(position, rejection, quantityE8);
    if (why !== null) {
      this.#core.alertRarely('STOP_REFUSED', `${refused}; ${why}`, symbol);
      return null;
    }
    const left = Math.abs(position.quantityE8) - quantityE8;
    const what =
      left === 0
        ? 'the position is closed'
        : `the ${this.#textOf(quantityE8, symbol)} that an agent holds is closed; ${this.#textOf(left, symbol)} of nobody stays, without a stop`;
    this.#core.alert('STOP_REFUSED', `${refused}: ${what}`, symbol);
    const fraction = this.#partOf(quantityE8, most, symbol);
    return closeRequest(this.#core.settings, { symbol, side: order.side, fraction }, this.#core.nowMs());
  }

  #whyNotClosed(position: PositionState, rejection: Rejection | null, quantityE8: number): string | null {
    if (rejection?.cause === 'stop_exists' && !this.#isTakeProfitInTheWay(position))
      return 'another order that closes the whole position rests at the venue already';
    if (position.quantityE8 === 0) return 'whether there is a position is not known yet: nothing is closed';
    if (this.#isHalted(position.symbol)) return 'in halted only an operator closes the position';
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

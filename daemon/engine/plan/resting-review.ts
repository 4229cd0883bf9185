/**
 * Rule 15 over time: when what rests is decided again, and which conditions are set; for the daemon and a replay alike (SAE-SAME-CODE). It records and sends nothing itself.
 */
import type { CompiledPolicy } from '../../core/compiled-policy.ts';
import type { ExecutionDecision } from '../../core/decision.ts';
import type { ExecutionRequest } from '../../core/request.ts';
import { type LayerPlace, layerEvent, layerKey, stateInForce } from '../callers/layers.ts';
import { everyLiveOrder, isOwnOpening, isPlanned, isTerminal, type OrderState } from '../orders/orders.ts';
import type { Ask, LiveInputs } from '../readings/inputs.ts';
import type { StateEvent } from '../records/people-events.ts';
import { findAccountTiers } from '../snapshot/exposure-view.ts';
import type { GateViews } from '../state/views.ts';
import type { PlanClock } from './deadline.ts';
import {
  judgeForms,
  judgeStanding,
  restingOpenings,
  type StandingForm,
  type StandingVerdict,
  standingAsk,
  standingRequest,
} from './judge-resting.ts';
import { GATE_AGENT, type ReviewPlace } from './orders.ts';
import { describeTightness, findTightened, LOOSEST, stillTight, type Tightness } from './tightened.ts';

const NOT_ACTIVE = 'trading is not active';
export const NO_LONGER_FITS = 'no longer fits the tightened policy';

/** What a review needs of the part that carries it out. */
interface ReviewHands {
  readonly state: GateViews;
  readonly clock: PlanClock;
  readonly place: ReviewPlace;
  inputs(): LiveInputs;
  policyFor(agent: string): CompiledPolicy;
  recordState(event: StateEvent): void;
  /** Decides a resting order again; its record is kept only where `isKept` says so. */
  decide(
    order: OrderState,
    request: ExecutionRequest,
    ask: Ask,
    isKept: (decision: ExecutionDecision) => boolean,
  ): void;
  cancel(order: OrderState, reason: string): void;
  endUnsent(order: OrderState, detail: string): void;
}

function hasOpenings({ orders }: GateViews): boolean {
  for (const live of orders.live.values()) for (const order of live) if (isOwnOpening(order)) return true;
  return false;
}

/**
 * Whenever regime, trust, state, a tier or the policy tightens, the resting opening orders on which that bears are decided
 * again as if they were new; what no longer fits is canceled, worst price first. So is an order that an amend made larger,
 * once that is settled, and what was found to fit beside one that was being canceled and has filled after all. Also: the
 * condition layer follows rule 8 (entering `reducing` cancels opening orders and drops unsent slices).
 */
export class StandingReview {
  readonly #hands: ReviewHands;
  readonly #grown = new GrownOrders();
  readonly #leaving = new LeavingOrders();
  #reviewed = LOOSEST;
  /** Orders of which a review could not tell whether they fit, and how tight things were when one could. */
  readonly #unclear = new Map<OrderState, Tightness>();

  constructor(hands: ReviewHands) {
    this.#hands = hands;
  }

  /**
   * An opening goes out, permitted by how tight things are now: what tightens after this instant is news to it, however
   * short they were loose between two looks.
   */
  noteOpening(): void {
    // Nothing was looked at yet: all is news at the first look.
    if (this.#reviewed.policy !== null) this.#reviewed = stillTight(this.#reviewed, this.#describe());
  }

  /** What rests, and what of slices is unsent: to be called whenever something may have tightened. Cheap. */
  follow(): void {
    const { state } = this.#hands;
    const grown = this.#grown.find(restingOpenings(state));
    if (!hasOpenings(state)) {
      // Whatever tightens until there is one again, and is left again, is news to it.
      this.#reviewed = LOOSEST;
      this.#unclear.clear();
      return;
    }
    const now = this.#describe();
    const before = this.#reviewed;
    const tightened = findTightened(now, before);
    const due = new Set([...grown, ...this.#leaving.findBeside()]);
    for (const [order, judged] of this.#unclear)
      if (findTightened(now, judged).some((covers) => covers(order))) due.add(order);
    const unclear =
      tightened.length + due.size === 0
        ? due
        : this.#review((order) => due.has(order) || tightened.some((covers) => covers(order)));
    this.#grown.settle(unclear);
    for (const order of this.#unclear.keys()) if (!unclear.has(order)) this.#unclear.delete(order);
    for (const order of unclear) this.#unclear.set(order, stillTight(this.#unclear.get(order) ?? before, now));
    // RISK: last, so that what threw is looked at again.
    this.#reviewed = now;
  }

  #describe(): Tightness {
    const { state } = this.#hands;
    return describeTightness(state, this.#hands.inputs(), (agent) => this.#hands.policyFor(agent));
  }

  /** The condition layer is rule 8's own state: set and cleared by what the account shows, lifting no other layer. */
  followCondition(): void {
    const { state } = this.#hands;
    const found = findAccountTiers(state, this.#hands.inputs(), this.#hands.policyFor(GATE_AGENT));
    if (found === null || found.reduceOnly === state.layers.has('condition|account|')) return;
    const reason = found.drawdown.reduceOnly
      ? 'drawdown tier'
      : found.dailyLoss.reduceOnly
        ? 'daily loss tier'
        : found.marginRatio.reduceOnly
          ? 'margin ratio tier'
          : 'tiers left';
    const clearsWhen = 'drawdown, daily loss and margin ratio are below their reduce_only tiers';
    this.#setCondition({ scope: 'account', name: null }, reason, clearsWhen, found.reduceOnly);
  }

  /**
   * A symbol whose position is held for longer than the policy permits is reducing until it is flat (DESIGN section 4,
   * `holding_time_ms`). Rule 8 denies its openings by itself: this is what shows it. It is the account's: an agent with a
   * shorter one is denied alone.
   */
  followHoldingTimes(): void {
    const { clock, state } = this.#hands;
    if (state.positions.size === 0) return;
    const tMs = state.time.atNow(clock.nowMs());
    const longestMs = this.#hands.policyFor(GATE_AGENT).budgets.holding_time_ms;
    for (const { quantityE8, sinceMs, symbol } of state.positions.values()) {
      const isOld = quantityE8 !== 0 && sinceMs !== null && tMs - sinceMs >= longestMs;
      if (!isOld && state.layers.size === 0) continue;
      if (isOld === state.layers.has(layerKey({ layer: 'condition', scope: 'symbol', name: symbol }))) continue;
      const reason = isOld ? 'held for longer than holding_time_ms' : 'no longer held too long';
      this.#setCondition({ scope: 'symbol', name: symbol }, reason, 'the symbol is flat', isOld);
    }
  }
  #setCondition(place: Pick<LayerPlace, 'scope' | 'name'>, reason: string, clearsWhen: string, holds: boolean): void {
    const event = layerEvent({ layer: 'condition', ...place }, reason, 'rule 8', clearsWhen);
    this.#hands.recordState(holds ? event : { ...event, state: 'active' });
  }

  /** INVARIANT: no await in here. Those of which it is not known whether they fit. */
  #review(isConcerned: (order: OrderState) => boolean): ReadonlySet<OrderState> {
    const { clock, state } = this.#hands;
    const now = clock.nowMs();
    const isActive = ({ agent, symbol }: OrderState): boolean =>
      stateInForce(state.layers, state.time.atNow(now), symbol, agent).state === 'active';
    for (const order of everyLiveOrder(state.orders))
      if (isPlanned(order) && !order.reduceOnly && !isActive(order)) this.#hands.endUnsent(order, NOT_ACTIVE);
    const isHeld = this.#hands.policyFor(GATE_AGENT).spec.standing.on_breach === 'hold';
    const resting = restingOpenings(state);
    const leaving = new Set<OrderState>(resting.filter((order) => order.cancelRequested));
    const fits = new Set<OrderState>();
    const unclear = new Set<OrderState>();
    for (const order of resting) {
      if (leaving.has(order) || isTerminal(order) || !isConcerned(order)) continue;
      // `hold` leaves what a tightened cap would cancel; a state that is not active still ends every opening order.
      const isLeft = isHeld && isActive(order);
      const verdict = isLeft ? 'fits' : judgeForms(order, (form) => this.#formFits(order, form, leaving));
      if (verdict === 'fits') fits.add(order);
      else if (verdict === 'unclear') unclear.add(order);
      else {
        leaving.add(order);
        this.#hands.cancel(order, NO_LONGER_FITS);
      }
    }
    this.#leaving.noteReview(leaving, fits);
    return unclear;
  }

  /** A record is kept only when it no longer fits. Stale inputs decide nothing. */
  #formFits(order: OrderState, form: StandingForm, leaving: ReadonlySet<OrderState>): StandingVerdict {
    const { clock, place, state } = this.#hands;
    const rules = state.rules.get(order.symbol);
    if (rules === undefined || order.agent === null) return 'unclear';
    const request = standingRequest(place, { order, form }, rules, clock.nowMs());
    let verdict: StandingVerdict = 'fits';
    this.#hands.decide(order, request, standingAsk(place, order, form, leaving), (decision) => {
      verdict = judgeStanding(decision, order, form, rules);
      return verdict === 'gone';
    });
    return verdict;
  }
}

/** Orders that rule 15 looks at again although nothing has tightened: pure, for the daemon and a replay alike. */

const NO_ORDERS: ReadonlySet<OrderState> = new Set();

/**
 * Orders that rest larger or dearer than when they were looked at last (an amend of theirs was proven, or somebody changed
 * them at the venue), and those that had ended for us and are open after all, whose room may be taken since. They alone are
 * due: none of it tightens anything for anybody else's orders, and must not have them canceled for a mark that moved.
 */
export class GrownOrders {
  readonly #seen = new WeakMap<OrderState, StandingForm>();
  readonly #due = new Set<OrderState>();
  #resting = NO_ORDERS;

  /** Those due: found now, or earlier and not {@link settle settled} since. */
  find(resting: readonly OrderState[]): ReadonlySet<OrderState> {
    if (resting.length + this.#due.size === 0) {
      this.#resting = NO_ORDERS;
      return this.#due;
    }
    const live = new Set(resting);
    for (const order of this.#due) if (!live.has(order)) this.#due.delete(order);
    for (const order of resting) {
      const now = { quantityE8: order.quantityE8, priceE8: order.priceE8 ?? 0 };
      const before = this.#seen.get(order);
      this.#seen.set(order, now);
      if (before === undefined) continue;
      const isBack = !this.#resting.has(order);
      if (isBack || now.quantityE8 > before.quantityE8 || now.priceE8 > before.priceE8) this.#due.add(order);
    }
    this.#resting = live;
    return this.#due;
  }

  /** They were reviewed, but of these it could not be told whether they fit. */
  settle(unclear: ReadonlySet<OrderState>): void {
    for (const order of this.#due) if (!unclear.has(order)) this.#due.delete(order);
  }
}

/**
 * Orders that a review did not count, since they are being canceled, with those that it found to fit without them: once one
 * of the former fills after all, before its cancel is taken, the latter are due again.
 */
class LeavingOrders {
  /** By order that leaves: those that fit without it, and how much of it had filled then. */
  readonly #left = new Map<OrderState, Map<OrderState, number>>();

  /** Those due, until a review is {@link noteReview noted} that finds them to fit. */
  findBeside(): ReadonlySet<OrderState> {
    if (this.#left.size === 0) return NO_ORDERS;
    const due = new Set<OrderState>();
    for (const [order, beside] of this.#left) {
      for (const [other, filledE8] of beside) if (order.executedE8 > filledE8) due.add(other);
      if (isTerminal(order) && ![...beside.keys()].some((other) => due.has(other))) this.#left.delete(order);
    }
    return due;
  }

  /** `leaving`: what the review did not count; `fits`: what it found to fit without them. */
  noteReview(leaving: Iterable<OrderState>, fits: ReadonlySet<OrderState>): void {
    for (const [order, beside] of this.#left) {
      for (const other of beside.keys()) if (fits.has(other) || isTerminal(other)) beside.delete(other);
      if (beside.size === 0) this.#left.delete(order);
    }
    if (fits.size === 0) return;
    for (const order of leaving) {
      const beside = this.#left.get(order) ?? new Map<OrderState, number>();
      this.#left.set(order, beside);
      for (const other of fits) beside.set(other, order.executedE8);
    }
  }
}

import type { Regime } from '../../core/policy.ts';
import type { ExecutionRequest } from '../../core/request.ts';
import { holdingTimeMs } from '../../core/rules/tightening.ts';
import type { GateCore } from '../journal/journal.ts';
import type { Canceler } from '../orders/cancels.ts';
import type { SliceRunner } from '../orders/slices.ts';
import {
  type Breach,
  bareRequest as buildBareRequest,
  findAccountTiers,
  findBreaches,
  findStrictestRegime,
  GATE_AGENT,
  isOwnOpening,
  judgeForms,
  judgeStanding,
  restingOpenings,
  type StandingForm,
  type StandingVerdict,
  standingAsk,
  standingRequest,
} from '../plan/standing.ts';
import { describeTightness, GrownOrders, LeavingOrders } from '../plan/tightness.ts';
import type { LiveInputs } from '../snapshot/inputs.ts';
import { markInTicks, unitsInUsdt, worstCase } from '../state/exposure.ts';
import { layerKey, stateInForce } from '../state/layers.ts';
import { isTerminal, liveOrders, type OrderState } from '../state/orders.ts';
import { longLots, shortLots } from '../state/positions.ts';
import { consider, recordDecision } from '../take-decision.ts';

/**
 * Rule 15: whenever regime, trust, state, a tier or the policy tightens, every resting opening order is decided again
 * as if it were new, and canceled if it no longer fits, worst price first. The same holds for an order that an amend
 * made larger, once that is settled, and for all resting orders when one being canceled has filled after all. Resting
 * orders also have a ttl. The condition layer follows rule 8 (entering `reducing` cancels opening orders and drops
 * unsent slices).
 */
export class StandingOrders {
  readonly #core: GateCore;
  readonly #canceler: Canceler;
  readonly #slices: SliceRunner;
  readonly #grown = new GrownOrders();
  readonly #leaving = new LeavingOrders();
  #reviewed = '';

  constructor(core: GateCore, canceler: Canceler, slices: SliceRunner) {
    this.#core = core;
    this.#canceler = canceler;
    this.#slices = slices;
  }

  /**
   * Cheap: called at every feed tick and after every event that may tighten. Everything is started when it
   * returns. The promise covers the cancels of this call only, and no later call waits for it.
   */
  async tick(): Promise<void> {
    this.#followCondition();
    this.#followHoldingTimes();
    const cancels = [this.#expire()];
    const signature = this.#tightness();
    const grown = this.#grown.find(restingOpenings(this.#core.state));
    const isTightened = signature !== this.#reviewed || this.#leaving.hasFilled();
    if (isTightened || grown.size > 0) {
      const review = this.#review((order) => isTightened || grown.has(order));
      cancels.push(...review.cancels);
      if (review.isComplete) {
        this.#reviewed = signature;
        this.#grown.clear();
      }
    }
    await Promise.all(cancels);
  }

  #tightness(): string {
    return describeTightness(this.#core.state, this.#inputs(), this.#core.policyHash, (agent) =>
      this.#core.policyFor(agent),
    );
  }
  #inputs(): LiveInputs {
    return this.#core.market.inputs(this.#core.nowMs());
  }

  /** The condition layer is rule 8's own state: the account sets and clears it, and it lifts no other layer. */
  #followCondition(): void {
    const found = findAccountTiers(this.#core.state, this.#inputs(), this.#core.policyFor(GATE_AGENT));
    if (found === null) return;
    const isSet = this.#core.state.layers.has('condition|account|');
    if (found.reduceOnly === isSet) return;
    this.#core.append('state', {
      clears_at_ms: null,
      clears_when: 'drawdown, daily loss and margin ratio are below their reduce_only tiers',
      layer: 'condition',
      name: null,
      reason: found.drawdown.reduceOnly
        ? 'drawdown tier'
        : found.dailyLoss.reduceOnly
          ? 'daily loss tier'
          : found.marginRatio.reduceOnly
            ? 'margin ratio tier'
            : 'tiers left',
      scope: 'account',
      set_by: 'rule 8',
      state: found.reduceOnly ? 'reducing' : 'active',
    });
  }

  /**
   * A symbol whose position is held longer than the policy permits is reducing until it is flat
   * (`holding_time_ms`). Rule 8 denies its openings anyway, also in a replay; this layer shows it.
   */
  #followHoldingTimes(): void {
    const { state } = this.#core;
    const now = this.#core.nowMs();
    const longestMs = holdingTimeMs(this.#core.policyFor(GATE_AGENT));
    for (const { lots, sinceMs, symbol } of [...state.positions.values()]) {
      const isOld = lots !== 0 && sinceMs !== null && now - sinceMs >= longestMs;
      if (isOld === state.layers.has(layerKey('condition', 'symbol', symbol))) continue;
      this.#core.append('state', {
        clears_at_ms: null,
        clears_when: 'the symbol is flat',
        layer: 'condition',
        name: symbol,
        reason: isOld ? 'held for longer than holding_time_ms' : 'no longer held too long',
        scope: 'symbol',
        set_by: 'rule 8',
        state: isOld ? 'reducing' : 'active',
      });
    }
  }

  /** Cancels resting opening orders past their ttl. */
  #expire(): Promise<void> {
    const now = this.#core.nowMs();
    const ttl = this.#core.policySpec.standing.resting_ttl_ms;
    return this.#canceler.cancelMatching(
      null,
      (order) =>
        isOwnOpening(order) && order.timeInForce === 'GTC' && !order.cancelRequested && now - order.plannedAtMs >= ttl,
      'resting time to live is over',
    );
  }

  /** INVARIANT: no await in here. A hanging cancel delays neither the next one nor the next review (BY-31). */
  #review(isConcerned: (order: OrderState) => boolean): {
    readonly isComplete: boolean;
    readonly cancels: readonly Promise<void>[];
  } {
    const now = this.#core.nowMs();
    this.#slices.dropUnsent(
      'trading is not active',
      (order) => stateInForce(this.#core.state.layers, now, order.symbol, order.agent).state !== 'active',
    );
    const isHeld = this.#core.policySpec.standing.on_breach === 'hold';
    const resting = restingOpenings(this.#core.state);
    const leaving = new Set<OrderState>(resting.filter((order) => order.cancelRequested));
    const cancels: Promise<void>[] = [];
    let isComplete = true;
    for (const order of resting) {
      if (leaving.has(order) || isTerminal(order.status) || !isConcerned(order)) continue;
      // `hold` leaves what a tightened cap would cancel; a state that is not active still ends every opening order.
      const inForce = stateInForce(this.#core.state.layers, now, order.symbol, order.agent).state;
      if (isHeld && inForce === 'active') continue;
      const verdict = this.#stillFits(order, leaving);
      if (verdict === 'unclear') isComplete = false;
      if (verdict !== 'gone') continue;
      leaving.add(order);
      cancels.push(this.#canceler.cancel(order, 'no longer fits the tightened policy'));
    }
    this.#leaving.noteReview(leaving, isComplete);
    return { isComplete, cancels };
  }

  /** Decides a resting order again in each form that may rest. */
  #stillFits(order: OrderState, leaving: ReadonlySet<OrderState>): StandingVerdict {
    return judgeForms(order, (form) => this.#formFits(order, form, leaving));
  }

  /** A decision is recorded only if the order no longer fits. Stale inputs decide nothing. */
  #formFits(order: OrderState, form: StandingForm, leaving: ReadonlySet<OrderState>): StandingVerdict {
    const rules = this.#core.state.rules.get(order.symbol);
    if (rules === undefined || order.agent === null) return 'unclear';
    const { settings } = this.#core;
    const request = standingRequest(settings, order, form, rules, this.#core.nowMs());
    const considered = consider(this.#core, request, standingAsk(settings, order, form, leaving));
    const verdict = judgeStanding(considered.decision, order, form);
    if (verdict === 'gone') {
      recordDecision(this.#core, considered, {
        kind: 'standing',
        route: 'standing',
        bodyHash: null,
        texts: {},
        parentDecisionId: order.decisionId,
        orders: [],
      });
    }
    return verdict;
  }

  /** Positions above the tightened symbol, gross or liquidation-distance cap; empty unless `on_breach: reduce`. */
  findBreaches(): readonly Breach[] {
    return findBreaches(this.#core.state, this.#inputs(), this.#core.policyFor(GATE_AGENT), this.#core.settings);
  }

  /** The strictest regime over symbols with exposure, for status and metrics. */
  portfolioRegime(): Regime {
    const policy = this.#core.policyFor(GATE_AGENT);
    return findStrictestRegime(this.#core.state, this.#inputs(), policy, this.#core.settings);
  }
}

/** {@link buildBareRequest} of this daemon's account and venue, now. */
export function bareRequest(core: GateCore, symbol: string): ExecutionRequest {
  return buildBareRequest(core.settings, symbol, core.nowMs());
}

/** Worst-case exposure of a symbol in USDT, for status and limits. */
export function exposureUsdt(core: GateCore, symbol: string): { readonly used: number; readonly worst: number } {
  const rules = core.state.rules.get(symbol);
  const live = core.market.symbol(symbol);
  const position = core.state.positions.get(symbol);
  if (rules === undefined || live === null) return { used: 0, worst: 0 };
  const held =
    position === undefined
      ? { longLots: 0, shortLots: 0 }
      : { longLots: longLots(position), shortLots: shortLots(position) };
  const ticks = markInTicks(live.mark, rules);
  const worst = worstCase(held, liveOrders(core.state.orders, symbol), ticks);
  return {
    used: unitsInUsdt(Math.max(held.longLots, held.shortLots) * ticks, rules),
    worst: unitsInUsdt(Math.max(worst.longUnits, worst.shortUnits), rules),
  };
}

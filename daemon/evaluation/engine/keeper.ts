import type { CompiledPolicy } from '../../core/compiled-policy.ts';
import { findExitsBeyondShares } from '../../gate/plan/shares.ts';
import {
  findAccountTiers,
  findBreaches,
  GATE_AGENT,
  isOwnOpening,
  judgeForms,
  judgeStanding,
  restingOpenings,
  type StandingForm,
  type StandingVerdict,
  standingAsk,
  standingRequest,
} from '../../gate/plan/standing.ts';
import { closeRequest, findStopTicks, isMarkBeyond, isStopTooFar, planStop } from '../../gate/plan/stops.ts';
import { describeTightness } from '../../gate/plan/tightness.ts';
import type { LiveInputs } from '../../gate/snapshot/inputs.ts';
import { stateInForce } from '../../gate/state/layers.ts';
import { everyLiveOrder, liveOrders, type OrderState } from '../../gate/state/orders.ts';
import type { ReplayAccount } from './account.ts';
import { BASE_ASK, parentAsk } from './asks.ts';
import { CapWatch } from './cap-watch.ts';
import type { MarketClock } from './clock.ts';
import type { GateDoor } from './door.ts';
import type { ReplayExchange } from './exchange.ts';
import type { Executor } from './executor.ts';
import { PLACE } from './intake.ts';
import { TierCodes } from './tier-codes.ts';

/** Time between two cuts of the same symbol, as in the daemon, ms. */
const CUT_EVERY_MS = 5_000;

/**
 * What the daemon does between requests (rule 15 and protection): the condition layer follows the account, resting
 * orders are decided again when anything tightens, positions above a tightened cap are cut back, stops are placed.
 */
export class ReplayKeeper {
  readonly #door: GateDoor;
  readonly #executor: Executor;
  readonly #exchange: ReplayExchange;
  readonly #account: ReplayAccount;
  readonly #clock: MarketClock;
  readonly tiers: TierCodes;
  readonly #caps: CapWatch;
  readonly #cutAtMs: Float64Array;
  #reviewed = '';
  #isReduceOnly = false;
  #tierCode = 0;
  readonly #policy: CompiledPolicy;

  constructor(
    door: GateDoor,
    executor: Executor,
    exchange: ReplayExchange,
    account: ReplayAccount,
    clock: MarketClock,
  ) {
    this.#door = door;
    this.#policy = door.policy(GATE_AGENT);
    this.#executor = executor;
    this.#exchange = exchange;
    this.#account = account;
    this.#clock = clock;
    this.#cutAtMs = new Float64Array(clock.market.symbols.length).fill(Number.NEGATIVE_INFINITY);
    this.#caps = new CapWatch(door, account, clock, this.#policy);
    this.tiers = new TierCodes(door, account, clock, this.#policy);
  }

  tick(): void {
    const { spec } = this.#policy;
    this.#followTiers();
    if (this.#hasOpenings()) this.#review(this.#door.inputs());
    if (this.#account.held === 0) return;
    for (const order of findExitsBeyondShares(this.#door.state, (agent) => this.#door.policy(agent)))
      this.#executor.cancel(order);
    if (spec.standing.on_breach === 'reduce') this.#cutBack();
    if (spec.protection.required) this.#protect();
  }

  #followTiers(): void {
    const code = this.tiers.code();
    if (code === this.#tierCode) return;
    this.#tierCode = code;
    const tiers = findAccountTiers(this.#door.state, this.#door.accountInputs(), this.#policy);
    if (tiers !== null) this.#followCondition(tiers.reduceOnly);
  }

  #followCondition(isReduceOnly: boolean): void {
    if (isReduceOnly === this.#isReduceOnly) return;
    this.#isReduceOnly = isReduceOnly;
    this.#door.append('state', {
      clears_at_ms: null,
      clears_when: 'drawdown, daily loss and margin ratio are below their reduce_only tiers',
      layer: 'condition',
      name: null,
      reason: isReduceOnly ? 'account tier' : 'tiers left',
      scope: 'account',
      set_by: 'rule 8',
      state: isReduceOnly ? 'reducing' : 'active',
    });
  }

  #hasOpenings(): boolean {
    for (const orders of this.#door.state.orders.live.values()) {
      if (orders.size === 0) continue;
      for (const order of orders) if (isOwnOpening(order)) return true;
    }
    return false;
  }

  #review(inputs: LiveInputs): void {
    const { state } = this.#door;
    const policyHash = this.#policy.hash;
    const signature = describeTightness(state, inputs, policyHash, (agent) => this.#door.policy(agent));
    if (signature === this.#reviewed) return;
    const isActive = (order: OrderState): boolean =>
      stateInForce(state.layers, this.#clock.nowMs, order.symbol, order.agent).state === 'active';
    for (const order of [...everyLiveOrder(state.orders)])
      if (order.status === 'pending_send' && isOwnOpening(order) && !isActive(order)) this.#executor.cancel(order);
    const isHeld = this.#policy.spec.standing.on_breach === 'hold';
    const leaving = new Set<OrderState>();
    for (const order of restingOpenings(state)) {
      if (isHeld && isActive(order)) continue;
      if (this.#stillFits(order, leaving) !== 'gone') continue;
      leaving.add(order);
    }
    for (const order of leaving) this.#executor.cancel(order);
    this.#reviewed = signature;
  }

  #stillFits(order: OrderState, leaving: ReadonlySet<OrderState>): StandingVerdict {
    return judgeForms(order, (form) => this.#formFits(order, form, leaving));
  }

  #formFits(order: OrderState, form: StandingForm, leaving: ReadonlySet<OrderState>): StandingVerdict {
    const rules = this.#door.state.rules.get(order.symbol);
    if (rules === undefined || order.agent === null) return 'unclear';
    let verdict: StandingVerdict = 'fits';
    const request = standingRequest(PLACE, order, form, rules, this.#clock.nowMs);
    this.#door.take(request, standingAsk(PLACE, order, form, leaving), {
      kind: 'standing',
      parentDecisionId: order.decisionId,
      plan: () => [],
      skipUnless: (decision) => {
        verdict = judgeStanding(decision, order, form);
        return verdict === 'gone';
      },
    });
    return verdict;
  }

  #cutBack(): void {
    if (!this.#caps.mayBreach(this.#tierCode)) return;
    const now = this.#clock.nowMs;
    const policy = this.#policy;
    for (const breach of findBreaches(this.#door.state, this.#door.inputs(), policy, PLACE)) {
      const symbol = this.#clock.market.symbols.indexOf(breach.symbol);
      if (now - this.#cutAtMs[symbol]! < CUT_EVERY_MS) continue;
      this.#cutAtMs[symbol] = now;
      const lots = this.#account.lots(symbol);
      if (lots === 0 || !this.#clock.isLive(symbol)) continue;
      this.#exit(breach.symbol, lots > 0 ? 'sell' : 'buy', Math.min(1, breach.lots / Math.abs(lots)));
    }
  }

  #exit(symbol: string, side: 'buy' | 'sell', fraction: number): void {
    const request = closeRequest(PLACE, symbol, side, fraction, this.#clock.nowMs);
    const taken = this.#door.take(request, BASE_ASK, {
      kind: 'gate',
      parentDecisionId: null,
      plan: (decision, _context, id) => this.#executor.plan(request, decision, id),
    });
    if (taken !== null && taken.decision.decision !== 'BLOCK') this.#executor.act(taken, null, null);
  }

  /**
   * One stop for the whole position: removed when flat, replaced when the side changes, moved when it is too far away.
   */
  #protect(): void {
    const { spec } = this.#policy;
    for (const [i, symbol] of this.#clock.market.symbols.entries()) {
      const lots = this.#account.lots(i);
      const side = lots > 0 ? 'sell' : 'buy';
      const stops = [...liveOrders(this.#door.state.orders, symbol)].filter((order) => order.protective);
      for (const stop of stops) if (lots === 0 || stop.side !== side) this.#executor.cancel(stop);
      if (lots === 0 || !this.#clock.isLive(i)) continue;
      const stop = stops.find((one) => one.side === side);
      if (stop !== undefined && !this.#mayMove(i, symbol, stop, spec.protection.stop_bps)) continue;
      if (stop !== undefined) this.#executor.cancel(stop);
      this.#placeStop(i, symbol, side, spec.protection.stop_bps);
    }
  }

  /** As the daemon moves it: closer only, and not to where it would fire at once. */
  #mayMove(index: number, symbol: string, { side, triggerTicks }: OrderState, stopBps: number): boolean {
    const rules = this.#door.state.rules.get(symbol);
    if (rules === undefined || triggerTicks === null) return false;
    const entryPrice = this.#account.entryPrice(index);
    if (!isStopTooFar(side, triggerTicks, entryPrice, stopBps, rules)) return false;
    const ticks = findStopTicks(side, entryPrice, stopBps, rules);
    return !isMarkBeyond(side, ticks, this.#clock.marks[index]!, rules);
  }

  #placeStop(index: number, symbol: string, side: 'buy' | 'sell', stopBps: number): void {
    const rules = this.#door.state.rules.get(symbol);
    if (rules === undefined) return;
    const ticks = findStopTicks(side, this.#account.entryPrice(index), stopBps, rules);
    const lots = Math.abs(this.#account.lots(index));
    const ask = parentAsk(null, null, null);
    ask.sliceLots = lots;
    const request = closeRequest(PLACE, symbol, side, 1, this.#clock.nowMs);
    const taken = this.#door.take(request, ask, {
      kind: 'gate',
      parentDecisionId: null,
      plan: (decision, _context, id) =>
        decision.effective?.action !== 'exit' ? [] : [planStop(`hfreplay${id}-0-0`, symbol, side, lots, ticks)],
    });
    const order = taken?.orders[0];
    if (order === undefined) return;
    this.#door.report(order, 'working', 0, null);
    this.#exchange.stops.set(index, { id: order.clientOrderId, symbol: index, side, triggerTicks: ticks });
  }

  /** The exchange has taken everything: the views follow as they would from repeated account reads. */
  forgetAfterLiquidation(): void {
    for (const order of [...everyLiveOrder(this.#door.state.orders)]) this.#executor.end(order, 'canceled');
  }
}

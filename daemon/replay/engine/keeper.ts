import type { AccountFinding } from '../../core/budgets.ts';
import { REGIME_RANK } from '../../core/features/market.ts';
import { findBudget } from '../../core/opening.ts';
import type { ExecutionRequest } from '../../core/request.ts';
import {
  bareAsk,
  bareRequest,
  describeTightness,
  findAccountTiers,
  findBreaches,
  GATE_AGENT,
  isOwnOpening,
  judgeStanding,
  restingOpenings,
  type StandingVerdict,
  standingAsk,
  standingRequest,
} from '../../gate/review.ts';
import { buildContext, type LiveInputs } from '../../gate/snapshot.ts';
import { stateInForce } from '../../gate/state/layers.ts';
import { everyLiveOrder, liveOrders, type OrderState } from '../../gate/state/orders.ts';
import type { ReplayAccount } from './account.ts';
import type { MarketClock } from './clock.ts';
import { BASE_ASK, type GateDoor } from './door.ts';
import type { ReplayExchange } from './exchange.ts';
import type { Executor } from './executor.ts';
import { ACCOUNT, VENUE } from './intake.ts';

const PLACE = { account: ACCOUNT, venue: VENUE };
/** Time between two cuts of the same symbol, as in the daemon, ms. */
const CUT_EVERY_MS = 5_000;
/** Sizes up to here lie within the tolerance of {@link findBreaches}: a hair less than 1 / 0.99. */
const UNTOLERATED = 1.01;
/** Below this share of the gross notional the equity is thin enough to look for a near liquidation. */
const LEVERAGED_SHARE = 0.5;

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
  readonly #cutAtMs: Float64Array;
  /** Tightened symbol and gross caps found last, USDT, and what they were found for. */
  readonly #caps: Float64Array;
  #grossCap = Number.POSITIVE_INFINITY;
  #capSignature = Number.NaN;
  #reviewed = '';
  #isReduceOnly = false;

  constructor(
    door: GateDoor,
    executor: Executor,
    exchange: ReplayExchange,
    account: ReplayAccount,
    clock: MarketClock,
  ) {
    this.#door = door;
    this.#executor = executor;
    this.#exchange = exchange;
    this.#account = account;
    this.#clock = clock;
    this.#cutAtMs = new Float64Array(clock.market.symbols.length).fill(Number.NEGATIVE_INFINITY);
    this.#caps = new Float64Array(clock.market.symbols.length).fill(Number.POSITIVE_INFINITY);
  }

  tick(): void {
    const { spec } = this.#door.policy(GATE_AGENT);
    const tiers = findAccountTiers(this.#door.state, this.#door.accountInputs(), this.#door.policy(GATE_AGENT));
    if (tiers !== null) this.#followCondition(tiers.reduceOnly);
    if (this.#hasOpenings()) this.#review(this.#door.inputs());
    if (this.#account.held === 0) return;
    if (spec.standing.on_breach === 'reduce' && tiers !== null) this.#cutBack(tiers);
    if (spec.protection.required) this.#protect();
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
    for (const orders of this.#door.state.orders.live.values())
      for (const order of orders) if (isOwnOpening(order)) return true;
    return false;
  }

  #review(inputs: LiveInputs): void {
    const { state } = this.#door;
    const policyHash = this.#door.policy(GATE_AGENT).hash;
    const signature = describeTightness(state, inputs, policyHash, (agent) => this.#door.policy(agent));
    if (signature === this.#reviewed) return;
    const isActive = (order: OrderState): boolean =>
      stateInForce(state.layers, this.#clock.nowMs, order.symbol, order.agent).state === 'active';
    for (const order of [...everyLiveOrder(state.orders)])
      if (order.status === 'pending_send' && isOwnOpening(order) && !isActive(order)) this.#executor.cancel(order);
    const isHeld = this.#door.policy(GATE_AGENT).spec.standing.on_breach === 'hold';
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
    const rules = this.#door.state.rules.get(order.symbol);
    if (rules === undefined || order.priceTicks === null || order.agent === null) return 'unclear';
    let verdict: StandingVerdict = 'fits';
    this.#door.take(standingRequest(PLACE, order, rules, this.#clock.nowMs), standingAsk(PLACE, order, leaving), {
      kind: 'standing',
      parentDecisionId: order.decisionId,
      plan: () => [],
      skipUnless: (decision) => {
        verdict = judgeStanding(decision, order);
        return verdict === 'gone';
      },
    });
    return verdict;
  }

  /** Caps follow regimes and tiers alone: while those stand, sizes are compared with the caps found last. */
  #mayBreach(tiers: AccountFinding): boolean {
    const account = this.#account;
    let signature = tierCode(tiers);
    for (let i = 0; i < this.#caps.length; i++)
      signature = signature * 4 + (account.lots(i) === 0 ? 3 : REGIME_RANK[this.#door.heldRegime(i)]);
    if (signature !== this.#capSignature) {
      this.#capSignature = signature;
      this.#findCaps();
    }
    if (account.grossUsdt() > this.#grossCap) return true;
    // Liquidation can only be near while equity is a small part of what is held.
    if (account.equityUsdt() < LEVERAGED_SHARE * account.grossUsdt()) return true;
    for (let i = 0; i < this.#caps.length; i++) if (account.notionalUsdt(i) > this.#caps[i]!) return true;
    return false;
  }

  #findCaps(): void {
    const inputs = this.#door.inputs();
    const policy = this.#door.policy(GATE_AGENT);
    this.#grossCap = Number.POSITIVE_INFINITY;
    for (const [i, symbol] of this.#clock.market.symbols.entries()) {
      if (this.#account.lots(i) === 0) continue;
      const request = bareRequest(PLACE, symbol, this.#clock.nowMs);
      const { budget } = findBudget(buildContext(this.#door.state, inputs, request, policy, bareAsk(PLACE)), policy);
      this.#caps[i] = budget.symbol_notional_usdt * UNTOLERATED;
      this.#grossCap = Math.min(this.#grossCap, budget.gross_notional_usdt * UNTOLERATED);
    }
  }

  #cutBack(tiers: AccountFinding): void {
    if (!this.#mayBreach(tiers)) return;
    const now = this.#clock.nowMs;
    const policy = this.#door.policy(GATE_AGENT);
    for (const breach of findBreaches(this.#door.state, this.#door.inputs(), policy, PLACE)) {
      const symbol = this.#clock.market.symbols.indexOf(breach.symbol);
      if (now - this.#cutAtMs[symbol]! < CUT_EVERY_MS) continue;
      this.#cutAtMs[symbol] = now;
      const lots = this.#account.lots(symbol);
      if (lots === 0 || !this.#clock.isLive(symbol)) continue;
      this.#exit(breach.symbol, lots > 0 ? 'sell' : 'buy', Math.min(1, breach.lots / Math.abs(lots)));
    }
  }

  #exitRequest(symbol: string, side: 'buy' | 'sell', fraction: number): ExecutionRequest {
    return {
      ...bareRequest(PLACE, symbol, this.#clock.nowMs),
      fraction,
      intent: 'close',
      order_type: 'market',
      reduce_only: true,
      side,
      tool: 'close_position',
    };
  }

  #exit(symbol: string, side: 'buy' | 'sell', fraction: number): void {
    const request = this.#exitRequest(symbol, side, fraction);
    const taken = this.#door.take(request, BASE_ASK, {
      kind: 'gate',
      parentDecisionId: null,
      plan: (decision, _context, id) => this.#executor.plan(request, decision, id),
    });
    if (taken !== null && taken.decision.decision !== 'BLOCK') this.#executor.act(taken, null, null);
  }

  /** One stop for the whole position, gone when flat, anew when the side changes. */
  #protect(): void {
    const { spec } = this.#door.policy(GATE_AGENT);
    for (const [i, symbol] of this.#clock.market.symbols.entries()) {
      const lots = this.#account.lots(i);
      const side = lots > 0 ? 'sell' : 'buy';
      const stops = [...liveOrders(this.#door.state.orders, symbol)].filter((order) => order.protective);
      for (const stop of stops) if (lots === 0 || stop.side !== side) this.#executor.cancel(stop);
      if (lots === 0 || stops.some((stop) => stop.side === side) || !this.#clock.isLive(i)) continue;
      this.#placeStop(i, symbol, side, spec.protection.stop_bps);
    }
  }

  #placeStop(index: number, symbol: string, side: 'buy' | 'sell', stopBps: number): void {
    const rules = this.#door.state.rules.get(symbol);
    if (rules === undefined) return;
    const entry = this.#account.entryPrice(index);
    const price = side === 'sell' ? entry * (1 - stopBps / 1e4) : entry * (1 + stopBps / 1e4);
    const ticks = Math.round((price * rules.tickScale) / rules.tickMantissa);
    const lots = Math.abs(this.#account.lots(index));
    const taken = this.#door.take(
      this.#exitRequest(symbol, side, 1),
      { ...BASE_ASK, sliceLots: lots },
      {
        kind: 'gate',
        parentDecisionId: null,
        plan: (decision, _context, id) =>
          decision.effective?.action !== 'exit'
            ? []
            : [
                {
                  client_order_id: `hfreplay${id}-0-0`,
                  delay_ms: 0,
                  kind: 'algo',
                  leverage: 1,
                  lots,
                  order_type: 'market',
                  price_ticks: null,
                  protective: true,
                  reduce_only: true,
                  side,
                  slice: 0,
                  symbol,
                  time_in_force: null,
                  trigger_ticks: ticks,
                },
              ],
      },
    );
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

/** Tiers reached, as one small number; levels are fractions below 1 in steps far above 1e-6. */
function tierCode({ drawdown, dailyLoss, marginRatio }: AccountFinding): number {
  const code = (reached: number | null): number => (reached === null ? 0 : 1 + Math.round(reached * 1000));
  return (code(drawdown.reached) * 1002 + code(dailyLoss.reached)) * 1002 + code(marginRatio.reached);
}

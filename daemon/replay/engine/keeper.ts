import { findBudget } from '../../core/budget-finding.ts';
import type { CompiledPolicy, CompiledTier } from '../../core/compiled-policy.ts';
import { REGIME_RANK } from '../../core/features/market.ts';
import { findExitsBeyondShares } from '../../gate/exit-shares.ts';
import { closeRequest, findStopTicks, planStop } from '../../gate/protective-orders.ts';
import {
  bareAsk,
  bareRequest,
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
} from '../../gate/review.ts';
import type { LiveInputs } from '../../gate/snapshot/inputs.ts';
import { buildContext } from '../../gate/snapshot.ts';
import { stateInForce } from '../../gate/state/layers.ts';
import { everyLiveOrder, liveOrders, type OrderState } from '../../gate/state/orders.ts';
import { describeTightness } from '../../gate/tightness.ts';
import type { ReplayAccount } from './account.ts';
import type { MarketClock } from './clock.ts';
import { BASE_ASK, type GateDoor, marginRatio, parentAsk } from './door.ts';
import type { ReplayExchange } from './exchange.ts';
import type { Executor } from './executor.ts';
import { ACCOUNT, VENUE } from './intake.ts';

const PLACE = { account: ACCOUNT, venue: VENUE };
const BARE_ASK = bareAsk(PLACE);
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
  #tierCode = 0;
  #bandBarMs = -1;
  #bandCode = 0;
  #bandLow = 0;
  #bandHigh = 0;
  #bandMargin = 0;
  /** The code found last, and all that it was found for. */
  #code = 0;
  #codeAtMs = Number.NaN;
  #codeEquity = Number.NaN;
  #codeMaintenance = Number.NaN;
  #codeSamples = 0;
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
    this.#caps = new Float64Array(clock.market.symbols.length).fill(Number.POSITIVE_INFINITY);
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

  /**
   * Which tiers of rule 8 the account has reached, as one number: equal, nothing has changed. Between bar openings and
   * new highs the equities between which that number stays are known.
   */
  tierCode(): number {
    const equity = this.#account.equityUsdt();
    const maintenance = this.#account.totalMaintenanceUsdt();
    const isSame =
      this.#codeAtMs === this.#clock.nowMs &&
      this.#codeEquity === equity &&
      this.#codeMaintenance === maintenance &&
      this.#codeSamples === this.#door.samples;
    if (isSame) return this.#code;
    this.#code = this.#findTierCode(equity, maintenance);
    this.#codeAtMs = this.#clock.nowMs;
    this.#codeEquity = equity;
    this.#codeMaintenance = maintenance;
    this.#codeSamples = this.#door.samples;
    return this.#code;
  }

  #findTierCode(equity: number, maintenance: number): number {
    const isKnown =
      this.#bandBarMs === this.#clock.barOpenMs &&
      equity > this.#bandLow &&
      equity < this.#bandHigh &&
      maintenance < this.#bandMargin * equity;
    if (isKnown) return this.#bandCode;
    const { state } = this.#door;
    const { nowMs } = this.#clock;
    const { drawdownTiers, dailyLossTiers, marginRatioTiers } = this.#policy;
    const drawdown = state.equity.drawdown(nowMs, equity, this.#policy.spec.account.drawdown.window_ms);
    const loss = state.equity.dailyLoss(nowMs, equity);
    const margin = marginRatio(maintenance, equity);
    const code =
      (countReached(drawdownTiers, drawdown) * TIER_CODES + countReached(dailyLossTiers, loss)) * TIER_CODES +
      countReached(marginRatioTiers, margin);
    this.#bandBarMs = this.#clock.barOpenMs;
    this.#bandCode = code;
    // While no tier is reached the band reaches from the first tier's equity to the highest one so far.
    const peak = drawdown < 1 ? equity / (1 - drawdown) : 0;
    const reference = loss < 1 ? equity / (1 - loss) : 0;
    const isCalm = code === 0 && equity > 0;
    const low = Math.max(peak * (1 - firstLevel(drawdownTiers)), reference * (1 - firstLevel(dailyLossTiers)));
    this.#bandLow = isCalm ? low * (1 + BAND_MARGIN) : Number.POSITIVE_INFINITY;
    this.#bandHigh = isCalm ? Math.max(peak, equity) : Number.NEGATIVE_INFINITY;
    this.#bandMargin = firstLevel(marginRatioTiers) * (1 - BAND_MARGIN);
    return code;
  }

  #followTiers(): void {
    const code = this.tierCode();
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

  /** Caps follow regimes and tiers alone: while those stand, sizes are compared with the caps found last. */
  #mayBreach(): boolean {
    const account = this.#account;
    let signature = this.#tierCode;
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
    const policy = this.#policy;
    this.#grossCap = Number.POSITIVE_INFINITY;
    const { symbols } = this.#clock.market;
    for (let i = 0; i < symbols.length; i++) {
      if (this.#account.lots(i) === 0) continue;
      const symbol = symbols[i]!;
      const request = bareRequest(PLACE, symbol, this.#clock.nowMs);
      const { budget } = findBudget(buildContext(this.#door.state, inputs, request, policy, BARE_ASK), policy);
      this.#caps[i] = budget.symbol_notional_usdt * UNTOLERATED;
      this.#grossCap = Math.min(this.#grossCap, budget.gross_notional_usdt * UNTOLERATED);
    }
  }

  #cutBack(): void {
    if (!this.#mayBreach()) return;
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

  /** One stop for the whole position, gone when flat, anew when the side changes. */
  #protect(): void {
    const { spec } = this.#policy;
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

/** More than there can be tiers of one kind. */
const TIER_CODES = 64;

/** Keeps the band off its ends by more than floats can err. */
const BAND_MARGIN = 1e-9;

function firstLevel(tiers: readonly CompiledTier[]): number {
  let first = 1;
  for (const tier of tiers) if (tier.at < first) first = tier.at;
  return first;
}

function countReached(tiers: readonly CompiledTier[], level: number): number {
  let count = 0;
  // Negated so that NaN reaches every tier, as in the gate.
  for (let i = 0; i < tiers.length; i++) if (!(level < tiers[i]!.at)) count += 1;
  return count;
}

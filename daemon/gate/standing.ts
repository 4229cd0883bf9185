import { findAccount, findRegime } from '../core/budgets.ts';
import { REGIME_RANK } from '../core/features/market.ts';
import { findBudget } from '../core/opening.ts';
import type { Regime } from '../core/policy.ts';
import type { ExecutionRequest } from '../core/request.ts';
import type { Canceler } from './cancels.ts';
import { NO_ORDERS, takeDecision } from './decisions.ts';
import type { GateCore } from './gate-core.ts';
import type { SliceRunner } from './slices.ts';
import { type Ask, buildContext, exposedSymbols } from './snapshot.ts';
import { markInTicks, unitsInUsdt, worstCase } from './state/exposure.ts';
import { stateInForce } from './state/layers.ts';
import { everyLiveOrder, isTerminal, liveOrders, type OrderState } from './state/orders.ts';
import { longLots, shortLots } from './state/positions.ts';

const NOBODY = 'gate';
/** Share of a position that may lie above a cap before the gate cuts it back. */
const BREACH_TOLERANCE = 0.01;

/** A position above a tightened cap, to be cut back by the gate (on_breach: reduce). */
export interface Breach {
  readonly symbol: string;
  readonly lots: number;
  readonly cause: string;
}

/**
 * Rule 15: whenever regime, trust, state, a tier or the policy tightens, every resting opening order is decided again
 * as if it were new; what no longer fits is canceled, worst price first. Also: resting orders have a ttl, and the
 * condition layer follows rule 8 (entering `reducing` cancels opening orders and drops unsent slices).
 */
export class StandingOrders {
  readonly #core: GateCore;
  readonly #canceler: Canceler;
  readonly #slices: SliceRunner;
  #reviewed = '';
  #running: Promise<void> | null = null;

  constructor(core: GateCore, canceler: Canceler, slices: SliceRunner) {
    this.#core = core;
    this.#canceler = canceler;
    this.#slices = slices;
  }

  /** Cheap: called at every feed tick and after every event that may tighten. */
  async tick(): Promise<void> {
    if (this.#running !== null) return this.#running;
    this.#running = this.#run().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  async #run(): Promise<void> {
    this.#followCondition();
    await this.#expire();
    const signature = this.#tightness();
    if (signature === this.#reviewed) return;
    const isComplete = await this.#review();
    if (isComplete) this.#reviewed = signature;
  }

  /** Everything whose tightening asks for a review, as text: equal text, nothing tightened since. */
  #tightness(): string {
    const { state, market } = this.#core;
    const now = this.#core.nowMs();
    const parts: string[] = [this.#core.policyHash];
    for (const entry of state.layers.values())
      parts.push(`${entry.layer}/${entry.scope}/${entry.name ?? ''}/${entry.state}`);
    for (const signal of state.signals.values()) if (signal.expires_at_ms > now) parts.push(signal.signal_id);
    for (const symbol of [...exposedSymbols(state)].sort())
      parts.push(`${symbol}=${market.symbol(symbol)?.heldRegime ?? 'none'}`);
    const account = this.#accountTiers();
    if (account !== null) parts.push(account);
    const agents = new Set<string>();
    for (const order of everyLiveOrder(state.orders))
      if (isOwnOpening(order) && order.agent !== null) agents.add(order.agent);
    for (const agent of [...agents].sort()) {
      const { traderState } = this.#core.policyFor(agent);
      const risk = state.trades.risk(agent, now, traderState);
      parts.push(`${agent}=${risk >= traderState.block_at ? 2 : risk >= traderState.limit_at ? 1 : 0}`);
    }
    return parts.join(';');
  }

  #accountTiers(): string | null {
    const found = this.#findAccount();
    if (found === null) return null;
    return `dd${found.drawdown.reached ?? ''}dl${found.dailyLoss.reached ?? ''}mr${found.marginRatio.reached ?? ''}`;
  }

  #findAccount(): ReturnType<typeof findAccount> | null {
    const { state } = this.#core;
    const live = this.#core.market.account;
    if (live === null) return null;
    const now = this.#core.nowMs();
    const policy = this.#core.policyFor(NOBODY);
    return findAccount(
      {
        available_usdt: live.availableUsdt,
        daily_loss: state.equity.dailyLoss(now, live.marginBalanceUsdt),
        drawdown: state.equity.drawdown(now, live.marginBalanceUsdt, policy.spec.account.drawdown.window_ms),
        equity_usdt: live.marginBalanceUsdt,
        margin_ratio: live.marginRatio,
        observed_at_ms: live.observedAtMs,
        reserved_margin_usdt: 0,
      },
      policy,
    );
  }

  /** The condition layer is rule 8's own state: set and cleared by what the account shows, lifting no other layer. */
  #followCondition(): void {
    const found = this.#findAccount();
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

  /** Resting opening orders past their ttl are canceled. */
  async #expire(): Promise<void> {
    const now = this.#core.nowMs();
    const ttl = this.#core.policySpec.standing.resting_ttl_ms;
    await this.#canceler.cancelMatching(
      null,
      (order) =>
        isOwnOpening(order) && order.timeInForce === 'GTC' && !order.cancelRequested && now - order.plannedAtMs >= ttl,
      'resting time to live is over',
    );
  }

  async #review(): Promise<boolean> {
    const now = this.#core.nowMs();
    this.#slices.dropUnsent(
      'trading is not active',
      (order) => stateInForce(this.#core.state.layers, now, order.symbol, order.agent).state !== 'active',
    );
    const isHeld = this.#core.policySpec.standing.on_breach === 'hold';
    const resting = [...everyLiveOrder(this.#core.state.orders)].filter(
      (order) => isOwnOpening(order) && order.status !== 'pending_send' && order.timeInForce === 'GTC',
    );
    resting.sort(worstPriceFirst);
    const leaving = new Set<OrderState>(resting.filter((order) => order.cancelRequested));
    const cancels: Promise<void>[] = [];
    let isComplete = true;
    for (const order of resting) {
      if (leaving.has(order) || isTerminal(order.status)) continue;
      // `hold` leaves what a tightened cap would cancel; a state that is not active still ends every opening order.
      const inForce = stateInForce(this.#core.state.layers, now, order.symbol, order.agent).state;
      if (isHeld && inForce === 'active') continue;
      const verdict = this.#stillFits(order, leaving);
      if (verdict === 'unclear') isComplete = false;
      if (verdict !== 'gone') continue;
      leaving.add(order);
      cancels.push(this.#canceler.cancel(order, 'no longer fits the tightened policy'));
    }
    await Promise.all(cancels);
    return isComplete;
  }

  /** Decides a resting order again; a record is kept only when it no longer fits. Stale inputs decide nothing. */
  #stillFits(order: OrderState, leaving: ReadonlySet<OrderState>): 'fits' | 'gone' | 'unclear' {
    const rules = this.#core.state.rules.get(order.symbol);
    if (rules === undefined || order.priceTicks === null || order.agent === null) return 'unclear';
    const left = order.lots - order.executedLots;
    const request = standingRequest(this.#core, order, (order.priceTicks * rules.tickMantissa) / rules.tickScale);
    const ask: Ask = {
      phase: 'standing',
      venue: this.#core.settings.venue,
      accountName: this.#core.settings.account,
      tokenSkillSha256: null,
      schemaViolation: null,
      own: order,
      leaving,
      exitRung: 0,
      sliceLots: left,
      parentPriceTicks: null,
      target: null,
    };
    let verdict: 'fits' | 'gone' | 'unclear' = 'fits';
    takeDecision(this.#core, request, ask, {
      kind: 'standing',
      route: 'standing',
      bodyHash: null,
      texts: {},
      parentDecisionId: order.decisionId,
      plan: NO_ORDERS,
      skipUnless: (decision) => {
        const effective = decision.effective;
        if (decision.decision === 'BLOCK') {
          const stale = decision.reasons.filter((reason) => reason.code.startsWith('STALE_'));
          const denied = decision.verdicts.filter((rule) => rule.outcome === 'deny').length;
          verdict = stale.length === denied && denied > 0 ? 'unclear' : 'gone';
        } else {
          const whole = effective !== null && effective.action === 'open' && effective.lots === left;
          const asPriced = effective?.price_ticks === order.priceTicks && (effective?.leverage ?? 0) >= order.leverage;
          verdict = whole && asPriced ? 'fits' : 'gone';
        }
        return verdict === 'gone';
      },
    });
    return verdict;
  }

  /** Positions above the tightened symbol, gross or liquidation-distance cap; empty unless `on_breach: reduce`. */
  findBreaches(): readonly Breach[] {
    if (this.#core.policySpec.standing.on_breach !== 'reduce') return [];
    const { state, market } = this.#core;
    const policy = this.#core.policyFor(NOBODY);
    const inputs = market.inputs(this.#core.nowMs());
    const held = new Map<string, { readonly lots: number; readonly usdtPerLot: number }>();
    for (const position of state.positions.values()) {
      const rules = state.rules.get(position.symbol);
      const live = market.symbol(position.symbol);
      const lots = Math.max(longLots(position), shortLots(position));
      if (lots > 0 && rules !== undefined && live !== null)
        held.set(position.symbol, { lots, usdtPerLot: unitsInUsdt(markInTicks(live.mark, rules), rules) });
    }
    const gross = [...held.values()].reduce((sum, entry) => sum + entry.lots * entry.usdtPerLot, 0);
    const breaches: Breach[] = [];
    for (const [symbol, entry] of held) {
      const ask: Ask = {
        phase: 'standing',
        venue: this.#core.settings.venue,
        accountName: this.#core.settings.account,
        tokenSkillSha256: null,
        schemaViolation: null,
        own: null,
        leaving: null,
        exitRung: 0,
        sliceLots: null,
        parentPriceTicks: null,
        target: null,
      };
      const context = buildContext(state, inputs, bareRequest(this.#core, symbol), policy, ask);
      const budget = findBudget(context, policy).budget;
      const notional = entry.lots * entry.usdtPerLot;
      const distance = context.exposure.liquidation_distance;
      let excess = 0;
      let cause = '';
      if (notional > budget.symbol_notional_usdt) {
        excess = notional - budget.symbol_notional_usdt;
        cause = 'symbol notional';
      }
      // The gross excess is taken from every symbol in proportion.
      const share = gross > budget.gross_notional_usdt ? ((gross - budget.gross_notional_usdt) * notional) / gross : 0;
      if (share > excess) {
        excess = share;
        cause = 'gross notional';
      }
      if (distance !== null && distance < policy.spec.account.min_liquidation_distance) {
        excess = Math.max(excess, notional / 2);
        cause = 'liquidation distance';
      }
      const lots = Math.min(entry.lots, Math.ceil(excess / entry.usdtPerLot));
      // A mark that drifts by a hair is no breach to trade on; beyond a hundredth of the position it is.
      if (excess > BREACH_TOLERANCE * notional && lots > 0) breaches.push({ symbol, lots, cause });
    }
    return breaches;
  }

  /** The strictest regime over symbols with exposure, for status and metrics. */
  portfolioRegime(): Regime {
    const policy = this.#core.policyFor(NOBODY);
    let strictest: Regime = 'calm';
    for (const symbol of policy.symbols) {
      const context = buildContext(
        this.#core.state,
        this.#core.market.inputs(this.#core.nowMs()),
        bareRequest(this.#core, symbol),
        policy,
        {
          phase: 'standing',
          venue: this.#core.settings.venue,
          accountName: this.#core.settings.account,
          tokenSkillSha256: null,
          schemaViolation: null,
          own: null,
          leaving: null,
          exitRung: 0,
          sliceLots: null,
          parentPriceTicks: null,
          target: null,
        },
      );
      const found = findRegime(context, policy).regime;
      if (REGIME_RANK[found] > REGIME_RANK[strictest]) strictest = found;
    }
    return strictest;
  }
}

function isOwnOpening(order: OrderState): boolean {
  return !order.foreign && !order.reduceOnly && !order.protective;
}

/** The price that would hurt most if it filled: buys from the top, sells from the bottom. */
function worstPriceFirst(a: OrderState, b: OrderState): number {
  const worse = (order: OrderState): number =>
    order.side === 'buy' ? (order.priceTicks ?? 0) : -(order.priceTicks ?? 0);
  if (a.symbol !== b.symbol) return a.symbol < b.symbol ? -1 : 1;
  if (a.side !== b.side) return a.side < b.side ? -1 : 1;
  return worse(b) - worse(a) || (a.clientOrderId < b.clientOrderId ? -1 : 1);
}

function standingRequest(core: GateCore, order: OrderState, price: number): ExecutionRequest {
  return {
    ...bareRequest(core, order.symbol),
    agent: order.agent ?? NOBODY,
    limit_price: price,
    max_slippage_bps: order.slippageBps,
    requested_leverage: order.leverage,
    side: order.side,
  };
}

export function bareRequest(core: GateCore, symbol: string): ExecutionRequest {
  return {
    account: core.settings.account,
    after_decision_id: null,
    agent: NOBODY,
    client_order_id: null,
    fraction: null,
    intent: 'open',
    limit_price: null,
    max_slippage_bps: null,
    order_type: 'limit',
    origin: 'gate',
    reduce_only: false,
    request_id: null,
    requested_leverage: 1,
    requested_notional: null,
    side: 'buy',
    skill_sha256: null,
    strategy_id: null,
    symbol,
    timestamp_ms: core.nowMs(),
    tool: 'place_order',
    valid_until_ms: null,
    venue: core.settings.venue,
  };
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

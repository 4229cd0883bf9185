import type { CompiledPolicy, CompiledTier } from '../../core/compiled-policy.ts';
import { REGIME_RANK } from '../../core/features/market.ts';
import { findAccountBudget } from '../../core/rules/budgets.ts';
import { bareAsk } from '../../engine/plan/judge-resting.ts';
import { bareRequest, GATE_AGENT } from '../../engine/plan/orders.ts';
import { liquidationDistance } from '../../engine/snapshot/exposure-view.ts';
import { buildAccountContext } from '../../engine/snapshot/snapshot.ts';
import type { ReplayCore } from '../engine/core.ts';
import type { ReplayAccount } from '../exchange/account.ts';
import type { ReplayExchange } from '../exchange/exchange.ts';
import { marginRatio } from '../exchange/feeds.ts';
import type { MarketTrack } from '../market/track.ts';
import type { MarketClock } from '../market/walk/clock.ts';

/** Sizes up to here lie within the tolerance of `findBreaches`: a hair less than 1 / 0.99. */
const UNTOLERATED = 1.01;
/** More than there can be tiers of one kind. */
const TIER_CODES = 64;

interface QuietParts {
  readonly core: ReplayCore;
  readonly account: ReplayAccount;
  readonly clock: MarketClock;
  readonly track: MarketTrack;
  readonly exchange: Pick<ReplayExchange, 'resting' | 'stops' | 'isTriggered'>;
}

/**
 * Whether nothing happens while the marks move straight to the end of a leg: no order is touched, no regime or tier
 * changes, no cap is outgrown, no position becomes too old, and the account stays far from its margin. Such a leg is one
 * move. It only saves time: the gate that test/differential plays beside a replay looks at each step.
 */
export class QuietLegs {
  readonly #parts: QuietParts;
  readonly #policy: CompiledPolicy;
  /** By symbol: the mark at the end of the leg over that of now. */
  readonly #ratios: Float64Array;
  /** Tightened symbol and gross caps found last, USDT, and the tiers, regimes and held symbols that they were found for. */
  readonly #caps: Float64Array;
  #grossCap = Number.POSITIVE_INFINITY;
  #capsFor = Number.NaN;

  constructor(parts: QuietParts) {
    this.#parts = parts;
    this.#policy = parts.core.policyFor(GATE_AGENT);
    this.#ratios = new Float64Array(parts.clock.market.symbols.length);
    this.#caps = new Float64Array(parts.clock.market.symbols.length);
  }

  /** Tiers of rule 8 that the account has reached at an equity, USDT: equal numbers, equal tiers. */
  tiersAt(equity: number): number {
    const { account, clock, core } = this.#parts;
    const { dailyLossTiers, drawdownTiers, marginRatioTiers, spec } = this.#policy;
    const { state } = core;
    const loss = countReached(dailyLossTiers, state.equity.dailyLoss(clock.nowMs, equity));
    const drawdown = state.equity.drawdown(clock.nowMs, equity, spec.account.drawdown.window_ms);
    const margin = countReached(marginRatioTiers, marginRatio(account.totalMaintenanceUsdt(), equity));
    return (countReached(drawdownTiers, drawdown) * TIER_CODES + loss) * TIER_CODES + margin;
  }

  isQuiet(from: number, to: number): boolean {
    const { account, clock, exchange, track } = this.#parts;
    const { ageLimitMs } = this;
    if (ageLimitMs <= clock.timeOf(to)) return false;
    const mayTrigger = exchange.resting.size > 0 || exchange.stops.size > 0;
    const equity = account.equityUsdt();
    let atEndUsdt = equity;
    let worst = equity - 2 * account.totalMaintenanceUsdt();
    for (let i = 0; i < clock.barIndex.length; i++) {
      const bar = clock.barIndex[i]!;
      this.#ratios[i] = 1;
      if (bar < 0) continue;
      if (!track.isSteady(i, bar, clock.lowFirst[i]!, [from, to])) return false;
      const lots = account.lots(i);
      if (lots === 0 && !mayTrigger) continue;
      const before = clock.markTicks[i]!;
      const after = clock.ticksAt(i, to);
      if (mayTrigger && exchange.isTriggered(i, before, after)) return false;
      if (lots === 0) continue;
      this.#ratios[i] = after / before;
      const gain = account.notionalUsdt(i) * (after / before - 1) * Math.sign(lots);
      worst += Math.min(0, gain);
      atEndUsdt += gain;
    }
    if (worst <= 0) return false;
    // Equity moves straight on a leg: a tier that neither end has reached is not reached between them.
    const tiers = this.tiersAt(equity);
    return tiers === this.tiersAt(atEndUsdt) && !this.#mayOutgrow(tiers);
  }

  /** When the next position has been held for as long as it may be. */
  get ageLimitMs(): number {
    const { clock, core } = this.#parts;
    let limitMs = Number.POSITIVE_INFINITY;
    for (const { quantityE8, sinceMs } of core.state.positions.values()) {
      const atMs =
        quantityE8 === 0 || sinceMs === null
          ? Number.POSITIVE_INFINITY
          : sinceMs + this.#policy.budgets.holding_time_ms;
      if (atMs > clock.nowMs) limitMs = Math.min(limitMs, atMs);
    }
    return limitMs;
  }

  /** Whether a position may outgrow its cap, or come near its liquidation: never wrong about a no. */
  #mayOutgrow(tiers: number): boolean {
    const { account, clock, core } = this.#parts;
    const { spec } = this.#policy;
    if (spec.standing.on_breach !== 'reduce') return false;
    this.#followCaps(tiers);
    let gross = 0;
    for (let i = 0; i < this.#caps.length; i++) {
      if (account.lots(i) === 0) continue;
      const notional = account.notionalUsdt(i) * Math.max(1, this.#ratios[i]!);
      if (notional > this.#caps[i]!) return true;
      gross += notional;
      const position = core.state.positions.get(clock.market.symbols[i]!);
      if (position === undefined) continue;
      const mark = clock.marks[i]! * this.#ratios[i]!;
      const distance = liquidationDistance(position.liquidationPrice, position.quantityE8, mark);
      if (distance !== null && distance < spec.account.min_liquidation_distance) return true;
    }
    return gross > this.#grossCap;
  }

  #followCaps(tiers: number): void {
    const { account, clock, core } = this.#parts;
    const { symbols } = clock.market;
    let capsFor = tiers;
    for (let i = 0; i < symbols.length; i++)
      capsFor = capsFor * 4 + (account.lots(i) === 0 ? 3 : REGIME_RANK[core.feeds.market.heldRegime(i)]);
    if (capsFor === this.#capsFor) return;
    this.#capsFor = capsFor;
    this.#grossCap = Number.POSITIVE_INFINITY;
    const inputs = core.feeds.inputs();
    const ask = bareAsk(core.settings);
    for (const [i, symbol] of symbols.entries()) {
      if (account.lots(i) === 0) continue;
      const request = bareRequest(core.settings, symbol, clock.nowMs);
      const context = buildAccountContext({ state: core.state, inputs, request, policy: this.#policy, ask });
      const budget = findAccountBudget(context, this.#policy);
      this.#caps[i] = budget.symbol_notional_usdt * UNTOLERATED;
      this.#grossCap = Math.min(this.#grossCap, budget.gross_notional_usdt * UNTOLERATED);
    }
  }
}

function countReached(tiers: readonly CompiledTier[], level: number): number {
  let count = 0;
  // Negated so that NaN reaches every tier, as in the gate.
  for (let i = 0; i < tiers.length; i++) if (!(level < tiers[i]!.at)) count += 1;
  return count;
}

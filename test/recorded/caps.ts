import type { ExecutionContext } from '../../daemon/core/context.ts';
import type { IntendedPolicySpec, Regime } from '../../daemon/core/policy.ts';

/** B_t as a reader of the policy file works it out, without the gate's code. Amounts in USDT. */
export interface Caps {
  readonly leverage: number;
  readonly orderUsdt: number;
  readonly symbolUsdt: number;
  readonly grossUsdt: number;
  readonly orderRate: number;
  readonly slippageBps: number;
  readonly cooldownMs: number;
  readonly slices: number;
}
interface Factors {
  readonly leverage: number;
  readonly notional: number;
  readonly order_rate: number;
  readonly slippage: number;
}
const RANK: Readonly<Record<Regime, number>> = { calm: 0, volatile: 1, extreme: 2 };
export const rankOf = (regime: Regime): number => RANK[regime];
export function stricter(a: Regime, b: Regime): Regime {
  return RANK[a] >= RANK[b] ? a : b;
}

function fraction(value: unknown): number {
  if (typeof value === 'number') return value;
  const [over, under] = String(value).split('/').map(Number);
  if (over === undefined || under === undefined) throw new Error(`not a fraction: ${String(value)}`);
  return over / under;
}
function factorsOf(value: unknown): Factors {
  if (typeof value !== 'object' || value === null) {
    const all = fraction(value ?? 1);
    return { leverage: all, notional: all, order_rate: all, slippage: all };
  }
  const parts = value as { readonly [name: string]: unknown };
  return {
    leverage: fraction(parts.leverage),
    notional: fraction(parts.notional),
    order_rate: fraction(parts.order_rate),
    slippage: fraction(parts.slippage),
  };
}
function times(a: Factors, b: Factors): Factors {
  return {
    leverage: a.leverage * b.leverage,
    notional: a.notional * b.notional,
    order_rate: a.order_rate * b.order_rate,
    slippage: a.slippage * b.slippage,
  };
}

export interface AccountLevels {
  readonly drawdown: number;
  readonly dailyLoss: number;
  readonly marginRatio: number;
}
interface Tier {
  readonly at: number;
  readonly multiplier?: unknown;
  readonly reduce_only?: boolean;
}
function reachedTiers(spec: IntendedPolicySpec, levels: AccountLevels): readonly Tier[] {
  const { drawdown, daily_loss: dailyLoss, margin_ratio: marginRatio } = spec.account;
  const reached = (tiers: readonly unknown[], level: number): readonly Tier[] =>
    (tiers as readonly Tier[]).filter((tier) => level >= tier.at);
  return [
    ...reached(drawdown.tiers, levels.drawdown),
    ...reached(dailyLoss.tiers, levels.dailyLoss),
    ...reached(marginRatio.tiers, levels.marginRatio),
  ];
}
export function isReduceOnly(spec: IntendedPolicySpec, levels: AccountLevels): boolean {
  return reachedTiers(spec, levels).some((tier) => tier.reduce_only === true);
}

/** Caps for a symbol in `regime` while `portfolio` is the strictest regime of it and of the other exposed symbols. */
export function capsOf(
  spec: IntendedPolicySpec,
  regime: Regime,
  portfolio: Regime,
  levels: AccountLevels,
  isRiskyAgent: boolean,
): Caps {
  let account = factorsOf(1);
  for (const tier of reachedTiers(spec, levels)) account = times(account, factorsOf(tier.multiplier));
  if (isRiskyAgent) account = times(account, factorsOf(spec.trader_state.multiplier));
  const own = times(factorsOf(spec.market.regimes[regime]), account);
  const shared = times(factorsOf(spec.market.regimes[portfolio]), account);
  const { budgets } = spec;
  return {
    leverage: Math.max(1, Math.floor(budgets.leverage * own.leverage + 1e-9)),
    orderUsdt: budgets.order_notional_usdt * own.notional,
    symbolUsdt: budgets.symbol_notional_usdt * own.notional,
    grossUsdt: budgets.gross_notional_usdt * shared.notional,
    orderRate: Math.floor(budgets.order_rate.max * shared.order_rate + 1e-9),
    slippageBps: budgets.slippage_bps * own.slippage,
    cooldownMs: spec.market.regimes[regime].cooldown_ms,
    slices: spec.market.regimes[regime].slices,
  };
}

/** The regime that the recorded features mean under the policy: SAE section 4, and the jump. Written from the text. */
export function regimeFrom(context: ExecutionContext, spec: IntendedPolicySpec): Regime {
  const { market } = context;
  const { volatility, funding } = spec.market;
  const sigma = market.sigma ?? Number.POSITIVE_INFINITY;
  const ratio = market.sigma_baseline === null ? 0 : sigma / market.sigma_baseline;
  const isExtreme =
    ratio >= volatility.extreme ||
    sigma >= volatility.absolute.extreme ||
    (market.jump_ratio ?? 0) >= volatility.jump_sigma ||
    Math.abs(market.funding_rate_8h ?? 0) >= funding.extreme;
  if (isExtreme) return 'extreme';
  const isVolatile =
    ratio >= volatility.volatile ||
    sigma >= volatility.absolute.volatile ||
    market.history_count < volatility.min_history_bars ||
    (market.liquidity ?? 0) < (market.liquidity_floor ?? 0);
  return stricter(isVolatile ? 'volatile' : 'calm', market.held_regime);
}
/** Caps of one recorded decision, from its recorded inputs and the policy file alone. */
export function capsOfDecision(spec: IntendedPolicySpec, context: ExecutionContext): Caps {
  const regime = regimeFrom(context, spec);
  const { account, exposure, agent } = context;
  const portfolio = exposure.other_regime === null ? regime : stricter(regime, exposure.other_regime);
  const levels = {
    drawdown: account?.drawdown ?? 1,
    dailyLoss: account?.daily_loss ?? 1,
    marginRatio: account?.margin_ratio ?? 1,
  };
  return capsOf(spec, regime, portfolio, levels, agent.p_risk >= spec.trader_state.limit_at);
}

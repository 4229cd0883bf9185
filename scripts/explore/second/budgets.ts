import type { Decision } from '../records.ts';
import { type Fraction, fraction, least, ONE, times, wholeOf } from './exact.ts';
import type { Spec } from './raw.ts';

export type Part = 'leverage' | 'notional' | 'order_rate' | 'slippage';
type Multiplier = number | string | { readonly [part in Part]: number | string };
interface Tier {
  readonly multiplier?: Multiplier;
  readonly at?: number;
  readonly at_usdt?: number;
}

/** The regimes of the policy, from the widest on. */
const REGIMES = ['calm', 'volatile', 'extreme'] as const;
type Regime = (typeof REGIMES)[number];

/** The section of an agent; it may only tighten. */
export function sectionOf(spec: Spec, agent: string): Record<string, unknown> {
  const agents = spec.agents as unknown as Readonly<Record<string, Record<string, unknown>>>;
  return agents[agent] ?? agents.default ?? {};
}

type Numbers = Readonly<Record<string, number | undefined>>;

/** The least wide regime that its record surely says. */
export function regimeOf(spec: Spec, { event: { context } }: Decision): Regime {
  const { market } = context;
  const { min_history_bars: enough, volatile, extreme, jump_sigma: jump } = spec.market.volatility;
  const ratio = market.sigma === null || !market.sigma_baseline ? 0 : market.sigma / market.sigma_baseline;
  const levels = [
    REGIMES.indexOf((market.held_regime ?? 'calm') as Regime),
    (market.history_count ?? 0) < enough ? 1 : 0,
    ratio >= extreme ? 2 : ratio >= volatile ? 1 : 0,
    (market.jump_ratio ?? 0) >= jump ? 2 : 0,
  ];
  return REGIMES[Math.max(...levels)] as Regime;
}

/**
 * The product of the factors that "How budgets are computed" in docs/policy.md names, as far as the record alone says
 * which of them hold: regime, tiers of the account, signals, loss of the agent, trader state. It is never too small.
 */
export function factorOf(spec: Spec, decision: Decision, part: Part): Fraction {
  const { context } = decision.event;
  const { account, agent } = context;
  const regime = spec.market.regimes[regimeOf(spec, decision)] as unknown as Record<Part, number | string>;
  const factors: Fraction[] = [fraction(regime[part])];
  const multiply = (multiplier: Multiplier | undefined): void => {
    if (multiplier === undefined) return;
    factors.push(fraction(typeof multiplier === 'object' ? multiplier[part] : multiplier));
  };
  const reach = (tiers: readonly Tier[] | undefined, level: number | null | undefined): void => {
    for (const { at, at_usdt: atUsdt, multiplier } of tiers ?? [])
      if (level != null && level >= (at ?? atUsdt ?? Number.POSITIVE_INFINITY)) multiply(multiplier);
  };
  reach(spec.account.drawdown.tiers as readonly Tier[], account?.drawdown);
  reach(spec.account.daily_loss.tiers as readonly Tier[], account?.daily_loss);
  reach(spec.account.margin_ratio.tiers as readonly Tier[], account?.margin_ratio);
  const signals = spec.trust.signals as unknown as Readonly<Record<string, { multiplier?: Multiplier }>>;
  // Of several signals the strictest counts.
  const tightened = factors.length;
  for (const kind of context.trust.signals) multiply(signals[kind]?.multiplier);
  factors.push(factors.splice(tightened).reduce(least, ONE));
  const { loss } = sectionOf(spec, decision.agent) as { loss?: { day?: readonly Tier[]; week?: readonly Tier[] } };
  reach(loss?.day, agent?.losses?.day_usdt);
  reach(loss?.week, agent?.losses?.week_usdt);
  const { limit_at: limitAt, multiplier } = spec.trader_state;
  // What recent trades say counts for a plan once, with its first order.
  const isSlice = decision.event.decision.kind === 'slice';
  if (agent != null && !isSlice && agent.p_risk >= limitAt) multiply(multiplier as Multiplier);
  return factors.reduce(times, ONE);
}

/**
 * The most that a decision's own record leaves of a key of `budgets`: the account's with its factors, and the agent's own,
 * which holds as it is written. `isOwn`: false leaves that out.
 */
export function capOf(spec: Spec, decision: Decision, key: string, part: Part, isOwn = true): Fraction {
  const all = spec.budgets as unknown as Numbers;
  const cap = times(fraction(all[key] as number), factorOf(spec, decision, part));
  const own = isOwn ? (sectionOf(spec, decision.agent).budgets as Numbers | undefined)?.[key] : undefined;
  return own === undefined ? cap : least(cap, fraction(own));
}

/** The most leverage, a whole number, which is never below the exchange's 1. */
export function leverageOf(spec: Spec, decision: Decision, isOwn = true): Fraction {
  return wholeOf(capOf(spec, decision, 'leverage', 'leverage', isOwn));
}

import { compileMultiplier, completeBudgets, type Factors } from '../core/compiled-policy.ts';
import type { BudgetComponents } from '../core/decision.ts';
import { DAY_BUDGETS } from '../core/keys/budgets.ts';
import type { Scope } from '../core/keys/key-row.ts';
import { POLICY_KEYS } from '../core/keys/policy-keys.ts';
import { COMPONENTS } from '../core/looser/step-functions.ts';
import {
  DEADMAN_MS,
  type IntendedPolicySpec,
  type Multiplier,
  REGIMES,
  type Regime,
  SIGNAL_KINDS,
  type TrustLevel,
  type TrustTier,
} from '../core/policy.ts';
import type { PolicyPath } from '../core/policy-paths.ts';

const WORDS = {
  account: 'the account',
  symbol: 'each symbol',
  caller: 'each caller',
  signal: 'what the signal names',
} as const satisfies Record<Scope, string>;

/** What a key tightens, in words; empty: nothing. */
export function scopeInWords(path: PolicyPath): string {
  const { scope } = POLICY_KEYS[path];
  return scope === null ? '' : WORDS[scope];
}

/** The caps under a set of factors; counts rounded down, leverage at least 1x, as in the gate. */
export type EffectiveCaps = BudgetComponents;
interface RegimeExplanation {
  readonly regime: Regime;
  readonly opens: boolean;
  readonly caps: EffectiveCaps;
  readonly cooldown_ms: number;
  readonly slices: number;
}
/** One cause of further tightening: a tier, a trust level, a signal, the trader state. */
interface TighteningExplanation {
  readonly cause: string;
  /** The account, each symbol, each caller, or what the signal names. */
  readonly tightens: string;
  readonly effect: string;
  /** Caps in a calm market with this cause alone; null if nothing may be opened. */
  readonly caps: EffectiveCaps | null;
}
export interface PolicyExplanation {
  readonly name: string;
  readonly mode: string;
  readonly scope: string;
  /** B_0. */
  readonly base: EffectiveCaps;
  readonly regimes: readonly RegimeExplanation[];
  readonly tightenings: readonly TighteningExplanation[];
  readonly pacing: readonly string[];
  readonly agents: readonly { readonly agent: string; readonly held_to: readonly string[] }[];
}

/** What a policy amounts to, in words and numbers, computed as the gate computes them. */
export function explainPolicy(spec: IntendedPolicySpec): PolicyExplanation {
  const none = compileMultiplier(undefined);
  return {
    name: spec.name,
    mode:
      spec.mode === 'enforce'
        ? 'enforce: decisions bind'
        : 'shadow: decisions are recorded, requests are executed (paper only)',
    scope: `${spec.scope.symbols.join(', ')} on ${spec.scope.venues.join(', ')}, account ${spec.scope.accounts.join(', ')}: ${spec.scope.actions.join(', ')}`,
    base: capsWith(spec, none),
    regimes: REGIMES.map((regime) => explainRegime(spec, regime)),
    tightenings: [...explainAccount(spec), ...explainTrust(spec), ...explainSignals(spec), explainTraderState(spec)],
    pacing: explainPacing(spec),
    agents: Object.entries(spec.agents).map(([agent, section]) => ({
      agent,
      held_to: Object.entries(section).flatMap(([part, keys]) =>
        typeof keys === 'object' && !Array.isArray(keys)
          ? Object.entries(keys).map(([key, value]) => `${part}.${key} = ${JSON.stringify(value)}`)
          : [`${part} = ${JSON.stringify(keys)}`],
      ),
    })),
  };
}

function capsWith(spec: IntendedPolicySpec, factors: Factors): EffectiveCaps {
  const base = spec.budgets;
  return {
    leverage: Math.max(1, Math.floor(base.leverage * factors.leverage + 1e-9)),
    order_notional_usdt: base.order_notional_usdt * factors.notional,
    symbol_notional_usdt: base.symbol_notional_usdt * factors.notional,
    gross_notional_usdt: base.gross_notional_usdt * factors.notional,
    order_rate: Math.floor(base.order_rate.max * factors.order_rate + 1e-9),
    slippage_bps: base.slippage_bps * factors.slippage,
  };
}

function explainRegime(spec: IntendedPolicySpec, regime: Regime): RegimeExplanation {
  const row = spec.market.regimes[regime];
  const factors = compileMultiplier({
    leverage: row.leverage,
    notional: row.notional,
    order_rate: row.order_rate,
    slippage: row.slippage,
  });
  const { cooldown_ms, slices } = row;
  return { regime, opens: row.reduce_only !== true, caps: capsWith(spec, factors), cooldown_ms, slices };
}

interface Effect {
  readonly multiplier?: Multiplier | undefined;
  readonly reduce_only?: boolean | undefined;
}
function explainEffects(
  spec: IntendedPolicySpec,
  path: PolicyPath,
  cause: string,
  effects: readonly Effect[],
): TighteningExplanation {
  const tightens = scopeInWords(path);
  if (effects.some((effect) => effect.reduce_only === true))
    return { cause, tightens, effect: 'nothing is opened; exits and cancels pass', caps: null };
  let factors = compileMultiplier(undefined);
  for (const effect of effects) {
    const next = compileMultiplier(effect.multiplier);
    factors = {
      leverage: factors.leverage * next.leverage,
      notional: factors.notional * next.notional,
      order_rate: factors.order_rate * next.order_rate,
      slippage: factors.slippage * next.slippage,
    };
  }
  return { cause, tightens, effect: describeFactors(factors), caps: capsWith(spec, factors) };
}

function describeFactors(factors: Factors): string {
  if (COMPONENTS.every((component) => factors[component] === 1)) return 'nothing';
  if (COMPONENTS.every((component) => factors[component] === factors.leverage))
    return `all budgets x ${round(factors.leverage)}`;
  return COMPONENTS.map((component) => `${component} x ${round(factors[component])}`).join(', ');
}

function explainAccount(spec: IntendedPolicySpec): TighteningExplanation[] {
  const kinds = [
    ['drawdown', `drawdown over ${duration(spec.account.drawdown.window_ms)}`],
    ['daily_loss', 'daily loss'],
    ['margin_ratio', 'margin ratio'],
  ] as const;
  return kinds.flatMap(([key, words]) => {
    const tiers = spec.account[key].tiers;
    return tiers.map((tier) => {
      const reached = tiers.filter((each) => each.at <= tier.at);
      return explainEffects(spec, `account.${key}.tiers`, `${words} from ${percent(tier.at)}`, reached);
    });
  });
}

function explainTrust(spec: IntendedPolicySpec): TighteningExplanation[] {
  const { trust } = spec;
  const levels: readonly (readonly [string, TrustLevel])[] = [
    ['token without a skill', trust.default],
    ['unknown skill', trust.unknown_skill],
    ...trust.skills.map((skill) => [`skill ${skill.name}`, skill] as const),
  ];
  return levels.map(([words, level]) => {
    const cause = `${words} (provenance ${level.provenance}, capability risk ${level.capability_risk})`;
    return explainEffects(
      spec,
      'trust.tiers',
      cause,
      trust.tiers.filter((tier) => isReached(tier, level)),
    );
  });
}

function isReached(tier: TrustTier, level: TrustLevel): boolean {
  return (
    (tier.provenance_below !== undefined && level.provenance < tier.provenance_below) ||
    (tier.capability_risk_above !== undefined && level.capability_risk > tier.capability_risk_above)
  );
}

function explainSignals(spec: IntendedPolicySpec): TighteningExplanation[] {
  return SIGNAL_KINDS.flatMap((kind) => {
    const rule = spec.trust.signals[kind];
    if (rule === undefined) return [];
    return explainEffects(
      spec,
      `trust.signals.${kind}.multiplier`,
      `${kind} signal, for at most ${duration(rule.max_ttl_ms)}`,
      [rule],
    );
  });
}

function explainTraderState(spec: IntendedPolicySpec): TighteningExplanation {
  const { limit_at, block_at, multiplier, enforce_block } = spec.trader_state;
  const blocks = enforce_block ? `; nothing is opened from ${percent(block_at)}` : '';
  const cause = `escalation probability of an agent from ${percent(limit_at)}`;
  const found = explainEffects(spec, 'trader_state.multiplier', cause, [{ multiplier }]);
  return { ...found, effect: `${found.effect}${blocks}` };
}

function explainPacing(spec: IntendedPolicySpec): string[] {
  const { temporal, exits, standing } = spec;
  const budgets = completeBudgets(spec);
  return [
    `${budgets.order_rate.max} orders in ${duration(budgets.order_rate.window_ms)}`,
    `the same intent again is refused for ${duration(temporal.duplicate_window_ms)}`,
    `the other direction waits ${duration(temporal.flip_interval_ms)} after an opening fill`,
    `${temporal.breaker.repeats} equal orders in ${duration(temporal.breaker.window_ms)} stop an agent for ${duration(temporal.breaker.cooldown_ms)}`,
    DAY_BUDGETS.map(({ key, words }) => `${budgets[key]} USDT ${words}`).join(' and '),
    `a position is held for ${duration(budgets.holding_time_ms)} at most, a resting order for ${duration(standing.resting_ttl_ms)}`,
    explainBreach(standing.on_breach),
    explainDeadman(standing.deadman_ms ?? DEADMAN_MS),
    `an exit starts ${exits.ladder_bps[0] ?? 0} bps from the middle of the book, at least at the opposite quote, and widens to ${exits.ladder_bps.at(-1) ?? 0} bps, a rung every ${duration(exits.step_ms)}`,
    spec.protection.required
      ? `every position gets a stop at the venue, ${spec.protection.stop_bps} bps from its entry price`
      : 'the gate places no stop',
    explainApprovals(spec),
  ];
}

/** The conditions as they are written: each is short, and people know them by their keys. */
function explainApprovals({ approvals }: IntendedPolicySpec): string {
  if (approvals === undefined || approvals.when.length === 0) return 'no order needs the approval of a person';
  const { expiry_ms, quorum = 1, quorum_above_usdt: above, when, window_ms } = approvals;
  const conditions = when.map((each) => JSON.stringify(each)).join(' or ');
  const more = quorum === 1 ? '' : `, ${quorum} people${above === undefined ? '' : ` above ${above} USDT`}`;
  return `a person must approve within ${duration(expiry_ms)} what opens and meets ${conditions}${more}; sums are over ${duration(window_ms)}`;
}

/** What a tightened cap does to what is already there. */
function explainBreach(onBreach: IntendedPolicySpec['standing']['on_breach']): string {
  const reviewed = 'a resting order that a tightening bears on is canceled where it no longer fits';
  if (onBreach === 'hold') return 'a tightened cap leaves resting orders and positions as they are';
  if (onBreach === 'cancel_opening') return `${reviewed}; positions are left as they are`;
  return `${reviewed}; a position above its cap is cut back, also where a signal about its symbol or the account tightens that`;
}

function explainDeadman(deadmanMs: number): string {
  return deadmanMs === 0
    ? 'the exchange is not asked to cancel what opens when the daemon is silent'
    : `the exchange cancels what opens when the daemon is silent for ${duration(deadmanMs)}, where its countdown runs`;
}

function percent(share: number): string {
  return `${round(share * 100)} %`;
}
function round(value: number): number {
  return Number(value.toPrecision(6));
}
/** 90000 -> `90 s`: the largest unit that gives a short figure. */
function duration(milliseconds: number): string {
  const units = [
    [86_400_000, 'd'],
    [3_600_000, 'h'],
    [60_000, 'min'],
    [1000, 's'],
  ] as const;
  const unit = units.find(([size]) => milliseconds >= size && milliseconds % size === 0);
  return unit === undefined ? `${milliseconds} ms` : `${milliseconds / unit[0]} ${unit[1]}`;
}

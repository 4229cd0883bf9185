import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findPackageFolder } from '../../daemon/config/package.ts';
import { hashPolicy, type LoadedPolicy, parsePolicy } from '../../daemon/policy/parse.ts';
import { START_MS } from './market.ts';
import type { PolicyEdit, PolicyKeys, Setup } from './plan.ts';

type Json = Record<string, unknown>;
export type WorldPolicy = LoadedPolicy;

const MAX_KEPT = 2_000;
const kept = new Map<string, WorldPolicy>();
let base: LoadedPolicy['spec'] | null = null;

/**
 * The default policy with a short history of bars and the caps of the setup; edited, if the operator has edited it. What
 * is the same in all of them is one object, so that schemas of tools are compiled once.
 */
export function buildPolicy(setup: Setup, edit: PolicyEdit): WorldPolicy {
  const { regime, exitRate, stopBps, onBreach, caps, cooldownMs, approvals, limits, capped, reserved } = setup;
  const { concentration, deadmanMs, minLiquidationDistance, maxOpenings, orderWindowMs, policy: keys } = setup;
  const key = JSON.stringify([
    regime,
    exitRate,
    stopBps,
    onBreach,
    caps,
    cooldownMs,
    approvals,
    limits,
    capped,
    reserved,
    minLiquidationDistance,
    orderWindowMs,
    deadmanMs,
    maxOpenings,
    concentration,
    keys,
    setup.live,
    edit,
  ]);
  const known = kept.get(key);
  if (known !== undefined) return known;
  const spec = editSpec(setup, edit);
  const policy = { spec, hash: hashPolicy(spec), text: JSON.stringify(spec) };
  if (kept.size >= MAX_KEPT) kept.clear();
  kept.set(key, policy);
  return policy;
}

function readBase(): LoadedPolicy['spec'] {
  const file = join(findPackageFolder(), 'policies', 'default.yaml');
  const result = parsePolicy(readFileSync(file, 'utf8'), file);
  if (!result.ok) throw new Error(`the default policy is not valid: ${JSON.stringify(result.violations)}`);
  return result.policy.spec;
}

function editSpec(setup: Setup, edit: PolicyEdit): LoadedPolicy['spec'] {
  base ??= readBase();
  const { tools, intercept, ...rest } = base;
  const policy = structuredClone(rest) as unknown as {
    name: string;
    budgets: Json;
    market: { volatility: Json; liquidity: Json; regimes: Record<string, Json>; regime_hold_bars: number };
    account: Json & { concentration: Json };
    trust: { default: Json };
    temporal: Json & { breaker: Json };
    exits: Json;
    protection: Json;
    standing: Json;
    agents: Json;
  };
  policy.market.regime_hold_bars = 1;
  policy.name = `world-${edit}`;
  const factor = edit === 'tighter_caps' ? 0.3 : edit === 'looser_caps' ? 1.5 : 1;
  const { caps, exitRate } = setup;
  Object.assign(policy.budgets, {
    order_notional_usdt: Math.round(caps.order * factor),
    symbol_notional_usdt: Math.round(caps.symbol * factor),
    gross_notional_usdt: Math.round(caps.gross * factor),
    order_rate: { max: 400, window_ms: setup.orderWindowMs ?? 60_000 },
    slippage_bps: edit === 'tighter_slippage' ? 10 : 40,
    turnover_usdt_per_day: 10_000_000,
    fees_usdt_per_day: 10_000,
  });
  Object.assign(policy.market.volatility, {
    window_bars: 6,
    baseline_bars: 30,
    min_history_bars: setup.regime === 'calm' ? 20 : 200,
    volatile: 2.5,
    extreme: 4,
  });
  Object.assign(policy.market.liquidity, { ema_bars: 6, baseline_bars: 30 });
  for (const name of ['volatile', 'extreme']) {
    const regime = policy.market.regimes[name];
    if (regime !== undefined) Object.assign(regime, { cooldown_ms: setup.cooldownMs });
  }
  const { share, floorUsdt } = setup.concentration ?? { share: 0.99, floorUsdt: caps.gross };
  Object.assign(policy.account.concentration, { share, floor_usdt: floorUsdt });
  if (setup.minLiquidationDistance !== undefined)
    policy.account.min_liquidation_distance = setup.minLiquidationDistance;
  Object.assign(policy.temporal, { duplicate_window_ms: 1_000, flip_interval_ms: 1 });
  Object.assign(policy.temporal.breaker, { repeats: 400 });
  Object.assign(policy.exits, {
    rate: {
      max: edit === 'slower_exits' ? Math.max(1, Math.floor(exitRate.max / 3)) : exitRate.max,
      window_ms: exitRate.windowMs,
    },
  });
  Object.assign(policy.protection, { required: setup.stopBps !== null, stop_bps: setup.stopBps ?? 300 });
  policy.standing.on_breach = setup.onBreach;
  if (setup.deadmanMs !== undefined) policy.standing.deadman_ms = setup.deadmanMs;
  if (setup.maxOpenings !== undefined) policy.standing.resting = setup.maxOpenings;
  // Never reached: what an agent lost is then a figure of every decision.
  const never = [{ at_usdt: 1_000_000_000, multiplier: 1 }];
  policy.agents = { default: { loss: { day: never, week: never } }, ...limitsOf(setup), ...ownOf(setup) };
  return withKeys({ ...policy, ...approvalsOf(setup), tools, intercept }, { ...liveOf(setup), ...setup.policy });
}

function withKeys(spec: object, keys: PolicyKeys): LoadedPolicy['spec'] {
  const put = (part: unknown, [key = '', ...under]: readonly string[], value: unknown): unknown => {
    const members = (part ?? {}) as Json;
    return { ...members, [key]: under.length === 0 ? value : put(members[key], under, value) };
  };
  return Object.entries(keys).reduce<unknown>(
    (written, [path, value]) => put(written, path.split('.'), value),
    spec,
  ) as LoadedPolicy['spec'];
}

/** When alpha may not open, and how long it may be silent. */
function limitsOf({ limits }: Setup): Json {
  if (limits === undefined) return {};
  const { closed, heartbeatMs } = limits;
  const wallTime = (ms: number): string => new Date(START_MS + ms).toISOString().slice(0, 16);
  const blackouts = closed === null ? [] : [{ from: wallTime(closed.fromMs), to: wallTime(closed.toMs) }];
  return {
    alpha: {
      ...(blackouts.length === 0 ? {} : { schedule: { utc_offset: '+00:00', blackouts } }),
      ...(heartbeatMs === null ? {} : { heartbeat_ms: heartbeatMs }),
    },
  };
}

/** What one agent may borrow, and what is kept for one; never the one with limits. */
function ownOf({ capped, reserved }: Setup): Json {
  const own: Record<string, Json> = {};
  if (capped !== undefined) own[capped.agent] = { budgets: { leverage: capped.leverage } };
  if (reserved !== undefined) own[reserved.agent] = { ...own[reserved.agent], reserve: [reserved.symbol] };
  return own;
}

/** Where money is real: the venue, the delay of what loosens, and who must sign. */
function liveOf({ approvals, live }: Setup): PolicyKeys {
  if (live === undefined) return {};
  const asked = { when: [{ agents: ['nobody'] }], window_ms: 600_000, expiry_ms: 600_000, quorum: live.quorum };
  return {
    'scope.venues': ['binance-live'],
    loosen_delay_ms: live.delayMs,
    ...(approvals === undefined && live.quorum > 1 ? { approvals: asked } : {}),
  };
}

/** One may be given within half the window. */
function approvalsOf({ approvals }: Setup): Pick<LoadedPolicy['spec'], 'approvals'> {
  if (approvals === undefined) return {};
  const { aboveUsdt, windowMs, quorum } = approvals;
  const section = { when: [{ notional_above_usdt: aboveUsdt }], window_ms: windowMs, expiry_ms: windowMs / 2 };
  return { approvals: quorum === 1 ? section : { ...section, quorum, quorum_above_usdt: 3 * aboveUsdt } };
}

import type { ReadinessBody } from '../contract/types/operator.ts';
import type { TradingStateName } from '../core/context.ts';
import { ACCOUNT_BREAKER, layerKey, stateInForce } from '../engine/callers/layers.ts';
import { describeClosed } from '../engine/feeds/market-feed.ts';
import type { LiveCore } from '../engine/flow/core.ts';
import type { Keeper } from '../engine/keeper/keeper.ts';
import { ACCOUNT_LOCK_LAYER } from '../engine/protect/problem-layer.ts';

/** The gate's parts that readiness depends on. */
export interface ReadinessSources {
  readonly core: LiveCore;
  readonly availability: { readonly isStarted: boolean; readonly isDiskFull: boolean };
  readonly budgets: { readonly summed: number };
  readonly keeper: Keeper;
  readonly operator: { stateOfAccount(): TradingStateName };
  readonly alertRoutes: {
    readonly pending: ReadinessBody['pending_alert_routes'];
    readonly error: string | null;
  };
  readonly arming: { readonly problem: string | null };
  readonly policies: { readonly pending: ReadinessBody['pending_policy']; readonly error: string | null };
}

/** Whether the gate can open positions now, and what it still waits for. */
export function describeReadiness({
  core,
  alertRoutes,
  arming,
  availability,
  budgets,
  keeper,
  operator,
  policies,
}: ReadinessSources): ReadinessBody {
  const waiting: string[] = [];
  if (!availability.isStarted) waiting.push(...keeper.reconciliation.missing);
  else {
    if (!keeper.isReconciled)
      waiting.push(...(keeper.reconciliation.missing.length > 0 ? keeper.reconciliation.missing : ['reconciliation']));
    waiting.push(...findStaleInputs(core));
  }
  const unlocked = core.state.layers.get(layerKey({ ...ACCOUNT_BREAKER, name: ACCOUNT_LOCK_LAYER.name }));
  if (unlocked !== undefined) waiting.push(`the lock of the account: ${unlocked.reason}`);
  if (core.ports.ledger.isFailed) waiting.push('a ledger that can record');
  else if (availability.isDiskFull) waiting.push('free disk space and a new start');
  const state = availability.isStarted
    ? stateInForce(core.state.layers, core.passedMs(), null, null).state
    : operator.stateOfAccount() === 'halted'
      ? 'halted'
      : 'reducing';
  const closed = core.policySpec.scope.symbols.filter((symbol) => describeClosed(core, symbol) !== null);
  const layers = [...core.state.layers.values()].filter((entry) => entry.scope === 'symbol');
  const contested = [...core.state.positions.values()].filter(({ isContested }) => isContested);
  const reducing = [
    ...closed,
    ...contested.map(({ symbol }) => symbol),
    ...layers.map((entry) => entry.name).filter((name) => name !== null),
  ];
  return {
    alerts: core.state.alerts.count,
    alert_channels_silent: core.state.outbox.listSilent(),
    alert_routes_error: alertRoutes.error,
    arming_error: arming.problem,
    pending_alert_routes: alertRoutes.pending,
    pending_policy: policies.pending,
    policy_error: policies.error,
    ready: waiting.length === 0,
    requests_summed: budgets.summed,
    symbols_reducing: [...new Set(reducing)].sort(),
    trading_state: state,
    venue: core.settings.venue,
    waiting_for: waiting,
  };
}

/** Inputs of rule 4 that are not fresh, in words, over every symbol of the policy. */
function findStaleInputs(core: LiveCore): readonly string[] {
  const { freshness } = core.policySpec.market;
  const now = core.nowMs();
  const stale: string[] = [];
  const isOld = (atMs: number | null | undefined, maxMs: number): boolean =>
    atMs === null || atMs === undefined || now - atMs > maxMs;
  if (core.market.clockSkewMs === null || core.market.clockSkewMs > freshness.clock_skew_ms) stale.push('the clock');
  if (isOld(core.market.account?.observedAtMs, freshness.account_ms)) stale.push('the account');
  for (const symbol of core.policySpec.scope.symbols) {
    if (describeClosed(core, symbol) !== null) continue;
    const live = core.market.symbol(symbol);
    const rules = core.state.rules.get(symbol);
    if (isOld(live?.markAtMs, freshness.mark_ms)) stale.push(`the mark of ${symbol}`);
    if (isOld(live?.quoteAtMs, freshness.quote_ms)) stale.push(`the book of ${symbol}`);
    if (isOld(live?.features?.bars_as_of_ms, freshness.bars * core.policySpec.market.bar_ms))
      stale.push(`the bars of ${symbol}`);
    if (isOld(rules?.observedAtMs, freshness.filters_ms)) stale.push(`the filters of ${symbol}`);
  }
  return stale;
}

import { canonicalJson } from '../../core/canonical-json.ts';
import type { CompiledPolicy } from '../../core/compiled-policy.ts';

/**
 * What deciding again in recorded contexts cannot show. A context contains figures that the daemon measured *under the
 * policy of that time*. If the candidate would have measured them differently, the answer is only an estimate.
 */
export interface Caveat {
  readonly code: string;
  readonly text: string;
}
interface Condition extends Caveat {
  /** The part of a policy that the figure depends on; the caveat applies where it differs. */
  readonly restsOn: (policy: CompiledPolicy) => unknown;
}

/** Holds for every comparison. */
export const ALWAYS: readonly Caveat[] = [
  {
    code: 'RECORDED_STATE',
    text: 'Each request is decided again as if everything before it had happened as recorded: positions, orders, order tokens, cooldowns, turnover, losses. Budget that an earlier block would have freed, or that a permitted order would have used, is not considered. Up to the first change the contexts are exact, after it they are estimates.',
  },
  {
    code: 'RECORDED_REQUESTS',
    text: 'Agents are not asked again: after a different answer they would have asked for something else.',
  },
];

const CONDITIONS: readonly Condition[] = [
  {
    code: 'MARKET_FEATURES',
    text: "market: sigma, its baseline, the jump ratio and the liquidity floor were measured with the recorded windows and quantiles. The regime is derived again from these figures under the candidate's thresholds.",
    restsOn: ({ spec: { market } }) => [
      market.bar_ms,
      market.volatility.window_bars,
      market.volatility.baseline_bars,
      market.volatility.baseline_quantile,
      market.liquidity,
    ],
  },
  {
    code: 'REGIME_HELD',
    text: 'market: the labels in force (of this symbol and of others with exposure) are the held ones. Stricter thresholds of the candidate raise a label; looser ones do not lower it below the held one.',
    restsOn: ({ spec: { market } }) => [market.volatility, market.regime_hold_bars, market.funding, market.liquidity],
  },
  {
    code: 'DRAWDOWN_WINDOW',
    text: 'account.drawdown.window_ms: drawdowns were measured over the recorded window.',
    restsOn: ({ spec }) => spec.account.drawdown.window_ms,
  },
  {
    code: 'RATE_WINDOW',
    text: 'budgets.order_rate.window_ms: order tokens were counted over the recorded window.',
    restsOn: ({ budgets, agentBudgets }) => [
      budgets.order_rate.window_ms,
      (agentBudgets ?? budgets).order_rate.window_ms,
    ],
  },
  {
    code: 'DUPLICATES',
    text: 'temporal.duplicate_window_ms, duplicate_exempt: repeated requests were detected under the recorded values.',
    restsOn: ({ temporal }) => [temporal.duplicate_window_ms, [...temporal.duplicate_exempt].sort()],
  },
  {
    code: 'BREAKER',
    text: 'temporal.breaker: the breaker was open when the recorded settings had tripped it.',
    restsOn: ({ temporal }) => temporal.breaker,
  },
  {
    code: 'TRADER_STATE',
    text: 'trader_state: p_t was computed with the recorded window_trades, max_age_ms and base_rate.',
    restsOn: ({ traderState: { window_trades, max_age_ms, base_rate } }) => [window_trades, max_age_ms, base_rate],
  },
  {
    code: 'ARGUMENT_SCHEMAS',
    text: 'tools: arguments are not recorded, so the recorded finding of the schema stands.',
    restsOn: ({ spec }) => spec.tools,
  },
  {
    code: 'AGENT_EXPOSURE',
    text: "agents: an agent's exposure in other symbols is recorded only where it had budgets of its own.",
    restsOn: ({ agentBudgets }) => agentBudgets !== null,
  },
  {
    code: 'AGENT_LOSS',
    text: "agents: an agent's own loss is recorded only where it had tiers on it. Elsewhere it counts as none.",
    restsOn: ({ lossTiers }) => lossTiers !== null,
  },
  {
    code: 'GATE_ACTIONS',
    text: 'staging, standing, exits, protection: later actions of the gate itself (slices, reviews of resting orders and positions, rungs, stops) are no requests and are not compared.',
    restsOn: ({ spec }) => [spec.staging, spec.standing, spec.exits, spec.protection],
  },
  {
    code: 'MODE',
    text: 'mode: decisions are compared. In shadow the quantised request is executed, whatever the decision.',
    restsOn: ({ spec }) => spec.mode,
  },
];

/** The caveats of a change from one policy to the other, for one agent. */
export function findCaveats(recorded: CompiledPolicy, candidate: CompiledPolicy): readonly Caveat[] {
  return CONDITIONS.filter(({ restsOn }) => canonicalJson(restsOn(recorded)) !== canonicalJson(restsOn(candidate))).map(
    ({ code, text }) => ({ code, text }),
  );
}

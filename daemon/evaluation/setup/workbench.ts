import type { MarketSection } from '../../core/policy.ts';
import { buildSchedule } from '../agents/schedule/schedule.ts';
import { createStrategy, PROFILES, STRATEGY_NAMES } from '../agents/strategies/index.ts';
import { createAttacker } from '../attacks/attacker.ts';
import type { Agent, AttackEpisode } from '../facts/agents.ts';
import type { ScopeJudge } from '../facts/judging.ts';
import type { MarketData } from '../facts/markets.ts';
import { remembered } from '../facts/remembered.ts';
import type { RunKey } from '../facts/runs.ts';
import { type AgentBudgets, readBudgets } from '../intents/budgets.ts';
import { buildRegimeTape, createJudge, type RegimeTape } from '../judge/judge.ts';
import { type JudgeScope, scaleScope } from '../judge/scope.ts';
import { MarketTrack } from '../market/track.ts';
import { type PreparedMarket, prepareMarket } from '../market/walk/prepared.ts';
import { ReplayRun, type RunSetup, START_EQUITY_USDT } from '../run/run.ts';
import { type Scenario, SHARED_AGENT } from './scenarios.ts';
import { reserveSymbols, scaleCaps, type Variant } from './variants.ts';

/** What of a run may be other than its scenario says. */
export interface RunHooks
  extends Pick<RunSetup, 'onBarClose' | 'bars'>,
    Partial<Pick<RunSetup, 'agents' | 'episodes' | 'createAttacker'>> {
  /** Puts an observer before the judge. */
  readonly wrapJudge?: (judge: ScopeJudge) => ScopeJudge;
}
export interface RunRequest {
  readonly variant: Variant;
  readonly scenario: Scenario;
  readonly seed: number;
  readonly agent: string;
  /** Legitimate requests of the same agent and seed without gate and attacks: what light attacks are a share of. */
  readonly legitRequests: number;
}

/** What a worker keeps between runs: the market, its feature tracks and regime tapes, policies at every scale. */
export class Workbench {
  readonly market: PreparedMarket;
  readonly #scope: JudgeScope;
  readonly #tracks = new Map<string, MarketTrack>();
  readonly #tapes: ReadonlyMap<string, RegimeTape>;
  readonly #suited = new Map<string, Variant>();
  readonly #scopes = new Map<number, JudgeScope>();
  readonly #schedules = new Map<string, readonly AttackEpisode[]>();

  constructor(data: MarketData, scope: JudgeScope) {
    this.market = prepareMarket(data);
    this.#scope = scope;
    this.#tapes = new Map(
      data.symbols.map((bars) => [bars.instrument.symbol, buildRegimeTape(bars, data.barMs, scope.market)]),
    );
  }

  run(request: RunRequest, hooks: RunHooks = {}): ReplayRun {
    const { scenario, seed, agent } = request;
    const variant = this.#suit(request);
    const key: RunKey = { variant: request.variant.name, seed, agent, ...scenario };
    const budgets = readBudgets(this.#scope.budgets);
    const { wrapJudge } = hooks;
    const judge = createJudge({
      scope: remembered(this.#scopes, scenario.capsScale, () => scaleScope(this.#scope, scenario.capsScale)),
      instruments: this.market.series.map((series) => series.bars.instrument),
      barMs: this.market.barMs,
      startEquityUsdt: START_EQUITY_USDT,
      tapes: this.#tapes,
    });
    const agentSeed = mixSeed(seed, agent);
    return new ReplayRun({
      key,
      market: this.market,
      track: this.#track(variant),
      policy: { spec: variant.spec, hash: variant.hash },
      agents: hooks.agents ?? createAgents(agent, agentSeed, scenario.capsScale, budgets),
      episodes: hooks.episodes ?? this.#schedule(scenario, agentSeed, request.legitRequests),
      createAttacker:
        hooks.createAttacker ?? ((episode) => createAttacker(episode, { budgets, capsScale: scenario.capsScale })),
      judge: wrapJudge === undefined ? judge : wrapJudge(judge),
      bars: hooks.bars,
      onBarClose: hooks.onBarClose,
    });
  }

  /** The variant with the caps of a scenario, and with what is reserved in that account. */
  #suit({ variant, scenario, agent }: RunRequest): Variant {
    const { capsScale, isUnreserved = false } = scenario;
    const isReserved = agent === SHARED_AGENT && !isUnreserved;
    const hash = `${variant.hash}x${capsScale}${isReserved ? '/reserved' : ''}`;
    return remembered(this.#suited, hash, () => {
      const reserved = isReserved ? reserveInTurn(this.market.symbols, STRATEGY_NAMES) : {};
      return { ...variant, spec: reserveSymbols(scaleCaps(variant.spec, capsScale), reserved), hash };
    });
  }

  #track({ spec }: Variant): MarketTrack {
    return remembered(this.#tracks, trackKeyOf(spec.market), () => new MarketTrack(this.market.data, spec.market));
  }

  /** Exogenous: the same for every variant and scale. */
  #schedule({ attack, sides }: Scenario, seed: number, legitRequests: number): readonly AttackEpisode[] {
    if (attack === 'none') return [];
    const key = `${attack}/${sides}/${seed}/${attack === 'light' ? legitRequests : ''}`;
    return remembered(this.#schedules, key, () => {
      // Tasks come seed by seed: older schedules are not requested again.
      if (this.#schedules.size > 8) this.#schedules.clear();
      return buildSchedule({ seed, market: this.market.data, intensity: attack, sides, legitRequests });
    });
  }
}

/** What features and held regimes are made of: policies mostly differ in what a regime does, and share their tracks. */
export function trackKeyOf({ bar_ms, volatility, regime_hold_bars, funding, liquidity }: MarketSection): string {
  return JSON.stringify([bar_ms, volatility, regime_hold_bars, funding, liquidity]);
}

/** Each symbol for one of the agents, the first for the first. */
function reserveInTurn(
  symbols: readonly string[],
  agents: readonly string[],
): Readonly<Record<string, readonly string[]>> {
  const own = agents.map((agent, i) => [agent, symbols.filter((_, n) => n % agents.length === i)] as const);
  return Object.fromEntries(own.filter(([, reserved]) => reserved.length > 0));
}

function createAgents(
  agent: string,
  seed: number,
  capsScale: number,
  budgets: AgentBudgets,
): readonly { readonly name: string; readonly agent: Agent }[] {
  if (agent === SHARED_AGENT) {
    return STRATEGY_NAMES.map((name, i) => ({
      name,
      agent: createStrategy(name, 'within-budget', { seed: seed + i, capsScale, budgets }),
    }));
  }
  const [name, profile] = agent.split('/');
  const strategy = STRATEGY_NAMES.find((known) => known === name);
  const known = PROFILES.find((each) => each === profile);
  if (strategy === undefined || known === undefined) throw new RangeError(`no agent is called ${agent}`);
  return [{ name: 'agent', agent: createStrategy(strategy, known, { seed, capsScale, budgets }) }];
}

/** One 31-bit seed for an agent's account: FNV-1a over its name, mixed with the seed. */
export function mixSeed(seed: number, agent: string): number {
  let hash = 0x811c9dc5 ^ seed;
  for (let i = 0; i < agent.length; i++) hash = Math.imul(hash ^ agent.charCodeAt(i), 0x01000193);
  return (Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) >>> 1) & 0x7fffffff;
}

import type { GateState } from '../../daemon/engine/state/gate-state.ts';
import type { Agent, PlannedAsk } from '../../daemon/evaluation/facts/agents.ts';
import type { ScopeJudge } from '../../daemon/evaluation/facts/judging.ts';
import { MarketTrack } from '../../daemon/evaluation/market/track.ts';
import { prepareMarket } from '../../daemon/evaluation/market/walk/prepared.ts';
import type { ReplayRun } from '../../daemon/evaluation/run/run.ts';
import { type Played, Trace } from './trace.ts';
import { ScriptedVenue } from './venue.ts';
import { BAR_MS, requestOf, type Step, type WorldPlan } from './worlds.ts';

/** Sees nothing and finds everything in scope: what is compared here is the gate alone. */
const BLIND: ScopeJudge = {
  bar: () => undefined,
  funding: () => undefined,
  mark: () => undefined,
  account: () => undefined,
  ask: () => ({ inTightenedScope: true, inHardScope: true, lots: 0, rules: [] }),
  order: () => undefined,
  amend: () => undefined,
  fill: () => ({ rules: [], openedLots: 0 }),
  orderEnded: () => undefined,
  liquidated: () => {
    throw new Error('no world of the differential test is liquidated');
  },
  times: () => ({ overCapMs: 0, reduceOnlyMs: 0 }),
  regime: () => 'calm',
};

/** An agent that asks for its steps, of which each is made out only when it is asked for. */
function scriptedAgent(steps: readonly Step[], startMs: number, stateOf: () => GateState): Agent {
  let next = 0;
  return {
    onBar: ({ market, nowMs }) => {
      const asks: PlannedAsk[] = [];
      for (; next < steps.length && startMs + steps[next]!.atMs < nowMs + BAR_MS; next++) {
        const step = steps[next]!;
        asks.push({
          delayMs: startMs + step.atMs - nowMs,
          intention: `${step.agent} ${step.atMs}`,
          get request() {
            return requestOf(step, stateOf(), market.mark(step.symbol)!);
          },
        });
      }
      return asks;
    },
    onAnswer: () => [],
  };
}

/** The same world through the evaluation's engine. `Run`: the engine, or one with a planted difference. */
export function playEngine({ agents, market, policy, seed, steps, temper }: WorldPlan, Run: typeof ReplayRun): Played {
  let scripted: ScriptedVenue | undefined;
  const stateOf = (): GateState => run.core.state;
  const run: ReplayRun = new Run({
    key: { variant: 'world', seed, agent: 'world', attack: 'none', sides: 'random', capsScale: 1 },
    market: prepareMarket(market),
    track: new MarketTrack(market, policy.spec.market),
    policy,
    agents: agents.map((name) => ({
      name,
      agent: scriptedAgent(
        steps.filter(({ agent }) => agent === name),
        market.startMs,
        stateOf,
      ),
    })),
    episodes: [],
    createAttacker: () => {
      throw new Error('no episode is planned');
    },
    judge: BLIND,
    createVenue: (account, clock) => (scripted = new ScriptedVenue(account, clock, seed, temper)),
  });
  const trace = new Trace(market.startMs);
  trace.follow(run.core.state);
  run.run();
  if (scripted === undefined) throw new Error('the engine has made no venue');
  return { recorded: trace.lines, venue: trace.renamed(scripted.log) };
}

import type { GateState } from '../../daemon/engine/state/gate-state.ts';
import type { Agent, PlannedAsk } from '../../daemon/evaluation/facts/agents.ts';
import { createJudge } from '../../daemon/evaluation/judge/judge.ts';
import { readScope } from '../../daemon/evaluation/judge/scope.ts';
import { MarketTrack } from '../../daemon/evaluation/market/track.ts';
import { prepareMarket } from '../../daemon/evaluation/market/walk/prepared.ts';
import { type ReplayRun, START_EQUITY_USDT } from '../../daemon/evaluation/run/run.ts';
import { Played } from './played.ts';
import { BAR_MS, type World } from './worlds.ts';

/** An agent that asks for its steps, of which each is made out only when it is asked for. */
function scripted({ market, steps }: World, name: string, stateOf: () => GateState): Agent {
  const pending = steps.filter(({ agent }) => agent === name);
  return {
    onBar: ({ market: glance, nowMs }) => {
      const asks: PlannedAsk[] = [];
      while (pending.length > 0 && market.startMs + pending[0]!.atMs < nowMs + BAR_MS) {
        const { atMs, request, symbol } = pending.shift()!;
        asks.push({
          delayMs: market.startMs + atMs - nowMs,
          intention: `${name} ${atMs}`,
          get request() {
            return request(stateOf(), glance.mark(symbol)!);
          },
        });
      }
      return asks;
    },
    onAnswer: () => [],
  };
}

/** The same world in a replay. `Run`: the replay's own, or one with a planted difference. */
export function playReplay(world: World, Run: typeof ReplayRun): readonly string[] {
  const { agents, market, policy, seed } = world;
  const run: ReplayRun = new Run({
    key: { variant: 'world', seed, agent: 'world', attack: 'none', sides: 'random', capsScale: 1 },
    market: prepareMarket(market),
    track: new MarketTrack(market, policy.spec.market),
    policy,
    agents: agents.map((name) => ({ name, agent: scripted(world, name, () => run.core.state) })),
    episodes: [],
    createAttacker: () => {
      throw new Error('no episode is planned');
    },
    judge: createJudge({
      scope: readScope(),
      instruments: market.symbols.map(({ instrument }) => instrument),
      barMs: BAR_MS,
      startEquityUsdt: START_EQUITY_USDT,
    }),
  });
  const played = new Played(run.core.state, run.exchange, () => run.clock.nowMs);
  run.run();
  return played.lines;
}

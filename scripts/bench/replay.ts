import type { CompiledPolicy } from '../../daemon/core/compiled-policy.ts';
import type { ExecutionContext } from '../../daemon/core/context.ts';
import { decide } from '../../daemon/core/decide/decide.ts';
import type { ExecutionRequest } from '../../daemon/core/request.ts';
import { readScope } from '../../daemon/evaluation/judge/scope.ts';
import { buildSyntheticMarket } from '../../daemon/evaluation/market/synthetic.ts';
import { LEG_ENDS, MarketClock } from '../../daemon/evaluation/market/walk/clock.ts';
import { prepareMarket } from '../../daemon/evaluation/market/walk/prepared.ts';
import { loadVariant } from '../../daemon/evaluation/setup/variants.ts';
import { Workbench } from '../../daemon/evaluation/setup/workbench.ts';
import { median } from './load.ts';

/** Speed of the evaluation, each figure against another of the same run. */
export interface ReplayFigures {
  /** Calls of `decide` a second, on the requests and views that the loop itself gave rise to. */
  readonly decide_per_s: number;
  /** One agent's account over the whole market: features, strategy, light attack, gate, exchange and judge. */
  readonly loop_ms: number;
  /** The same bars walked by the sub-bar clock alone. */
  readonly empty_loop_ms: number;
  readonly loop_ratio: number;
  readonly bars: number;
}

const BARS = 8_736;
const AGENT = 'momentum/within-budget';
const ROUNDS = 5;
/** Passes over the recorded requests in one round: some ten thousand decisions. */
const PASSES = 20;

interface Asked {
  readonly request: ExecutionRequest;
  readonly context: ExecutionContext;
  readonly policy: CompiledPolicy;
}

export function measureReplay(): ReplayFigures {
  const market = buildSyntheticMarket({
    seed: 1,
    bars: BARS,
    barMs: 900_000,
    warmupBars: 3_000,
    symbols: ['BTCUSDT', 'ETHUSDT'],
  });
  const bench = new Workbench(market, readScope());
  const variant = loadVariant('Holdfast');
  const open = () =>
    bench.run({
      variant,
      scenario: { attack: 'light', sides: 'random', capsScale: 1 },
      seed: 1,
      agent: AGENT,
      legitRequests: 700,
    });
  const asked: Asked[] = [];
  const recorded = open();
  const { core } = recorded;
  const decide = core.decide.bind(core);
  core.decide = (request, context, policy) => {
    asked.push({ request, context, policy });
    return decide(request, context, policy);
  };
  recorded.run();
  const prepared = prepareMarket(market);
  const loops: number[] = [];
  const empties: number[] = [];
  const rates: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const run = open();
    loops.push(time(() => run.run()));
    empties.push(time(() => walk(new MarketClock(prepared), market.startMs, prepared.barCount, market.barMs)));
    rates.push((PASSES * asked.length) / (time(() => decideAll(asked)) / 1000));
  }
  const loop = median(loops);
  const empty = median(empties);
  return {
    decide_per_s: Math.round(median(rates)),
    loop_ms: round2(loop),
    empty_loop_ms: round2(empty),
    loop_ratio: round2(loop / empty),
    bars: BARS,
  };
}

function decideAll(asked: readonly Asked[]): number {
  let permitted = 0;
  for (let pass = 0; pass < PASSES; pass++)
    for (const { request, context, policy } of asked)
      if (decide(request, context, policy).decision !== 'BLOCK') permitted += 1;
  return permitted;
}

function walk(clock: MarketClock, startMs: number, bars: number, barMs: number): void {
  for (let bar = 0; bar < bars; bar++) {
    clock.openBar(startMs + bar * barMs, () => 0);
    for (const end of LEG_ENDS) clock.moveTo(end);
  }
}

function time(run: () => unknown): number {
  const startedAt = performance.now();
  run();
  return performance.now() - startedAt;
}
function round2(value: number): number {
  return Math.round(value * 100) / 100;
}

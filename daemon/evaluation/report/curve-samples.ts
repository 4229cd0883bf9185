import type { RunResult } from '../facts/runs.ts';
import { nameScenario, scenarioOf } from '../metrics/scenario-name.ts';
import type { CurveSample } from './types.ts';

/** Points of a drawn curve: more than a screen's width shows nothing more. */
const MAX_POINTS = 320;

/** Down-samples a run to one point a bucket: the bar with the deepest drawdown, so that no trough is lost. */
export function buildCurveSample({ key, equity, barOpenMs }: RunResult, barMs: number): CurveSample {
  const closes = equity.subarray(1);
  const drawdown = measureDrawdown(closes);
  const kept: number[] = [];
  const width = Math.max(1, Math.ceil(closes.length / MAX_POINTS));
  for (let from = 0; from < closes.length; from += width) {
    let deepest = from;
    for (let i = from; i < Math.min(from + width, closes.length); i++)
      if (drawdown[i]! >= drawdown[deepest]!) deepest = i;
    kept.push(deepest);
  }
  return {
    variant: key.variant,
    seed: key.seed,
    agent: key.agent,
    scenario: nameScenario(scenarioOf(key)),
    times: kept.map((i) => barOpenMs[i]! + barMs),
    equity: kept.map((i) => closes[i]!),
    drawdown: kept.map((i) => drawdown[i]!),
  };
}

function measureDrawdown(equity: Float64Array): Float64Array {
  let peak = Number.NEGATIVE_INFINITY;
  return equity.map((value) => {
    peak = Math.max(peak, value);
    return peak > 0 ? Math.min(1, 1 - value / peak) : 1;
  });
}

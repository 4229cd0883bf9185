import { workerData } from 'piscina';
import type { MarketData } from '../facts/markets.ts';
import { remembered } from '../facts/remembered.ts';
import type { Variant } from '../setup/variants.ts';
import { cutSegment, Evaluator, type EvaluatorSettings, type SegmentName } from './evaluator.ts';
import type { SeedFigures } from './score.ts';

/** What every task of a worker shares. */
export interface TuneWorkerSettings extends Omit<EvaluatorSettings, 'market'> {
  readonly market: MarketData;
  readonly splitMs: number;
}
export interface TuneTask {
  readonly segment: SegmentName;
  readonly seeds: readonly number[];
  readonly variants: readonly Variant[];
}
/** By variant, by seed. */
export type TuneTaskOutcome = readonly (readonly SeedFigures[])[];

export function createTuneRunner(settings: TuneWorkerSettings): (task: TuneTask) => TuneTaskOutcome {
  const evaluators = new Map<SegmentName, Evaluator>();
  return ({ segment, seeds, variants }) => {
    const open = () => new Evaluator({ ...settings, market: cutSegment(settings.market, settings.splitMs, segment) });
    const evaluator = remembered(evaluators, segment, open);
    return variants.map((variant) => evaluator.measure(variant, seeds));
  };
}

let runner: ((task: TuneTask) => TuneTaskOutcome) | null = null;
/** Entry of the worker pool; the pool hands its settings over as worker data. */
export default function runTuneTask(task: TuneTask): TuneTaskOutcome {
  runner ??= createTuneRunner((workerData as { readonly settings: TuneWorkerSettings }).settings);
  return runner(task);
}

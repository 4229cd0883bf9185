import type { Regime } from '../../core/policy.ts';
import type { CrashSample, CurveSample } from './types.ts';

/** A run of which every bar was kept. */
export interface SampledRun {
  readonly variant: string;
  readonly scenario: { readonly attack: string; readonly sides: string; readonly capsScale: number };
  readonly seed: number;
  readonly agent: string;
  /** Bar closes, UTC ms. */
  readonly atMs: readonly number[];
  readonly equity: readonly number[];
  readonly gross: readonly number[];
  readonly regimes: Readonly<Record<string, readonly Regime[]>>;
  readonly g: readonly number[];
  readonly h: readonly number[];
}

/** Points of a drawn curve: more than a screen's width shows nothing more. */
const MAX_POINTS = 320;
const HOUR_MS = 3_600_000;
/** The crash that the shared window holds. */
export const KNOWN_CRASH_MS = Date.UTC(2025, 9, 10, 21);
const BEFORE_MS = 36 * HOUR_MS;
const AFTER_MS = 60 * HOUR_MS;

/** Down-samples to one point a bucket: the bar with the deepest drawdown, so that no trough is lost. */
export function buildCurveSample(run: SampledRun): CurveSample {
  const drawdown = measureDrawdown(run.equity);
  const kept: number[] = [];
  const width = Math.max(1, Math.ceil(run.atMs.length / MAX_POINTS));
  for (let from = 0; from < run.atMs.length; from += width) {
    let deepest = from;
    for (let i = from; i < Math.min(from + width, run.atMs.length); i++)
      if (drawdown[i]! >= drawdown[deepest]!) deepest = i;
    kept.push(deepest);
  }
  return {
    ...identify(run),
    times: kept.map((i) => run.atMs[i]!),
    equity: kept.map((i) => run.equity[i]!),
    drawdown: kept.map((i) => drawdown[i]!),
  };
}

/**
 * Cuts a run to the hours around a crash: 2025-10-10 when the data hold it, else `aroundMs`. Null when no bar is there.
 */
export function buildCrashSample(run: SampledRun, aroundMs: number): CrashSample | null {
  const isKnown = run.atMs.some((at) => at > KNOWN_CRASH_MS) && run.atMs.some((at) => at < KNOWN_CRASH_MS);
  const centre = isKnown ? KNOWN_CRASH_MS : aroundMs;
  const kept = run.atMs.flatMap((at, i) => (at >= centre - BEFORE_MS && at <= centre + AFTER_MS ? [i] : []));
  if (kept.length === 0) return null;
  const cut = <Value>(values: readonly Value[]) => kept.map((i) => values[i]!);
  return {
    ...identify(run),
    times: cut(run.atMs),
    regimes: Object.fromEntries(Object.entries(run.regimes).map(([symbol, regimes]) => [symbol, cut(regimes)])),
    g: cut(run.g),
    h: cut(run.h),
    equity: cut(run.equity),
    gross: cut(run.gross),
  };
}

/** Bar of the largest fall of equity in one step, by whatever run had it; 0 without bars. */
export function findWorstBar(runs: readonly SampledRun[]): number {
  let worst = Number.POSITIVE_INFINITY;
  let atMs = 0;
  for (const { equity, atMs: times } of runs) {
    for (let i = 1; i < equity.length; i++) {
      const step = equity[i - 1]! > 0 ? equity[i]! / equity[i - 1]! - 1 : 0;
      if (step >= worst) continue;
      worst = step;
      atMs = times[i]!;
    }
  }
  return atMs;
}

function identify({ variant, seed, agent, scenario }: SampledRun) {
  const { attack, sides, capsScale } = scenario;
  const name = attack === 'none' ? `none/x${capsScale}` : `${attack}/${sides}/x${capsScale}`;
  return { variant, seed, agent, scenario: name };
}

function measureDrawdown(equity: readonly number[]): readonly number[] {
  let peak = Number.NEGATIVE_INFINITY;
  return equity.map((value) => {
    peak = Math.max(peak, value);
    return peak > 0 ? Math.min(1, 1 - value / peak) : 1;
  });
}

import { TuneError } from '../facts/out-folder.ts';
import type { Variant } from '../setup/variants.ts';
import { buildCandidate, type Candidate, startCandidate } from './candidate.ts';
import { type Figures, isBetter, type Limits, measureViolation } from './score.ts';
import { createTrialDraws, type Dimension, proposePoint } from './space.ts';

/** Draws of one trial that may make no valid policy, or one that was tried before. */
const MAX_DRAWS = 500;

export interface SearchSettings {
  readonly start: Variant;
  readonly space: readonly Dimension[];
  readonly limits: Limits;
  /** Trials beside the start policy, in batches of `batch`. */
  readonly trials: number;
  readonly batch: number;
  /** The search stops after so many batches without a better policy. */
  readonly patience: number;
  readonly seed: number;
}
export interface Trial {
  /** 0: the start policy. */
  readonly index: number;
  readonly batch: number;
  readonly candidate: Candidate;
  readonly figures: Figures;
  readonly violation: number;
}
export interface SearchOutcome {
  readonly trials: readonly Trial[];
  readonly best: Trial;
  readonly batches: number;
  readonly stopped: 'all trials' | 'no improvement';
}
/** Figures of one batch, in its order; `firstIndex` is the trial of its first candidate. */
export type EvaluateBatch = (candidates: readonly Candidate[], firstIndex: number) => Promise<readonly Figures[]>;

/**
 * Constrained best-so-far random search (SAE section 8, "Tuning"): trial 0 is the start policy, then batches. What a
 * batch tries depends on the seed and on the batches before it alone, never on the order in which its trials end.
 *
 * @throws TuneError when no further valid policy is found
 */
export async function searchPolicies(
  settings: SearchSettings,
  evaluate: EvaluateBatch,
  onBatch: (trials: readonly Trial[]) => void = () => {},
): Promise<SearchOutcome> {
  const { start, space, limits } = settings;
  const trials: Trial[] = [];
  const seen = new Set<string>();
  let best: Trial | null = null;
  let batch = 0;
  let idleBatches = 0;
  while (trials.length <= settings.trials && idleBatches < settings.patience) {
    const candidates: Candidate[] = [];
    const size = best === null ? 1 : Math.min(settings.batch, settings.trials + 1 - trials.length);
    for (let i = 0; i < size; i++) {
      const candidate =
        best === null
          ? startCandidate(start, space)
          : drawCandidate(settings, trials.length + i, (trials.length + i) % 2 === 1 ? trials[0]! : best, seen);
      seen.add(candidate.variant.hash);
      candidates.push(candidate);
    }
    const figures = await evaluate(candidates, trials.length);
    const before: Trial | null = best;
    for (const [i, candidate] of candidates.entries()) {
      const measured = figures[i]!;
      const violation = measureViolation(measured, limits);
      const trial: Trial = { index: trials.length, batch, candidate, figures: measured, violation };
      trials.push(trial);
      if (best === null || isBetter(rankOf(trial), rankOf(best))) best = trial;
    }
    idleBatches = best === before ? idleBatches + 1 : 0;
    batch += 1;
    onBatch(trials);
  }
  const stopped = trials.length > settings.trials ? 'all trials' : 'no improvement';
  return { trials, best: best!, batches: batch, stopped };
}

function rankOf({ violation, figures }: Trial): { readonly violation: number; readonly score: number } {
  return { violation, score: figures.score };
}

function drawCandidate(
  { start, space, seed }: SearchSettings,
  index: number,
  from: Trial,
  seen: ReadonlySet<string>,
): Candidate {
  const draws = createTrialDraws(seed, index);
  for (let i = 0; i < MAX_DRAWS; i++) {
    const point = proposePoint(space, index % 2 === 1, from.candidate.parameters, draws);
    const candidate = buildCandidate(start, space, point);
    if (candidate !== null && !seen.has(candidate.variant.hash)) return candidate;
  }
  throw new TuneError(`no further valid policy was found around ${start.name} in ${MAX_DRAWS} draws`);
}

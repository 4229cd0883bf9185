import type { Verdict } from './judge.ts';
import { Trial, type TrialOptions } from './trial.ts';

/** What a scenario saw besides the four promises: figures and words for the report. */
export type Facts = Readonly<Record<string, string | number | boolean | null>>;
export interface Scenario {
  readonly name: string;
  /** Null when this machine cannot play it (`why`). */
  readonly play: (seed: number) => Promise<ScenarioOutcome>;
}
export interface ScenarioOutcome {
  /** Expectations that did not hold. */
  readonly failures: readonly string[];
  readonly facts: Facts;
  readonly verdict: Verdict;
  readonly skipped?: string;
}
export interface ScenarioResult extends ScenarioOutcome {
  readonly name: string;
  readonly ms: number;
}

/** Collects what a scenario expects. */
export class Expectations {
  readonly failures: string[] = [];
  readonly facts: Record<string, string | number | boolean | null> = {};

  expect(holds: boolean, what: string): void {
    if (!holds) this.failures.push(what);
  }
}

/** A scenario on one daemon and one exchange; comes to rest and judges at its end unless told otherwise. */
export function scenario(
  name: string,
  options: TrialOptions | (() => TrialOptions),
  play: (trial: Trial, expectations: Expectations) => Promise<void>,
): Scenario {
  return {
    name,
    play: (seed) => {
      const expectations = new Expectations();
      return Trial.run(seed, typeof options === 'function' ? options() : options, async (trial) => {
        await play(trial, expectations);
        return { ...expectations, verdict: trial.verdict };
      });
    },
  };
}

export function skipped(name: string, why: string): Scenario {
  const verdict: Verdict = { duplicates: [], lost_decisions: [], cap_breaches: [], lost_exits: [] };
  return { name, play: () => Promise.resolve({ failures: [], facts: {}, verdict, skipped: why }) };
}

/** Plays one after the other; what throws has failed. */
export async function playScenarios(
  scenarios: readonly Scenario[],
  seed: number,
  onProgress: (results: readonly ScenarioResult[]) => void,
): Promise<readonly ScenarioResult[]> {
  const results: ScenarioResult[] = [];
  for (const { name, play } of scenarios) {
    const startedMs = performance.now();
    const outcome = await play(seed).catch((error: unknown): ScenarioOutcome => {
      const verdict: Verdict = { duplicates: [], lost_decisions: [], cap_breaches: [], lost_exits: [] };
      return {
        failures: [error instanceof Error ? (error.stack ?? error.message) : String(error)],
        facts: {},
        verdict,
      };
    });
    const result = { name, ms: Math.round(performance.now() - startedMs), ...outcome };
    results.push(result);
    onProgress(results);
  }
  return results;
}

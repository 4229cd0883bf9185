import type { Baseline, KnownWorld } from './baseline.ts';
import type { Numbered } from './probes.ts';
import { Thread } from './thread.ts';

export interface Verdict {
  /** The first promise that a world breaks with the mistake and not without it. */
  readonly caughtBy: string | null;
  /** The seed of that world, or the file of its plan. */
  readonly caughtIn: string | null;
  /** Worlds that were played with the mistake, those in which it changed ledger or books, and seconds of CPU. */
  readonly played: number;
  readonly differed: number;
  readonly seconds: number;
  /** Some of the worlds that it changed without breaking a promise. */
  readonly quiet: readonly string[];
}

const MAX_QUIET = 8;
/** One that has changed neither ledger nor books in so many worlds in which it could is given up. */
const MAX_UNCHANGED = 60;

/** Plays the worlds in which a mistake would make a difference, the small ones first, until a promise shows it. */
export async function judge({ mutant, number }: Numbered, baseline: Baseline, minutes: number): Promise<Verdict> {
  const thread = new Thread(mutant);
  const seen = new Set<KnownWorld>();
  const quiet: string[] = [];
  let [played, differed, ms] = [0, 0, 0];
  try {
    for (;;) {
      const fresh = baseline.worlds.filter((world) => !seen.has(world) && world.played.infected.includes(number));
      fresh.sort((a, b) => a.played.ms - b.played.ms);
      for (const world of fresh) {
        const { codes, digest, ms: tookMs } = await thread.play(world.job);
        seen.add(world);
        played += 1;
        ms += tookMs;
        const caughtBy = codes.find((code) => !world.played.codes.includes(code));
        const isChanged = digest !== world.played.digest;
        if (isChanged) differed += 1;
        const verdict = { played, differed, seconds: Math.round(ms / 1_000) };
        if (caughtBy !== undefined) return { caughtBy, caughtIn: world.job.name, ...verdict, quiet: [] };
        if (isChanged && quiet.length < MAX_QUIET) quiet.push(world.job.name);
        const isHopeless = differed === 0 && played >= MAX_UNCHANGED;
        if (isHopeless || ms > minutes * 60_000) return { caughtBy: null, caughtIn: null, ...verdict, quiet };
      }
      if (!(await baseline.grow()))
        return { caughtBy: null, caughtIn: null, played, differed, seconds: Math.round(ms / 1_000), quiet };
    }
  } finally {
    thread.end();
  }
}

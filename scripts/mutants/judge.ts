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
const MAX_UNCHANGED = 200;

/**
 * Plays the worlds in which a mistake would make a difference until a promise shows it: of each kind by turns, the small
 * ones first.
 */
export async function judge({ mutant, number }: Numbered, baseline: Baseline, minutes: number): Promise<Verdict> {
  const thread = new Thread(mutant);
  const seen = new Set<KnownWorld>();
  const quiet: string[] = [];
  let [played, differed, ms] = [0, 0, 0];
  try {
    for (;;) {
      const fresh = baseline.worlds.filter((world) => !seen.has(world) && world.played.infected.includes(number));
      for (const world of inTurns(fresh)) {
        const { codes, digest, ms: tookMs } = await thread.play(world.job);
        seen.add(world);
        played += 1;
        ms += tookMs;
        const caughtBy = codes.find((code) => !world.played.codes.includes(code));
        // Signatures of passkeys are others each time, and with them the ledger.
        const isChanged = world.job.kind !== 'live' && digest !== world.played.digest;
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

/** The first of each kind, then the second of each; of one kind the small ones first. */
function inTurns(worlds: readonly KnownWorld[]): readonly KnownWorld[] {
  const counts = new Map<string, number>();
  return worlds
    .toSorted((a, b) => a.played.ms - b.played.ms)
    .map((world) => {
      const turn = counts.get(world.job.kind) ?? 0;
      counts.set(world.job.kind, turn + 1);
      return { world, turn };
    })
    .sort((a, b) => a.turn - b.turn)
    .map(({ world }) => world);
}

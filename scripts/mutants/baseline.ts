import { createJob, type Job, listKeptJobs } from './jobs.ts';
import type { Played } from './player.ts';
import type { Numbered } from './probes.ts';
import { Thread } from './thread.ts';

export interface KnownWorld {
  readonly job: Job;
  /** Without a mistake. */
  readonly played: Played;
}

/** Worlds that are played at once. */
const STEP = 50;

/**
 * Worlds as they are without a mistake: which promises they break all the same, and which of the mistakes would make a
 * difference in them. Where a mistake makes none, its world is the same one, and need not be played.
 */
export class Baseline {
  readonly worlds: KnownWorld[] = [];
  readonly #thread: Thread;
  readonly #waiting: Job[];
  readonly #most: number;
  #next: number;
  #growing: Promise<boolean> | null = null;
  ms = 0;

  /** `most`: generated worlds at most. */
  constructor(mistakes: readonly Numbered[], seed: number, most: number) {
    this.#thread = new Thread(null, mistakes);
    this.#waiting = [...listKeptJobs()];
    this.#next = seed;
    this.#most = seed + most;
  }

  reaches(number: number): boolean {
    return this.worlds.some(({ played }) => played.infected.includes(number));
  }

  /** Some more; false when there are none. */
  grow(): Promise<boolean> {
    this.#growing ??= this.#grow().finally(() => {
      this.#growing = null;
    });
    return this.#growing;
  }

  async #grow(): Promise<boolean> {
    while (this.#waiting.length < STEP && this.#next < this.#most) {
      this.#waiting.push(createJob(this.#next));
      this.#next += 1;
    }
    const jobs = this.#waiting.splice(0, STEP);
    for (const job of jobs) {
      const played = await this.#thread.play(job);
      this.ms += played.ms;
      this.worlds.push({ job, played });
    }
    return jobs.length > 0;
  }

  end(): void {
    this.#thread.end();
  }
}

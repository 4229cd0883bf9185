import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from './draw.ts';
import type { Numbered } from './probes.ts';
import { Reach } from './reach.ts';

export interface NetVerdict {
  /** The first test file that fails with the mistake and not without it. */
  readonly caughtBy: string | null;
  /** Test files that load its file, and how many were run with it: it would make a difference in those. */
  readonly reaching: number;
  readonly ran: number;
  /** Of CPU, with the mistake. */
  readonly seconds: number;
}
interface TestRun {
  readonly passed: boolean;
  readonly infected: ReadonlySet<number>;
  readonly cpuMs: number;
  readonly tookMs: number;
}

const PLANT = new URL('./plant.ts', import.meta.url).href;
const RUN_TEST = join(ROOT, 'scripts', 'mutants', 'run-test.ts');
/** A file that takes so long never ends; with a mistake, so many times what it takes without, and some more. */
const NEVER_ENDS_MS = 300_000;
const TIMES_LONGER = 10;
const SOME_MORE_MS = 30_000;

/**
 * Runs tests with a mistake in what they load: those of its room first, then all others, the nearest first. As with
 * worlds, a test file is run once without mistakes, with probes: where it fails, or where a mistake would make no
 * difference, it need not be run with it.
 */
export class Net {
  readonly #reach = new Reach();
  readonly #mistakes: readonly Numbered[];
  readonly #without = new Map<string, Promise<TestRun>>();
  readonly #folder = mkdtempSync(join(tmpdir(), 'hf-net-'));
  #runs = 0;

  constructor(mistakes: readonly Numbered[]) {
    this.#mistakes = mistakes;
  }

  /** `minutes`: of CPU at most, with the mistake. `where`: of its room, or all others. */
  async judge(mistake: Numbered, minutes: number, where: 'room' | 'others'): Promise<NetVerdict> {
    const reaching = this.#reach.listTests(mistake.mutant.file.slice(ROOT.length));
    const tests = reaching.filter(({ inRoom }) => inRoom === (where === 'room'));
    let [ran, cpuMs] = [0, 0];
    const verdict = () => ({ reaching: tests.length, ran, seconds: Math.round(cpuMs / 1_000) });
    for (const { test } of tests) {
      const known = await this.#runWithout(test);
      if (!known.passed || !known.infected.has(mistake.number)) continue;
      if (cpuMs > minutes * 60_000) return { caughtBy: null, ...verdict() };
      const played = await this.#run(test, mistake, known.tookMs * TIMES_LONGER + SOME_MORE_MS);
      ran += 1;
      cpuMs += played.cpuMs;
      // One that fails now and then, or on a busy machine, has caught nothing.
      if (!played.passed && (await this.#run(test, null, NEVER_ENDS_MS)).passed)
        return { caughtBy: test, ...verdict() };
    }
    return { caughtBy: null, ...verdict() };
  }

  end(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #runWithout(test: string): Promise<TestRun> {
    const known = this.#without.get(test) ?? this.#run(test, null, NEVER_ENDS_MS);
    this.#without.set(test, known);
    return known;
  }

  #run(test: string, mistake: Numbered | null, neverEndsMs: number): Promise<TestRun> {
    this.#runs += 1;
    const folder = join(this.#folder, String(this.#runs));
    mkdirSync(folder);
    const out = join(folder, 'noted');
    const env = {
      ...process.env,
      NODE_OPTIONS: `--import=${PLANT}`,
      HOLDFAST_MUTANT: JSON.stringify(mistake?.mutant ?? null),
      HOLDFAST_PROBES: JSON.stringify(mistake === null ? this.#mistakes : []),
      HOLDFAST_INFECTED: out,
      HOLDFAST_LOCK_FOLDER: join(folder, 'locks'),
      TMPDIR: folder,
    };
    const startedMs = performance.now();
    // A group of its own: what it has started ends with it.
    const child = spawn(process.execPath, [RUN_TEST, test, out], { cwd: ROOT, env, stdio: 'ignore', detached: true });
    return new Promise((resolve) => {
      const timer = setTimeout(() => killGroup(child.pid), neverEndsMs);
      child.on('close', (code) => {
        clearTimeout(timer);
        killGroup(child.pid);
        const noted = existsSync(out) ? readFileSync(out, 'utf8').split('\n') : [];
        const tookMs = performance.now() - startedMs;
        const cpu = noted.findLast((line) => line.startsWith('cpu '));
        rmSync(folder, { recursive: true, force: true });
        resolve({
          passed: code === 0,
          infected: new Set(noted.filter((line) => /^\d+$/.test(line)).map(Number)),
          cpuMs: cpu === undefined ? tookMs : Number(cpu.slice(4)),
          tookMs,
        });
      });
    });
  }
}

function killGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended, and all that it had started.
  }
}

/**
 * A limit for each test file. Its process says which file has its turn, and the runner ends a process whose turn lasts
 * too long: also one that is too busy to notice by itself.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** For the turns of this process: says each in the file `path`, which goes when the process ends. */
export function sayTurns(path: string): (what: string) => void {
  process.on('exit', () => rmSync(path, { force: true }));
  return (what) => writeFileSync(path, `${process.pid} ${what}`);
}

/** The turns of a run, in a folder of their own. */
export class Turns {
  readonly #folder: string;
  readonly #limitMs: number;
  readonly #asked = new Set<string>();

  constructor(folder: string, limitMs: number) {
    mkdirSync(folder);
    this.#folder = folder;
    this.#limitMs = limitMs;
  }

  /** Ends the processes of turns that have lasted too long by now; returns a line for each. */
  endOverdue(nowMs = Date.now()): readonly string[] {
    const lines: string[] = [];
    for (const name of readdirSync(this.#folder)) {
      const path = join(this.#folder, name);
      const begunMs = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? nowMs;
      if (nowMs - begunMs < this.#limitMs) continue;
      const [, pid, what] = /^(\d+) (.*)$/.exec(readFileSync(path, 'utf8')) ?? [];
      if (this.#asked.has(path)) {
        rmSync(path, { force: true });
        end(Number(pid), 'SIGKILL');
        continue;
      }
      this.#asked.add(path);
      // First so that it can end its children.
      end(Number(pid), 'SIGTERM');
      lines.push(`${what} took longer than ${this.#limitMs / 1000} s; its process is ended`);
    }
    return lines;
  }
}

function end(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

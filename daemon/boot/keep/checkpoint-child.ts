import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { getCompileCacheDir } from 'node:module';
import { setPriority } from 'node:os';
import { dirname } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { CheckpointEvent } from '../../engine/records/house-events.ts';
import type { CheckpointTask } from './take-checkpoint.ts';

/** Compiled or not, its program is the neighbour of this file with the same ending. */
const ENDING = import.meta.url.slice(import.meta.url.lastIndexOf('.'));
const PROGRAM = fileURLToPath(new URL(`./checkpoint-process${ENDING}`, import.meta.url));
/**
 * Nearly all that it makes is garbage soon: with little room for it, it takes no more CPU and less memory. The warning is
 * that of Node 22 about stripping types.
 */
const FLAGS = ['--max-semi-space-size=2', '--disable-warning=ExperimentalWarning'];
const LOW_PRIORITY = 10;
/** What is read of a failure. */
const MAX_TEXT = 4_000;

export interface CheckpointChild {
  /** What the chain is to say of the checkpoint, once its file is on disk. */
  readonly written: Promise<CheckpointEvent>;
  kill(): void;
}

/**
 * Has a checkpoint written by a process of its own: a thread would leave pages of its heap and of the allocator in this
 * one. It ends with this process, however that ends.
 */
export function startCheckpoint(task: CheckpointTask, mayGiveWay: boolean): CheckpointChild {
  const reported = JSON.stringify({ ...task, parentPid: process.pid });
  const child = spawn(process.execPath, [...FLAGS, PROGRAM, reported], {
    cwd: '/',
    // No key and no setting. Compiled code is where this process keeps it.
    env: compileCache(),
    stdio: ['ignore', 'pipe', 'pipe'],
    windowsHide: true,
  });
  // Threads that it starts take its priority over.
  if (mayGiveWay && child.pid !== undefined) lowerPriority(child.pid);
  return { written: readOutcome(child), kill: () => void child.kill('SIGKILL') };
}

async function readOutcome(child: ChildProcess): Promise<CheckpointEvent> {
  // Where no file can be opened any more it has no streams, and only its error says why.
  const read = (stream: Readable | null) => (stream ? text(stream) : '');
  const closed = once(child, 'close') as Promise<[code: number | null, signal: string | null]>;
  const [[code, signal], said, failure] = await Promise.all([closed, read(child.stdout), read(child.stderr)]);
  if (code === 0) return JSON.parse(said) as CheckpointEvent;
  const reported = failure.trim().slice(0, MAX_TEXT);
  throw new Error(reported || `the process ended with ${code ?? signal} before it had written one`);
}

function compileCache(): Record<string, string> {
  const folder = getCompileCacheDir();
  // The folder in use is that of this version of Node, below the one that was set.
  return folder === undefined ? {} : { NODE_COMPILE_CACHE: dirname(folder) };
}

function lowerPriority(pid: number): void {
  try {
    setPriority(pid, LOW_PRIORITY);
  } catch {
    // As quick as the others, then; or it has ended.
  }
}

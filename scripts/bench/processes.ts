import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** A child of the bench that said where it listens, or that it is ready. */
export interface Child {
  readonly url: string;
  readonly process: ChildProcess;
  /** The JSON object that it says at its end. */
  figures<T>(): Promise<T>;
}

/** Starts a child with the allocator set as `npm start` does, and waits for the line that names its URL. */
export function start(args: readonly string[], env: Record<string, string>): Promise<Child> {
  const child = spawn(process.execPath, [...args], {
    env: { MALLOC_ARENA_MAX: '2', ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  const figures = <T>(): Promise<T> =>
    new Promise((resolve) => {
      child.once('close', () => resolve(JSON.parse(text.trim().split('\n').at(-1) ?? '') as T));
    });
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`${args.join(' ')} ended with ${code}`)));
    child.stdout?.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      const url = /https?:\/\/127\.0\.0\.1:\d+/.exec(text)?.[0];
      if (url !== undefined) resolve({ url, process: child, figures });
    });
  });
}

export async function end(child: Child): Promise<void> {
  if (child.process.exitCode !== null || child.process.signalCode !== null) return;
  const ended = new Promise((resolve) => child.process.once('exit', resolve));
  child.process.removeAllListeners('exit');
  child.process.once('exit', () => undefined);
  child.process.kill('SIGTERM');
  await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 3_000))]);
  if (child.process.exitCode === null && child.process.signalCode === null) child.process.kill('SIGKILL');
}

/**
 * Holds processes, with all their threads, on one of the cores: what runs on another takes nothing of theirs.
 * @returns whether that is possible here: Linux, with `taskset` and two cores
 */
export function holdOnCore(core: number, pids: readonly number[]): boolean {
  return pids.every((pid) => spawnSync('taskset', ['-apc', String(core), String(pid)]).status === 0);
}

export function residentMb(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Math.round(Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1_024);
}

/** CPU time of a process so far, us; /proc counts it in hundredths of a second. */
export function cpuUsOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return 10_000 * (Number(fields[11]) + Number(fields[12]));
}
/** The same of the threads that serve, to the nanosecond: threads of archives and previews come and go beside them. */
export function servingCpuUsOf(pid: number): number {
  let ns = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const folder = `/proc/${pid}/task/${thread}`;
    try {
      if (readFileSync(`${folder}/comm`, 'utf8').trim() === 'WorkerThread') continue;
      ns += Number(readFileSync(`${folder}/schedstat`, 'utf8').split(' ')[0]);
    } catch {
      // It has ended since it was listed.
    }
  }
  return ns / 1_000;
}

import { type ChildProcess, spawn } from 'node:child_process';

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

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';
import { findPackageFolder } from '../../daemon/config/package.ts';
import { findFreePort } from '../free-port.ts';
import { tempFolder } from '../temp-folder.ts';

const run = promisify(execFile);
const ROOT = findPackageFolder();
export const START = './holdfast start';

export interface Shell {
  readonly home: string;
  /** Runs lines as somebody types them in their home folder. Rejects when one of them fails. */
  type(lines: readonly string[]): Promise<string>;
  /** Starts the daemon; resolves once it is ready. Rejects with what it said when it ends. */
  start(): Promise<Running>;
}
interface Running {
  stop(): Promise<void>;
}

/** `more`: variables, whose relative paths begin in the home folder. A user of their own: `~`, where `./holdfast` is the checkout's. */
export async function openShell(t: TestContext, more: Readonly<Record<string, string>> = {}): Promise<Shell> {
  const home = tempFolder(t, 'user');
  const main = join(ROOT, 'scripts', 'holdfast.mjs');
  writeFileSync(join(home, 'holdfast'), `#!/bin/sh\nexec '${process.execPath}' '${main}' "$@"\n`, { mode: 0o700 });
  const env = {
    HOME: home,
    PATH: process.env.PATH ?? '',
    HOLDFAST_PORT: String(await findFreePort()),
    HOLDFAST_LOG_LEVEL: 'silent',
    ...more,
  };
  const children = new Set<ChildProcess>();
  t.after(async () => {
    for (const child of children) child.kill('SIGKILL');
  });
  return {
    home,
    type: async (lines) => (await run('bash', ['-e', '-c', lines.join('\n')], { cwd: home, env })).stdout,
    start: async () => {
      const child = spawn('bash', ['-c', `exec ${START}`], { cwd: home, env, stdio: ['ignore', 'pipe', 'pipe'] });
      children.add(child);
      let said = '';
      const ended = once(child, 'exit').finally(() => children.delete(child));
      await new Promise<void>((resolve, reject) => {
        child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
        child.stdout.on('data', (chunk: Buffer) => {
          said += chunk.toString();
          if (said.includes('Place a paper order')) resolve();
        });
        void ended.then(() => reject(new Error(said)));
      });
      return {
        stop: async () => {
          child.kill('SIGINT');
          await ended;
        },
      };
    },
  };
}

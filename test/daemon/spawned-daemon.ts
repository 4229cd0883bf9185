import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { tempFolder } from '../temp-folder.ts';
import { until } from './harness.ts';

const CLI = fileURLToPath(new URL('../../daemon/cli/main.ts', import.meta.url));

/** A daemon in a home of its own, on an exchange; it is killed when the test is over. */
export function spawnDaemon(t: TestContext, exchangeUrl: string) {
  const home = tempFolder(t, 'signals');
  const child = spawn(process.execPath, [CLI, 'start', '--json'], {
    env: {
      ...process.env,
      HOLDFAST_HOME: home,
      HOLDFAST_HEAD_FILE: join(home, 'head'),
      HOLDFAST_PORT: '0',
      HOLDFAST_PAPER_URL: exchangeUrl,
      HOLDFAST_LOG_LEVEL: 'silent',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.after(() => child.kill('SIGKILL'));
  let out = '';
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  const exited = once(child, 'exit') as Promise<[code: number | null, signal: string | null]>;
  return { home, child, exited, out: () => out, said: () => said };
}

/** One that listens, with the tokens of its agent and of its operator. */
export async function startListening(t: TestContext, exchangeUrl: string) {
  const daemon = spawnDaemon(t, exchangeUrl);
  await until('it listens', () => daemon.out().trimEnd().endsWith('}'), 30_000);
  const { url } = JSON.parse(daemon.out()) as { url: string };
  const tokenOf = (role: 'agent' | 'operator'): string =>
    readFileSync(join(daemon.home, 'tokens', `${role}.token`), 'utf8').trim();
  return { ...daemon, url, token: tokenOf('agent'), operator: tokenOf('operator') };
}

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { findPackageFolder } from '../../daemon/config/package.ts';

const MAIN = join(findPackageFolder(), 'scripts', 'holdfast.mjs');
const PATIENT = new URL('../campaign/patient-orders.mjs', import.meta.url).href;
export const GIVE_UP_MS = 60_000;

/** One process of the daemon. */
export interface Life {
  readonly child: ChildProcess;
  readonly url: string;
  readonly bornAt: number;
  readonly readyMs: number;
}
/** Starts the daemon, with a policy of its own where `env` names one; resolves when it says that it is ready. */
export async function live(home: string, venueUrl: string, env: NodeJS.ProcessEnv = {}): Promise<Life> {
  const bornAt = performance.now();
  const own = { PATH: process.env.PATH, HOLDFAST_HOME: home, HOLDFAST_PORT: '0', HOLDFAST_PAPER_URL: venueUrl };
  const child = spawn(process.execPath, ['--import', PATIENT, MAIN, 'start', '--json'], {
    env: { ...own, HOLDFAST_LOG_LEVEL: 'fatal', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += String(chunk);
  });
  while (!output.trimEnd().endsWith('}')) {
    if (child.exitCode !== null || performance.now() - bornAt > GIVE_UP_MS) throw new Error(`no start: ${output}`);
    await delay(5);
  }
  const { url } = JSON.parse(output) as { url: string };
  while ((await fetch(`${url}/readyz`)).status !== 200) {
    if (performance.now() - bornAt > GIVE_UP_MS) throw new Error('not ready');
    await delay(5);
  }
  return { child, url, bornAt, readyMs: Math.round(performance.now() - bornAt) };
}
export async function kill({ child }: Life): Promise<void> {
  const ended = once(child, 'close');
  child.kill('SIGKILL');
  await ended;
}
/** `body` null: a GET; else a POST where nothing else is said. By the token of that role. */
export async function call<T>(
  home: string,
  url: string,
  path: string,
  body: object | null,
  role: 'agent' | 'operator' = 'agent',
  method: 'GET' | 'POST' | 'PUT' = body === null ? 'GET' : 'POST',
): Promise<T> {
  const token = readFileSync(join(home, 'tokens', `${role}.token`), 'utf8').trim();
  const answer = await fetch(url + path, {
    method,
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
    ...(body === null ? {} : { body: JSON.stringify(body) }),
  });
  return (await answer.json()) as T;
}

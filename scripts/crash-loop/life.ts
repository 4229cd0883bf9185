import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { findPackageFolder } from '../../daemon/config/config.ts';

const MAIN = join(findPackageFolder(), 'scripts', 'holdfast.mjs');
export const GIVE_UP_MS = 60_000;

/** One process of the daemon. */
export interface Life {
  readonly child: ChildProcess;
  readonly url: string;
  readonly bornAt: number;
  readonly readyMs: number;
}
/** Starts the daemon; resolves when it says that it is ready. */
export async function live(home: string, venueUrl: string): Promise<Life> {
  const bornAt = performance.now();
  const env = { PATH: process.env.PATH, HOLDFAST_HOME: home, HOLDFAST_PORT: '0', HOLDFAST_PAPER_URL: venueUrl };
  const child = spawn(process.execPath, [MAIN, 'start', '--json'], {
    env: { ...env, HOLDFAST_LOG_LEVEL: 'fatal' },
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
/** `body` null: a GET. By the token of that role. */
export async function call<T>(
  home: string,
  url: string,
  path: string,
  body: object | null,
  role: 'agent' | 'operator' = 'agent',
): Promise<T> {
  const token = readFileSync(join(home, 'tokens', `${role}.token`), 'utf8').trim();
  const answer = await fetch(url + path, {
    method: body === null ? 'GET' : 'POST',
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
    ...(body === null ? {} : { body: JSON.stringify(body) }),
  });
  return (await answer.json()) as T;
}

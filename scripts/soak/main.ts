/**
 * `npm run soak -- [--minutes 10] [--per-minute 300] [--out FILE]`: the daemon's process under steady permitted orders, with
 * reads and refusals beside them. Writes its JSON to FILE (docs/evidence/soak.json). Ends with 1 when memory, a queue, a
 * timer or a handle grew.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { parse, stringify } from 'yaml';
import { findPackageFolder } from '../../daemon/config/package.ts';
import type { IntendedPolicySpec } from '../../daemon/core/policy.ts';
import { end, start } from '../bench/processes.ts';
import { ORDER_BODY, openPolicy } from '../bench/world.ts';
import { type Counts, judgeSoak, type Queues, type Sample } from './judge.ts';

const { values: options } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    'per-minute': { type: 'string', default: '300' },
    out: { type: 'string', default: join(findPackageFolder(), 'docs', 'evidence', 'soak.json') },
  },
});
const minutes = Number(options.minutes);
const perMinute = Number(options['per-minute']);
if (!(minutes >= 2) || !(perMinute >= 1)) throw new Error('--minutes takes 2 or more, --per-minute 1 or more');

/** Every so many orders the position is closed. */
const CLOSE_EVERY = 10;
const ASIDE_MS = 1_000;
const READS = ['/v1/limits?symbol=BTCUSDT', '/v1/positions', '/v1/orders', '/v1/decisions?limit=20', '/v1/account'];
const QUEUES_MS = 5_000;

interface Target {
  readonly url: string;
  readonly agent: string;
  readonly operator: string;
}

async function ask({ url }: Target, token: string, method: string, path: string, body?: object): Promise<string> {
  const answer = await fetch(`${url}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return `${answer.status} ${await answer.text()}`;
}

/** Runs until `endAt`, one call after the other at a steady pace; a late one does not shift those behind it. */
async function pace(everyMs: number, endAt: number, call: (n: number) => Promise<void>): Promise<void> {
  const startedAt = performance.now();
  const running = new Set<Promise<void>>();
  for (let n = 0; ; n += 1) {
    const due = startedAt + n * everyMs;
    if (due >= endAt) break;
    await delay(Math.max(0, due - performance.now()));
    const one = call(n).finally(() => running.delete(one));
    running.add(one);
  }
  await Promise.all(running);
}

async function soak(target: Target): Promise<{ readonly counts: Counts; readonly queues: readonly Queues[] }> {
  const startedAt = performance.now();
  const endAt = startedAt + minutes * 60_000;
  let [permitted, refused, reads] = [0, 0, 0];
  const others: string[] = [];
  const note = (text: string): void => void others.push(text.slice(0, 500));
  const queues: Queues[] = [];
  const order = async (n: number): Promise<void> => {
    const isClose = n % CLOSE_EVERY === CLOSE_EVERY - 1;
    const [tool, body] = isClose ? ['close_position', { symbol: ORDER_BODY.symbol }] : ['place_order', ORDER_BODY];
    const answer = await ask(target, target.agent, 'POST', `/v1/tools/${tool}`, body);
    if (/"decision":"(?:ALLOW|LIMIT)"/.test(answer)) permitted += 1;
    else note(answer);
  };
  const aside = async (n: number): Promise<void> => {
    const blocked = { ...ORDER_BODY, symbol: 'DOGEUSDT' };
    const answer = await ask(target, target.agent, 'POST', '/v1/tools/place_order', blocked);
    if (answer.includes('"decision":"BLOCK"')) refused += 1;
    else note(answer);
    const path = READS[n % READS.length] ?? '';
    const reported = await ask(target, target.agent, 'GET', path);
    if (reported.startsWith('200 ')) reads += 1;
    else note(`${path}: ${reported}`);
  };
  const readQueues = async (): Promise<void> => {
    const text = await ask(target, target.operator, 'GET', '/metrics');
    const value = (name: string): number => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1] ?? Number.NaN);
    const at_ms = Math.round(performance.now() - startedAt);
    const open_orders = value('holdfast_open_orders');
    const unknown_orders = value('holdfast_unknown_orders');
    if (Number.isNaN(open_orders + unknown_orders)) note(`/metrics: ${text}`);
    else queues.push({ at_ms, open_orders, unknown_orders });
  };
  await Promise.all([
    pace(60_000 / perMinute, endAt, order),
    pace(ASIDE_MS, endAt, aside),
    pace(QUEUES_MS, endAt, readQueues),
  ]);
  return { counts: { permitted, refused, reads, others }, queues };
}

async function untilReady(url: string): Promise<void> {
  for (let left = 1_000; (await fetch(`${url}/readyz`).catch(() => null))?.status !== 200; left -= 1) {
    if (left === 0) throw new Error('the daemon is not ready');
    await delay(50);
  }
}

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-soak-'));
  const home = join(folder, 'home');
  const probeFile = join(folder, 'samples.jsonl');
  const policyPath = join(folder, 'policy.yaml');
  const shipped = readFileSync(join(findPackageFolder(), 'policies', 'default.yaml'), 'utf8');
  writeFileSync(policyPath, stringify(openPolicy(parse(shipped) as IntendedPolicySpec)));
  const exchange = await start([fileURLToPath(new URL('../bench/main.ts', import.meta.url)), '--role', 'exchange'], {});
  try {
    const probe = new URL('./probe.ts', import.meta.url).href;
    const command = join(findPackageFolder(), 'scripts', 'holdfast.mjs');
    const args = ['--max-semi-space-size=8', '--expose-gc', '--import', probe, command, 'start'];
    const daemon = await start(args, {
      SOAK_PROBE_FILE: probeFile,
      HOLDFAST_HOME: home,
      HOLDFAST_HEAD_FILE: join(folder, 'head'),
      HOLDFAST_PORT: '0',
      HOLDFAST_LOG_LEVEL: 'silent',
      HOLDFAST_POLICY: policyPath,
      HOLDFAST_PAPER_URL: exchange.url,
    });
    try {
      await untilReady(daemon.url);
      const token = (role: string): string => readFileSync(join(home, 'tokens', `${role}.token`), 'utf8').trim();
      const { counts, queues } = await soak({ url: daemon.url, agent: token('agent'), operator: token('operator') });
      const lines = readFileSync(probeFile, 'utf8').trimEnd().split('\n');
      const samples = lines.map((line) => JSON.parse(line) as Sample);
      const verdict = judgeSoak(samples, queues, counts, Math.floor(minutes * perMinute));
      const { others, ...figures } = counts;
      const report = {
        command: `npm run soak -- --minutes ${minutes} --per-minute ${perMinute}`,
        minutes,
        ...figures,
        other_answers: others.length,
        ...verdict,
        machine: { cores: cpus().length, load: Math.round(loadavg()[0] ?? 0), node: process.version },
        samples,
      };
      writeFileSync(options.out, `${JSON.stringify(report)}\n`);
      const { samples: _, ...shown } = report;
      process.stdout.write(`${JSON.stringify(shown, null, 2)}\n`);
      if (verdict.broken.length > 0) process.exitCode = 1;
    } finally {
      await end(daemon);
    }
  } finally {
    await end(exchange);
    rmSync(folder, { recursive: true, force: true });
  }
}

await main();

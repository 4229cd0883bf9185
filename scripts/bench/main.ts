/**
 * `npm run -s bench` measures, and prints one JSON object as the last line. Everything is compared within the run, in
 * turn, against baselines of this folder; the daemon, the baseline and the exchange are processes of their own.
 *
 * `npm run -s bench -- NAME` measures one part: alerts, doors, flatten [--flattens N], flood, frames,
 * history [--decisions N], ledger [--decisions N], open [--rounds N], pairs --beside FOLDER [--programs], peers,
 * seat [--consoles], verbs.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { stringify } from 'yaml';
import { findPackageFolder } from '../../daemon/config/package.ts';
import { startExchangeSim } from '../../daemon/exchange-sim/start.ts';
import { measureAlerts } from './alerts.ts';
import { startBaseline } from './baseline-server.ts';
import { measureDoors } from './doors.ts';
import { measureFlatten } from './flatten.ts';
import { measureFlood } from './flood.ts';
import { type FloodPlan, flood } from './flooder.ts';
import { measureFrames } from './frames.ts';
import { measureLedger } from './ledger.ts';
import { type LongLedgerFigures, measureLongLedger } from './long-ledger.ts';
import { measureOpen } from './open.ts';
import { measurePairs } from './pairs.ts';
import { measurePeers } from './peers.ts';
import { type Child, cpuUsOf, end, residentMb, servingCpuUsOf, start } from './processes.ts';
import { type ReadersPlan, readAlong } from './readers.ts';
import { measureConsoles, measureFlooded, measureGrants, measureStreams, type SeatOptions } from './seat.ts';
import {
  type Begin,
  type Bench,
  daemonArgs,
  daemonEnv,
  readDefaultPolicy,
  readToken,
  SELF,
  serve,
  untilReady,
  writeOpenPolicy,
} from './serve.ts';
import { askWithoutToken, type StrangersPlan } from './strangers.ts';
import { measureVerbs } from './verbs.ts';
import { measureWhole } from './whole.ts';
import { openPolicy } from './world.ts';

type Measure = (bench: Bench) => Promise<object>;

/** Parts that can be measured alone, by name. */
const BENCHES: Readonly<Record<string, Measure>> = {
  /** From the record of an alert to its webhook. */
  alerts: async ({ folder }) => ({ alerts: await measureAlerts(folder, writeOpenPolicy(folder)) }),
  /** What MCP and the OpenClaw hook add to a call over HTTP. */
  doors: async ({ begin, folder }) => {
    const { daemonUrl, token } = await serve(join(folder, 'doors'), writeOpenPolicy(folder), begin);
    const tokenFile = join(folder, 'agent.token');
    writeFileSync(tokenFile, token, { mode: 0o600 });
    return { doors: await measureDoors(daemonUrl, token, tokenFile) };
  },
  /** From the call of a flatten until its first exit is at the exchange; `--flattens N` (300) of each kind. */
  flatten: async ({ begin, folder }) => {
    const exchange = await begin([SELF, '--role', 'exchange'], {});
    const options = { folder, policyPath: writeOpenPolicy(folder), exchangeUrl: exchange.url };
    return { flatten: await measureFlatten(options, readCount('--flattens', 300)) };
  },
  /** Control while a hostile process floods the daemon. */
  flood: async ({ begin, folder }) => ({
    flood: await measureFlood({ folder, begin, self: SELF, daemonArgs: daemonArgs(), untilReady }),
  }),
  /** How smooth a console is while 200 rows come each second. */
  frames: async (bench) => ({ frames: await onOpenPolicy(bench, 'frames', measureFrames) }),
  /** Starts on a long ledger. */
  history: async (bench) => ({ history: await measureHistory(bench, writeOpenPolicy(bench.folder)) }),
  /** Bytes of each kind of call, records that are verified in a second, and `history`. */
  ledger: async (bench) => {
    const { folder, begin, stop } = bench;
    const policyPath = writeOpenPolicy(folder);
    const { daemonUrl, token, home } = await serve(join(folder, 'ledger'), policyPath, begin);
    const ledger = await measureLedger({ url: daemonUrl, token, home, stop });
    return { ...ledger, history: await measureHistory(bench, policyPath) };
  },
  /** An operator's halts and an agent's exits beside 64 connections without a token; `--rounds N`: pairs of windows. */
  open: async ({ begin, folder }) => {
    const rounds = process.argv.includes('--rounds') ? Number(readOption('--rounds')) : undefined;
    return { open: await measureOpen(begin, folder, rounds) };
  },
  /** This project beside another copy of it: `--beside FOLDER`; of `decide` and replays alone: `--programs`. */
  pairs: async ({ begin, folder }) => {
    const beside = resolve(readOption('--beside'));
    return { pairs: await measurePairs(folder, beside, begin, process.argv.includes('--programs')) };
  },
  /** One decision beside general policy engines. */
  peers: async () => ({ ...(await measurePeers()) }),
  /** From an approval to the exchange's answer, and what three open consoles cost; `--consoles`: the latter alone. */
  seat: measureSeat,
  /** CPU time of the verbs of the command line. */
  verbs: async ({ folder }) => ({ ...measureVerbs(findPackageFolder(), folder) }),
};

function readOption(name: string): string {
  const value = process.argv[process.argv.indexOf(name) + 1];
  if (!process.argv.includes(name) || value === undefined) throw new Error(`${name}: a value is expected`);
  return value;
}

function readCount(name: string, usual: number): number {
  const count = process.argv.includes(name) ? Number(readOption(name)) : usual;
  if (!Number.isSafeInteger(count) || count < 1) throw new Error(`${name}: a number is expected`);
  return count;
}

async function onOpenPolicy<T>(bench: Bench, name: string, by: (options: SeatOptions) => Promise<T>): Promise<T> {
  return onPolicy(bench, name, writeOpenPolicy(bench.folder), by);
}
async function onPolicy<T>(
  { begin, folder, stop }: Bench,
  name: string,
  policyPath: string,
  by: (options: SeatOptions) => Promise<T>,
): Promise<T> {
  const { baselineUrl, daemonUrl, home, pids, token } = await serve(join(folder, name), policyPath, begin);
  const operatorToken = readToken(home, 'operator');
  const cpuUs = (): number => servingCpuUsOf(pids[0]);
  const figures = await by({ url: daemonUrl, baselineUrl, agentToken: token, operatorToken, pids, cpuUs });
  await stop();
  process.stderr.write(`${name} ${JSON.stringify(figures)}\n`);
  return figures;
}

async function measureSeat(bench: Bench): Promise<object> {
  if (process.argv.includes('--consoles')) return { consoles: await onOpenPolicy(bench, 'consoles', measureConsoles) };
  const asking = join(bench.folder, 'asking.yaml');
  const approvals = { when: [{}], window_ms: 60_000, expiry_ms: 60_000 };
  writeFileSync(asking, stringify({ ...openPolicy(readDefaultPolicy()), approvals }));
  const click_to_order = await onPolicy(bench, 'grants', asking, measureGrants);
  const streams = await onOpenPolicy(bench, 'streams', measureStreams);
  const flooded = await onOpenPolicy(bench, 'flooded', (options) =>
    measureFlooded(options, (plan) => start([SELF, '--role', 'readers', JSON.stringify(plan)], {})),
  );
  const consoles = await onOpenPolicy(bench, 'consoles', measureConsoles);
  const frames = await onOpenPolicy(bench, 'frames', measureFrames);
  return { seat: { click_to_order, streams, flooded, consoles, frames } };
}

const HISTORY = 100_000;

/** Start and memory on ledgers of `--decisions N` (100,000). */
async function measureHistory({ begin, folder }: Bench, policyPath: string): Promise<LongLedgerFigures> {
  const decisions = readCount('--decisions', HISTORY);
  const beginAt = async (home: string, more: Record<string, string> = {}): Promise<Child> => {
    // What the generator added is not in the file; nobody put an older ledger back.
    const head = `${home}-head`;
    rmSync(head, { force: true });
    const env = { HOLDFAST_POLICY: policyPath, HOLDFAST_HEAD_FILE: head, ...more };
    return await begin(daemonArgs(), daemonEnv(home, env));
  };
  return await measureLongLedger(
    {
      folder,
      startDaemon: async (home) => {
        const startedAt = performance.now();
        const child = await beginAt(home);
        await untilReady(child.url);
        const start_ms = performance.now() - startedAt;
        const pid = child.process.pid ?? 0;
        return { start_ms, start_cpu_ms: cpuUsOf(pid) / 1_000, rss_mb: residentMb(pid), child };
      },
      serve: async (home, exchangeUrl) => {
        const child = await beginAt(home, { HOLDFAST_PAPER_URL: exchangeUrl });
        await untilReady(child.url);
        return { child, token: readToken(home, 'agent') };
      },
      note: (text) => void process.stderr.write(`${text}\n`),
    },
    decisions,
  );
}

async function run(measure: Measure): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-bench-'));
  const children: Child[] = [];
  const stop = async (): Promise<void> => {
    for (const child of children.splice(0).reverse()) await end(child);
  };
  const begin: Begin = async (args, env) => {
    const child = await start(args, env);
    children.push(child);
    return child;
  };
  try {
    process.stdout.write(`${JSON.stringify(await measure({ folder, begin, stop }))}\n`);
  } finally {
    await stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function runRole(role: string, args: readonly string[]): Promise<void> {
  if (role === 'exchange') {
    const sim = await startExchangeSim({ balance: 1e9, enforceLimits: false, seed: 3, simToken: 'bench-control' });
    process.stdout.write(`${sim.url}\n`);
    process.once('SIGTERM', () => void sim.close().then(() => process.exit(0)));
    return;
  }
  if (role === 'flooder') {
    const plan = JSON.parse(args[0] ?? '') as FloodPlan;
    const figures = await flood(plan, () => process.stdout.write(`floods ${plan.url}\n`));
    process.stdout.write(`${JSON.stringify(figures)}\n`);
    process.exit();
  }
  if (role === 'strangers') {
    const plan = JSON.parse(args[0] ?? '') as StrangersPlan;
    askWithoutToken(plan, () => process.stdout.write(`asks ${plan.url}\n`));
    return;
  }
  if (role === 'readers') {
    const plan = JSON.parse(args[0] ?? '') as ReadersPlan;
    await readAlong(plan, () => process.stdout.write(`reads ${plan.url}\n`));
    return;
  }
  const [databasePath = '', rowBytes = '0', answerBytes = '0', exchangeUrl = ''] = args;
  const sizes = { rowBytes: Number(rowBytes), answerBytes: Number(answerBytes) };
  const server = await startBaseline({ databasePath, ...sizes, exchangeUrl });
  process.stdout.write(`${server.url}\n`);
  process.once('SIGTERM', () => void server.close().then(() => process.exit(0)));
}

const [, , name, role = '', ...rest] = process.argv;
const chosen = name === undefined ? measureWhole : BENCHES[name];
if (name === '--role') await runRole(role, rest);
else if (chosen !== undefined) await run(chosen);
else {
  process.stderr.write(`There is no bench ${name}; known: ${Object.keys(BENCHES).join(', ')}.\n`);
  process.exitCode = 2;
}

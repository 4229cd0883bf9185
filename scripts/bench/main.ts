import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse, stringify } from 'yaml';
import { findPackageFolder } from '../../daemon/config/config.ts';
import type { IntendedPolicySpec } from '../../daemon/core/policy.ts';
import { startExchangeSim } from '../../daemon/exchange-sim/start.ts';
import { openLedgerReader } from '../../daemon/ledger/reader.ts';
import { measureAlerts } from './alerts.ts';
import { startBaseline } from './baseline-server.ts';
import { measureDecide } from './decide.ts';
import { measureDoors } from './doors.ts';
import { measureFlood } from './flood.ts';
import { type FloodPlan, flood } from './flooder.ts';
import { measureFrames } from './frames.ts';
import { ledgerOf, measureLedger } from './ledger.ts';
import { type LoadFigures, load, median, timeRequests } from './load.ts';
import { type LongLedgerFigures, measureLongLedger } from './long-ledger.ts';
import { measurePeers } from './peers.ts';
import { type Child, cpuUsOf, end, residentMb, servingCpuUsOf, start } from './processes.ts';
import { type ReadersPlan, readAlong } from './readers.ts';
import { measureReplay } from './replay.ts';
import { measureConsoles, measureFlooded, measureGrants, measureStreams, type SeatFigures } from './seat.ts';
import { measureVerbs } from './verbs.ts';
import { ORDER_BODY, openPolicy } from './world.ts';

/**
 * `npm run -s bench`: one JSON object as the last line. Everything is compared within the run, in turn, against
 * baselines of this folder; the daemon, the baseline and the exchange are processes of their own. `-- peers` compares
 * one decision with general policy engines instead, `-- ledger` measures the size and the verification of records,
 * with `-- history` alone starts on a long ledger; `-- doors` what MCP and the OpenClaw hook add to a call; `-- alerts`
 * the time from the record of an alert to its webhook; `-- seat` the time from an approval to the exchange's answer, and
 * what three open consoles cost, with `-- frames` alone how smooth one is while 200 rows come each second.
 */
/** Fresh processes of each kind: two runs of one program differ by more than the rounds of one. */
const PROCESSES = 3;
const ROUNDS = 2;
const SECONDS = 2;
const STARTS = 5;
/**
 * The gate leaves agents 150 of the 300 orders within 10 s that the venue takes, the baseline's on the same account
 * included: all rounds of a process fit.
 */
const ORDERS = 30;
const WARM_UP = 5;

async function untilReady(url: string): Promise<void> {
  const deadline = performance.now() + 20_000;
  for (;;) {
    const answer = await fetch(`${url}/readyz`).catch(() => null);
    if (answer?.status === 200) return;
    if (performance.now() > deadline) throw new Error(`not ready: ${await answer?.text()}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** As `npm start` does. */
function daemonArgs(): readonly string[] {
  return ['--max-semi-space-size=8', join(findPackageFolder(), 'scripts', 'holdfast.mjs'), 'start'];
}
/** Start to ready and resident memory, on paper as shipped. */
async function measureStartup(folder: string): Promise<{ readonly startup_ms: number; readonly rss_mb: number }> {
  const times: number[] = [];
  const sizes: number[] = [];
  for (let round = 0; round < STARTS; round += 1) {
    const startedAt = performance.now();
    const child = await start(daemonArgs(), {
      HOLDFAST_HOME: join(folder, `startup-${round}`),
      HOLDFAST_PORT: '0',
      HOLDFAST_LOG_LEVEL: 'silent',
    });
    await untilReady(child.url);
    times.push(performance.now() - startedAt);
    sizes.push(residentMb(child.process.pid ?? 0));
    await end(child);
  }
  return { startup_ms: Math.round(median(times)), rss_mb: median(sizes) };
}

interface Served {
  readonly daemonUrl: string;
  readonly token: string;
  readonly home: string;
  readonly baselineUrl: string;
  readonly pids: readonly [daemon: number, baseline: number];
}
/** `cpuUs`: of the server, for one request. On a machine that does other things as well it says more than time. */
type Measured = LoadFigures & { readonly cpuUs: number };
type Pair = readonly [ours: Measured, theirs: Measured];

async function loadMeasured(pid: number, target: Parameters<typeof load>[0], connections: number): Promise<Measured> {
  const before = cpuUsOf(pid);
  const figures = await load(target, connections, SECONDS);
  return { ...figures, cpuUs: (cpuUsOf(pid) - before) / (figures.rps * SECONDS) };
}

async function loadInTurn(
  { daemonUrl, token, baselineUrl, pids }: Served,
  connections: number,
): Promise<readonly Pair[]> {
  const body = JSON.stringify({ tool: 'place_order', args: ORDER_BODY });
  const ours = { url: `${daemonUrl}/v1/intercept`, token, body };
  const theirs = { url: `${baselineUrl}/intercept`, token: null, body };
  await load(ours, connections, 1);
  await load(theirs, connections, 1);
  const pairs: Pair[] = [];
  for (let round = 0; round < ROUNDS; round += 1)
    pairs.push([await loadMeasured(pids[0], ours, connections), await loadMeasured(pids[1], theirs, connections)]);
  return pairs;
}
function summarise(pairs: readonly Pair[]): {
  readonly rps: number;
  readonly baseline_rps: number;
  readonly ratio: number;
  readonly p99_ratio: number;
  readonly cpu_us: number;
  readonly baseline_cpu_us: number;
  readonly cpu_ratio: number;
} {
  return {
    rps: Math.round(median(pairs.map(([a]) => a.rps))),
    baseline_rps: Math.round(median(pairs.map(([, b]) => b.rps))),
    ratio: round3(median(pairs.map(([a, b]) => a.rps / b.rps))),
    p99_ratio: round3(median(pairs.map(([a, b]) => a.p99Ms / b.p99Ms))),
    cpu_us: Math.round(median(pairs.map(([a]) => a.cpuUs))),
    baseline_cpu_us: Math.round(median(pairs.map(([, b]) => b.cpuUs))),
    cpu_ratio: round3(median(pairs.map(([a, b]) => b.cpuUs / a.cpuUs))),
  };
}
function round3(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}

type OrderPair = readonly [oursUs: number, theirsUs: number];
async function orderInTurn({ daemonUrl, token, baselineUrl }: Served): Promise<readonly OrderPair[]> {
  const ours = `${daemonUrl}/v1/tools/place_order`;
  const theirs = `${baselineUrl}/order`;
  const body = JSON.stringify(ORDER_BODY);
  await timeRequests(ours, token, body, WARM_UP);
  await timeRequests(theirs, null, body, WARM_UP);
  const pairs: OrderPair[] = [];
  for (let round = 0; round < ROUNDS; round += 1)
    pairs.push([
      median(await timeRequests(ours, token, body, ORDERS)),
      median(await timeRequests(theirs, null, body, ORDERS)),
    ]);
  return pairs;
}

interface Sizes {
  /** Of the record that one intercepted order leaves in the ledger, and of its answer: the baseline's are as large. */
  readonly rowBytes: number;
  readonly answerBytes: number;
}
async function measureSizes(daemonUrl: string, token: string, home: string): Promise<Sizes> {
  const answer = await fetch(`${daemonUrl}/v1/intercept`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ tool: 'place_order', args: ORDER_BODY }),
  });
  const { length: answerBytes } = await answer.text();
  const reader = openLedgerReader(ledgerOf(home));
  try {
    const rowBytes = reader.readDecisions({ limit: 1 }).events[0]?.text.length;
    if (rowBytes === undefined) throw new Error('the intercepted order is not in the ledger');
    return { rowBytes, answerBytes };
  } finally {
    reader.close();
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

/** A fresh exchange, daemon and baseline; what was started is in `children` also when this throws. */
async function serve(folder: string, policyPath: string, children: Child[]): Promise<Served> {
  mkdirSync(folder);
  const begin = async (args: readonly string[], env: Record<string, string>): Promise<Child> => {
    const child = await start(args, env);
    children.push(child);
    return child;
  };
  const self = fileURLToPath(import.meta.url);
  const exchange = await begin([self, '--role', 'exchange'], {});
  const home = join(folder, 'home');
  const daemon = await begin(daemonArgs(), {
    HOLDFAST_HOME: home,
    HOLDFAST_HEAD_FILE: join(home, 'head'),
    HOLDFAST_PORT: '0',
    HOLDFAST_LOG_LEVEL: 'silent',
    HOLDFAST_POLICY: policyPath,
    HOLDFAST_PAPER_URL: exchange.url,
  });
  await untilReady(daemon.url);
  const token = readFileSync(join(home, 'tokens', 'agent.token'), 'utf8').trim();
  const { rowBytes, answerBytes } = await measureSizes(daemon.url, token, home);
  const database = join(folder, 'baseline.db');
  const sizes = [String(rowBytes), String(answerBytes)];
  const baseline = await begin([self, '--role', 'baseline', database, ...sizes, exchange.url], {});
  const pids = [daemon.process.pid ?? 0, baseline.process.pid ?? 0] as const;
  return { daemonUrl: daemon.url, token, home, baselineUrl: baseline.url, pids };
}

/** `bench -- flood`: by itself, since it wants the machine for itself. */
async function mainFlood(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-bench-'));
  const children: Child[] = [];
  const begin = async (args: readonly string[], env: Record<string, string>): Promise<Child> => {
    const child = await start(args, env);
    children.push(child);
    return child;
  };
  const self = fileURLToPath(import.meta.url);
  try {
    const report = await measureFlood({ folder, begin, self, daemonArgs: daemonArgs(), untilReady });
    process.stdout.write(`${JSON.stringify({ flood: report })}\n`);
  } finally {
    for (const child of children.reverse()) await end(child);
    rmSync(folder, { recursive: true, force: true });
  }
}

const HISTORY = 100_000;

/** Start and memory on ledgers of `--decisions N` (100,000): `bench -- ledger` and `bench -- history`. */
async function measureHistory(folder: string, policyPath: string, children: Child[]): Promise<LongLedgerFigures> {
  const at = process.argv.indexOf('--decisions');
  const decisions = at < 0 ? HISTORY : Number(process.argv[at + 1]);
  if (!Number.isSafeInteger(decisions) || decisions < 1) throw new Error('--decisions: a number is expected');
  const environment = (home: string): Record<string, string> => ({
    HOLDFAST_HOME: home,
    HOLDFAST_HEAD_FILE: `${home}-head`,
    HOLDFAST_PORT: '0',
    HOLDFAST_LOG_LEVEL: 'silent',
    HOLDFAST_POLICY: policyPath,
  });
  const begin = async (home: string, more: Record<string, string> = {}): Promise<Child> => {
    // What the generator added is not in the file; nobody put an older ledger back.
    rmSync(`${home}-head`, { force: true });
    const child = await start(daemonArgs(), { ...environment(home), ...more });
    children.push(child);
    return child;
  };
  return await measureLongLedger(
    {
      folder,
      startDaemon: async (home) => {
        const startedAt = performance.now();
        const child = await begin(home);
        await untilReady(child.url);
        const start_ms = performance.now() - startedAt;
        const pid = child.process.pid ?? 0;
        return { start_ms, start_cpu_ms: cpuUsOf(pid) / 1_000, rss_mb: residentMb(pid), child };
      },
      serve: async (home, exchangeUrl) => {
        const child = await begin(home, { HOLDFAST_PAPER_URL: exchangeUrl });
        await untilReady(child.url);
        return { child, token: readFileSync(join(home, 'tokens', 'agent.token'), 'utf8').trim() };
      },
      note: (text) => void process.stderr.write(`${text}\n`),
    },
    decisions,
  );
}

async function mainHistory(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-bench-'));
  const children: Child[] = [];
  try {
    const history = await measureHistory(folder, writeOpenPolicy(folder), children);
    process.stdout.write(`${JSON.stringify({ history })}\n`);
  } finally {
    for (const child of children.reverse()) await end(child);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** `bench -- ledger`: bytes of each kind of call, records that are verified in a second, and {@link measureHistory}. */
async function mainLedger(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-bench-'));
  const children: Child[] = [];
  try {
    const policyPath = writeOpenPolicy(folder);
    const { daemonUrl, token, home } = await serve(join(folder, 'ledger'), policyPath, children);
    const stop = async (): Promise<void> => {
      for (const child of children.splice(0).reverse()) await end(child);
    };
    const ledger = await measureLedger({ url: daemonUrl, token, home, stop });
    const history = await measureHistory(folder, policyPath, children);
    process.stdout.write(`${JSON.stringify({ ...ledger, history })}\n`);
  } finally {
    for (const child of children.reverse()) await end(child);
    rmSync(folder, { recursive: true, force: true });
  }
}
/** `bench -- alerts`: from the record of an alert to its webhook. */
async function mainAlerts(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-bench-'));
  try {
    process.stdout.write(`${JSON.stringify({ alerts: await measureAlerts(folder, writeOpenPolicy(folder)) })}\n`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
/** `bench -- seat`: from an approval to the exchange's answer, and what three open consoles cost. */
async function mainSeat(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-bench-'));
  const children: Child[] = [];
  const measure = async <T>(
    name: string,
    policyPath: string,
    by: (options: Parameters<typeof measureGrants>[0]) => Promise<T>,
  ): Promise<T> => {
    const { baselineUrl, daemonUrl, home, pids, token } = await serve(join(folder, name), policyPath, children);
    const operatorToken = readFileSync(join(home, 'tokens', 'operator.token'), 'utf8').trim();
    const cpuUs = (): number => servingCpuUsOf(pids[0]);
    const figures = await by({ url: daemonUrl, baselineUrl, agentToken: token, operatorToken, cpuUs });
    for (const child of children.splice(0).reverse()) await end(child);
    process.stderr.write(`${name} ${JSON.stringify(figures)}\n`);
    return figures;
  };
  try {
    const open = writeOpenPolicy(folder);
    if (process.argv[2] === 'frames') {
      process.stdout.write(`${JSON.stringify({ frames: await measure('frames', open, measureFrames) })}\n`);
      return;
    }
    const asking = join(folder, 'asking.yaml');
    const approvals = { when: [{}], window_ms: 60_000, expiry_ms: 60_000 };
    writeFileSync(asking, stringify({ ...openPolicy(readDefaultPolicy()), approvals }));
    const click_to_order = await measure('grants', asking, measureGrants);
    const streams = await measure('streams', open, measureStreams);
    const self = fileURLToPath(import.meta.url);
    const flooded = await measure('flooded', open, (options) =>
      measureFlooded(options, (plan) => start([self, '--role', 'readers', JSON.stringify(plan)], {})),
    );
    const consoles = await measure('consoles', open, measureConsoles);
    const frames = await measure('frames', open, measureFrames);
    const seat: SeatFigures & { frames: typeof frames } = { click_to_order, streams, flooded, consoles, frames };
    process.stdout.write(`${JSON.stringify({ seat })}\n`);
  } finally {
    for (const child of children.reverse()) await end(child);
    rmSync(folder, { recursive: true, force: true });
  }
}
/** `bench -- doors`: what each door adds to the same call over HTTP. */
async function mainDoors(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-bench-'));
  const children: Child[] = [];
  try {
    const { daemonUrl, token } = await serve(join(folder, 'doors'), writeOpenPolicy(folder), children);
    const tokenFile = join(folder, 'agent.token');
    writeFileSync(tokenFile, token, { mode: 0o600 });
    process.stdout.write(`${JSON.stringify({ doors: await measureDoors(daemonUrl, token, tokenFile) })}\n`);
  } finally {
    for (const child of children.reverse()) await end(child);
    rmSync(folder, { recursive: true, force: true });
  }
}
function readDefaultPolicy(): IntendedPolicySpec {
  return parse(readFileSync(join(findPackageFolder(), 'policies', 'default.yaml'), 'utf8')) as IntendedPolicySpec;
}
function writeOpenPolicy(folder: string): string {
  const path = join(folder, 'policy.yaml');
  writeFileSync(path, stringify(openPolicy(readDefaultPolicy())));
  return path;
}

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-bench-'));
  const children: Child[] = [];
  const note = (text: string): void => void process.stderr.write(`${text}\n`);
  try {
    note('decide …');
    const decide = measureDecide(readDefaultPolicy());
    note('replay …');
    const replay = measureReplay();
    note('start …');
    const startup = await measureStartup(folder);
    const verbs_cpu_ms = measureVerbs(findPackageFolder(), folder);
    const policyPath = writeOpenPolicy(folder);
    const c8: Pair[] = [];
    const c32: Pair[] = [];
    const orders: OrderPair[] = [];
    for (let round = 0; round < PROCESSES; round += 1) {
      note(`intercept and place_order, processes ${round + 1} of ${PROCESSES} …`);
      const served = await serve(join(folder, `round-${round}`), policyPath, children);
      c8.push(...(await loadInTurn(served, 8)));
      c32.push(...(await loadInTurn(served, 32)));
      orders.push(...(await orderInTurn(served)));
      for (const child of children.splice(0).reverse()) await end(child);
    }
    const place_order = {
      p50_us: Math.round(median(orders.map(([a]) => a))),
      baseline_p50_us: Math.round(median(orders.map(([, b]) => b))),
      ratio: round3(median(orders.map(([a, b]) => a / b))),
    };
    const intercept = { c8: summarise(c8), c32: summarise(c32) };
    process.stdout.write(`${JSON.stringify({ decide, intercept, place_order, ...startup, verbs_cpu_ms, replay })}\n`);
  } finally {
    for (const child of children.reverse()) await end(child);
    rmSync(folder, { recursive: true, force: true });
  }
}

const role = process.argv.indexOf('--role');
if (role >= 0) await runRole(process.argv[role + 1] ?? '', process.argv.slice(role + 2));
else if (process.argv.includes('flood')) await mainFlood();
else if (process.argv[2] === 'alerts') await mainAlerts();
else if (process.argv[2] === 'doors') await mainDoors();
else if (['frames', 'seat'].includes(process.argv[2] ?? '')) await mainSeat();
else if (process.argv[2] === 'history') await mainHistory();
else if (process.argv[2] === 'ledger') await mainLedger();
else if (process.argv[2] === 'verbs')
  process.stdout.write(`${JSON.stringify(measureVerbs(findPackageFolder(), tmpdir()))}\n`);
else if (process.argv[2] === 'peers') process.stdout.write(`${JSON.stringify(await measurePeers())}\n`);
else await main();

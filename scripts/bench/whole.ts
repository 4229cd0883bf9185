import { join } from 'node:path';
import { findPackageFolder } from '../../daemon/config/package.ts';
import { measureDecide } from './decide.ts';
import { type LoadFigures, load, median, timeRequests } from './load.ts';
import { cpuUsOf, end, residentMb, start } from './processes.ts';
import { measureReplay } from './replay.ts';
import {
  type Bench,
  daemonArgs,
  daemonEnv,
  readDefaultPolicy,
  type Served,
  serve,
  untilReady,
  writeOpenPolicy,
} from './serve.ts';
import { measureVerbs } from './verbs.ts';
import { ORDER_BODY } from './world.ts';

/** Fresh processes of each kind: two runs of one program differ by more than the rounds of one. */
const PROCESSES = 3;
const ROUNDS = 2;
const SECONDS = 2;
/** Node compiles what runs often; daemon and baseline are measured as they last, not as they begin. */
const WARM_UP_SECONDS = 4;
const STARTS = 5;
/** The gate leaves agents 150 of the 300 orders within 10 s that the venue takes: all rounds of a process fit. */
const ORDERS = 30;
const WARM_UP = 5;

/** Start to ready and resident memory, on paper as shipped. */
async function measureStartup(folder: string): Promise<{ readonly startup_ms: number; readonly rss_mb: number }> {
  const times: number[] = [];
  const sizes: number[] = [];
  for (let round = 0; round < STARTS; round += 1) {
    const startedAt = performance.now();
    const child = await start(daemonArgs(), daemonEnv(join(folder, `startup-${round}`)));
    await untilReady(child.url);
    times.push(performance.now() - startedAt);
    sizes.push(residentMb(child.process.pid ?? 0));
    await end(child);
  }
  return { startup_ms: Math.round(median(times)), rss_mb: median(sizes) };
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
  await load(ours, connections, WARM_UP_SECONDS);
  await load(theirs, connections, WARM_UP_SECONDS);
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

/** `npm run -s bench`: everything at once, in turn with the baseline. */
export async function measureWhole({ begin, folder, stop }: Bench) {
  const note = (text: string): void => void process.stderr.write(`${text}\n`);
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
    const served = await serve(join(folder, `round-${round}`), policyPath, begin);
    c8.push(...(await loadInTurn(served, 8)));
    c32.push(...(await loadInTurn(served, 32)));
    orders.push(...(await orderInTurn(served)));
    await stop();
  }
  const place_order = {
    p50_us: Math.round(median(orders.map(([a]) => a))),
    baseline_p50_us: Math.round(median(orders.map(([, b]) => b))),
    ratio: round3(median(orders.map(([a, b]) => a / b))),
  };
  const intercept = { c8: summarise(c8), c32: summarise(c32) };
  return { decide, intercept, place_order, ...startup, verbs_cpu_ms, replay };
}

import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { stringify } from 'yaml';
import { findPackageFolder } from '../../daemon/config/package.ts';
import { compareRatios, type Pair, type Ratio, significant } from './compare.ts';
import { load, median, timeRequests } from './load.ts';
import { cpuUsOf, end, residentMb } from './processes.ts';
import { type Begin, daemonArgs, daemonEnv, readDefaultPolicy, readToken, SELF, untilReady } from './serve.ts';
import { ORDER_BODY, openPolicy } from './world.ts';

/** Even: each is as often first as second. */
const WINDOWS = 12;
const SECONDS = 2;
const WARM_UP_SECONDS = 6;
const STARTS = 12;
const PROGRAMS = 8;
/** Of both in turn, well below what the venue takes in 10 s. */
const ORDERS = 20;
const BETWEEN_ORDERS_MS = 3_000;

/** This project over another copy of it; times and CPU: below 1 is faster, requests a second: above 1. */
interface Compared extends Ratio {
  readonly now: number;
  readonly beside: number;
}
export function compare(pairs: readonly Pair[]): Compared {
  return {
    now: significant(median(pairs.map(([now]) => now))),
    beside: significant(median(pairs.map(([, beside]) => beside))),
    ...compareRatios(pairs),
  };
}

/** Takes the same measure of both, in turn; whichever is first has the colder cache or the quieter machine. */
async function inTurn<T>(sides: readonly [T, T], count: number, take: (side: T) => Promise<number> | number) {
  const pairs: Pair[] = [];
  for (let round = 0; round < count; round += 1) {
    const found = new Map<T, number>();
    for (const side of round % 2 === 0 ? sides : sides.toReversed()) found.set(side, await take(side));
    pairs.push([found.get(sides[0])!, found.get(sides[1])!]);
  }
  return pairs;
}

interface Side {
  readonly project: string;
  readonly url: string;
  readonly token: string;
  readonly pid: number;
}
const BODY = JSON.stringify({ tool: 'place_order', args: ORDER_BODY });

/** A daemon of the project in a folder, with an exchange of this one. */
async function open(project: string, folder: string, begin: Begin): Promise<Side> {
  mkdirSync(folder);
  const exchange = await begin([SELF, '--role', 'exchange'], {});
  const home = join(folder, 'home');
  const policy = join(folder, 'policy.yaml');
  const { requests, ...opened } = openPolicy(readDefaultPolicy(project));
  writeFileSync(policy, stringify({ ...opened, requests }));
  // An older one that does not know this limit yet has none.
  if (!isValid(project, policy)) writeFileSync(policy, stringify(opened));
  const env = daemonEnv(home, { HOLDFAST_POLICY: policy, HOLDFAST_PAPER_URL: exchange.url });
  const daemon = await begin(daemonArgs(project), env);
  await untilReady(daemon.url);
  return { project, url: daemon.url, token: readToken(home, 'agent'), pid: daemon.process.pid ?? 0 };
}

function isValid(project: string, policy: string): boolean {
  const args = [join(project, 'scripts', 'holdfast.mjs'), 'policy', 'check', policy];
  return spawnSync(process.execPath, args, { cwd: project, stdio: 'ignore' }).status === 0;
}

async function loadInTurn(sides: readonly [Side, Side], connections: number) {
  const target = ({ token, url }: Side) => ({ url: `${url}/v1/intercept`, token, body: BODY });
  for (const side of sides) await load(target(side), connections, WARM_UP_SECONDS);
  const cpu = new Map<Side, number[]>(sides.map((side) => [side, []]));
  const rps = await inTurn(sides, WINDOWS, async (side) => {
    const before = cpuUsOf(side.pid);
    const figures = await load(target(side), connections, SECONDS);
    cpu.get(side)?.push((cpuUsOf(side.pid) - before) / (figures.rps * SECONDS));
    return figures.rps;
  });
  const [ours, theirs] = sides.map((side) => cpu.get(side) ?? []) as [number[], number[]];
  return { rps: compare(rps), cpu_us: compare(ours.map((us, index) => [us, theirs[index]!])) };
}

async function orderInTurn(sides: readonly [Side, Side]): Promise<Compared> {
  const place = async ({ token, url }: Side, count: number): Promise<number> => {
    await new Promise((resolve) => setTimeout(resolve, BETWEEN_ORDERS_MS));
    return median(await timeRequests(`${url}/v1/tools/place_order`, token, JSON.stringify(ORDER_BODY), count));
  };
  for (const side of sides) await place(side, ORDERS);
  return compare(await inTurn(sides, WINDOWS, (side) => place(side, ORDERS)));
}

async function startInTurn(projects: readonly [string, string], folder: string, begin: Begin) {
  let count = 0;
  const memory = new Map<string, number[]>(projects.map((project) => [project, []]));
  const times = await inTurn(projects, STARTS, async (project) => {
    count += 1;
    const home = join(folder, `start-${count}`);
    const startedAt = performance.now();
    const child = await begin(daemonArgs(project), daemonEnv(home));
    await untilReady(child.url);
    const took = performance.now() - startedAt;
    memory.get(project)?.push(residentMb(child.process.pid ?? 0));
    await end(child);
    return took;
  });
  const [ours, theirs] = projects.map((project) => memory.get(project) ?? []) as [number[], number[]];
  return { start_ms: compare(times), rss_mb: compare(ours.map((mb, index) => [mb, theirs[index]!])) };
}

/** Runs a project's own measure in a process of its own and takes one of its figures. */
function takeOwn(project: string, file: string, call: string, pick: string): number {
  const url = pathToFileURL(join(project, 'scripts', 'bench', file)).href;
  const policy = JSON.stringify(readDefaultPolicy(project));
  const code = `const m = await import(${JSON.stringify(url)}); const spec = ${policy}; console.log((m.${call}).${pick})`;
  const args = ['--max-semi-space-size=8', '--input-type=module', '--eval', code];
  return Number(execFileSync(process.execPath, args, { cwd: project, encoding: 'utf8' }).trim());
}

/**
 * `bench -- pairs --beside FOLDER`: this project beside another copy of it, installed in that folder, in pairs of windows
 * that take turns while both daemons run. With `--programs` what needs none alone: `decide`, and the loop of a replay.
 * @throws Error when the folder holds no such project
 */
export async function measurePairs(folder: string, beside: string, begin: Begin, isOfPrograms = false) {
  if (!existsSync(join(beside, 'scripts', 'holdfast.mjs')))
    throw new Error(`--beside ${beside}: no Holdfast is installed there`);
  const projects = [findPackageFolder(), beside] as const;
  const note = (text: string): void => void process.stderr.write(`${text}\n`);
  const own = (name: string, file: string, call: string, pick: string): Promise<Compared> => {
    note(`${name} …`);
    return inTurn(projects, PROGRAMS, (project) => takeOwn(project, file, call, pick)).then(compare);
  };
  const decide_ns = await own('decide', 'decide.ts', 'measureDecide(spec)', 'p50_ns');
  const replay_ms = await own('replay', 'replay.ts', 'measureReplay()', 'loop_ms');
  if (isOfPrograms) return { decide_ns, replay_ms };
  note('start …');
  const starts = await startInTurn(projects, folder, begin);
  const sides: readonly [Side, Side] = [
    await open(projects[0], join(folder, 'now'), begin),
    await open(projects[1], join(folder, 'beside'), begin),
  ];
  note('intercept, 8 connections …');
  const c8 = await loadInTurn(sides, 8);
  note('intercept, 32 connections …');
  const c32 = await loadInTurn(sides, 32);
  note('place_order …');
  const place_order_us = await orderInTurn(sides);
  return { decide_ns, replay_ms, ...starts, place_order_us, intercept: { c8, c32 } };
}

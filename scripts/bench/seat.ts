import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import { compareRatios, type Ratio, significant } from './compare.ts';
import { load, median, quantile, timeRequests } from './load.ts';
import { type Child, end, holdOnCore } from './processes.ts';
import type { ReadersPlan } from './readers.ts';
import { ORDER_BODY } from './world.ts';

const GRANTS = 40;
const WARM_UP = 5;
const ROUNDS = 12;
const SECONDS = 2;
/** Of a round with or without consoles. */
const ROUND_SECONDS = 3;
const CONNECTIONS = 8;
const ORDERS = 25;
const BETWEEN_ORDERS_MS = 80;
const CONSOLES = 3;
/**
 * What a page reads at its opening is not what it costs to leave it open: decisions out of the ledger are objects of other
 * shapes than those in hand, at which V8 throws away what it has compiled of the gate. So a first reader is opened before
 * anything is compared, and each round begins with a flood that is not counted.
 */
const SETTLE_MS = 1_500;

export interface SeatOptions {
  readonly url: string;
  readonly baselineUrl: string;
  readonly agentToken: string;
  readonly operatorToken: string;
  readonly pids: readonly [daemon: number, baseline: number, ...exchanges: number[]];
  /** CPU time of the daemon's serving threads so far, us. */
  readonly cpuUs: () => number;
}
/** The ratio: of a round with them to the one without them next to it. */
interface Share extends Ratio {
  readonly without: number;
  readonly with: number;
}
export interface SeatFigures {
  /** From the call that approves to its answer, which comes after the exchange's. */
  readonly click_to_order: { readonly orders: number; readonly p50_ms: number; readonly p99_ms: number };
  /** Null where no Chromium is in /usr/bin. */
  readonly consoles: {
    readonly open: number;
    /** Whether daemon, exchange and baseline had a core that they share with neither pages nor load. */
    readonly own_core: boolean;
    /** Requests a second beside the baseline's under the same pages. */
    readonly intercept_to_baseline: Share;
    readonly intercept_cpu_us: Share;
    /** Median time beside the baseline's. */
    readonly place_order_to_baseline: Share;
  } | null;
  /** The same flood with what three consoles follow, read by another process and dropped: what of it is the daemon's. */
  readonly flooded: {
    readonly open: number;
    /** CPU time of the daemon for one request, us. */
    readonly daemon_cpu_per_request: Share;
    /** The same for streams of every record, which no screen asks for. */
    readonly every_record: Share;
  };
  /** Three readers of every record at a fixed rate of calls, and no browser that takes the cores. */
  readonly streams: { readonly open: number; readonly calls_per_s: number; readonly cpu_ms_per_s: Share };
}

/** An order that waits for an approval, from the click to the exchange's answer: over sockets, with every record on disk. */
export async function measureGrants({ url, agentToken, operatorToken }: SeatOptions) {
  const times: number[] = [];
  for (let count = 0; count < WARM_UP + GRANTS; count += 1) {
    const asked = await ask<{ decision: { decision_id: string } }>(
      `${url}/v1/tools/place_order`,
      agentToken,
      ORDER_BODY,
    );
    const path = `${url}/v1/approvals/${asked.decision.decision_id}`;
    const { digest } = await ask<{ digest: string }>(path, operatorToken);
    const startedAt = performance.now();
    const { answer } = await ask<{ answer: { execution: { state: string } } | null }>(path, operatorToken, {
      action: 'approve',
      digest,
    });
    const took = performance.now() - startedAt;
    if (answer?.execution.state !== 'filled') throw new Error(`the order did not fill: ${JSON.stringify(answer)}`);
    if (count >= WARM_UP) times.push(took);
  }
  return { orders: times.length, p50_ms: round1(median(times)), p99_ms: round1(quantile(times, 0.99)) };
}

async function ask<T>(url: string, token: string, body?: object): Promise<T> {
  const response = await fetch(url, {
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (response.status !== 200) throw new Error(`${url}: ${response.status} ${text.slice(0, 500)}`);
  return JSON.parse(text) as T;
}

interface Round {
  readonly intercepts: number;
  readonly cpuUs: number;
  readonly orders: number;
}

/**
 * Rounds in turn with and without pages of the console, in a real browser; each is compared with its neighbour. Daemon, exchange
 * and baseline have a core of their own, and the browser has the lowest priority: what pages take of the cores is not counted,
 * as a person's browser runs on cores that this machine of two may not have.
 */
export async function measureConsoles(options: SeatOptions): Promise<SeatFigures['consoles']> {
  const path = ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find((each) => existsSync(each));
  if (path === undefined) return null;
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-seat-'));
  const executablePath = join(folder, 'browser');
  writeFileSync(executablePath, `#!/bin/sh\nexec nice -n 19 ${path} "$@"\n`, { mode: 0o700 });
  // The browser begins where this process runs.
  const hasOwnCore = holdOnCore(0, options.pids) && holdOnCore(1, [process.pid]);
  const browser = await chromium.launch({ executablePath });
  try {
    await measureRound(options);
    const closeFirst = await openConsoles(browser, options);
    await measureRound(options);
    await closeFirst();
    const pairs: (readonly [without: Round, withConsoles: Round])[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      // Whichever is first has a quieter machine or a colder cache: they take turns.
      const isFirst = round % 2 === 0;
      const before = isFirst ? await measureRound(options) : null;
      const close = await openConsoles(browser, options);
      const during = await measureRound(options);
      await close();
      pairs.push([before ?? (await measureRound(options)), during]);
    }
    return {
      open: CONSOLES,
      own_core: hasOwnCore,
      intercept_to_baseline: compare(pairs, ({ intercepts }) => intercepts),
      intercept_cpu_us: compare(pairs, ({ cpuUs }) => cpuUs),
      place_order_to_baseline: compare(pairs, ({ orders }) => orders),
    };
  } finally {
    await browser.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function openConsoles(browser: Browser, { operatorToken, url }: SeatOptions): Promise<() => Promise<void>> {
  const contexts = await Promise.all(Array.from({ length: CONSOLES }, () => browser.newContext()));
  for (const context of contexts) {
    const page = await context.newPage();
    await page.goto(`http://localhost:${new URL(url).port}/`);
    await page.getByLabel('Operator or monitor token').fill(operatorToken);
    await page.getByRole('button', { name: 'Look' }).click();
    await page.getByText('Live', { exact: true }).waitFor();
  }
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  return async () => {
    await Promise.all(contexts.map((context) => context.close()));
  };
}

const FLOOD_ROUNDS = 7;

/** CPU time of the daemon for a request while it gets all that it can take, in turn with and without streams. */
export async function measureFlooded(
  options: SeatOptions,
  read: (plan: ReadersPlan) => Promise<Child>,
): Promise<SeatFigures['flooded']> {
  const { operatorToken: token, url } = options;
  const compareWith = async (path: string, rounds: number): Promise<Share> => {
    const pairs: (readonly [without: number, withStreams: number])[] = [];
    const readAlong = async (): Promise<number> => {
      const readers = await read({ url, token, path, count: CONSOLES });
      const during = (await measureFlood(options)).cpuUs;
      await end(readers);
      return during;
    };
    await readAlong();
    for (let round = 0; round < rounds; round += 1) {
      const before = round % 2 === 0 ? (await measureFlood(options)).cpuUs : null;
      const during = await readAlong();
      pairs.push([before ?? (await measureFlood(options)).cpuUs, during]);
    }
    return compare(pairs, (cpuUs) => cpuUs);
  };
  await measureFlood(options);
  return {
    open: CONSOLES,
    daemon_cpu_per_request: await compareWith('/v1/events?view=brief', FLOOD_ROUNDS),
    every_record: await compareWith('/v1/events', 6),
  };
}

/** `cpuUs`: of the daemon, for one request. */
async function measureFlood({ agentToken: token, cpuUs, url }: SeatOptions, seconds = SECONDS) {
  const before = cpuUs();
  const { rps } = await load({ url: `${url}/v1/intercept`, token, body: INTERCEPT }, CONNECTIONS, seconds);
  return { rps, cpuUs: (cpuUs() - before) / (rps * seconds) };
}
const INTERCEPT = JSON.stringify({ tool: 'place_order', args: ORDER_BODY });

const RATE = 100;
const STREAM_ROUNDS = 7;
const STREAM_SECONDS = 3;

/** CPU time of the daemon for each second of a fixed rate, in turn with and without streams of all records. */
export async function measureStreams(options: SeatOptions): Promise<SeatFigures['streams']> {
  await measureRate(options);
  const pairs: (readonly [without: number, withStreams: number])[] = [];
  for (let round = 0; round < STREAM_ROUNDS; round += 1) {
    const before = round % 2 === 0 ? await measureRate(options) : null;
    const close = await openStreams(options);
    const during = await measureRate(options);
    await close();
    pairs.push([before ?? (await measureRate(options)), during]);
  }
  return { open: CONSOLES, calls_per_s: RATE, cpu_ms_per_s: compare(pairs, (spentMs) => spentMs) };
}

/** Sends at the same instants whatever the answers do. */
async function measureRate({ agentToken, cpuUs, url }: SeatOptions): Promise<number> {
  const body = JSON.stringify({ tool: 'place_order', args: ORDER_BODY });
  const headers = { authorization: `Bearer ${agentToken}`, 'content-type': 'application/json' };
  const before = cpuUs();
  const startedAt = performance.now();
  const sent: Promise<unknown>[] = [];
  for (let call = 0; call < RATE * STREAM_SECONDS; call += 1) {
    const waitMs = startedAt + (call * 1_000) / RATE - performance.now();
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    sent.push(fetch(`${url}/v1/intercept`, { method: 'POST', headers, body }).then((answer) => answer.text()));
  }
  await Promise.all(sent);
  return (cpuUs() - before) / (performance.now() - startedAt);
}

async function openStreams({ operatorToken, url }: SeatOptions): Promise<() => Promise<void>> {
  const stop = new AbortController();
  const headers = { authorization: `Bearer ${operatorToken}` };
  const reading = Array.from({ length: CONSOLES }, async () => {
    const { body, status } = await fetch(`${url}/v1/events`, { headers, signal: stop.signal });
    if (status !== 200 || body === null) throw new Error(`no stream: ${status}`);
    const drained = (async () => {
      for await (const chunk of body) void chunk;
    })().catch(() => undefined);
    return () => drained;
  });
  const drains = await Promise.all(reading);
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS / 3));
  return async () => {
    stop.abort();
    await Promise.all(drains.map((drained) => drained()));
  };
}

async function measureRound(options: SeatOptions): Promise<Round> {
  const { agentToken, baselineUrl, url } = options;
  await measureFlood(options);
  const { cpuUs, rps } = await measureFlood(options, ROUND_SECONDS);
  const baseline = { url: `${baselineUrl}/intercept`, token: null, body: INTERCEPT };
  const theirs = await load(baseline, CONNECTIONS, ROUND_SECONDS);
  const body = JSON.stringify(ORDER_BODY);
  const ourOrders = await timeRequests(`${url}/v1/tools/place_order`, agentToken, body, ORDERS, BETWEEN_ORDERS_MS);
  const theirOrders = await timeRequests(`${baselineUrl}/order`, null, body, ORDERS, BETWEEN_ORDERS_MS);
  return { intercepts: rps / theirs.rps, cpuUs, orders: median(ourOrders) / median(theirOrders) };
}

function compare<T>(pairs: readonly (readonly [T, T])[], figure: (round: T) => number): Share {
  return {
    ...compareRatios(pairs.map(([without, during]) => [figure(during), figure(without)] as const)),
    without: significant(median(pairs.map(([without]) => figure(without)))),
    with: significant(median(pairs.map(([, during]) => figure(during)))),
  };
}

function round1(value: number): number {
  return Math.round(value * 10) / 10;
}

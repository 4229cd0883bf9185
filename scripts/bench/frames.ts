import { existsSync } from 'node:fs';
import { loadavg } from 'node:os';
import { chromium, type Page } from 'playwright-core';
import { Pool } from 'undici';
import { load, quantile } from './load.ts';
import type { SeatOptions } from './seat.ts';
import { ORDER_BODY } from './world.ts';

const LISTED = 5_000;
const ROWS_PER_S = 200;
const SECONDS = 20;
const CONNECTIONS = 8;
/** Of its list, a page at a time. */
const MAX_PAGES = 400;

export interface FrameFigures {
  readonly decisions_listed: number;
  readonly seconds: number;
  /** That were recorded meanwhile, each of them an event of the console's stream. */
  readonly rows_per_s: number;
  readonly frames: number;
  readonly frame_ms: { readonly p50: number; readonly p99: number; readonly max: number };
  /** Time that the page's own thread worked, of each second. */
  readonly busy: number;
  readonly rows_in_page: number;
  /** Of the machine before: other work takes frames, too. */
  readonly load: number;
}

/** Frames of a console that lists thousands of decisions while hundreds more come each second; null without Chromium. */
export async function measureFrames({ agentToken, operatorToken, url }: SeatOptions): Promise<FrameFigures | null> {
  const path = ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find((each) => existsSync(each));
  if (path === undefined) return null;
  const loadBefore = loadavg()[0] ?? 0;
  const target = { url: `${url}/v1/intercept`, token: agentToken, body: intercept() };
  for (let recorded = 0; recorded < LISTED; ) recorded += Math.floor((await load(target, CONNECTIONS, 2)).rps * 2);
  const browser = await chromium.launch({ executablePath: path });
  try {
    const context = await browser.newContext({ viewport: { width: 1440, height: 1000 } });
    const page = await context.newPage();
    await page.goto(`http://localhost:${new URL(url).port}/`);
    await page.getByLabel('Operator or monitor token').fill(operatorToken);
    await page.getByRole('button', { name: 'Look' }).click();
    await page.getByText('Live', { exact: true }).waitFor();
    const listed = await listAll(page);
    const devtools = await context.newCDPSession(page);
    await devtools.send('Performance.enable');
    const busySeconds = async (): Promise<number> => {
      const { metrics } = await devtools.send('Performance.getMetrics');
      return metrics.find(({ name }) => name === 'TaskDuration')?.value ?? 0;
    };
    const before = await busySeconds();
    const watched = watchFrames(page);
    const rows = await record(`${url}/v1/intercept`, agentToken);
    const { rowsInPage, spans } = await watched;
    const round = (part: number): number => Math.round(10 * quantile(spans, part)) / 10;
    return {
      decisions_listed: listed,
      seconds: SECONDS,
      rows_per_s: Math.round(rows / SECONDS),
      frames: spans.length,
      frame_ms: { p50: round(0.5), p99: round(0.99), max: Math.round(10 * Math.max(...spans)) / 10 },
      busy: Math.round((100 * ((await busySeconds()) - before)) / SECONDS) / 100,
      rows_in_page: rowsInPage,
      load: Math.round(loadBefore),
    };
  } finally {
    await browser.close();
  }
}

const intercept = (): string => JSON.stringify({ tool: 'place_order', args: ORDER_BODY });

/** Scrolls to the end of the list, page by page. */
async function listAll(page: Page): Promise<number> {
  const table = page.locator('.panel-decisions').getByRole('table');
  const count = async (): Promise<number> => Number(await table.getAttribute('aria-rowcount'));
  for (let pages = 0; (await count()) <= LISTED; pages += 1) {
    if (pages === MAX_PAGES) throw new Error(`only ${await count()} decisions are listed`);
    await page.locator('.rows-box').evaluate((element) => {
      const scrolled = element as unknown as { scrollTop: number; scrollHeight: number };
      scrolled.scrollTop = scrolled.scrollHeight;
    });
    await page.waitForTimeout(50);
  }
  return count();
}

/** Spans between frames, ms, as somebody reads up the list. */
function watchFrames(page: Page): Promise<{ readonly spans: readonly number[]; readonly rowsInPage: number }> {
  return page.evaluate(async (lastMs) => {
    const { document, performance, requestAnimationFrame } = globalThis as unknown as {
      requestAnimationFrame(call: (at: number) => void): void;
      performance: { now(): number };
      document: {
        querySelector(selector: string): { scrollTop: number };
        querySelectorAll(selector: string): { length: number };
      };
    };
    const spans: number[] = [];
    let rowsInPage = 0;
    await new Promise<void>((resolve) => {
      let last = performance.now();
      const until = last + lastMs;
      const frame = (at: number): void => {
        spans.push(at - last);
        last = at;
        rowsInPage = Math.max(rowsInPage, document.querySelectorAll('.rows-all .row').length);
        document.querySelector('.rows-box').scrollTop -= 40;
        if (at < until) requestAnimationFrame(frame);
        else resolve();
      };
      requestAnimationFrame(frame);
    });
    return { spans, rowsInPage };
  }, SECONDS * 1_000);
}

/** Asks at the same instants whatever the answers do; how many were recorded. */
async function record(url: string, token: string): Promise<number> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  // One agent may have a few connections, whose requests wait for each other.
  const { origin, pathname } = new URL(url);
  const pool = new Pool(origin, { connections: CONNECTIONS });
  const startedAt = performance.now();
  let recorded = 0;
  const sent: Promise<void>[] = [];
  for (let call = 0; call < ROWS_PER_S * SECONDS; call += 1) {
    const waitMs = startedAt + (call * 1_000) / ROWS_PER_S - performance.now();
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    if (performance.now() - startedAt > SECONDS * 1_000) break;
    sent.push(
      pool.request({ path: pathname, method: 'POST', headers, body: intercept() }).then(async (answer) => {
        await answer.body.dump();
        if (answer.statusCode === 200) recorded += 1;
      }),
    );
  }
  await Promise.all(sent);
  await pool.close();
  return recorded;
}

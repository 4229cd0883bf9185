import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Locator,
  type Page,
} from 'playwright-core';
import { findPackageFolder } from '../../daemon/config/package.ts';
import { DaemonWorld, type DaemonWorldOptions } from '../daemon/harness.ts';
import { PATIENCE_MS } from '../until.ts';

export const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find((path) => existsSync(path));
/** Why tests of the console cannot run here; false: they can. */
export const WITHOUT_BROWSER =
  CHROMIUM === undefined ? 'no Chromium in /usr/bin; Debian: apt-get install chromium' : false;

let browser: Promise<Browser> | null = null;
/** A context in the one browser of a test file. What it waits for may take long on a busy machine. */
export async function openContext(t: TestContext, options: BrowserContextOptions = {}): Promise<BrowserContext> {
  browser ??= chromium.launch({ executablePath: CHROMIUM ?? '', timeout: PATIENCE_MS });
  const context = await (await browser).newContext({ viewport: { width: 1440, height: 1000 }, ...options });
  context.setDefaultTimeout(PATIENCE_MS);
  t.after(() => context.close());
  return context;
}
export async function closeBrowser(): Promise<void> {
  await (await browser)?.close();
  browser = null;
}

export interface Seat {
  readonly world: DaemonWorld;
  readonly page: Page;
  /** What the page said to its console, and what its policy refused. Must stay empty. */
  readonly complaints: string[];
}
/** `http://localhost:PORT/`, where the console is. */
export function consoleAddress(world: DaemonWorld): string {
  const { consoleAddress: address } = world.daemon;
  assert.ok(address !== null, 'the console is served');
  return address;
}

export async function openWorld(t: TestContext, options: DaemonWorldOptions = {}): Promise<DaemonWorld> {
  const world = await DaemonWorld.of(t, { real: true, wall: true, ...options });
  return world;
}

export async function openPage(t: TestContext, world: DaemonWorld, options: BrowserContextOptions = {}): Promise<Seat> {
  const context = await openContext(t, options);
  const page = await context.newPage();
  const complaints = await watchPage(page);
  await page.goto(consoleAddress(world));
  return { world, page, complaints };
}

/** Collects what a page complains of, from now on. */
export async function watchPage(page: Page): Promise<string[]> {
  const complaints: string[] = [];
  page.on('console', (message) => {
    // A daemon that is down is told of by the browser, too.
    if (['error', 'warning'].includes(message.type()) && !/ERR_CONNECTION|Failed to load resource/.test(message.text()))
      complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(`error: ${error.message}`));
  await page.addInitScript(() => {
    const page = globalThis as unknown as { document: EventTarget };
    page.document.addEventListener('securitypolicyviolation', (event) => {
      const { violatedDirective, blockedURI } = event as Event &
        Readonly<Record<'violatedDirective' | 'blockedURI', string>>;
      console.error(`refused by policy: ${violatedDirective} ${blockedURI}`);
    });
  });
  return complaints;
}

export async function signIn({ world, page }: Seat): Promise<void> {
  await page.getByLabel('Operator token').fill(world.token('operator'));
  await page.getByRole('button', { name: 'Look' }).click();
  await page.getByRole('heading', { name: 'Trading state' }).waitFor();
  await page.getByText('Live', { exact: true }).waitFor();
}

export const panel = (page: Page, name: string): Locator => page.locator(`.panel-${name}`);

/** Fills a confirmation and sends it; returns what it said of the effect. */
export const confirm = (seat: Seat, reason: string | null, button: string, scope?: string): Promise<string> =>
  send(seat, { reason, button, scope, token: seat.world.token('operator') });

/** The same of what tightens, which asks for no proof. */
export async function tighten(seat: Seat, reason: string | null, button: string, scope?: string): Promise<string> {
  const dialog = seat.page.getByRole('dialog');
  assert.equal(await dialog.locator('input[name=token]').count(), 0, 'no token is asked for');
  assert.equal(await dialog.getByRole('button', { name: /passkey/ }).count(), 0, 'nor a passkey');
  return send(seat, { reason, button, scope, token: null });
}

interface Given {
  readonly reason: string | null;
  readonly button: string;
  readonly scope: string | undefined;
  readonly token: string | null;
}
async function send({ page }: Seat, { button, reason, scope, token }: Given): Promise<string> {
  const dialog = page.getByRole('dialog');
  const effect = (await dialog.locator('.effect').textContent()) ?? '';
  if (scope !== undefined) await dialog.locator('select[name=scope]').selectOption(scope);
  if (reason !== null) await dialog.getByLabel('Reason').fill(reason);
  if (token !== null) await dialog.getByLabel('Operator token').fill(token);
  await dialog.getByRole('button', { name: button }).click();
  await dialog.waitFor({ state: 'detached' });
  return effect;
}

/** What follows a size of the window, as tables do that stack their cells, has followed it after two frames. */
export async function resize(page: Page, size: { readonly width: number; readonly height: number }): Promise<void> {
  await page.setViewportSize(size);
  await page.evaluate(() => {
    const { requestAnimationFrame: next } = globalThis as unknown as {
      requestAnimationFrame(onFrame: (value: unknown) => void): void;
    };
    return new Promise((resolve) => next(() => next(resolve)));
  });
}

/** Buttons that the side of a box cuts off, as far as it is scrolled now. */
export function findCutButtons(page: Page): Promise<readonly string[]> {
  return page.evaluate(() => {
    interface Box {
      readonly left: number;
      readonly right: number;
    }
    interface Shown {
      readonly parentElement: Shown | null;
      readonly textContent: string;
      getBoundingClientRect(): Box;
    }
    const { document, getComputedStyle } = globalThis as unknown as {
      document: { querySelectorAll(selector: string): Iterable<Shown> };
      getComputedStyle(of: Shown): { readonly overflowX: string };
    };
    const isCut = (button: Shown): boolean => {
      const { left, right } = button.getBoundingClientRect();
      for (let box = button.parentElement; box !== null; box = box.parentElement) {
        if (getComputedStyle(box).overflowX === 'visible') continue;
        const around = box.getBoundingClientRect();
        if (right > around.right + 1 || left < around.left - 1) return true;
      }
      return false;
    };
    const buttons = [...document.querySelectorAll('main button')];
    if (buttons.length < 10) throw new Error('there are no buttons to look at');
    return buttons.filter(isCut).map(({ textContent }) => textContent);
  });
}

const IMAGES = join(findPackageFolder(), 'docs', 'img');
/** Kept as docs/img/NAME.png when HOLDFAST_TEST_SCREENSHOTS is set, and not taken otherwise. */
export async function photograph(page: Page, name: string, what: Page | Locator = page): Promise<void> {
  if (process.env.HOLDFAST_TEST_SCREENSHOTS === undefined) return;
  await page.mouse.move(0, 0);
  const image = await what.screenshot();
  assert.ok(image.length > 10_000, `${name} shows something`);
  mkdirSync(IMAGES, { recursive: true });
  writeFileSync(join(IMAGES, `${name}.png`), image);
}

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
interface AxeFinding {
  readonly id: string;
  readonly nodes: readonly { readonly target: readonly unknown[]; readonly failureSummary?: string }[];
}
/** Findings of axe as `rule: where`; evaluated, since the page's policy runs no script of others. */
export async function findInaccessible(page: Page): Promise<readonly string[]> {
  await page.evaluate(AXE);
  const found = await page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: { run(): Promise<{ violations: AxeFinding[] }> } };
    return (await axe.run()).violations.map(({ id, nodes }) => ({
      id,
      nodes: nodes.map(({ target, failureSummary }) => ({ target: target.map(String), failureSummary })),
    }));
  });
  return found.flatMap(({ id, nodes }) =>
    nodes.map((node) => `${id}: ${node.target.join(' ')} ${node.failureSummary ?? ''}`),
  );
}

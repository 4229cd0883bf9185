import assert from 'node:assert/strict';
import type { RequestListener } from 'node:http';
import { after, test } from 'node:test';
import type { Page } from 'playwright-core';
import { findFreePort } from '../free-port.ts';
import { startServer } from '../http/http-kit.ts';
import { closeBrowser, openContext, WITHOUT_BROWSER } from './browser.ts';
import { squat } from './squatter.ts';

after(closeBrowser);

const KEPT = { 'cache-control': 'public, max-age=31536000, immutable' };
const FALSE_PAGE = '<!doctype html><title>false</title><p>False page</p><script src="/assets/console.js"></script>';
const REGISTERING = `${FALSE_PAGE}<script>
  localStorage.setItem('left', 'behind');
  navigator.serviceWorker.register('/deep/down/worker.js', { scope: '/' });
</script>`;
/** Answers everything of its page from its own store, and so without the daemon's headers. */
const FALSE_WORKER = `
  addEventListener('install', (event) => event.waitUntil(caches.open('false').then(async (cache) => {
    for (const path of ['/', '/assets/console.js']) await cache.add(path);
    await skipWaiting();
  })));
  addEventListener('activate', (event) => event.waitUntil(clients.claim()));
  addEventListener('fetch', (event) => {
    const { pathname } = new URL(event.request.url);
    if (['/', '/assets/console.js'].includes(pathname)) event.respondWith(caches.match(pathname));
  });`;

const serve =
  (page: string): RequestListener =>
  ({ url }, response) => {
    const [type, text] =
      url === '/deep/down/worker.js'
        ? ['text/javascript', FALSE_WORKER]
        : url === '/assets/console.js'
          ? ['text/javascript', 'document.title = "false script"']
          : ['text/html', page];
    response.writeHead(200, { ...KEPT, 'content-type': type, 'service-worker-allowed': '/' }).end(text);
  };

/** What is left in the origin of a page, and the policy under which it would be opened again. */
const look = (page: Page) =>
  page.evaluate(async () => {
    const origin = globalThis as unknown as {
      navigator: { serviceWorker: { getRegistrations(): Promise<unknown[]>; controller: unknown } };
      caches: { keys(): Promise<string[]> };
      localStorage: { length: number };
      fetch(path: string, how: { cache: 'force-cache' }): Promise<Response>;
    };
    const { caches, localStorage, navigator } = origin;
    const ask = async (path: string) => {
      const { headers, status } = await origin.fetch(path, { cache: 'force-cache' });
      return { policy: headers.get('content-security-policy')?.slice(0, 18) ?? null, status };
    };
    return {
      workers: (await navigator.serviceWorker.getRegistrations()).length,
      isControlled: navigator.serviceWorker.controller !== null,
      caches: await caches.keys(),
      stored: localStorage.length,
      page: await ask('/'),
      script: (await ask('/assets/console.js')).status,
    };
  });
const CLEAN = {
  workers: 0,
  isControlled: false,
  caches: [],
  stored: 0,
  page: { policy: "default-src 'none'", status: 200 },
  script: 404,
};

test('a worker that a squatter left in the origin ends with the first visit, and all it kept with it [TM-71]', {
  skip: WITHOUT_BROWSER,
}, async (t) => {
  const port = await findFreePort();
  const squatter = await squat(t, port, serve(REGISTERING));
  const context = await openContext(t);
  const page = await context.newPage();
  await page.goto(`http://localhost:${port}/`);
  await page.evaluate(async () => {
    await (globalThis as unknown as { navigator: { serviceWorker: { ready: Promise<void> } } }).navigator.serviceWorker
      .ready;
  });
  await page.reload();
  const before = await look(page);
  assert.deepEqual([before.workers, before.isControlled, before.page.policy, before.script], [1, true, null, 200]);
  await page.close();
  await squatter.close();

  await startServer(t, { listen: { host: '127.0.0.1', port } }, true);
  const visit = await context.newPage();
  await visit.goto(`http://localhost:${port}/`);
  await visit.getByLabel('Operator token').waitFor();
  assert.deepEqual(await look(visit), CLEAN);
});

test('a false page that a browser kept is gone after a reload, and the false script with it', {
  skip: WITHOUT_BROWSER,
}, async (t) => {
  const port = await findFreePort();
  const squatter = await squat(t, port, serve(FALSE_PAGE));
  const context = await openContext(t);
  const page = await context.newPage();
  await page.goto(`http://localhost:${port}/`);
  await page.close();
  await squatter.close();
  await startServer(t, { listen: { host: '127.0.0.1', port } }, true);
  const visit = await context.newPage();
  await visit.goto(`http://localhost:${port}/`);
  assert.equal(await visit.getByText('False page').count(), 1, 'what no daemon can close: it was not asked');
  await visit.reload();
  await visit.getByLabel('Operator token').waitFor();
  assert.deepEqual(await look(visit), CLEAN);
});

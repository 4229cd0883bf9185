import type { onRequestHookHandler } from 'fastify';

/**
 * Ends itself: forgets what it kept, unregisters, and has its pages loaded from the daemon. The daemon's own pages have
 * no worker, so whoever's script a browser asks for here was left by an earlier holder of the port.
 */
const LAST_WORKER = `addEventListener('install', () => skipWaiting());
addEventListener('activate', (event) => event.waitUntil(end()));
async function end() {
  for (const name of await caches.keys()) await caches.delete(name);
  const pages = await clients.matchAll({ type: 'window' });
  await registration.unregister();
  for (const page of pages) page.navigate(page.url).catch(() => undefined);
}
`;
const HEADERS = {
  'cache-control': 'no-store',
  'clear-site-data': '"cache"',
  'content-security-policy': "default-src 'none'",
  'content-type': 'text/javascript; charset=utf-8',
  // The worker that this one replaces may lie deeper than what it rules over.
  'service-worker-allowed': '/',
  'x-content-type-options': 'nosniff',
};

/**
 * Browsers ask for the script of a worker, and for nothing else, with this header. Whatever path it names, the answer is
 * a worker that ends itself.
 */
export const answerWorker: onRequestHookHandler = ({ raw }, reply, done) => {
  if (raw.headers['service-worker'] === 'script') reply.headers(HEADERS).send(LAST_WORKER);
  else done();
};

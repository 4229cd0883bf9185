import type { FastifyInstance, FastifyReply, FastifyRequest, onRequestHookHandler } from 'fastify';
import { checkOrigin, type OriginRules } from '../entrance/origin-guard.ts';
import { ApiError, codeOf } from '../errors.ts';
import type { Doors } from './routing.ts';

const GET_HEADERS = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' };

/** What every request passes before its route: a turn where it shows no token that may be live, then the origin's guard. */
export function addRequestHooks(
  app: FastifyInstance,
  doors: Doors,
  rules: OriginRules,
  closing: { readonly isClosing: boolean },
): void {
  const { authenticator } = doors;
  const { strangers } = doors.connections;
  app.addHook('onRequest', (request, reply, done) => {
    const { headers, method, socket } = request.raw;
    const { authorization } = headers;
    const isStranger = authorization === undefined || strangers.doubts(socket);
    reply.raw.on('close', () => {
      finish(doors, request, reply);
      if (isStranger) strangers.end(socket);
    });
    // Only answers to these methods are ever cached.
    if (method === 'GET' || method === 'HEAD') reply.headers(GET_HEADERS);
    const admit = () => {
      try {
        checkOrigin(request.raw, rules);
        if (!isStranger && !authenticator.isLive(authorization, socket)) strangers.doubt(socket);
        if (closing.isClosing) throw new ApiError('SHUTTING_DOWN', 'The daemon is shutting down.');
      } catch (error) {
        strangers.doubt(socket);
        // The end of its body is ambiguous, so what follows is not read as a request.
        if (codeOf(error) === 'BAD_REQUEST') reply.header('connection', 'close');
        done(error as Error);
        return;
      }
      done();
    };
    if (isStranger) strangers.begin(socket, admit);
    else admit();
  });
  app.addHook('onRequest', answerWorker);
}

function finish(doors: Doors, request: FastifyRequest, reply: FastifyReply): void {
  request.flight?.close();
  if (request.refusal !== null) doors.refusals.note(request.label, request.refusal);
  // 499: the client left before the answer.
  const status = reply.raw.writableFinished ? reply.raw.statusCode : 499;
  doors.metrics.observe(request.label, status, reply.elapsedTime / 1000);
}

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
const answerWorker: onRequestHookHandler = ({ raw }, reply, done) => {
  if (raw.headers['service-worker'] === 'script') reply.headers(HEADERS).send(LAST_WORKER);
  else done();
};

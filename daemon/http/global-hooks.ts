import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ApiError, codeOf } from './errors.ts';
import { answerWorker } from './last-worker.ts';
import { checkOrigin, type OriginRules } from './origin-guard.ts';
import type { Doors } from './routing.ts';

const GET_HEADERS = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' };

/** What every request passes before it reaches a route, or none. */
export function addGlobalHooks(
  app: FastifyInstance,
  doors: Doors,
  rules: OriginRules,
  closing: { readonly isClosing: boolean },
): void {
  app.addHook('onRequest', (request, reply, done) => {
    reply.raw.on('close', () => finish(doors, request, reply));
    // Only answers to these methods are ever cached.
    if (request.raw.method === 'GET' || request.raw.method === 'HEAD') reply.headers(GET_HEADERS);
    try {
      checkOrigin(request.raw, rules);
      if (closing.isClosing) throw new ApiError('SHUTTING_DOWN', 'The daemon is shutting down.');
    } catch (error) {
      // The end of its body is ambiguous, so what follows is not read as a request.
      if (codeOf(error) === 'BAD_REQUEST') reply.header('connection', 'close');
      done(error as Error);
      return;
    }
    done();
  });
  app.addHook('onRequest', answerWorker);
}

function finish(doors: Doors, request: FastifyRequest, reply: FastifyReply): void {
  request.flight?.close();
  // 499: the client left before the answer.
  const status = reply.raw.writableFinished ? reply.raw.statusCode : 499;
  doors.metrics.observe(request.label, status, reply.elapsedTime / 1000);
}

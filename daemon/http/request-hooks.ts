import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ApiError, codeOf } from './errors.ts';
import { answerWorker } from './last-worker.ts';
import { checkOrigin, type OriginRules } from './origin-guard.ts';
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

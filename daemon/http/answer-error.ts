import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { ERROR_STATUS, toApiError, toErrorBody } from './errors.ts';

/** Answers with the one error form; what is INTERNAL goes to the log, whole, and tells the caller nothing. */
export function answerError(logger: Logger, error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const refusal = toApiError(error);
  if (refusal.code === 'INTERNAL') logger.error({ err: error, route: request.label }, 'a request failed');
  if (refusal.code === 'UNAUTHENTICATED') reply.header('www-authenticate', 'Bearer');
  if (refusal.retryAfterSeconds !== null) reply.header('retry-after', String(refusal.retryAfterSeconds));
  void reply.code(ERROR_STATUS[refusal.code]).send(toErrorBody(refusal));
}

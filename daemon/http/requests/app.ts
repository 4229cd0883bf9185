import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify';
import type { Logger } from 'pino';
import { ApiError, answerError, codeOf, ERROR_STATUS, type ErrorCode, toApiError, toErrorBody } from '../errors.ts';
import { registerJsonParser } from './body-parser.ts';
import type { RouteBook } from './route-book.ts';

/** Time within which a request must be complete. */
const REQUEST_TIMEOUT_MS = 15_000;
const HEADERS_TIMEOUT_MS = 10_000;
const MAX_HEADER_BYTES = 16_384;
/** How often connections are checked against these times. */
const CHECK_CONNECTIONS_MS = 1_000;
/** A connection idle for this long is closed. */
const IDLE_MS = 60_000;

/**
 * Node writes a text as UTF-8, takes three bytes for each of its characters, and from 16 kB on allocates them and comes
 * back for them later. Nearly every answer is ASCII: its bytes are its characters, whichever encoding is named.
 */
class AsciiResponse<R extends IncomingMessage> extends ServerResponse<R> {
  override end(...args: readonly unknown[]): this {
    const [body, , done] = args;
    // Fastify names no encoding.
    if (typeof body === 'string' && args[1] == null && Buffer.byteLength(body) === body.length) {
      return super.end(body, 'latin1', (done ?? undefined) as (() => void) | undefined);
    }
    return super.end(...(args as Parameters<ServerResponse['end']>));
  }
}

/** Fastify with our limits, our parser and our answers to unreadable requests; without routes. */
export function buildApp(logger: Logger): FastifyInstance {
  const app: FastifyInstance = Fastify({
    loggerInstance: logger as FastifyBaseLogger,
    // One logger for all requests: a child logger for each costs more than the rest of a route.
    childLoggerFactory: (parent) => parent,
    logController: new LogController({ disableRequestLogging: true }),
    exposeHeadRoutes: false,
    forceCloseConnections: false,
    return503OnClosing: false,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: IDLE_MS,
    http: {
      ServerResponse: AsciiResponse,
      headersTimeout: HEADERS_TIMEOUT_MS,
      connectionsCheckingInterval: CHECK_CONNECTIONS_MS,
      maxHeaderSize: MAX_HEADER_BYTES,
      requireHostHeader: false,
      // Node would silently drop a second Host or Authorization. Joined, the guard sees and refuses it.
      joinDuplicateHeaders: true,
    },
    clientErrorHandler: answerUnreadable,
    frameworkErrors: (error, request, reply) => answerError(logger, error, request, reply),
  });
  // The handlers check their input with the contract's validator; Fastify's own would coerce and drop.
  app.setValidatorCompiler(() => () => true);
  app.setSerializerCompiler(() => (value) => JSON.stringify(value));
  registerJsonParser(app);
  app.decorateRequest('caller', null);
  app.decorateRequest('flight', null);
  app.decorateRequest('signed', null);
  app.decorateRequest('session', null);
  app.decorateRequest('isConfirmed', false);
  app.decorateRequest('refusal', null);
  app.decorateRequest('label', 'none');
  return app;
}

/** Answers requests that no route takes, and whatever a route throws. */
export function addFallbacks(app: FastifyInstance, logger: Logger, book: RouteBook): void {
  app.setErrorHandler((error, request, reply) => answerError(logger, error, request, reply));
  app.setNotFoundHandler((request, reply) => {
    const methods = book.methodsOf(request.raw.url ?? '');
    if (methods.length === 0) {
      answerError(logger, new ApiError('NOT_FOUND', 'There is no such route; see /openapi.json.'), request, reply);
      return;
    }
    reply.header('allow', methods.join(', '));
    const message = `This route takes ${methods.join(', ')}.`;
    answerError(logger, new ApiError('METHOD_NOT_ALLOWED', message), request, reply);
  });
}

/** Codes of Node's parser for unreadable requests. */
const UNREADABLE: ReadonlyMap<string, readonly [ErrorCode, string]> = new Map([
  ['HPE_HEADER_OVERFLOW', ['HEADERS_TOO_LARGE', 'The headers are too large.']],
  ['ERR_HTTP_REQUEST_TIMEOUT', ['REQUEST_TIMEOUT', 'The request was not complete in time.']],
]);
function answerUnreadable(this: FastifyInstance, error: Error, socket: Duplex): void {
  if (codeOf(error) === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const [code, message] = UNREADABLE.get(codeOf(error)) ?? ['BAD_REQUEST', 'This is not an HTTP/1.1 request.'];
  const body = JSON.stringify(toErrorBody(toApiError(new ApiError(code, message))));
  const head = [
    `HTTP/1.1 ${ERROR_STATUS[code]} Refused`,
    'content-type: application/json; charset=utf-8',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}

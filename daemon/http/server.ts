import type { Duplex } from 'node:stream';
import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify';
import type { Logger } from 'pino';
import type { GateApi } from '../gate/api.ts';
import { answerError } from './answer-error.ts';
import { registerAttentionRoutes } from './attention-routes.ts';
import { type Authenticator, createAuthenticator, type TokenLookup } from './authentication.ts';
import { registerJsonParser } from './body-parser.ts';
import { closeConnections } from './closing.ts';
import { limitConnections } from './connections.ts';
import { ApiError, codeOf, ERROR_STATUS, type ErrorCode, toApiError, toErrorBody } from './errors.ts';
import { registerEventRoute } from './event-routes.ts';
import { createEventStreams, type EventSource, type EventStreams } from './event-stream.ts';
import { createFlightCounter } from './in-flight.ts';
import { type HttpAddress, type Listening, listenOn } from './listening.ts';
import { createHttpMetrics } from './metrics.ts';
import { registerOpenApi, registerOpenRoutes } from './open-routes.ts';
import { registerOperatorRoutes } from './operator-routes.ts';
import { checkOrigin, hostsOf, hostsOfSocket, type OriginRules } from './origin-guard.ts';
import { registerReadRoutes } from './read-routes.ts';
import { createRouteBook, type RouteBook } from './route-book.ts';
import { type Doors, OPERATOR_ENTRANCE } from './routing.ts';
import { registerToolRoutes } from './tool-routes.ts';
import { createTurns } from './turns.ts';

/** A request must have arrived whole after this time. */
const REQUEST_TIMEOUT_MS = 15_000;
const HEADERS_TIMEOUT_MS = 10_000;
const MAX_HEADER_BYTES = 16_384;
/** How often connections are held to those times. */
const CHECK_CONNECTIONS_MS = 1_000;
/** A connection that asked for nothing so long is closed. */
const IDLE_MS = 60_000;
const GET_HEADERS = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' };

export interface HttpConfig {
  readonly listen: HttpAddress;
  /** A second entrance for operator and monitor tokens alone, which no agent can fill; null: none. */
  readonly operatorListen: HttpAddress | null;
  /** Further Host headers under which the daemon is addressed, with their port. */
  readonly allowedHosts: readonly string[];
  /** Origins of web pages that may call, beside our own. */
  readonly allowedOrigins: readonly string[];
  /** Version of the daemon, for OpenAPI. */
  readonly version: string;
}
export interface HttpServerOptions {
  readonly gate: GateApi;
  readonly events: EventSource;
  readonly tokens: TokenLookup;
  readonly config: HttpConfig;
  readonly logger: Logger;
  /** Closes the server. */
  readonly abort: AbortSignal;
}
export interface HttpServer {
  /** `http://127.0.0.1:7433`, or `unix:/path`. */
  readonly address: string;
  /** Null on a unix socket. */
  readonly port: number | null;
  /** Address of the operator's entrance, in the same form; null when there is none. */
  readonly operatorAddress: string | null;
  /** Looks up every token again; to be called when one was revoked. */
  forgetTokens(): void;
  /** Answers what is in flight, refuses the rest, and is done within 2 s. Safe to call again. */
  close(): Promise<void>;
}

type SharedDoors = Omit<Doors, 'authenticator' | 'connections' | 'isSocket' | 'admits'>;

/** One listener with all routes. */
interface OpenEntrance {
  readonly app: FastifyInstance;
  readonly where: Listening;
  readonly authenticator: Authenticator;
}

/** Builds the HTTP face of a gate and listens. @throws when an address cannot be had */
export async function createHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const { config, logger } = options;
  const flights = createFlightCounter();
  const streams = createEventStreams(options.events, logger);
  const shared: SharedDoors = {
    gate: options.gate,
    events: options.events,
    flights,
    turns: createTurns(),
    metrics: createHttpMetrics(flights, () => streams.count),
    logger,
  };
  const closing = { isClosing: false };
  const entrances: OpenEntrance[] = [];
  let closed: Promise<void> | null = null;
  const close = (): Promise<void> => {
    closing.isClosing = true;
    streams.closeAll();
    closed ??= Promise.all(entrances.map(({ app }) => closeConnections(app))).then(() => undefined);
    return closed;
  };
  try {
    // The operator's first: where agents can enter, so can whoever halts them.
    if (config.operatorListen !== null)
      entrances.push(await openEntrance(options, shared, streams, closing, config.operatorListen, OPERATOR_ENTRANCE));
    entrances.push(await openEntrance(options, shared, streams, closing, config.listen, null));
  } catch (error) {
    await close();
    throw error;
  }
  const onAbort = () => {
    close().catch((error: unknown) => logger.error({ err: error }, 'the HTTP server did not close'));
  };
  if (options.abort.aborted) onAbort();
  else options.abort.addEventListener('abort', onAbort, { once: true });
  const main = entrances.at(-1)?.where;
  return {
    address: main?.address ?? '',
    port: main?.port ?? null,
    operatorAddress: entrances.length > 1 ? (entrances[0]?.where.address ?? null) : null,
    forgetTokens: () => {
      for (const { authenticator } of entrances) authenticator.forget();
    },
    close,
  };
}

async function openEntrance(
  { config, logger, tokens }: HttpServerOptions,
  shared: SharedDoors,
  streams: EventStreams,
  closing: { readonly isClosing: boolean },
  listen: HttpAddress,
  admits: Doors['admits'],
): Promise<OpenEntrance> {
  const app = buildApp(logger);
  const doors: Doors = {
    ...shared,
    authenticator: createAuthenticator(tokens, () => performance.now()),
    connections: limitConnections(app.server),
    isSocket: 'socketPath' in listen,
    admits,
  };
  const hosts = new Set<string>();
  const rules: OriginRules = { hosts, origins: new Set(config.allowedOrigins.map((each) => each.toLowerCase())) };
  const book = createRouteBook(app);
  addFallbacks(app, logger, book);
  addGlobalHooks(app, doors, rules, closing);
  if (admits === null) await registerOpenApi(app, config.version);
  registerToolRoutes(app, doors);
  registerReadRoutes(app, doors);
  registerEventRoute(app, doors, streams);
  registerOperatorRoutes(app, doors);
  registerAttentionRoutes(app, doors);
  await registerOpenRoutes(app, doors);

  const where = await listenOn(app, listen);
  const names =
    'socketPath' in listen
      ? hostsOfSocket(config.allowedHosts)
      : hostsOf(listen.host, where.port ?? 0, config.allowedHosts);
  for (const host of names) hosts.add(host);
  return { app, where, authenticator: doors.authenticator };
}

function buildApp(logger: Logger): FastifyInstance {
  const app: FastifyInstance = Fastify({
    loggerInstance: logger as FastifyBaseLogger,
    // One logger for all requests: a child for each costs more than the rest of a route.
    childLoggerFactory: (parent) => parent,
    logController: new LogController({ disableRequestLogging: true }),
    exposeHeadRoutes: false,
    forceCloseConnections: false,
    return503OnClosing: false,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: IDLE_MS,
    http: {
      headersTimeout: HEADERS_TIMEOUT_MS,
      connectionsCheckingInterval: CHECK_CONNECTIONS_MS,
      maxHeaderSize: MAX_HEADER_BYTES,
      requireHostHeader: false,
      // A second Host or Authorization would be dropped in silence: joined, the guard sees and refuses it.
      joinDuplicateHeaders: true,
    },
    clientErrorHandler: answerUnreadable,
    frameworkErrors: (error, request, reply) => answerError(logger, error, request, reply),
  });
  // The handlers check their input with the contract's one validator; Fastify's own would coerce and drop.
  app.setValidatorCompiler(() => () => true);
  app.setSerializerCompiler(() => (value) => JSON.stringify(value));
  registerJsonParser(app);
  app.decorateRequest('caller', null);
  app.decorateRequest('flight', null);
  app.decorateRequest('label', 'none');
  return app;
}

function addGlobalHooks(
  app: FastifyInstance,
  doors: Doors,
  rules: OriginRules,
  closing: { readonly isClosing: boolean },
): void {
  app.addHook('onRequest', (request, reply, done) => {
    reply.raw.on('close', () => finish(doors, request, reply));
    // Only answers to these are ever cached.
    if (request.raw.method === 'GET' || request.raw.method === 'HEAD') reply.headers(GET_HEADERS);
    try {
      checkOrigin(request.raw, rules);
      if (closing.isClosing) throw new ApiError('SHUTTING_DOWN', 'The daemon is shutting down.');
    } catch (error) {
      done(error as Error);
      return;
    }
    done();
  });
}

function finish(doors: Doors, request: FastifyRequest, reply: FastifyReply): void {
  request.flight?.close();
  // 499: the client went before the answer.
  const status = reply.raw.writableFinished ? reply.raw.statusCode : 499;
  doors.metrics.observe(request.label, status, reply.elapsedTime / 1000);
}

function addFallbacks(app: FastifyInstance, logger: Logger, book: RouteBook): void {
  app.setErrorHandler((error, request, reply) => answerError(logger, error, request, reply));
  app.setNotFoundHandler((request, reply) => {
    const methods = book.methodsOf(request.raw.url ?? '');
    if (methods.length === 0) {
      answerError(logger, new ApiError('NOT_FOUND', 'There is no such route; see /docs.'), request, reply);
      return;
    }
    reply.header('allow', methods.join(', '));
    const message = `This route takes ${methods.join(', ')}.`;
    answerError(logger, new ApiError('METHOD_NOT_ALLOWED', message), request, reply);
  });
}

/** Codes of Node's parser for what could not be read as a request. */
const UNREADABLE: ReadonlyMap<string, readonly [ErrorCode, string]> = new Map([
  ['HPE_HEADER_OVERFLOW', ['HEADERS_TOO_LARGE', 'The headers are too large.']],
  ['ERR_HTTP_REQUEST_TIMEOUT', ['REQUEST_TIMEOUT', 'The request did not arrive in time.']],
]);
function answerUnreadable(this: FastifyInstance, error: Error, socket: Duplex): void {
  if (codeOf(error) === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const [code, message] = UNREADABLE.get(codeOf(error)) ?? ['BAD_REQUEST', 'This is not a request of HTTP/1.1.'];
  const body = JSON.stringify(toErrorBody(toApiError(new ApiError(code, message))));
  const head = [
    `HTTP/1.1 ${ERROR_STATUS[code]} Refused`,
    'content-type: application/json; charset=utf-8',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}

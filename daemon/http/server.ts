import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import type { GateApi } from '../gate/api.ts';
import { addFallbacks, buildApp } from './app.ts';
import { registerApprovalRoutes } from './approval-routes.ts';
import { registerAttentionRoutes } from './attention-routes.ts';
import { type Authenticator, createAuthenticator, type TokenLookup } from './authentication.ts';
import { type After, type AppendedSource, BriefEventStreams, type BriefStreams } from './brief-streams.ts';
import { type Connections, limitConnections } from './connections.ts';
import { openPasskeys, withPasskeySessions } from './console-passkeys.ts';
import { registerConsoleRoutes } from './console-routes.ts';
import { type ConsoleSource, createConsoleSessions } from './console-sessions.ts';
import { ApiError, codeOf } from './errors.ts';
import { registerEventRoute, registerStreamRoute } from './event-routes.ts';
import { createEventStreams, type EventSource, type EventStreams, MAX_STREAMS } from './event-stream.ts';
import { createFlightCounter, createTurns } from './in-flight.ts';
import { closeConnections, type HttpAddress, type Listening, listenOn } from './listening.ts';
import { registerMcpRoute } from './mcp-route.ts';
import { createHttpMetrics } from './metrics.ts';
import { registerOpenApi, registerOpenRoutes } from './open-routes.ts';
import { registerOperatorRoutes } from './operator-routes.ts';
import { checkOrigin, hostsOf, hostsOfSocket, type OriginRules } from './origin-guard.ts';
import { createPace } from './pace.ts';
import { registerPasskeyRoutes } from './passkey-routes.ts';
import { registerReadRoutes } from './read-routes.ts';
import { createRouteBook, type RouteBook } from './route-book.ts';
import { type ConsoleDoor, type Doors, OPERATOR_ENTRANCE } from './routing.ts';
import { holdSecondLoopback, type SecondLoopback } from './second-loopback.ts';
import { registerTokenRoutes } from './token-routes.ts';
import { registerToolRoutes } from './tool-routes.ts';

const GET_HEADERS = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' };

export interface HttpConfig {
  readonly listen: HttpAddress;
  /** A second entrance, only for operator and monitor tokens, which no agent can fill; null: none. */
  readonly operatorListen: HttpAddress | null;
  /** Additional Host headers that address the daemon, with their port. */
  readonly allowedHosts: readonly string[];
  /** Origins of web pages that may call, besides our own. */
  readonly allowedOrigins: readonly string[];
  /** Version of the daemon, for OpenAPI. */
  readonly version: string;
}
export interface HttpServerOptions {
  readonly gate: GateApi;
  readonly events: EventSource & AppendedSource;
  readonly tokens: TokenLookup;
  /** What the operator's console needs; absent: it is not served. */
  readonly console?: ConsoleSource;
  readonly config: HttpConfig;
  readonly logger: Logger;
  /** Closes the server. */
  readonly abort: AbortSignal;
  /** Clock of the token cache; by default the process's. */
  readonly monotonicMs?: () => number;
  /** Timer of what is shown on screens, and of the grace at the end; by default the process's. */
  readonly after?: After;
}
export interface HttpServer {
  /** `http://127.0.0.1:7433`, or `unix:/path`. */
  readonly address: string;
  /** Null on a unix socket. */
  readonly port: number | null;
  /** Address of the operator's entrance, in the same form; null when there is none. */
  readonly operatorAddress: string | null;
  /** `http://localhost:7433/`; null where the console is not served. */
  readonly consoleAddress: string | null;
  /** Looks every token up again. Call it after one was revoked. */
  forgetTokens(): void;
  /** Answers requests in flight, refuses new ones, and is done within 2 s. Safe to call again. */
  close(): Promise<void>;
}

type SharedDoors = Omit<Doors, 'authenticator' | 'connections' | 'isSocket' | 'admits' | 'console' | 'passkeys'>;

/** What all entrances of one server share. */
interface House {
  readonly options: HttpServerOptions;
  readonly shared: SharedDoors;
  readonly streams: EventStreams;
  readonly briefStreams: BriefStreams;
  /** Apart, so that agents leave operators theirs. */
  readonly agentStreams: EventStreams;
  readonly closing: { isClosing: boolean };
  /** Of the entrances that were built. */
  readonly authenticators: Authenticator[];
}
/** All routes, and the Host headers that address them. */
interface Entrance {
  readonly app: FastifyInstance;
  readonly book: RouteBook;
  readonly console: ConsoleDoor;
  readonly hosts: Set<string>;
}
/** An entrance with a listener. */
interface OpenEntrance extends Entrance {
  readonly where: Listening;
  readonly second: SecondLoopback | null;
}

/** Builds the HTTP server of a gate and listens. @throws when an address is unavailable */
export async function createHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const { config, after = waitInProcess } = options;
  const house = buildHouse(options);
  const entrances: OpenEntrance[] = [];
  const close = createClose(house, () =>
    entrances.flatMap(({ app, second }) => [closeConnections(app, after), second?.close() ?? Promise.resolve()]),
  );
  try {
    // The operator's entrance first: when agents can enter, whoever halts them can too.
    if (config.operatorListen !== null)
      entrances.push(await openEntrance(house, config.operatorListen, OPERATOR_ENTRANCE));
    entrances.push(await openEntrance(house, config.listen, null));
  } catch (error) {
    await close();
    throw error;
  }
  closeOnAbort(options, close);
  const { where: main, second } = entrances.at(-1) ?? { where: undefined, second: null };
  return {
    address: main?.address ?? '',
    port: main?.port ?? null,
    operatorAddress: entrances.length > 1 ? (entrances[0]?.where.address ?? null) : null,
    consoleAddress: second === null || !main?.port ? null : `http://localhost:${main.port}/`,
    forgetTokens: house.shared.forgetTokens,
    close,
  };
}

const NO_CONSOLE: ConsoleSource = { key: () => Buffer.alloc(0), findToken: () => null };

const waitInProcess: After = (ms, fn) => {
  const timer = setTimeout(fn, ms);
  return { cancel: () => clearTimeout(timer) };
};

export function buildHouse(options: HttpServerOptions): House {
  const flights = createFlightCounter();
  const authenticators: Authenticator[] = [];
  const briefStreams: BriefStreams = new BriefEventStreams({
    source: options.events,
    logger: options.logger,
    after: options.after ?? waitInProcess,
    nowMs: options.monotonicMs ?? (() => performance.now()),
    others: () => streams.count,
  });
  const streams = createEventStreams(options.events, options.logger, MAX_STREAMS, () => briefStreams.count);
  const agentStreams = createEventStreams(options.events, options.logger);
  const shared: SharedDoors = {
    gate: options.gate,
    events: options.events,
    flights,
    turns: createTurns(),
    pace: createPace(),
    metrics: createHttpMetrics(flights, () => streams.count + briefStreams.count + agentStreams.count),
    logger: options.logger,
    forgetTokens: () => {
      for (const authenticator of authenticators) authenticator.forget();
    },
  };
  return { options, shared, streams, briefStreams, agentStreams, closing: { isClosing: false }, authenticators };
}

export function createClose(
  { closing, streams, briefStreams, agentStreams }: House,
  closeAll: () => readonly Promise<void>[],
): () => Promise<void> {
  let closed: Promise<void> | null = null;
  return () => {
    closing.isClosing = true;
    streams.closeAll();
    briefStreams.closeAll();
    agentStreams.closeAll();
    closed ??= Promise.all(closeAll()).then(() => undefined);
    return closed;
  };
}

export function closeOnAbort({ abort, logger }: HttpServerOptions, close: () => Promise<void>): void {
  const onAbort = () => {
    close().catch((error: unknown) => logger.error({ err: error }, 'the HTTP server did not close'));
  };
  if (abort.aborted) onAbort();
  else abort.addEventListener('abort', onAbort, { once: true });
}

async function openEntrance(house: House, listen: HttpAddress, admits: Doors['admits']): Promise<OpenEntrance> {
  const entrance = await buildEntrance(house, 'socketPath' in listen, admits, limitConnections);
  const where = await listenOn(entrance.app, listen);
  const { allowedHosts } = house.options.config;
  const names =
    'socketPath' in listen ? hostsOfSocket(allowedHosts) : hostsOf(listen.host, where.port ?? 0, allowedHosts);
  for (const host of names) entrance.hosts.add(host);
  return { ...entrance, where, second: admits === null ? await openConsole(house, entrance, listen, where) : null };
}

/** Serves the console where both loopback addresses are held. */
async function openConsole(
  { options }: House,
  { app, console: door }: Entrance,
  listen: HttpAddress,
  { port }: Listening,
): Promise<SecondLoopback | null> {
  if (options.console === undefined || 'socketPath' in listen || port === null) return null;
  const second = await holdSecondLoopback(app.server, listen.host, port, (reason) => {
    door.closedBecause = reason;
    options.logger.warn({ reason }, 'the console is not served');
  });
  if (second !== null) {
    door.closedBecause = null;
    door.origin = `http://localhost:${port}`;
  }
  return second;
}

export async function buildEntrance(
  { options, shared, streams, briefStreams, agentStreams, closing, authenticators }: House,
  isSocket: boolean,
  admits: Doors['admits'],
  limit: (server: FastifyInstance['server']) => Connections,
): Promise<Entrance> {
  const { config, logger, tokens } = options;
  const app = buildApp(logger);
  const console: ConsoleDoor = {
    sessions: createConsoleSessions(withPasskeySessions(options.console ?? NO_CONSOLE, options.gate.passkeys)),
    closedBecause: 'no loopback port is listened at',
    origin: null,
  };
  const nowMs = options.monotonicMs ?? (() => performance.now());
  const doors: Doors = {
    ...shared,
    console,
    // A session enters where agents do: the browser has no way to a socket.
    authenticator: createAuthenticator(tokens, nowMs, admits === null && options.console ? console.sessions : null),
    connections: limit(app.server),
    isSocket,
    admits,
    passkeys: admits === null ? openPasskeys(options.console, options.gate.passkeys, console) : null,
  };
  authenticators.push(doors.authenticator);
  const hosts = new Set<string>();
  const rules: OriginRules = { hosts, origins: new Set(config.allowedOrigins.map((each) => each.toLowerCase())) };
  const book = createRouteBook(app);
  addFallbacks(app, logger, book);
  addGlobalHooks(app, doors, rules, closing);
  if (admits === null) await registerOpenApi(app, config.version);
  registerToolRoutes(app, doors);
  // An entrance without agents needs no routes for agents.
  if (admits === null) registerMcpRoute(app, doors, config.version);
  registerReadRoutes(app, doors);
  registerEventRoute(app, doors, streams, briefStreams);
  if (admits === null) registerStreamRoute(app, doors, agentStreams);
  registerOperatorRoutes(app, doors);
  registerApprovalRoutes(app, doors);
  registerAttentionRoutes(app, doors);
  registerPasskeyRoutes(app, doors);
  registerTokenRoutes(app, doors);
  await registerOpenRoutes(app, doors);
  if (admits === null && options.console !== undefined) registerConsoleRoutes(app, doors);
  return { app, book, console, hosts };
}

function addGlobalHooks(
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
}

function finish(doors: Doors, request: FastifyRequest, reply: FastifyReply): void {
  request.flight?.close();
  // 499: the client left before the answer.
  const status = reply.raw.writableFinished ? reply.raw.statusCode : 499;
  doors.metrics.observe(request.label, status, reply.elapsedTime / 1000);
}

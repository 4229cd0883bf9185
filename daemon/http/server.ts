import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { SettingsBody } from '../gate/api/operator.ts';
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
import { registerEventRoute, registerStreamRoute } from './event-routes.ts';
import { createEventStreams, type EventSource, type EventStreams, MAX_STREAMS } from './event-stream.ts';
import { registerHolderRoutes } from './holder-routes.ts';
import { createFlightCounter, createTurns } from './in-flight.ts';
import { closeConnections, type HttpAddress, type Listening, type NamedAddress, openAddress } from './listening.ts';
import type { Loopbacks } from './loopbacks.ts';
import { registerMcpRoute } from './mcp-route.ts';
import { createHttpMetrics } from './metrics.ts';
import { registerOpenRoutes } from './open-routes.ts';
import { registerOperatorRoutes } from './operator-routes.ts';
import type { OriginRules } from './origin-guard.ts';
import { createPace } from './pace.ts';
import { registerPasskeyRoutes } from './passkey-routes.ts';
import { registerProofRoute } from './proof-route.ts';
import { createProver, type Target } from './prover.ts';
import { registerReadRoutes } from './read-routes.ts';
import { createRefusals } from './refusals.ts';
import { addRequestHooks } from './request-hooks.ts';
import { createRouteBook, type RouteBook } from './route-book.ts';
import { type ConsoleDoor, type Doors, OPERATOR_ENTRANCE } from './routing.ts';
import { registerTokenRoutes } from './token-routes.ts';
import { registerToolRoutes } from './tool-routes.ts';

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
  /** Whose daemon this is, for whoever asks for its proof. */
  readonly target: Omit<Target, 'address'>;
  /** What the daemon runs with, for whoever examines it. */
  readonly settings: SettingsBody;
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
  /** Sees each route that is added to an entrance: `npm run generate` describes them. */
  readonly beforeRoutes?: (app: FastifyInstance) => Promise<void>;
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

type SharedDoors = Omit<
  Doors,
  'nowMs' | 'authenticator' | 'connections' | 'isSocket' | 'admits' | 'console' | 'passkeys'
>;

/** What all entrances of one server share. */
interface House {
  readonly options: HttpServerOptions;
  readonly shared: SharedDoors;
  readonly streams: EventStreams;
  readonly briefStreams: BriefStreams;
  /** Apart, so that agents leave operators theirs. */
  readonly agentStreams: EventStreams;
  readonly closing: { isClosing: boolean };
  /** Of the agents' entrance, once it listens. */
  readonly where: { address: string };
  readonly target: () => Target;
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
  readonly loopbacks: Loopbacks | null;
}

/** Builds the HTTP server of a gate and listens. @throws when an address is unavailable */
export async function createHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const { config, after = waitInProcess } = options;
  const house = buildHouse(options);
  const entrances: OpenEntrance[] = [];
  const close = createClose(house, () =>
    entrances.flatMap(({ app, loopbacks }) => [closeConnections(app, after), loopbacks?.close() ?? Promise.resolve()]),
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
  const { where: main, console } = entrances.at(-1) ?? { where: undefined, console: null };
  return {
    address: main?.address ?? '',
    port: main?.port ?? null,
    operatorAddress: entrances.length > 1 ? (entrances[0]?.where.address ?? null) : null,
    consoleAddress: console === null || console.origin === null ? null : `${console.origin}/`,
    forgetTokens: house.shared.forgetTokens,
    close,
  };
}

const NO_CONSOLE: ConsoleSource = { findToken: () => null };

const waitInProcess: After = (ms, fn) => {
  const timer = setTimeout(fn, ms);
  return { cancel: () => clearTimeout(timer) };
};

export function buildHouse(options: HttpServerOptions): House {
  const flights = createFlightCounter();
  const authenticators: Authenticator[] = [];
  const where = { address: '' };
  const target = (): Target => ({ ...options.config.target, address: where.address });
  const { hostMs = Date.now } = options.console ?? NO_CONSOLE;
  const sessions = createConsoleSessions(
    withPasskeySessions(options.console ?? NO_CONSOLE, options.gate.passkeys),
    hostMs,
  );
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
    settings: options.config.settings,
    flights,
    turns: createTurns(),
    pace: createPace(),
    metrics: createHttpMetrics(flights, () => streams.count + briefStreams.count + agentStreams.count),
    refusals: createRefusals(options.logger, options.after ?? waitInProcess),
    logger: options.logger,
    prover: createProver({
      keyedTokens: () => options.tokens.keyedTokens(),
      target,
      findOther: (keyId) => sessions.findKey(keyId),
      monotonicMs: options.monotonicMs ?? (() => performance.now()),
      hostMs,
    }),
    sessions,
    forgetTokens: () => {
      for (const authenticator of authenticators) authenticator.forget();
      shared.prover.forget();
    },
  };
  return {
    options,
    shared,
    streams,
    briefStreams,
    agentStreams,
    closing: { isClosing: false },
    where,
    target,
    authenticators,
  };
}

export function createClose(
  { closing, shared, streams, briefStreams, agentStreams }: House,
  closeAll: () => readonly Promise<void>[],
): () => Promise<void> {
  let closed: Promise<void> | null = null;
  return () => {
    closing.isClosing = true;
    streams.closeAll();
    briefStreams.closeAll();
    agentStreams.closeAll();
    closed ??= Promise.all(closeAll()).then(() => shared.refusals.close());
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
  const isMain = admits === null;
  const onNamed = (named: NamedAddress): void => {
    for (const host of named.hosts) entrance.hosts.add(host);
    if (!isMain) return;
    house.where.address = named.where.address;
    if (house.options.console !== undefined) openConsole(entrance.console, named);
  };
  const opened = await openAddress(entrance.app, listen, { isMain, names: house.options.config.allowedHosts, onNamed });
  return { ...entrance, ...opened };
}

/** A page's origin is `localhost`: the console is served where that is this daemon, whatever a browser makes of it. */
function openConsole(door: ConsoleDoor, { host, where: { port } }: NamedAddress): void {
  if (host !== '127.0.0.1' && host !== '::1') {
    if (host !== null) door.closedBecause = `the daemon listens on ${host}, not on a loopback address alone`;
    return;
  }
  door.closedBecause = null;
  door.origin = `http://localhost:${port}`;
}

export async function buildEntrance(
  { options, shared, streams, briefStreams, agentStreams, closing, authenticators, target }: House,
  isSocket: boolean,
  admits: Doors['admits'],
  limit: (server: FastifyInstance['server']) => Connections,
): Promise<Entrance> {
  const { config, logger, tokens } = options;
  const app = buildApp(logger);
  const console: ConsoleDoor = { closedBecause: 'no loopback port is listened at', origin: null };
  const nowMs = options.monotonicMs ?? (() => performance.now());
  const doors: Doors = {
    ...shared,
    nowMs,
    console,
    // A session enters where agents do: the browser has no way to a socket.
    authenticator: createAuthenticator(tokens, nowMs, admits === null && options.console ? shared.sessions : null),
    connections: limit(app.server),
    isSocket,
    admits,
    passkeys: admits === null ? openPasskeys(options.console, options.gate.passkeys, console, target) : null,
  };
  authenticators.push(doors.authenticator);
  const hosts = new Set<string>();
  const rules: OriginRules = { hosts, origins: new Set(config.allowedOrigins.map((each) => each.toLowerCase())) };
  const book = createRouteBook(app);
  addFallbacks(app, logger, book);
  addRequestHooks(app, doors, rules, closing);
  await options.beforeRoutes?.(app);
  registerToolRoutes(app, doors);
  // An entrance without agents needs no routes for agents.
  if (admits === null) registerMcpRoute(app, doors, config.version);
  registerReadRoutes(app, doors);
  registerEventRoute(app, doors, streams, briefStreams);
  if (admits === null) registerStreamRoute(app, doors, agentStreams);
  registerOperatorRoutes(app, doors);
  registerApprovalRoutes(app, doors);
  registerAttentionRoutes(app, doors);
  registerHolderRoutes(app, doors);
  registerPasskeyRoutes(app, doors);
  registerProofRoute(app, doors);
  registerTokenRoutes(app, doors);
  registerOpenRoutes(app, doors);
  if (admits === null && options.console !== undefined) registerConsoleRoutes(app, doors);
  return { app, book, console, hosts };
}

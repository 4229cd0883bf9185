import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { GateApi } from '../contract/types/gate-api.ts';
import type { SettingsBody } from '../contract/types/operator.ts';
import { createMadeKeys, type MadeKeys } from '../passkeys/made-keys.ts';
import type { Authenticator, TokenLookup } from './entrance/authentication.ts';
import { type ConsoleSource, createConsoleSessions } from './entrance/console-sessions.ts';
import type { HttpAddress, Listening } from './entrance/listening.ts';
import type { Loopbacks } from './entrance/loopbacks.ts';
import { createPace } from './entrance/pace.ts';
import { createProver, type Target } from './entrance/prover.ts';
import { createRefusals } from './entrance/refusals.ts';
import { createFlightCounter, createTurns } from './requests/in-flight.ts';
import { createHttpMetrics } from './requests/metrics.ts';
import type { RouteBook } from './requests/route-book.ts';
import type { ConsoleDoor, Doors } from './requests/routing.ts';
import { withPasskeySessions } from './routes/console-passkeys.ts';
import { type After, type AppendedSource, BriefEventStreams, type BriefStreams } from './streams/brief-streams.ts';
import { createEventStreams, type EventSource, type EventStreams, MAX_STREAMS } from './streams/event-stream.ts';

/** A console for a phone, behind a proxy with TLS on this machine (docs/phone.md). */
export interface RemoteConsole {
  /** `https://desk.example.ts.net`: whatever asks for another name, or comes from a page of another origin, is refused. */
  readonly origin: string;
  /** Of loopback. */
  readonly port: number;
}
export interface HttpConfig {
  readonly listen: HttpAddress;
  /** A second entrance, only for operator and monitor tokens, which no agent can fill; null: none. */
  readonly operatorListen: HttpAddress | null;
  /** A third one, for phones, with the console alone; absent: none. */
  readonly remoteConsole?: RemoteConsole | null;
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
  /** `http://127.0.0.1:7434`, where a proxy finds the remote console; null: there is none. */
  readonly remoteAddress: string | null;
  /** Looks every token up again. Call it after one was revoked. */
  forgetTokens(): void;
  /** Answers requests in flight, refuses new ones, and is done within 2 s. Safe to call again. */
  close(): Promise<void>;
}

type SharedDoors = Omit<
  Doors,
  'nowMs' | 'authenticator' | 'connections' | 'isSocket' | 'admits' | 'serves' | 'mayLoosen' | 'console' | 'passkeys'
>;
interface OpenStreams {
  readonly count: number;
  closeAll(): void;
}

/** What all entrances of one server share. */
export interface House {
  readonly options: HttpServerOptions;
  readonly shared: SharedDoors;
  readonly streams: EventStreams;
  readonly briefStreams: BriefStreams;
  /** Apart, so that agents leave operators theirs. */
  readonly agentStreams: EventStreams;
  /** All of them, at every entrance. */
  readonly allStreams: OpenStreams[];
  /** Passkeys that remote consoles made. */
  readonly made: MadeKeys;
  readonly closing: { isClosing: boolean };
  /** Of the agents' entrance, once it listens. */
  readonly where: { address: string };
  readonly target: () => Target;
  /** Of the entrances that were built. */
  readonly authenticators: Authenticator[];
}
/** All routes, and the Host headers that address them. */
export interface Entrance {
  readonly app: FastifyInstance;
  readonly book: RouteBook;
  readonly console: ConsoleDoor;
  readonly hosts: Set<string>;
}
/** An entrance with a listener. */
export interface OpenEntrance extends Entrance {
  readonly where: Listening;
  readonly loopbacks: Loopbacks | null;
}

const NO_CONSOLE: ConsoleSource = { findToken: () => null };

export const waitInProcess: After = (ms, fn) => {
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
  const allStreams: OpenStreams[] = [streams, briefStreams, agentStreams];
  const shared: SharedDoors = {
    gate: options.gate,
    events: options.events,
    settings: options.config.settings,
    flights,
    turns: createTurns(),
    pace: createPace(),
    metrics: createHttpMetrics(flights, () => allStreams.reduce((sum, { count }) => sum + count, 0)),
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
    allStreams,
    made: createMadeKeys(),
    closing: { isClosing: false },
    where,
    target,
    authenticators,
  };
}

export function createClose(
  { allStreams, closing, shared }: House,
  closeAll: () => readonly Promise<void>[],
): () => Promise<void> {
  let closed: Promise<void> | null = null;
  return () => {
    closing.isClosing = true;
    for (const streams of allStreams) streams.closeAll();
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

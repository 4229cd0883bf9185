import type {
  FastifyInstance,
  FastifyReply,
  FastifyRequest,
  FastifySchema,
  HTTPMethods,
  onRequestHookHandler,
} from 'fastify';
import type { Logger } from 'pino';
import type { TSchema } from 'typebox';
import type { GateApi } from '../../contract/types/gate-api.ts';
import type { SettingsBody } from '../../contract/types/operator.ts';
import type { Caller, Role } from '../../engine/records/callers.ts';
import type { Passkeys } from '../../passkeys/ceremonies.ts';
import type { Authenticator } from '../entrance/authentication.ts';
import type { Connections } from '../entrance/connections.ts';
import type { ConsoleSessions } from '../entrance/console-sessions.ts';
import type { Pace } from '../entrance/pace.ts';
import { namingTarget, type Prover } from '../entrance/prover.ts';
import type { Refusal, Refusals } from '../entrance/refusals.ts';
import { confirmSigned, findSignature, isSigned, type SignedCall, type Signers } from '../entrance/signed-calls.ts';
import { ApiError } from '../errors.ts';
import type { EventSource } from '../streams/event-stream.ts';
import type { Flight, FlightCounter, Turns } from './in-flight.ts';
import type { HttpMetrics } from './metrics.ts';
import type { RouteText } from './route-text.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Null on routes that are open. */
    caller: Caller | null;
    flight: Flight | null;
    /** A passkey or the token has to confirm the call, which has no caller before; null: it needs none. */
    signed: SignedCall | null;
    /** Id of the session of the console that it came with; null: it came with none. */
    session: string | null;
    /** A token or a passkey was shown for this very call, so it may loosen; else a session alone is its caller. */
    isConfirmed: boolean;
    /** Why it was answered 401; null: it was not. */
    refusal: Refusal | null;
    /** Method and pattern of the route, for metrics and log. */
    label: string;
  }
}

/** What the routes need. */
export interface Doors {
  readonly gate: GateApi;
  readonly events: EventSource;
  readonly authenticator: Authenticator;
  readonly flights: FlightCounter;
  readonly turns: Turns;
  readonly pace: Pace<string>;
  readonly metrics: HttpMetrics;
  readonly refusals: Refusals;
  readonly logger: Logger;
  /** Monotonic. */
  readonly nowMs: () => number;
  readonly connections: Connections;
  readonly prover: Prover;
  readonly sessions: ConsoleSessions;
  /** Looks every token up again, at every entrance, from now on. */
  readonly forgetTokens: () => void;
  /** The server listens on a unix socket, so every caller is on this machine. */
  readonly isSocket: boolean;
  /** Roles that may use this entrance; null: every role. */
  readonly admits: readonly Role[] | null;
  /** Method and pattern of each route that this entrance has; null: whatever is registered. */
  readonly serves: ReadonlySet<string> | null;
  /** False: not even a confirmed call loosens. */
  readonly mayLoosen: boolean;
  readonly console: ConsoleDoor;
  readonly settings: SettingsBody;
  /** Null where no browser enters. */
  readonly passkeys: Passkeys | null;
}
/** Whether the operator's console is served here; known once the daemon listens. */
export interface ConsoleDoor {
  /** Null: it is. */
  closedBecause: string | null;
  /** `http://localhost:7433`, or that of a remote console: its pages may use passkeys; null where it is not served. */
  origin: string | null;
}

export const AGENT_ROUTE: readonly Role[] = ['agent', 'operator'];
/** An operator's token has no business in a model's configuration. */
export const AGENT_ONLY: readonly Role[] = ['agent'];
export const OPERATOR_ROUTE: readonly Role[] = ['operator'];
/** Figures and states, which whoever watches may read: docs/api.md has the whole table. */
export const FIGURES_ROUTE: readonly Role[] = ['agent', 'monitor', 'operator'];
export const WATCHERS_ROUTE: readonly Role[] = ['monitor', 'operator'];
/** What an open route asks of callers from elsewhere: a token, but not a scraper's, which is for probes alone. */
const OPEN_ROUTE: readonly Role[] = FIGURES_ROUTE;
export const PROBE_ROUTE: readonly Role[] = [...OPEN_ROUTE, 'metrics'];
/** A route of operators, without the limits of agents. `answer`: schema of a 200. */
export const operatorRoute = (method: 'GET' | 'POST' | 'PUT', url: string, summary: string, answer: TSchema) =>
  ({ method, url, roles: OPERATOR_ROUTE, isLimited: false, text: { summary, tags: ['operator'] }, answer }) as const;
/** A reading of operators that monitors may have too. */
export const watchersRoute = (url: string, summary: string, answer: TSchema) =>
  ({ ...operatorRoute('GET', url, summary, answer), roles: WATCHERS_ROUTE }) as const;
/** Of operators, by the token itself: no passkey stands in for it. */
export const TOKEN_ROUTE: readonly Role[] = ['operator'];
export const MONITOR_ROUTE: readonly Role[] = ['monitor'];
/** The roles of the operator's entrance. */
export const OPERATOR_ENTRANCE: readonly Role[] = ['operator', 'monitor'];

/** Tag of what no client of an agent or a monitor calls: the console's own, what `doctor` asks, and what erases texts. */
export const CONSOLE_TAG = 'console';

export const JSON_TYPE = 'application/json; charset=utf-8';

export interface RouteDefinition {
  readonly method: HTTPMethods;
  readonly url: string;
  readonly roles: readonly Role[];
  /** Counts towards the token's requests in flight, and may be shed. */
  readonly isLimited: boolean;
  /** A session alone may call it: the handler does what tightens and nothing else unless the call is confirmed. */
  readonly tightens?: true;
  readonly text: RouteText;
  readonly body?: TSchema;
  readonly query?: TSchema;
  readonly params?: TSchema;
  readonly answer: TSchema;
  readonly handler: (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>;
  readonly errorHandler?: (error: Error, request: FastifyRequest, reply: FastifyReply) => void;
}

export interface OpenRoute extends Pick<RouteDefinition, 'url' | 'handler'> {
  readonly method: 'GET' | 'POST';
  /** For OpenAPI. */
  readonly schema: FastifySchema & Record<string, unknown>;
}

/** Registers a route that is open to whoever reaches this machine. */
export function openRoute(app: FastifyInstance, doors: Doors, { method, url, schema, handler }: OpenRoute): void {
  const label = labelOf({ method, url });
  if (isServed(doors, label)) app.route({ method, url, schema, onRequest: buildLocalGuard(doors, label), handler });
}
const isServed = ({ serves }: Doors, label: string): boolean => serves === null || serves.has(label);

/**
 * Registers a route behind its guard. The schemas are for OpenAPI, to which openapi.ts adds the refusals. The handler
 * checks its input itself.
 */
export function addRoute(app: FastifyInstance, doors: Doors, route: RouteDefinition): void {
  if (!isServed(doors, labelOf(route))) return;
  const schema: FastifySchema & Record<string, unknown> = {
    ...route.text,
    tags: [...route.text.tags],
    response: { 200: route.answer },
  };
  if (route.body !== undefined) schema.body = route.body;
  if (route.query !== undefined) schema.querystring = route.query;
  if (route.params !== undefined) schema.params = route.params;
  app.route({
    method: route.method,
    url: route.url,
    schema,
    onRequest: buildGuard(doors, labelOf(route), route),
    ...(signersOf(route.roles).token ? { preHandler: confirm(doors) } : {}),
    handler: isAct(route) ? namingTarget(doors.prover, route.handler) : whenOnDisk(doors, route),
    ...(route.errorHandler === undefined ? {} : { errorHandler: route.errorHandler }),
  });
}

/**
 * A reading of what is recorded. RISK: what it tells to be over, a refusal too, would go on after a restart if its record
 * were lost with the process. A commit runs on this thread: no timer could end this wait while the disk hangs.
 */
function whenOnDisk({ gate }: Doors, { handler, method }: RouteDefinition): RouteDefinition['handler'] {
  if (method !== 'GET') return handler;
  return (request, reply) =>
    whileInFlight(
      request,
      handler(request, reply).finally(() => gate.settled()),
    );
}

const labelOf = ({ method, url }: Pick<RouteDefinition, 'method' | 'url'>): string => `${String(method)} ${url}`;

/** What an operator does. What agents ask for has the venue in its decision. */
function isAct(route: RouteDefinition): boolean {
  const { method, roles } = route;
  const isOperators = roles === OPERATOR_ROUTE || roles === TOKEN_ROUTE;
  return isOperators && method !== 'GET' && !LOOKING.has(labelOf(route));
}

/** Checks who calls, whether the role may, and whether the token has room. */
export function buildGuard(
  doors: Doors,
  label: string,
  { roles, isLimited, tightens }: Pick<RouteDefinition, 'roles' | 'isLimited' | 'tightens'>,
): onRequestHookHandler {
  const { admits, authenticator, connections, flights, gate, pace } = doors;
  return (request, _reply, done) => {
    request.label = label;
    let caller: Caller;
    let isCounted = isLimited;
    try {
      caller = authenticator.authenticate(request.raw.headers.authorization, request.raw.socket);
      gate.noteCall(caller);
      if (admits !== null && !admits.includes(caller.role))
        throw new ApiError('FORBIDDEN', 'This entrance is for operator and monitor tokens; agents use the other one.');
      connections.prove(request.raw.socket, caller.tokenId);
      if (!roles.includes(caller.role)) {
        throw refuseRole(caller, label, roles);
      }
      request.session = authenticator.sessionOf(caller);
      // Without a caller no handler does anything.
      request.isConfirmed = request.session === null;
      const isEnough = isLooking(label) || (tightens && !isSigned(request));
      if (request.session === null || isEnough) request.caller = caller;
      else request.signed = findSignature(request, { asker: caller, session: request.session }, signersOf(roles));
      // Operators and exits are never shed; a monitor has no such need.
      isCounted = isLimited || caller.role === 'monitor';
      request.flight = flights.enter(caller.tokenId, isCounted);
    } catch (error) {
      done(error as Error);
      return;
    }
    // Calls that reduce risk, and operators, never wait for a turn.
    if (isCounted) pace.begin(caller.tokenId, done);
    else done();
  };
}

function refuseRole({ role }: Caller, label: string, roles: readonly Role[]): ApiError {
  return new ApiError('FORBIDDEN', `A token of role ${role} may not call ${label}, which takes ${roles.join(' or ')}.`);
}

/** When the body has come. */
const confirm = (doors: Doors) => async (request: FastifyRequest) => {
  if (request.signed === null) return;
  request.caller = await confirmSigned(doors, request.signed, request);
  request.isConfirmed = true;
  // From here on it is as if the token had been sent.
  if (request.signed.by === 'token') request.signed = null;
};

const signersOf = (roles: readonly Role[]): Signers => ({
  passkey: roles === OPERATOR_ROUTE,
  token: roles === OPERATOR_ROUTE || roles === TOKEN_ROUTE,
});

/** What changes nothing and records nothing. */
const isLooking = (label: string): boolean => label.startsWith('GET ') || LOOKING.has(label);
const LOOKING: ReadonlySet<string> = new Set([
  'POST /v1/policy/check',
  'POST /v1/policy/preview',
  'POST /v1/passkeys/challenge',
]);

/** Open to everybody on this machine, and to others with a token of these roles. */
export function buildLocalGuard(
  doors: Doors,
  label: string,
  roles: readonly Role[] = OPEN_ROUTE,
): onRequestHookHandler {
  return (request, _reply, done) => {
    request.label = label;
    try {
      const { headers, socket } = request.raw;
      const caller = isLocal(doors, request) ? null : doors.authenticator.authenticate(headers.authorization, socket);
      if (caller !== null && !roles.includes(caller.role)) throw refuseRole(caller, label, roles);
    } catch (error) {
      done(error as Error);
      return;
    }
    done();
  };
}

const LOOPBACK = /^(?:::ffff:)?127\.|^::1$/;
function isLocal(doors: Doors, request: FastifyRequest): boolean {
  const address = request.raw.socket.remoteAddress;
  return address === undefined ? doors.isSocket : LOOPBACK.test(address);
}

/** The caller, and the place that the request takes. */
export interface Asking {
  readonly caller: Caller | null;
  readonly flight: Flight | null;
  readonly label: string;
}

/** @throws an assertion: a route that reads its caller needs a guard */
export function callerOf(request: Asking): Caller {
  if (request.caller === null) throw new Error(`${request.label} has no guard`);
  return request.caller;
}

/** Keeps the request in flight until the work is done, even if its caller hangs up. */
export async function whileInFlight<T>(request: Asking, work: Promise<T>): Promise<T> {
  const { flight } = request;
  flight?.beginWork();
  try {
    return await work;
  } finally {
    flight?.endWork();
  }
}

import type { FastifyInstance } from 'fastify';
import { ReadinessBodySchema } from '../contract/bodies/open.ts';
import { checkNoQuery, NoQuery } from '../contract/commands.ts';
import { checkEnrolment, checkRemoteKey } from '../contract/passkeys.ts';
import { hostOf } from '../core/signed/console-origin.ts';
import { createAuthenticator } from './entrance/authentication.ts';
import { limitConnections } from './entrance/connections.ts';
import { createConsoleSessions } from './entrance/console-sessions.ts';
import { openAddress } from './entrance/listening.ts';
import { createProver } from './entrance/prover.ts';
import { createRefusals } from './entrance/refusals.ts';
import { asUnauthenticated } from './errors.ts';
import { type House, type OpenEntrance, type RemoteConsole, waitInProcess } from './house.ts';
import { addFallbacks, buildApp } from './requests/app.ts';
import { bodyOf, queryOf, requireValid } from './requests/input.ts';
import { addRequestHooks } from './requests/request-hooks.ts';
import { createRouteBook } from './requests/route-book.ts';
import { addRoute, type Doors, openRoute, operatorRoute } from './requests/routing.ts';
import { registerApprovalRoutes } from './routes/approval-routes.ts';
import { registerAttentionRoutes } from './routes/attention-routes.ts';
import { openPasskeys, withPasskeySessions } from './routes/console-passkeys.ts';
import { registerConsolePage } from './routes/console-routes.ts';
import { registerEventRoute } from './routes/event-routes.ts';
import { registerOperatorRoutes } from './routes/operator-routes.ts';
import { registerPasskeyRoutes } from './routes/passkey-routes.ts';
import { registerProofRoute } from './routes/proof-route.ts';
import { registerReadRoutes } from './routes/read-routes.ts';
import { BriefEventStreams } from './streams/brief-streams.ts';
import { createEventStreams, MAX_STREAMS } from './streams/event-stream.ts';

/** All that is served there. A route that is added to the daemon is not, unless it is named here. */
export const REMOTE_ROUTES: ReadonlySet<string> = new Set([
  'GET /',
  'GET /assets/:file',
  'GET /readyz',
  'GET /v1/account',
  'GET /v1/account/history',
  'GET /v1/agents',
  'GET /v1/alerts',
  'GET /v1/approvals',
  'GET /v1/approvals/:id',
  'GET /v1/decisions',
  'GET /v1/decisions/:id',
  'GET /v1/events',
  'GET /v1/limits',
  'GET /v1/market',
  'GET /v1/orders',
  'GET /v1/passkeys',
  'GET /v1/policy',
  'GET /v1/positions',
  'GET /v1/signals',
  'GET /v1/trading-state',
  'POST /v1/approvals/:id',
  'POST /v1/console/challenge',
  'POST /v1/console/enrolment',
  'POST /v1/console/enrolment/key',
  'POST /v1/console/passkey',
  'POST /v1/passkeys/challenge',
  'POST /v1/proof',
  'PUT /v1/trading-state',
]);

/**
 * Opens the console for phones. It knows no token: sessions, and keys that prove the daemon, are its own and begin with a
 * passkey of its own origin. What it sees of the network is the proxy's word, so it believes none of it.
 *
 * @throws Error when the port is in use
 */
export async function openRemoteEntrance(house: House, { origin, port }: RemoteConsole): Promise<OpenEntrance> {
  const { authenticators, closing, options } = house;
  const app = buildApp(options.logger);
  const book = createRouteBook(app);
  const console = { closedBecause: null, origin };
  const hosts = new Set([hostOf(origin)]);
  addFallbacks(app, options.logger, book);
  const doors = buildDoors(house, app, console);
  authenticators.push(doors.authenticator);
  addRequestHooks(app, doors, { hosts, origins: new Set(), own: origin }, closing);
  registerConsolePage(app, doors);
  registerProofRoute(app, doors);
  registerPasskeyRoutes(app, doors);
  registerRemoteEnrolment(app, doors);
  registerReadiness(app, doors);
  registerReadRoutes(app, doors);
  registerStreams(house, app, doors);
  registerOperatorRoutes(app, doors);
  registerApprovalRoutes(app, doors);
  registerAttentionRoutes(app, doors);
  const listen = { host: '127.0.0.1', port };
  const opened = await openAddress(app, listen, { isMain: true, names: [], onNamed: () => undefined });
  return { app, book, console, hosts, ...opened };
}

function buildDoors(house: House, app: FastifyInstance, console: Doors['console']): Doors {
  const { made, options, shared } = house;
  const refusals = createRefusals(options.logger, options.after ?? waitInProcess, console.origin);
  app.addHook('onClose', async () => refusals.close());
  const source = options.console ?? { findToken: () => null };
  const { hostMs = Date.now } = source;
  const nowMs = options.monotonicMs ?? (() => performance.now());
  const target = () => ({ ...options.config.target, address: console.origin ?? '' });
  const noTokens = { findToken: () => null };
  const sessions = createConsoleSessions(withPasskeySessions(noTokens, options.gate.passkeys), hostMs);
  return {
    ...shared,
    nowMs,
    console,
    refusals,
    sessions,
    prover: createProver({
      keyedTokens: () => [],
      target,
      findOther: (keyId) => sessions.findKey(keyId),
      monotonicMs: nowMs,
      hostMs,
    }),
    authenticator: createAuthenticator(noTokens, nowMs, sessions),
    connections: limitConnections(app.server),
    isSocket: false,
    admits: null,
    serves: REMOTE_ROUTES,
    mayLoosen: false,
    passkeys: openPasskeys(options.console, options.gate.passkeys, { door: console, made, target }),
  };
}

/** Streams of its own, so that phones leave screens at the machine theirs. */
function registerStreams({ allStreams, options }: House, app: FastifyInstance, doors: Doors): void {
  const { events: source, logger } = options;
  const brief: BriefEventStreams = new BriefEventStreams({
    source,
    logger,
    after: options.after ?? waitInProcess,
    nowMs: doors.nowMs,
    others: () => streams.count,
  });
  const streams = createEventStreams(source, logger, MAX_STREAMS, () => brief.count);
  allStreams.push(brief, streams);
  registerEventRoute(app, doors, streams, brief);
}

/** Elsewhere it is open to this machine. */
function registerReadiness(app: FastifyInstance, doors: Doors): void {
  addRoute(app, doors, {
    ...operatorRoute('GET', '/readyz', 'What openings wait for', ReadinessBodySchema),
    query: NoQuery,
    handler: async (request, reply) => {
      requireValid(checkNoQuery, queryOf(request));
      const readiness = doors.gate.readiness();
      reply.code(readiness.ready ? 200 : 503);
      return readiness;
    },
  });
}

/** Open to whoever reaches the proxy and has the code. What is made waits for the console of the machine. */
function registerRemoteEnrolment(app: FastifyInstance, doors: Doors): void {
  const { passkeys } = doors;
  if (passkeys === null) return;
  const hidden = { method: 'POST', schema: { hide: true } } as const;
  openRoute(app, doors, {
    ...hidden,
    url: '/v1/console/enrolment',
    handler: async (request) => {
      const { code } = requireValid(checkEnrolment, bodyOf(request));
      return asUnauthenticated(async () => passkeys.startKey(code));
    },
  });
  openRoute(app, doors, {
    ...hidden,
    url: '/v1/console/enrolment/key',
    handler: async (request) => {
      const { code, credential } = requireValid(checkRemoteKey, bodyOf(request));
      return asUnauthenticated(() => passkeys.finishKey(code, credential));
    },
  });
}

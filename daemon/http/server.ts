import type { FastifyInstance } from 'fastify';
import { createAuthenticator } from './entrance/authentication.ts';
import { type Connections, limitConnections } from './entrance/connections.ts';
import { closeConnections, type HttpAddress, type NamedAddress, openAddress } from './entrance/listening.ts';
import type { OriginRules } from './entrance/origin-guard.ts';
import {
  buildHouse,
  closeOnAbort,
  createClose,
  type Entrance,
  type House,
  type HttpServer,
  type HttpServerOptions,
  type OpenEntrance,
  waitInProcess,
} from './house.ts';
import { openRemoteEntrance } from './remote-entrance.ts';
import { addFallbacks, buildApp } from './requests/app.ts';
import { addRequestHooks } from './requests/request-hooks.ts';
import { createRouteBook } from './requests/route-book.ts';
import { type ConsoleDoor, type Doors, OPERATOR_ENTRANCE } from './requests/routing.ts';
import { registerApprovalRoutes } from './routes/approval-routes.ts';
import { registerAttentionRoutes } from './routes/attention-routes.ts';
import { openPasskeys } from './routes/console-passkeys.ts';
import { registerConsolePage, registerTokenSession } from './routes/console-routes.ts';
import { registerEventRoute, registerStreamRoute } from './routes/event-routes.ts';
import { registerOpenRoutes } from './routes/open-routes.ts';
import { registerHolderRoutes, registerOperatorRoutes } from './routes/operator-routes.ts';
import { registerPasskeyRoutes } from './routes/passkey-routes.ts';
import { registerProofRoute } from './routes/proof-route.ts';
import { registerReadRoutes } from './routes/read-routes.ts';
import { registerTokenRoutes } from './routes/token-routes.ts';
import { registerMcpRoute } from './tools/mcp-route.ts';
import { registerToolRoutes } from './tools/tool-routes.ts';

/** Builds the HTTP server of a gate and listens. @throws when an address is unavailable */
export async function createHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const { config, after = waitInProcess } = options;
  const { remoteConsole = null } = config;
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
    if (remoteConsole !== null) entrances.push(await openRemoteEntrance(house, remoteConsole));
  } catch (error) {
    await close();
    throw error;
  }
  closeOnAbort(options, close);
  const [remote = null] = remoteConsole === null ? [] : entrances.slice(-1);
  const main = entrances.at(remote === null ? -1 : -2);
  const origin = main?.console.origin ?? null;
  return {
    address: main?.where.address ?? '',
    port: main?.where.port ?? null,
    operatorAddress: config.operatorListen === null ? null : (entrances[0]?.where.address ?? null),
    consoleAddress: origin === null ? null : `${origin}/`,
    remoteAddress: remote?.where.address ?? null,
    forgetTokens: house.shared.forgetTokens,
    close,
  };
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
  { options, shared, streams, briefStreams, agentStreams, closing, authenticators, made, target }: House,
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
    serves: null,
    mayLoosen: true,
    passkeys:
      admits === null ? openPasskeys(options.console, options.gate.passkeys, { door: console, made, target }) : null,
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
  if (admits === null && options.console !== undefined) {
    registerConsolePage(app, doors);
    registerTokenSession(app, doors);
  }
  return { app, book, console, hosts };
}

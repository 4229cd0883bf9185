import type { Connections } from './entrance/connections.ts';
import { buildHouse, closeOnAbort, createClose, type HttpServer, type HttpServerOptions } from './house.ts';
import { buildEntrance } from './server.ts';

/** A request within this process. */
export interface AskedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}
/** The same routes without a listener. */
export interface UnlistenedServer extends HttpServer {
  /** Method and pattern of each: `GET /v1/orders`. */
  readonly routes: readonly string[];
  ask(request: AskedRequest): Promise<{ readonly status: number; readonly text: string }>;
}

/** The host that requests name; nothing listens there. */
const UNLISTENED_HOST = 'localhost:0';
const UNBOUNDED: Connections = {
  prove: () => undefined,
  strangers: {
    meet: () => undefined,
    doubt: () => undefined,
    doubts: () => false,
    trust: () => undefined,
    begin: (_socket, start) => start(),
    end: () => undefined,
    part: () => undefined,
    minMissed: () => null,
  },
  silent: 0,
  proven: 0,
};

/**
 * The HTTP interface of a gate for a caller in the same process, such as a simulation: every route with its
 * authentication, guards and parser, but without sockets and so without connection limits.
 */
export async function createUnlistenedServer(options: HttpServerOptions): Promise<UnlistenedServer> {
  const house = buildHouse(options);
  const { app, book, hosts } = await buildEntrance(house, false, null, () => UNBOUNDED);
  hosts.add(UNLISTENED_HOST);
  house.where.address = `http://${UNLISTENED_HOST}`;
  await app.ready();
  const close = createClose(house, () => [app.close()]);
  closeOnAbort(options, close);
  return {
    address: `http://${UNLISTENED_HOST}`,
    port: null,
    operatorAddress: null,
    consoleAddress: null,
    remoteAddress: null,
    forgetTokens: house.shared.forgetTokens,
    close,
    routes: book.list(),
    ask: async ({ method, path, headers, body }) => {
      const answer = await app.inject({
        method: method as 'GET',
        url: path,
        headers: { ...headers, host: UNLISTENED_HOST },
        ...(body === undefined ? {} : { payload: body }),
      });
      return { status: answer.statusCode, text: answer.payload };
    },
  };
}

import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface BearerProxy {
  readonly url: string;
  close(): Promise<void>;
}

/** Adds the token for a client that has none. Host and Origin stay what they are, but for the proxy's own address. */
export async function startBearerProxy(target: string, token: string): Promise<BearerProxy> {
  const { hostname, port, host } = new URL(target);
  let own = '';
  const isOwn = (place: string | undefined): boolean =>
    place === own || place === own.replace('127.0.0.1', 'localhost');
  const server = createServer((asked, answer) => {
    const headers = { ...asked.headers, authorization: `Bearer ${token}` };
    if (isOwn(headers.host)) headers.host = host;
    if (headers.origin !== undefined && isOwn(headers.origin.replace(/^http:\/\//, '')))
      headers.origin = `http://${host}`;
    const passed = request({ hostname, port, path: asked.url, method: asked.method, headers }, (reply) => {
      answer.writeHead(reply.statusCode ?? 502, reply.headers);
      reply.pipe(answer);
    });
    passed.on('error', () => answer.destroy());
    asked.pipe(passed);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  own = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: `http://${own}`,
    close: () => {
      server.closeAllConnections();
      return new Promise<void>((done) => server.close(() => done()));
    },
  };
}

import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { TestContext } from 'node:test';

/** What somebody was sent who held the port. */
export interface Taken {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}
/** Another program of this machine that holds a port on both loopback addresses while no daemon does. */
export interface Squatter {
  readonly taken: Taken[];
  close(): Promise<void>;
}

export async function squat(t: TestContext, port: number, answer: RequestListener): Promise<Squatter> {
  const taken: Taken[] = [];
  const servers = await Promise.all(
    ['127.0.0.1', '::1'].map(async (host) => {
      const server = createServer((request, response) => {
        const parts: Buffer[] = [];
        request.on('data', (part: Buffer) => parts.push(part));
        request.on('end', () => {
          const { headers, method = '', url: path = '' } = request;
          taken.push({ method, path, headers, body: Buffer.concat(parts).toString() });
          answer(request, response);
        });
      });
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen({ host, port, ipv6Only: true }, resolve);
      });
      return server;
    }),
  );
  const close = async (): Promise<void> => {
    await Promise.all(servers.map(closeServer));
  };
  t.after(close);
  return { taken, close };
}

function closeServer(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}

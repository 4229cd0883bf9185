import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Changes the JSON body of an answer; by path. */
export type Rewrites = Map<string, (body: unknown) => unknown>;
export interface RewritingProxy {
  readonly url: string;
  /** May be changed while it runs. */
  readonly rewrites: Rewrites;
  /** Bodies that it answers itself, by path: what the exchange has no route for. */
  readonly answers: Map<string, unknown>;
  close(): Promise<void>;
}

/** Stands between a daemon and the simulated exchange: what the exchange cannot be brought to say is put in its answers. */
export async function startRewritingProxy(target: string, rewrites: Rewrites = new Map()): Promise<RewritingProxy> {
  const answers = new Map<string, unknown>();
  const server = createServer((request, response) => {
    const own = answers.get((request.url ?? '').split('?')[0] ?? '');
    if (own !== undefined) {
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(own));
      return;
    }
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      void (async () => {
        const { host: _host, connection: _connection, 'content-length': _length, ...headers } = request.headers;
        const body = chunks.length === 0 ? {} : { body: Buffer.concat(chunks) };
        const answer = await fetch(`${target}${request.url}`, {
          method: request.method ?? 'GET',
          headers: headers as Record<string, string>,
          ...body,
        });
        const text = await answer.text();
        const rewrite = rewrites.get((request.url ?? '').split('?')[0] ?? '');
        const isChanged = rewrite !== undefined && answer.status === 200;
        const retryAfter = answer.headers.get('retry-after');
        response.writeHead(answer.status, {
          'content-type': 'application/json',
          ...(retryAfter === null ? {} : { 'retry-after': retryAfter }),
        });
        response.end(isChanged ? JSON.stringify(rewrite(JSON.parse(text))) : text);
      })().catch(() => response.destroy());
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    rewrites,
    answers,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

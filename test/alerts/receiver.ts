import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Received {
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** What it was answered; null: nothing. */
  readonly status: number | null;
}
/** A status, headers with it, or no answer at all. */
export type Behaviour = number | { readonly status: number; readonly headers: Record<string, string> } | 'hang' | 'cut';

/** Somebody's server that takes alerts, or fails to, as a test says. */
export interface Receiver {
  readonly port: number;
  readonly url: string;
  readonly received: Received[];
  behaviour: Behaviour;
  close(): Promise<void>;
}

export async function startReceiver(behaviour: Behaviour = 200, port = 0): Promise<Receiver> {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { behaviour: now } = receiver;
      const status = typeof now === 'number' ? now : typeof now === 'object' ? now.status : null;
      const text = Buffer.concat(chunks).toString('utf8');
      received.push({ url: request.url ?? '', headers: request.headers, text, status });
      if (now === 'cut') request.socket.destroy();
      else if (status !== null) {
        response.writeHead(status, typeof now === 'object' ? now.headers : {});
        response.end('{}');
      }
    });
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const { port: bound } = server.address() as AddressInfo;
  const receiver: Receiver = {
    port: bound,
    url: `http://127.0.0.1:${bound}`,
    received,
    behaviour,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return receiver;
}

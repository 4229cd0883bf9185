import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CLAIMS, proving } from '../integrations/proving-server.ts';

export interface Seen {
  readonly method: string;
  readonly url: string;
  readonly authorization: string | undefined;
  readonly lastEventId: string | string[] | undefined;
  readonly body: unknown;
}
export type Reply = (seen: Seen, response: ServerResponse) => void;
export interface FakeDaemon {
  readonly url: string;
  readonly seen: Seen[];
  close(): Promise<void>;
}

export function replyJson(body: unknown, status = 200): Reply {
  return (_seen, response) => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body));
  };
}

/** Tokens of the tests. */
const TOKENS = ['hf_agent', 'hf_monitor', 'hf_operator', 'hf_from_env', 'hf_from_file'];

/**
 * A server with the daemon's routes and none of its judgement: it answers what a test says, by `METHOD /path`, to whoever
 * has had it proven that it knows the token.
 */
export async function startFakeDaemon(
  replies: Readonly<Record<string, Reply>>,
  socketPath: string | null = null,
  venue = 'paper',
): Promise<FakeDaemon> {
  const seen: Seen[] = [];
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    void readBody(request).then((body) => {
      const { method = '', url = '', headers } = request;
      const call = { method, url, authorization: headers.authorization, lastEventId: headers['last-event-id'], body };
      seen.push(call);
      const reply = replies[`${method} ${url}`] ?? replies[`${method} ${url.split('?')[0]}`];
      (reply ?? replyJson({ error: { code: 'NOT_FOUND', message: 'There is no such route.' } }, 404))(call, response);
    });
  };
  const server = createServer(proving(() => TOKENS, answer, JSON.stringify({ ...JSON.parse(CLAIMS), venue })));
  if (socketPath === null) server.listen(0, '127.0.0.1');
  else server.listen(socketPath);
  await once(server, 'listening');
  const address = server.address();
  return {
    url: socketPath === null ? `http://127.0.0.1:${(address as AddressInfo).port}` : socketPath,
    seen,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  return text === '' ? null : JSON.parse(text);
}

import { createHash, createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { Server as SecureServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { json } from 'node:stream/consumers';

/** The protocol of POST /v1/proof, from its text alone: nothing here comes from a daemon or a client. */
export function keyIdOf(token: string): string {
  return hmac(token, 'holdfast key id 1').slice(0, 22);
}
export function proofOf(token: string, nonce: string, dialled: string, claims: string): string {
  return hmac(token, ['holdfast proof 1', nonce, dialled, claims].join('\n'));
}
function hmac(token: string, text: string): string {
  const key = createHash('sha256').update(token, 'utf8').digest();
  return createHmac('sha256', key).update(text, 'utf8').digest('base64url');
}

export const CLAIMS = JSON.stringify({
  role: 'agent',
  venue: 'paper',
  account: 'main',
  home: null,
  address: 'http://127.0.0.1:7433',
  challenge: 'c',
});

/**
 * Answers as `answer` does, behind the proof: an agent's token counts on a connection that was proven for it, and
 * nowhere else. `tokens`: those that live now.
 */
export function proving(
  tokens: () => readonly string[],
  answer: RequestListener,
  claims: string = CLAIMS,
): RequestListener {
  const proven = new WeakMap<Socket, Set<string>>();
  return async (request, response) => {
    const { socket, url, headers } = request;
    const refuse = (status: number, code: string): void => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ error: { code, message: code } }));
    };
    if (url !== '/v1/proof') {
      const [, bearer = ''] = /^Bearer (.+)$/.exec(headers.authorization ?? '') ?? [];
      if (proven.get(socket)?.has(bearer) === true && tokens().includes(bearer)) return answer(request, response);
      return refuse(401, 'UNAUTHENTICATED');
    }
    const { key_id: id, nonce } = (await json(request)) as { readonly key_id: string; readonly nonce: string };
    const dialled = dialledOf(request);
    if (dialled === null) return refuse(403, 'HOST_NOT_ALLOWED');
    const token = tokens().find((each) => keyIdOf(each) === id);
    if (token === undefined || headers.authorization !== undefined) return refuse(401, 'UNAUTHENTICATED');
    proven.set(socket, (proven.get(socket) ?? new Set()).add(token));
    const proof = proofOf(token, nonce, dialled, claims);
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ claims, proof }));
  };
}

/** Null: the Host header names another server. */
function dialledOf({ headers, socket }: IncomingMessage): string | null {
  const { port } = socket.address() as Partial<AddressInfo>;
  if (port === undefined) return 'unix';
  const host = (headers.host ?? '').toLowerCase();
  return [`127.0.0.1:${port}`, `[::1]:${port}`, `localhost:${port}`].includes(host) ? host : null;
}

export interface Running {
  readonly server: Server | SecureServer;
  close(): Promise<void>;
}
/** `where`: a port of 127.0.0.1, or the path of a Unix socket. */
export async function listen(server: Server | SecureServer, where: number | string): Promise<Running> {
  await new Promise<void>((done, failed) => {
    server.once('error', failed);
    if (typeof where === 'number') server.listen(where, '127.0.0.1', done);
    else server.listen(where, done);
  });
  return {
    server,
    close: () => {
      const closed = new Promise<void>((done) => server.close(() => done()));
      server.closeAllConnections();
      return closed;
    },
  };
}

export function startProvingServer(
  where: number | string,
  tokens: () => readonly string[],
  answer: RequestListener,
): Promise<Running> {
  return listen(createServer(proving(tokens, answer)), where);
}

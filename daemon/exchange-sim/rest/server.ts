import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { catchUp, type Exchange } from '../exchange.ts';
import type { RawAnswer } from '../refusals/params.ts';
import { equalText } from './auth.ts';
import { renderClock } from './control/control.ts';
import { ControlError } from './control/fault-request.ts';
import type { RawRequest } from './handle.ts';
import { buildAnswer, serveControl, serveRequest } from './serve.ts';

const MAX_BODY_BYTES = 1_000_000;

/** The HTTP face of an exchange. `close` also ends keep-alive connections and answers that a fault holds back. */
export interface ExchangeServer {
  readonly server: Server;
  close(): Promise<void>;
}

/** What a request may do to the server that it came in at. */
interface Face {
  readonly onServe: ((raw: RawRequest) => void) | undefined;
  readonly cut: () => void;
  readonly isClosed: () => boolean;
}

// Longer than clients keep idle connections, so that a reused one is not closed under their request.
const KEEP_ALIVE_MS = 75_000;

/** `onServe`: told of each request of the exchange before it is acted on. */
export function createExchangeServer(exchange: Exchange, onServe?: (raw: RawRequest) => void): ExchangeServer {
  const sockets = new Set<Socket>();
  let closed = false;
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  const face: Face = { cut, isClosed: () => closed, onServe };
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (request, response) => {
    serve(exchange, request, response, face).catch((error: unknown) => fail(response, error));
  });
  server.on('connection', (socket) => {
    if (exchange.faults.isDisconnected()) {
      socket.destroy();
      return;
    }
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
  });
  const close = () =>
    new Promise<void>((resolve) => {
      closed = true;
      server.close(() => resolve());
      cut();
    });
  return { server, close };
}

/** A defect of the simulation itself: said aloud in the answer, never passed off as an exchange error. */
function fail(response: ServerResponse, error: unknown): void {
  if (error instanceof ControlError) {
    send(response, buildAnswer(413, { error: error.message }));
    return;
  }
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  if (!response.headersSent) response.writeHead(500, { 'Content-Type': 'application/json' });
  response.end(JSON.stringify({ error: message }));
}

function readBody(request: IncomingMessage): Promise<string> | string {
  if (request.method === 'GET' || request.headers['content-length'] === '0') return '';
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > MAX_BODY_BYTES) reject(new ControlError('the body is too large'));
      else chunks.push(chunk);
    });
    request.on('end', () => resolve(Buffer.concat(chunks).toString('utf8')));
    request.on('error', reject);
  });
}

async function serve(
  exchange: Exchange,
  request: IncomingMessage,
  response: ServerResponse,
  face: Face,
): Promise<void> {
  const body = await readBody(request);
  const url = request.url ?? '/';
  const mark = url.indexOf('?');
  const path = mark === -1 ? url : url.slice(0, mark);
  const method = request.method ?? 'GET';
  if (path.startsWith('/sim/')) {
    answerControl(exchange, { method, path, body, request, response }, face.cut);
    return;
  }
  const key = request.headers['x-mbx-apikey'];
  const query = mark === -1 ? '' : url.slice(mark + 1);
  const raw: RawRequest = { method, path, query, body, apiKey: typeof key === 'string' ? key : undefined };
  face.onServe?.(raw);
  const served = await serveRequest(exchange, raw, { isClosed: face.isClosed });
  if (served.kind === 'answer') send(response, served.answer);
  else if (served.kind === 'broken') response.destroy();
  else if (served.kind === 'cut') sendHalf(response, served.answer, () => response.destroy());
  else if (served.kind === 'stalled') sendHalf(response, served.answer, () => {});
  if (exchange.faults.isDisconnected()) face.cut();
}

function send(response: ServerResponse, answer: RawAnswer): void {
  const length = Buffer.byteLength(answer.body);
  response.writeHead(answer.status, {
    'Content-Type': 'application/json;charset=UTF-8',
    'Content-Length': length,
    ...answer.headers,
  });
  response.end(answer.body);
}

/** Sends the head and half of the body. */
function sendHalf(response: ServerResponse, answer: RawAnswer, then: () => void): void {
  const body = Buffer.from(answer.body);
  response.writeHead(answer.status, {
    'Content-Type': 'application/json;charset=UTF-8',
    'Content-Length': body.length,
  });
  response.write(body.subarray(0, Math.floor(body.length / 2)), then);
}

interface ControlCall {
  readonly method: string;
  readonly path: string;
  readonly body: string;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

function isLoopback(address: string | undefined): boolean {
  return address === '127.0.0.1' || address === '::1' || address === '::ffff:127.0.0.1';
}

function answerControl(exchange: Exchange, call: ControlCall, cut: () => void): void {
  const { method, path, request, response } = call;
  const reply = (status: number, body: unknown) => send(response, buildAnswer(status, body));
  if (!isLoopback(request.socket.remoteAddress)) {
    reply(403, { error: 'the control routes are for loopback only' });
    return;
  }
  if (method === 'GET' && path === '/sim/clock') {
    catchUp(exchange);
    reply(200, renderClock(exchange));
    return;
  }
  if (!equalText(request.headers.authorization ?? '', `Bearer ${exchange.simToken}`)) {
    reply(401, { error: 'the control token is missing or wrong' });
    return;
  }
  const result = serveControl(exchange, method, path, call.body);
  reply(result.status, result.body);
  // The caller still gets its answer; everybody is cut right after it is out.
  if (result.cut) response.once('finish', () => exchange.time.nextTurn(cut));
}

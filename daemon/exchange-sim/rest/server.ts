import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { catchUp, type Exchange, persist } from '../exchange.ts';
import { equalText } from './auth.ts';
import { CONTROL_ROUTES, renderClock } from './control.ts';
import { ControlError, parseJson } from './fault-request.ts';
import type { Fault } from './faults.ts';
import { handleRequest, type RawAnswer, type RawRequest, targetOf } from './handle.ts';
import { Params } from './params.ts';

const MAX_BODY_BYTES = 1_000_000;
const UNKNOWN_503 = { code: -1000, msg: 'Unknown error, please check your request or try again later.' };

/** The HTTP face of an exchange. `close` also ends keep-alive connections and answers that a fault holds back. */
export interface ExchangeServer {
  readonly server: Server;
  close(): Promise<void>;
}

/** What a request may do to the server that it came in at. */
interface Face {
  readonly cut: () => void;
  readonly isClosed: () => boolean;
}

// Longer than clients keep idle connections, so that a reused one is not closed under their request.
const KEEP_ALIVE_MS = 75_000;

export function createExchangeServer(exchange: Exchange): ExchangeServer {
  const sockets = new Set<Socket>();
  let closed = false;
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  const face: Face = { cut, isClosed: () => closed };
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
    send(response, errorAnswer(413, { error: error.message }));
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
  catchUp(exchange);
  if (path.startsWith('/sim/')) {
    serveControl(exchange, { method, path, body, request, response }, face.cut);
    return;
  }
  const key = request.headers['x-mbx-apikey'];
  const query = mark === -1 ? '' : url.slice(mark + 1);
  const raw: RawRequest = { method, path, query, body, apiKey: typeof key === 'string' ? key : undefined };
  const params = new Params(query, body);
  const fault = exchange.faults.takeEnding(targetOf(raw, params));
  if (fault === undefined) send(response, handleRequest(exchange, raw, params));
  else await serveFaulty(exchange, raw, response, fault, face);
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

async function serveFaulty(
  exchange: Exchange,
  raw: RawRequest,
  response: ServerResponse,
  fault: Fault,
  face: Face,
): Promise<void> {
  const run = () => handleRequest(exchange, raw, new Params(raw.query, raw.body));
  switch (fault.kind) {
    case 'drop-before':
      response.destroy();
      return;
    case 'delay':
      // It arrives late even when the client has given up meanwhile; only a closed exchange never sees it.
      await new Promise<void>((resolve) => setTimeout(resolve, fault.ms).unref());
      if (face.isClosed()) return;
      catchUp(exchange);
      send(response, run());
      return;
    case 'status':
      sendStatus(response, fault);
      return;
    case 'error':
      send(response, errorAnswer(fault.http, { code: fault.code, msg: fault.msg }));
      return;
    case 'reject-503-unknown':
      if (fault.accepted) run();
      send(response, errorAnswer(503, UNKNOWN_503));
      return;
    case 'accept-then-timeout':
      // The order is live; the client never hears of it. The connection stays open until one side gives up.
      run();
      return;
    case 'drop-mid-body':
      sendHalf(response, run(), () => response.destroy());
      return;
    case 'stall-body':
      sendHalf(response, run(), () => {});
      return;
    default:
      throw new Error(`fault ${fault.kind} does not end a request`);
  }
}

function errorAnswer(status: number, body: unknown): RawAnswer {
  return { status, headers: {}, body: JSON.stringify(body) };
}

function sendStatus(response: ServerResponse, fault: Fault): void {
  const headers: Record<string, string> =
    fault.retryAfterS === null ? {} : { 'Retry-After': String(fault.retryAfterS) };
  send(response, { status: fault.status, headers, body: fault.body });
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

function serveControl(exchange: Exchange, call: ControlCall, cut: () => void): void {
  const { method, path, request, response } = call;
  const reply = (status: number, body: unknown) => send(response, errorAnswer(status, body));
  if (!isLoopback(request.socket.remoteAddress)) {
    reply(403, { error: 'the control routes are for loopback only' });
    return;
  }
  if (method === 'GET' && path === '/sim/clock') {
    reply(200, renderClock(exchange));
    return;
  }
  if (!equalText(request.headers.authorization ?? '', `Bearer ${exchange.simToken}`)) {
    reply(401, { error: 'the control token is missing or wrong' });
    return;
  }
  const route = CONTROL_ROUTES[`${method} ${path}`];
  if (route === undefined) {
    reply(404, { error: `no control route ${method} ${path}` });
    return;
  }
  try {
    const result = route(exchange, parseJson(call.body));
    persist(exchange);
    reply(200, result.body);
    // The caller still gets its answer; everybody is cut right after it is out.
    if (result.cut === true) response.once('finish', () => setImmediate(cut));
  } catch (error) {
    if (!(error instanceof ControlError)) throw error;
    reply(400, { error: error.message });
  }
}

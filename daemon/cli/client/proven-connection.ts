import { Agent, type IncomingMessage, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectSecurely } from 'node:tls';
import { createNonce, DIALLED_SOCKET, isSame, keyIdOf, keyOf, proofOf } from '../../proof/proof.ts';
import { NoAnswerError, STANDS_STILL, UnknownTokenError } from './call-failures.ts';

const CONNECT_TIMEOUT_MS = 5_000;
/** A proof is made of what is in memory; a daemon under load answers it late. */
const PROOF_TIMEOUT_MS = 15_000;
const MAX_ANSWER_BYTES = 16_384;

/** An address of the daemon. */
export interface Place {
  readonly origin: string;
  readonly socketPath: string | null;
}
/** What a daemon says of itself and of the token, which it has proven to know. */
export interface Claims {
  readonly role: string;
  readonly venue: string;
  readonly account: string;
  /** Null for agents. */
  readonly home: string | null;
  /** `http://127.0.0.1:7433`, or `unix:/path`. */
  readonly address: string;
}

/** A connection that was made. Rejects as node does: nothing was sent. */
export function openConnection({ origin, socketPath }: Place): Promise<Socket> {
  const { hostname, port, protocol } = new URL(origin);
  const host = hostname.replace(/^\[|\]$/g, '');
  const isSecure = protocol === 'https:' && socketPath === null;
  const at = { host, port: Number(port || (isSecure ? 443 : 80)) };
  const socket = isSecure
    ? connectSecurely({ ...at, ...(/[a-z]/i.test(host) ? { servername: host } : {}), ALPNProtocols: ['http/1.1'] })
    : connect(socketPath === null ? at : { path: socketPath });
  return new Promise<Socket>((resolve, reject) => {
    socket.setTimeout(CONNECT_TIMEOUT_MS, () => fail(timedOut()));
    socket.once(isSecure ? 'secureConnect' : 'connect', () => {
      socket.off('error', fail);
      socket.setTimeout(0).removeAllListeners('timeout');
      socket.setNoDelay(true);
      resolve(socket);
    });
    socket.once('error', fail);
    function fail(error: Error): void {
      socket.destroy();
      reject(error);
    }
  });
}

function timedOut(): Error {
  return Object.assign(new Error('nobody answers'), { code: 'UND_ERR_CONNECT_TIMEOUT' });
}

/**
 * Asks on a fresh connection for the proof that whoever answers knows the token. Until it has come nothing of the token is
 * sent but an id from which it does not follow. docs/api.md has the steps.
 *
 * @throws NoAnswerError, UnknownTokenError; the connection is closed then
 */
export async function proveConnection(socket: Socket, place: Place, token: string): Promise<Claims> {
  const key = keyOf(token);
  const [host, nonce] = [new URL(place.origin).host, createNonce()];
  try {
    const { status, body } = await exchange(socket, host, JSON.stringify({ key_id: keyIdOf(key), nonce }));
    if (status === 401) throw new UnknownTokenError(place.socketPath ?? host);
    const { claims, proof } = readProof(body);
    const dialled = place.socketPath === null ? host.toLowerCase() : DIALLED_SOCKET;
    if (status !== 200 || !isSame(proof, proofOf(key, nonce, dialled, claims))) throw unproven(place);
    return JSON.parse(claims) as Claims;
  } catch (error) {
    socket.destroy();
    if (error instanceof Silence) throw silent(place);
    throw error instanceof NoAnswerError ? error : unproven(place);
  }
}

/** Nothing came in all that time. */
class Silence extends Error {}

function silent({ origin, socketPath }: Place): NoAnswerError {
  const at = socketPath ?? new URL(origin).host;
  const seconds = PROOF_TIMEOUT_MS / 1000;
  return new NoAnswerError(
    `Whoever has the address ${at} has not answered for ${seconds} s: ${STANDS_STILL}, or another program has the address. Nothing was sent.`,
    false,
  );
}

function unproven({ origin, socketPath }: Place): NoAnswerError {
  const at = socketPath ?? new URL(origin).host;
  const why =
    'whoever does has not proven to know it, so another program has the address, or an older version runs there';
  return new NoAnswerError(`No daemon of this token answers at ${at}: ${why}. Nothing was sent.`, false);
}

function readProof(body: string): { readonly claims: string; readonly proof: string } {
  const { claims, proof } = JSON.parse(body) as { readonly claims?: unknown; readonly proof?: unknown };
  if (typeof claims !== 'string' || typeof proof !== 'string') throw new Error('no proof');
  return { claims, proof };
}

/**
 * One request on the connection itself, which is no agent's afterwards: a pool would open another one when it likes.
 * @throws Error when the whole of a short answer does not come in time
 */
async function exchange(
  socket: Socket,
  host: string,
  body: string,
): Promise<{ readonly status: number; readonly body: string }> {
  const headers = { host, 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
  const agent = new OneConnection(socket);
  const asked = request({ method: 'POST', path: '/v1/proof', headers, agent });
  asked.setTimeout(PROOF_TIMEOUT_MS, () => asked.destroy(new Silence()));
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    asked.once('response', resolve).once('error', reject);
  });
  // It is not the agent's to keep or to close afterwards.
  asked.once('socket', (taken) => taken.emit('agentRemove'));
  asked.end(body);
  const answer = await answered;
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_ANSWER_BYTES) throw new Error('the answer is too long');
    chunks.push(chunk);
  }
  if (socket.destroyed) throw new Error('the connection ended with the proof');
  socket.setTimeout(0);
  return { status: answer.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') };
}

/** Gives its one connection to the first request, and lets it go. */
class OneConnection extends Agent {
  readonly #socket: Socket;
  constructor(socket: Socket) {
    super({ keepAlive: true, maxSockets: 1 });
    this.#socket = socket;
  }
  override createConnection(): Duplex {
    return this.#socket;
  }
}

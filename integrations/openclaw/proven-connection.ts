import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { Agent, type ClientRequest, type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';
import { Agent as SecureAgent, request as secureRequest } from 'node:https';
import type { Socket } from 'node:net';

export interface Place {
  readonly url: URL;
  /** Path of a Unix socket; the host of `url` is then a name only. */
  readonly socketPath: string | null;
}
export interface Asked {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** JSON; null without a body. */
  readonly payload: string | null;
  readonly signal: AbortSignal;
}
export interface Answered {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}
/** The daemon of this token did not answer here: neither the token nor a request was sent. */
export class UnprovenError extends Error {
  override readonly name = 'UnprovenError';
}

type Admit = (socket: Socket, outgoing: ClientRequest) => boolean;

const PROOF_TIMEOUT_MS = 10_000;
const MAX_PROOF_BYTES = 16 * 1024;
const MAX_ANSWER_BYTES = 8 * 1024 * 1024;

/**
 * A connection on which the daemon has proven that it knows this token (`POST /v1/proof`). Whoever else answers there
 * learns an id of the token and a nonce. An agent of one connection carries proof and requests; each request looks at
 * its socket before a byte of it is written, so none goes out where another connection has taken the place.
 */
export class ProvenConnection {
  readonly token: string;
  readonly #place: Place;
  readonly #agent: Agent;
  #proven: Socket | null = null;

  private constructor(place: Place, token: string) {
    this.#place = place;
    this.token = token;
    const options = { keepAlive: true, maxSockets: 1 };
    this.#agent = place.url.protocol === 'https:' ? new SecureAgent(options) : new Agent(options);
  }

  /** @throws UnprovenError */
  static async open(place: Place, token: string, signal: AbortSignal): Promise<ProvenConnection> {
    const connection = new ProvenConnection(place, token);
    const limit = AbortSignal.timeout(PROOF_TIMEOUT_MS);
    try {
      await connection.#prove(AbortSignal.any([signal, limit]));
      return connection;
    } catch (error) {
      connection.close();
      const why = signal.aborted || limit.aborted ? 'no proof in time' : reasonOf(error);
      throw new UnprovenError(`no daemon of this token answers at ${describePlace(place)} (${why})`, { cause: error });
    }
  }

  /** @throws UnprovenError where nothing was sent, since the connection has ended; else what ended the exchange */
  ask(asked: Asked): Promise<Answered> {
    return this.#exchange(asked, MAX_ANSWER_BYTES, (socket, outgoing) => {
      if (socket !== this.#proven) return false;
      outgoing.setHeader('authorization', `Bearer ${this.token}`);
      return true;
    });
  }

  get isOpen(): boolean {
    return this.#proven?.destroyed === false;
  }

  close(): void {
    this.#agent.destroy();
  }

  async #prove(signal: AbortSignal): Promise<void> {
    const key = createHash('sha256').update(this.token).digest();
    const nonce = randomBytes(32).toString('base64url');
    const payload = JSON.stringify({ key_id: mac(key, 'holdfast key id 1').slice(0, 22), nonce });
    let used: Socket | null = null;
    const asked = { method: 'POST', path: '/v1/proof', payload, signal } as const;
    const { status, text } = await this.#exchange(asked, MAX_PROOF_BYTES, (socket) => {
      used = socket;
      return true;
    });
    if (status !== 200) throw new Error(status === 401 ? 'it knows no such live token' : `HTTP ${status}`);
    const { claims, proof } = parseProof(text);
    const dialled = this.#place.socketPath === null ? this.#place.url.host : 'unix';
    const expected = Buffer.from(mac(key, `holdfast proof 1\n${nonce}\n${dialled}\n${claims}`));
    const given = Buffer.from(proof);
    if (given.length !== expected.length || !timingSafeEqual(given, expected))
      throw new Error('its proof is not of this token and this address');
    this.#proven = used;
  }

  async #exchange({ method, path, payload, signal }: Asked, maxBytes: number, admit: Admit): Promise<Answered> {
    const { url, socketPath } = this.#place;
    const send = url.protocol === 'https:' ? secureRequest : request;
    const options = {
      method,
      path,
      agent: this.#agent,
      signal,
      headers: { host: url.host, ...(payload === null ? {} : { 'content-type': 'application/json' }) },
      ...(socketPath === null ? {} : { socketPath }),
    };
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const outgoing = send(url, options, resolve);
      outgoing.on('error', reject);
      outgoing.once('socket', (socket) => {
        if (admit(socket, outgoing)) outgoing.end(payload ?? undefined);
        else outgoing.destroy(new UnprovenError('the proven connection has ended'));
      });
    });
    return {
      status: response.statusCode ?? 0,
      headers: response.headers,
      text: await readText(response, maxBytes),
    };
  }
}

export function describePlace({ url, socketPath }: Place): string {
  return socketPath ?? url.host;
}

function mac(key: Buffer, text: string): string {
  return createHmac('sha256', key).update(text).digest('base64url');
}

function parseProof(text: string): { readonly claims: string; readonly proof: string } {
  try {
    const { claims, proof } = JSON.parse(text) as { readonly claims?: unknown; readonly proof?: unknown };
    if (typeof claims === 'string' && typeof proof === 'string') return { claims, proof };
  } catch {
    // Said below.
  }
  throw new Error('its answer is no proof');
}

async function readText(response: IncomingMessage, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBytes) throw new Error('the answer is too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function reasonOf(error: unknown): string {
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown };
  return String(code ?? message ?? 'unknown');
}

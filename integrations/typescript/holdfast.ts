// biome-ignore-all lint/style/noExcessiveLinesPerFile: one file, which a program of its own copies
/**
 * A client of a Holdfast daemon: one file and its types, no dependency, Node 22.19 or later.
 *
 * The daemon proves on each connection that it knows the token, before token or request are sent there. A refusal is a value, never an exception. Every call has a request id, and the daemon answers the same id with what
 * it decided, without sending anything again: after a broken connection a call repeats itself under its own id, and
 * what is pending is settled by reading.
 */

import { createHash, createHmac, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';
import { Agent, type ClientRequest, type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';
import { Agent as SecureAgent, request as secureRequest } from 'node:https';
import type { Socket } from 'node:net';
import type { BriefAnswer, PlaceOrder, SignalRequest } from './api.ts';

/** What a trading tool answers in brief. Quantities and prices are decimals as text. */
export type Answer = BriefAnswer;
export type Decision = Answer['decision'];
export type ExecutionState = Answer['execution']['state'];
export type Reason = NonNullable<Answer['reasons']>[number];
export type { PlaceOrder, SignalRequest } from './api.ts';
/** A JSON Schema of a tool's arguments. */
export interface ArgumentsSchema {
  readonly type: 'object';
  readonly [keyword: string]: unknown;
}
interface ToolFunction {
  readonly name: string;
  readonly description: string;
  readonly parameters: ArgumentsSchema;
}
/** An entry of the catalogue in each format. The strict ones require every property and let optional ones be null. */
export interface ToolForms {
  readonly openai: { readonly type: 'function'; readonly function: ToolFunction };
  readonly openai_strict: { readonly type: 'function'; readonly function: ToolFunction & { readonly strict: true } };
  readonly openai_responses: ToolFunction & { readonly type: 'function'; readonly strict: true };
  readonly anthropic: {
    readonly name: string;
    readonly description: string;
    readonly input_schema: ArgumentsSchema;
  };
  readonly mcp: {
    readonly name: string;
    readonly title: string;
    readonly description: string;
    readonly inputSchema: ArgumentsSchema;
    readonly annotations: Readonly<Record<string, boolean>>;
  };
}
export interface HoldfastOptions {
  /** `http://127.0.0.1:7433` when absent; may be `unix:/path`. */
  readonly url?: string;
  /** Token of an agent; of a monitor for `signal`. A function is asked for it before each request. */
  readonly token: string | (() => string);
}

/** The daemon refused the call as such, and nothing was decided. `code` is one of docs/api.md. */
export class HoldfastError extends Error {
  readonly status: number;
  readonly code: string;
  readonly details: unknown;
  readonly retryAfterMs: number | null;

  constructor(status: number, code: string, message: string, details: unknown, retryAfterMs: number | null) {
    super(`${code}: ${message}`);
    this.name = 'HoldfastError';
    this.status = status;
    this.code = code;
    this.details = details;
    this.retryAfterMs = retryAfterMs;
  }
}
/** No daemon of this token answered, also not when asked again. Under `requestId` the call may be repeated later. */
export class UnreachableError extends Error {
  readonly requestId: string | null;

  constructor(requestId: string | null, cause: unknown) {
    const why = cause instanceof Error ? cause.message : String(cause);
    super(cause instanceof UnprovenError ? why : `no daemon answered (${why})`, { cause });
    this.name = 'UnreachableError';
    this.requestId = requestId;
  }
}

const PENDING: ReadonlySet<ExecutionState> = new Set(['submitting', 'staging', 'unknown']);
/** With these the daemon turns a call away before it looks at the request id. */
const TURNED_AWAY: ReadonlySet<string> = new Set([
  'NOT_READY',
  'REQUEST_TIMEOUT',
  'SHUTTING_DOWN',
  'TOO_MANY_CONNECTIONS',
  'TOO_MANY_IN_FLIGHT',
  'UNAUTHENTICATED',
]);
const ATTEMPTS = 4;
const TIMEOUT_MS = 60_000;
const PROOF_TIMEOUT_MS = 10_000;
const MAX_PROOF_BYTES = 16 * 1024;
const MAX_IDLE = 4;

/** What became of it is not known yet: never send it again, `settle` waits for it. */
export function isPending(answer: Answer): boolean {
  return PENDING.has(answer.execution.state);
}

export class Holdfast {
  readonly #place: Place;
  readonly #readToken: () => string;
  /** Connections that are open and have no request. */
  #idle: ProvenConnection[] = [];

  constructor({ url = 'http://127.0.0.1:7433', token }: HoldfastOptions) {
    this.#place = parsePlace(url);
    this.#readToken = typeof token === 'string' ? () => token : token;
  }

  /** @throws HoldfastError, UnreachableError */
  placeOrder(order: PlaceOrder): Promise<Answer> {
    return this.#trade('place_order', { ...order });
  }
  closePosition(symbol: string, more: { fraction?: number; request_id?: string } = {}): Promise<Answer> {
    return this.#trade('close_position', { symbol, ...more });
  }
  modifyOrder(
    clientOrderId: string,
    change: { limit_price?: number; requested_notional?: number; request_id?: string },
  ): Promise<Answer> {
    return this.#trade('modify_order', { client_order_id: clientOrderId, ...change });
  }
  cancelOrder(clientOrderId: string, more: { request_id?: string } = {}): Promise<Answer> {
    return this.#trade('cancel_order', { client_order_id: clientOrderId, ...more });
  }
  cancelAll(more: { symbol?: string; request_id?: string } = {}): Promise<Answer> {
    return this.#trade('cancel_all', { ...more });
  }

  /** A decision with the present state of its execution. */
  decision(decisionId: string): Promise<Answer> {
    return this.read<Answer>('get_decision', { decision_id: decisionId });
  }

  /** Reads until the execution is no longer pending, or the time is over: then it is pending still. */
  async settle(answer: Answer, { timeoutMs = 30_000, everyMs = 500 } = {}): Promise<Answer> {
    const deadline = Date.now() + timeoutMs;
    let latest = answer;
    while (isPending(latest) && Date.now() < deadline) {
      await sleep(everyMs);
      latest = await this.decision(answer.decision_id);
    }
    return latest;
  }

  /**
   * A reading tool: get_account, get_positions, get_orders, get_market, get_candles, get_order_book, get_limits,
   * get_decision.
   */
  async read<T>(tool: string, args: object = {}): Promise<T> {
    return ((await this.#post(tool, args, null)) as { readonly result: T }).result;
  }

  /** What a monitor saw. It can only tighten: nothing that a monitor sends ends a signal or weakens one. */
  async signal(signal: SignalRequest): Promise<{ readonly signal_id: string; readonly expires_at_ms: number }> {
    const answer = await this.#send('POST', '/v1/signals', signal);
    return answer as unknown as { readonly signal_id: string; readonly expires_at_ms: number };
  }

  /** The tools as a model API takes them: they fit into its requests unchanged. */
  async tools<Format extends keyof ToolForms>(format: Format): Promise<ToolForms[Format][]> {
    const body = await sendAgain(() => this.#send('GET', `/v1/tools?format=${format}`));
    return (body as { readonly tools: ToolForms[Format][] }).tools;
  }

  /**
   * A tool call as a model made it; resolves to what the model is to see: refusals, errors, and that no answer came.
   * `requestId`: of the call, where the model gave it none; a repeat of the turn under it sends nothing twice.
   */
  async call(tool: string, args: Readonly<Record<string, unknown>>, requestId?: string): Promise<unknown> {
    try {
      return tool.startsWith('get_') ? await this.read(tool, args) : await this.#trade(tool, { ...args }, requestId);
    } catch (error) {
      if (error instanceof UnreachableError) return { error: describeSilence(error) };
      if (!(error instanceof HoldfastError)) throw error;
      return { error: { code: error.code, message: error.message, details: error.details } };
    }
  }

  #trade(tool: string, args: Record<string, unknown>, given = `ts-${randomUUID()}`): Promise<Answer> {
    const requestId = typeof args.request_id === 'string' ? args.request_id : given;
    return this.#post(tool, { ...args, request_id: requestId }, requestId) as Promise<Answer>;
  }

  #post(tool: string, args: object, requestId: string | null): Promise<unknown> {
    const path = `/v1/tools/${encodeURIComponent(tool)}?view=brief`;
    return sendAgain(() => this.#send('POST', path, args, requestId), requestId);
  }

  /** @throws HoldfastError, UnreachableError */
  async #send(method: 'GET' | 'POST', path: string, body?: object, requestId: string | null = null): Promise<unknown> {
    const payload = body === undefined ? null : toExactJson(body);
    try {
      return readAnswer(await this.#ask({ method, path, payload }));
    } catch (error) {
      throw error instanceof HoldfastError ? error : new UnreachableError(requestId, error);
    }
  }

  async #ask(asked: Asked): Promise<Answered> {
    const token = this.#readToken();
    for (;;) {
      const kept = this.#takeIdle(token);
      const connection = kept ?? (await ProvenConnection.open(this.#place, token));
      try {
        const answered = await connection.ask(asked);
        if (this.#idle.length < MAX_IDLE && connection.isOpen) this.#idle.push(connection);
        else connection.close();
        return answered;
      } catch (error) {
        connection.close();
        // One that was kept may have ended meanwhile.
        if (kept === undefined || !(error instanceof UnprovenError)) throw error;
      }
    }
  }

  /** Connections that were proven for another token are closed. */
  #takeIdle(token: string): ProvenConnection | undefined {
    const usable = this.#idle.filter((each) => each.token === token && each.isOpen);
    for (const each of this.#idle) if (!usable.includes(each)) each.close();
    const taken = usable.pop();
    this.#idle = usable;
    return taken;
  }
}

/**
 * RISK: a model that is told of a failure asks again, and a lost answer may be of an order that was sent. So it is told
 * the id under which nothing is sent twice.
 */
function describeSilence({ message, requestId }: UnreachableError): object {
  if (requestId === null) return { code: 'UNREACHABLE', message };
  const advice =
    'What was asked for may have been done: look at get_orders, or ask again with this very request_id, which sends ' +
    'nothing twice.';
  return { code: 'UNREACHABLE', message: `${message}. ${advice}`, request_id: requestId };
}

/**
 * A lost answer is requested again, of a trade under the same request id: the daemon sends nothing twice. One that turns
 * the repeat away says nothing of the request that may have arrived.
 */
async function sendAgain(send: () => Promise<unknown>, requestId: string | null = null): Promise<unknown> {
  let mayHaveArrived = false;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await send();
    } catch (error) {
      const isTurnedAway = mayHaveArrived && error instanceof HoldfastError && TURNED_AWAY.has(error.code);
      if (!isTurnedAway && !(error instanceof UnreachableError)) throw error;
      if (attempt === ATTEMPTS) throw isTurnedAway ? new UnreachableError(requestId, error) : error;
      mayHaveArrived ||= requestId !== null && !((error as Error).cause instanceof UnprovenError);
      await sleep(200 * 2 ** (attempt - 1));
    }
  }
}

interface Place {
  readonly url: URL;
  /** Before the paths of the daemon, where a gateway puts them. */
  readonly prefix: string;
  /** Path of a Unix socket; the host of `url` is then a name only. */
  readonly socketPath: string | null;
}
interface Asked {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly payload: string | null;
}
interface Answered {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}
/** The daemon of this token did not answer here: neither the token nor a request was sent. */
class UnprovenError extends Error {}
type Admit = (socket: Socket, outgoing: ClientRequest) => boolean;

function parsePlace(text: string): Place {
  if (text.startsWith('unix:')) return { url: new URL('http://localhost'), prefix: '', socketPath: text.slice(5) };
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw new TypeError(`${text} is no URL of a daemon`);
  return { url, prefix: url.pathname.replace(/\/$/, ''), socketPath: null };
}

/**
 * A connection on which the daemon has proven that it knows this token (`POST /v1/proof`). Whoever else answers there
 * learns an id of the token and a nonce. An agent of one connection carries proof and requests; each request looks at
 * its socket before a byte of it is written, so none goes out where another connection has taken the place, or in a
 * runtime that does not tell the connection.
 */
class ProvenConnection {
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
  static async open(place: Place, token: string): Promise<ProvenConnection> {
    const connection = new ProvenConnection(place, token);
    const signal = AbortSignal.timeout(PROOF_TIMEOUT_MS);
    try {
      await connection.#prove(signal);
      return connection;
    } catch (error) {
      connection.close();
      const { code, message } = error as { readonly code?: unknown; readonly message?: unknown };
      const why = signal.aborted ? 'no proof in time' : (code ?? message);
      const address = place.socketPath ?? place.url.host;
      throw new UnprovenError(`no daemon of this token answers at ${address} (${why})`, { cause: error });
    }
  }

  /** @throws UnprovenError where nothing was sent, since the connection has ended; else what ended the exchange */
  ask(asked: Asked): Promise<Answered> {
    return this.#exchange(asked, AbortSignal.timeout(TIMEOUT_MS), Number.POSITIVE_INFINITY, (socket, outgoing) => {
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
    const mac = (text: string): string => createHmac('sha256', key).update(text).digest('base64url');
    const nonce = randomBytes(32).toString('base64url');
    const payload = JSON.stringify({ key_id: mac('holdfast key id 1').slice(0, 22), nonce });
    let used: Socket | null = null;
    const asked = { method: 'POST', path: '/v1/proof', payload } as const;
    const { status, text } = await this.#exchange(asked, signal, MAX_PROOF_BYTES, (socket) => {
      used = socket;
      return true;
    });
    if (status !== 200) throw new Error(status === 401 ? 'it knows no such live token' : `HTTP ${status}`);
    const { claims, proof } = parseProof(text);
    const dialled = this.#place.socketPath === null ? this.#place.url.host : 'unix';
    const expected = new TextEncoder().encode(mac(`holdfast proof 1\n${nonce}\n${dialled}\n${claims}`));
    const given = new TextEncoder().encode(proof);
    if (given.length !== expected.length || !timingSafeEqual(given, expected))
      throw new Error('its proof is not of this token and this address');
    this.#proven = used;
  }

  async #exchange(asked: Asked, signal: AbortSignal, maxBytes: number, admit: Admit): Promise<Answered> {
    const { method, path, payload } = asked;
    const { url, prefix, socketPath } = this.#place;
    const send = url.protocol === 'https:' ? secureRequest : request;
    const options = {
      method,
      path: `${prefix}${path}`,
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
    return { status: response.statusCode ?? 0, headers: response.headers, text: await readText(response, maxBytes) };
  }
}

/** @throws HoldfastError; another error where nothing says what became of the call */
function readAnswer({ status, headers, text }: Answered): unknown {
  const answer = JSON.parse(text) as {
    readonly error?: { readonly code: string; readonly message: string; readonly details?: unknown };
  };
  if (status === 200) return answer;
  const { code, message = '', details } = answer.error ?? {};
  // A gateway's word, or that of a defect.
  if (typeof code !== 'string' || code === 'INTERNAL') throw new Error(`HTTP ${status} ${code ?? ''}`);
  const after = headers['retry-after'];
  throw new HoldfastError(status, code, message, details, after === undefined ? null : Number(after) * 1000);
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
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > maxBytes) throw new Error('the answer is too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/**
 * JSON.stringify writes NaN and Infinity as null, and an optional null counts as absent: what was not to be sized would
 * be sized in full. They go out as a number that the daemon refuses; where the runtime cannot write one, nothing does.
 */
function toExactJson(body: object): string {
  const { rawJSON } = JSON as unknown as { readonly rawJSON?: (text: string) => unknown };
  return JSON.stringify(body, (key, value: unknown) => {
    if (typeof value !== 'number' || (Number.isFinite(value) && !Object.is(value, -0))) return value;
    if (rawJSON !== undefined) return rawJSON(value === 0 ? '-0' : '1e999');
    throw new HoldfastError(400, 'INVALID_JSON', `${key} is a number that cannot be held exactly.`, undefined, null);
  });
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

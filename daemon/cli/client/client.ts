import type { Socket } from 'node:net';
import type { Agent, Dispatcher } from 'undici';
import { CliError, EXIT } from '../exit-codes.ts';
import type { ConnectionOptions, Io } from '../verb.ts';
import { ForeignAnswerError, NoAnswerError, toCliError, toConnectionError } from './call-failures.ts';
import { findWay, type Role, type Way } from './daemon-place.ts';
import { toExactJson } from './exact-json.ts';
import { type Claims, openConnection, proveConnection } from './proven-connection.ts';
import { sayTarget } from './target.ts';
import { findToken } from './token.ts';

export interface DaemonAnswer {
  readonly status: number;
  readonly body: unknown;
  /** `Retry-After`, null without one. */
  readonly retryAfterMs: number | null;
}

/** Longest wait for an answer; a flatten may take a while. */
const TIMEOUT_MS = 60_000;

/**
 * A running daemon over HTTP. It proves itself on each connection before the token goes there. Requests are never repeated:
 * an order may have been sent even if no answer came.
 */
export class DaemonClient {
  readonly #way: Way;
  /** Null: this client shows none. An error: there is none; it is thrown only once a daemon is known to answer. */
  readonly #token: string | CliError | null;
  #opened: Promise<Opened> | null = null;
  #claims: Claims | null = null;
  /** Something was sent that may have changed something. */
  #hasActed = false;

  constructor(way: Way, token: string | CliError | null) {
    this.#way = way;
    this.#token = token;
  }

  /** Which daemon something was done at; null: nothing was. */
  get actedOn(): Claims | null {
    return this.#hasActed ? this.#claims : null;
  }

  /** What the daemon has proven of itself; null: it was not asked yet. */
  get claims(): Claims | null {
    return this.#claims;
  }

  /** The body of a 200 answer. @throws CliError */
  async get<T>(path: string): Promise<T> {
    return (await this.#exchange('GET', path)) as T;
  }

  /** The same as it is sent, for what is no JSON. @throws CliError */
  async getText(path: string): Promise<string> {
    const answer = await this.#send('GET', path);
    const text = await this.#textOf(answer, 'GET');
    if (answer.statusCode !== 200) throw toCliError(answer.statusCode, parseAnswer(text));
    return text;
  }

  /** @throws CliError */
  async post<T>(path: string, body: unknown): Promise<T> {
    return (await this.#exchange('POST', path, body)) as T;
  }

  /** @throws CliError */
  async put<T>(path: string, body: unknown): Promise<T> {
    return (await this.#exchange('PUT', path, body)) as T;
  }

  /** The answer, whatever its status. @throws CliError when nobody answers */
  async ask(path: string): Promise<DaemonAnswer> {
    return this.#readAnswer(await this.#send('GET', path), 'GET');
  }

  /** A tool call, whatever its status. @throws CliError when nobody answers, or the answer was lost */
  async call(path: string, body: unknown): Promise<DaemonAnswer> {
    return this.#readAnswer(await this.#send('POST', path, toExactJson(body)), 'POST');
  }

  /** The same with the body as text, which goes out as it is. The body of a 200 answer. @throws CliError */
  async callWithText(path: string, text: string): Promise<unknown> {
    const { status, body } = await this.#readAnswer(await this.#send('POST', path, text), 'POST');
    if (status !== 200) throw toCliError(status, body);
    return body;
  }

  /** @throws NoAnswerError if no daemon has proven itself, or the token is missing or has another role */
  async requireAgent(): Promise<void> {
    await this.call('/mcp', { jsonrpc: '2.0', id: 0, method: 'ping' });
    // RISK: a daemon that is busy or closing refuses whoever asks, and so says nothing of the role. Its proof does.
    const { role } = this.#claims ?? { role: 'none' };
    if (role === 'agent') return;
    const message = `FORBIDDEN: a token of role ${role} may not call /mcp, which takes agent.`;
    throw new NoAnswerError(message, false, EXIT.NOT_PERMITTED);
  }

  /** The answer to one message of MCP, whether it comes as JSON or as an event. @throws CliError when nobody answers */
  async callMcp(method: string, params: object): Promise<DaemonAnswer> {
    const message = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
    const accept = { accept: 'application/json, text/event-stream' };
    const answer = await this.#send('POST', '/mcp', message, { headers: accept });
    const text = await this.#textOf(answer, 'POST');
    const event = text.split('\n').find((line) => line.startsWith('data: {'));
    return { status: answer.statusCode, body: parseAnswer(event?.slice('data: '.length) ?? text), retryAfterMs: null };
  }

  /** Lines of a stream of server-sent events, after `lastEventId` if given. @throws CliError */
  async *stream(path: string, lastEventId: string | null, signal: AbortSignal | null = null): AsyncGenerator<string> {
    const headers = lastEventId === null ? {} : { 'last-event-id': lastEventId };
    const answer = await this.#send('GET', path, undefined, { headers, bodyTimeout: 0, signal });
    if (answer.statusCode !== 200) throw toCliError(answer.statusCode, parseAnswer(await answer.body.text()));
    answer.body.setEncoding('utf8');
    try {
      for await (const chunk of answer.body) yield String(chunk);
    } catch (error) {
      throw toConnectionError(this.#where, 'GET', error);
    }
  }

  async close(): Promise<void> {
    const opened = await this.#opened?.catch(() => null);
    await opened?.dispatcher.close();
  }

  async #exchange(method: 'GET' | 'POST' | 'PUT', path: string, body?: unknown): Promise<unknown> {
    const answer = await this.#send(method, path, body === undefined ? undefined : JSON.stringify(body));
    const parsed = parseAnswer(await this.#textOf(answer, method));
    if (answer.statusCode !== 200) throw toCliError(answer.statusCode, parsed);
    return parsed;
  }

  async #readAnswer(answer: Dispatcher.ResponseData, method: 'GET' | 'POST'): Promise<DaemonAnswer> {
    const after = Number(answer.headers['retry-after'] ?? Number.NaN);
    return {
      status: answer.statusCode,
      body: parseAnswer(await this.#textOf(answer, method)),
      retryAfterMs: Number.isFinite(after) ? after * 1000 : null,
    };
  }

  /** An answer that breaks off in its middle is none. */
  async #textOf({ body }: Dispatcher.ResponseData, method: string): Promise<string> {
    try {
      return await body.text();
    } catch (error) {
      throw toConnectionError(this.#where, method, error);
    }
  }

  async #send(
    method: 'GET' | 'POST' | 'PUT',
    path: string,
    body?: string,
    how: Sending = {},
  ): Promise<Dispatcher.ResponseData> {
    const headers: Record<string, string> = { ...how.headers };
    if (typeof this.#token === 'string') headers.authorization = `Bearer ${this.#token}`;
    if (body !== undefined) headers['content-type'] = 'application/json';
    const options = { bodyTimeout: TIMEOUT_MS, ...how, method, headers };
    try {
      const answer = await this.#request(path, body === undefined ? options : { ...options, body });
      this.#hasActed ||= method !== 'GET' && !CHANGES_NOTHING.test(path);
      return answer;
    } catch (error) {
      throw error instanceof CliError ? error : toConnectionError(this.#where, method, error);
    }
  }

  async #request(path: string, options: RequestOptions): Promise<Dispatcher.ResponseData> {
    // Whoever found nobody looks again the next time.
    this.#opened ??= this.#open().catch((error: unknown) => {
      this.#opened = null;
      throw error;
    });
    const { dispatcher, request } = await this.#opened;
    return request(`${this.#way.place.origin}${path}`, { ...options, dispatcher });
  }

  /** Whoever finds nobody there does not load the client either, which takes longer than the rest of most verbs. */
  async #open(): Promise<Opened> {
    const first = [await this.#connect()];
    const { Agent, request } = await import('undici');
    const dispatcher = new Agent({
      // Never before it returns: undici would wait for ever.
      connect: (_options, done) => {
        Promise.resolve(first.shift() ?? this.#connect()).then(
          (socket) => done(null, socket),
          (error: Error) => done(error, null),
        );
      },
      headersTimeout: TIMEOUT_MS,
      bodyTimeout: TIMEOUT_MS,
    });
    return { dispatcher, request };
  }

  /** A connection to the daemon of this token, and of the settings. @throws NoAnswerError, or as node does: nothing was sent */
  async #connect(): Promise<Socket> {
    const socket = await openConnection(this.#way.place);
    if (this.#token === null) return socket;
    try {
      if (this.#token instanceof CliError) throw this.#token;
      const claims = await proveConnection(socket, this.#way.place, this.#token);
      this.#way.check(claims);
      this.#claims = claims;
      return socket;
    } catch (error) {
      socket.destroy();
      if (!(error instanceof CliError) || error instanceof NoAnswerError) throw error;
      throw new NoAnswerError(error.message, false, error.exitCode);
    }
  }

  get #where(): string {
    const { origin, socketPath } = this.#way.place;
    return socketPath ?? origin;
  }
}

/** What only looks, or is asked about, although it has a body. */
const CHANGES_NOTHING = /^\/(?:mcp$|v1\/(?:policy\/(?:check|preview)|dry-run|intercept|tools\/get_))/;

interface Opened {
  readonly dispatcher: Agent;
  readonly request: typeof import('undici').request;
}
type RequestOptions = Partial<Dispatcher.RequestOptions>;
interface Sending extends Pick<RequestOptions, 'bodyTimeout' | 'signal'> {
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * The client of a verb. `role`: whose token file is used on paper when no token is given. `ways`: how one is given, for
 * people.
 */
export function createClient(
  io: Io,
  options: ConnectionOptions,
  role: Role | null,
  ways = '--token-file or HOLDFAST_TOKEN',
): DaemonClient {
  const { config, way } = findWay(io.env, options, role);
  return new DaemonClient(way, role === null ? null : findToken(config, options, role, ways));
}

/** Runs a verb with a client and closes it. */
export async function withClient<T>(
  io: Io,
  options: ConnectionOptions,
  role: Role | null,
  work: (client: DaemonClient) => Promise<T>,
): Promise<T> {
  const client = createClient(io, options, role);
  try {
    const result = await work(client);
    const on = client.actedOn;
    if (on !== null) sayTarget(io, on);
    return result;
  } finally {
    await client.close();
  }
}

function parseAnswer(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ForeignAnswerError(
      EXIT.FAILURE,
      'The server that answered is not a Holdfast daemon: its answer is not JSON.',
    );
  }
}

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Agent, Dispatcher } from 'undici';
import { type ClientConfig, operatorSocketPath, operatorUrlFile, readClientEnv } from '../config/config.ts';
import { ForeignAnswerError, toCliError, toConnectionError, wasNeverMade } from './call-failures.ts';
import { toExactJson } from './exact-json.ts';
import { CliError, EXIT } from './exit-codes.ts';
import { CONNECT_TIMEOUT_MS, knock, type Place } from './knock.ts';
import { findRunningDaemon } from './running-daemon.ts';
import type { ConnectionOptions, Io } from './verb.ts';

type Role = 'agent' | 'monitor' | 'operator';
export interface DaemonAnswer {
  readonly status: number;
  readonly body: unknown;
  /** `Retry-After`, null without one. */
  readonly retryAfterMs: number | null;
}

/** Longest wait for an answer; a flatten may take a while. */
const TIMEOUT_MS = 60_000;

/** A running daemon over HTTP. Requests are never repeated: an order may have been sent even if no answer came. */
export class DaemonClient {
  #place: Place;
  #others: readonly Place[];
  /** An error: there is no token. It says what to do, and is thrown only once a daemon is known to answer. */
  readonly #token: string | CliError | null;
  #agent: Agent | null = null;

  /** `places`: tried in order, the next one only if no connection could be made. */
  constructor([first, ...others]: readonly [Place, ...Place[]], token: string | CliError | null) {
    this.#place = first;
    this.#others = others;
    this.#token = token;
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

  /** Calls the one route that only agents may call. @throws CliError if the token is missing or has another role */
  async requireAgent(): Promise<void> {
    const { status, body } = await this.call('/mcp', { jsonrpc: '2.0', id: 0, method: 'ping' });
    if (status === 401 || status === 403) throw toCliError(status, body);
  }

  /** The answer to one message of MCP, whether it comes as JSON or as an event. @throws CliError when nobody answers */
  async callMcp(method: string, params: object): Promise<DaemonAnswer> {
    const message = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
    const accept = { accept: 'application/json, text/event-stream' };
    const answer = await this.#send('POST', '/mcp', message, accept);
    const text = await this.#textOf(answer, 'POST');
    const event = text.split('\n').find((line) => line.startsWith('data: {'));
    return { status: answer.statusCode, body: parseAnswer(event?.slice('data: '.length) ?? text), retryAfterMs: null };
  }

  /** Lines of a stream of server-sent events, after `lastEventId` if given. @throws CliError */
  async *stream(path: string, lastEventId: string | null, signal: AbortSignal | null = null): AsyncGenerator<string> {
    const headers = lastEventId === null ? {} : { 'last-event-id': lastEventId };
    const answer = await this.#send('GET', path, undefined, headers, 0, signal);
    if (answer.statusCode !== 200) throw toCliError(answer.statusCode, parseAnswer(await answer.body.text()));
    answer.body.setEncoding('utf8');
    try {
      for await (const chunk of answer.body) yield String(chunk);
    } catch (error) {
      throw toConnectionError(this.#place.origin, 'GET', error);
    }
  }

  async close(): Promise<void> {
    await this.#agent?.close();
  }

  /** @throws CliError when nobody answers */
  async #reach(): Promise<void> {
    try {
      const { body } = await this.#request('/healthz', {});
      await body.dump();
    } catch (error) {
      if (await this.#goElsewhere(error)) return this.#reach();
      throw toConnectionError(this.#place.origin, 'GET', error);
    }
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
      throw toConnectionError(this.#place.origin, method, error);
    }
  }

  async #send(
    method: 'GET' | 'POST' | 'PUT',
    path: string,
    body?: string,
    more: Readonly<Record<string, string>> = {},
    bodyTimeout = TIMEOUT_MS,
    signal: AbortSignal | null = null,
  ): Promise<Dispatcher.ResponseData> {
    const headers: Record<string, string> = { ...more };
    if (this.#token instanceof CliError) {
      await this.#reach();
      throw this.#token;
    }
    if (this.#token !== null) headers.authorization = `Bearer ${this.#token}`;
    if (body !== undefined) headers['content-type'] = 'application/json';
    const options = { method, headers, bodyTimeout, ...(signal === null ? {} : { signal }) };
    try {
      return await this.#request(path, body === undefined ? options : { ...options, body });
    } catch (error) {
      if (await this.#goElsewhere(error)) return this.#send(method, path, body, more, bodyTimeout, signal);
      throw toConnectionError(this.#place.origin, method, error);
    }
  }

  /**
   * Tries the next place if nobody answered and so nothing was sent. False: no place is left, or something may be sent.
   */
  async #goElsewhere(error: unknown): Promise<boolean> {
    const [next, ...others] = this.#others;
    if (next === undefined || !wasNeverMade(error)) return false;
    const left = this.#agent;
    this.#place = next;
    this.#others = others;
    this.#agent = null;
    await left?.destroy();
    return true;
  }

  /** Whoever finds nobody there does not load the client either, which takes longer than the rest of most verbs. */
  async #request(path: string, options: RequestOptions): Promise<Dispatcher.ResponseData> {
    if (this.#agent === null) await knock(this.#place);
    const { Agent, request } = await import('undici');
    this.#agent ??= new Agent({
      connect: {
        timeout: CONNECT_TIMEOUT_MS,
        ...(this.#place.socketPath === null ? {} : { socketPath: this.#place.socketPath }),
      },
      headersTimeout: TIMEOUT_MS,
      bodyTimeout: TIMEOUT_MS,
    });
    return request(`${this.#place.origin}${path}`, { ...options, dispatcher: this.#agent });
  }
}

type RequestOptions = Partial<Dispatcher.RequestOptions>;

/** The client of a verb. `role`: whose token file is used on paper when no token is given. */
export function createClient(io: Io, options: ConnectionOptions, role: Role | null): DaemonClient {
  // With --url no other setting says where the daemon is, so no other setting is checked.
  const nowhere = { HOLDFAST_HOST: undefined, HOLDFAST_PORT: undefined, HOLDFAST_SOCKET: undefined };
  const env = options.url === undefined ? io.env : { ...io.env, ...nowhere };
  const config = readClientEnv(env, {
    ...(options.home === undefined ? {} : { HOLDFAST_HOME: options.home }),
    ...(options.socket === undefined ? {} : { HOLDFAST_SOCKET: options.socket }),
  });
  const isTold = options.url !== undefined || options.socket !== undefined || config.listen.kind === 'socket';
  const usual = locate(config, options);
  const own = !isTold && (role === 'operator' || role === 'monitor') ? findOperatorEntrance(config) : null;
  const token = role === null ? null : findToken(config, options, role);
  return new DaemonClient(own === null ? [usual] : [own, usual], token);
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
    return await work(client);
  } finally {
    await client.close();
  }
}

/** The operator's entrance of a daemon that runs on this home; null: use the agents' address. */
function findOperatorEntrance({ home, venue }: ClientConfig): Place | null {
  if (findRunningDaemon(join(home, venue)) === null) return null;
  const path = operatorSocketPath(home, venue);
  if (path !== null) return existsSync(path) ? { origin: 'http://localhost', socketPath: path } : null;
  const file = operatorUrlFile(home, venue);
  const url = existsSync(file) ? readFileSync(file, 'utf8').trim() : '';
  return /^http:\/\/127\.0\.0\.1:\d{1,5}$/.test(url) ? { origin: url, socketPath: null } : null;
}

function locate(config: ClientConfig, { url, socket }: ConnectionOptions): Place {
  if (url !== undefined && socket !== undefined) throw new CliError(EXIT.USAGE, 'Give --url or --socket, not both.');
  if (url !== undefined) {
    if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
      throw new CliError(EXIT.USAGE, '--url must be an http URL such as http://127.0.0.1:7433');
    }
    return { origin: new URL(url).origin, socketPath: null };
  }
  if (config.listen.kind === 'socket') return { origin: 'http://localhost', socketPath: config.listen.path };
  const { host, port } = config.listen;
  // A wildcard address to listen on is no address to connect to.
  const called = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return { origin: `http://${called.includes(':') ? `[${called}]` : called}:${port}`, socketPath: null };
}

function findToken(config: ClientConfig, { tokenFile }: ConnectionOptions, role: Role): string | CliError {
  if (tokenFile !== undefined) return readToken(tokenFile);
  if (config.token !== null) return checkToken(config.token.trim(), 'HOLDFAST_TOKEN');
  const file = join(config.home, 'tokens', `${role}.token`);
  if (existsSync(file)) return readToken(file);
  return new CliError(
    EXIT.NOT_PERMITTED,
    `This needs a token of role ${role}, and there is none in ${file}. Give --token-file or HOLDFAST_TOKEN; \`./holdfast token create --role ${role}\` creates one.`,
  );
}

function readToken(file: string): string {
  let text: string;
  try {
    text = readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new CliError(
      EXIT.USAGE,
      `The token file ${file} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'}).`,
    );
  }
  return checkToken(text, file);
}

/** A token goes into a header; the value is never shown. */
function checkToken(text: string, source: string): string {
  if (/^[\x21-\x7e]{1,512}$/.test(text)) return text;
  throw new CliError(EXIT.USAGE, `${source} does not hold a token.`);
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

import { readFileSync } from 'node:fs';
import { Agent, type ClientRequest, type IncomingMessage, type RequestOptions, request } from 'node:http';
import { Agent as SecureAgent, request as secureRequest } from 'node:https';
import type { Settings } from './settings.ts';

export interface DaemonAnswer {
  readonly status: number;
  /** Parsed JSON. */
  readonly body: unknown;
  /** `Retry-After`, null without one. */
  readonly retryAfterMs: number | null;
}
export interface AskOptions {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}
/** No answer came. The request may have arrived all the same, unless `wasNeverSent`. */
export class NoAnswerError extends Error {
  readonly wasNeverSent: boolean;

  constructor(message: string, wasNeverSent: boolean) {
    super(message);
    this.name = 'NoAnswerError';
    this.wasNeverSent = wasNeverSent;
  }
}

const MAX_ANSWER_BYTES = 8 * 1024 * 1024;
const NEVER_SENT: ReadonlySet<string> = new Set(['ECONNREFUSED', 'ENOENT', 'EACCES', 'ENOTFOUND']);

/** A Holdfast daemon over HTTP, on connections that stay open. Asks once; who calls knows what may be asked again. */
export class DaemonLink {
  readonly #settings: Settings;
  readonly #agent: Agent;
  /** Which daemon this is, for what is known of it. */
  readonly name: string;
  #token: string | null = null;

  constructor(settings: Settings) {
    this.#settings = settings;
    this.name = `${settings.socketPath ?? settings.url.origin} ${settings.tokenFile}`;
    const options = { keepAlive: true, maxFreeSockets: 4 };
    this.#agent = settings.url.protocol === 'https:' ? new SecureAgent(options) : new Agent(options);
  }

  /** @throws NoAnswerError */
  async ask(method: 'GET' | 'POST', path: string, body: unknown, options: AskOptions): Promise<DaemonAnswer> {
    const answer = await this.#send(method, path, body, options);
    if (answer.status !== 401 || this.#token === null) return answer;
    // The token was made again since it was read.
    const before = this.#token;
    this.#token = null;
    return this.#readToken() === before ? answer : this.#send(method, path, body, options);
  }

  close(): void {
    this.#agent.destroy();
  }

  #readToken(): string {
    if (this.#token !== null) return this.#token;
    const { tokenFile } = this.#settings;
    let text: string;
    try {
      text = readFileSync(tokenFile, 'utf8').trim();
    } catch (error) {
      throw new NoAnswerError(`the token file ${tokenFile} cannot be read (${codeOf(error)})`, true);
    }
    if (!/^[\x21-\x7e]{1,512}$/.test(text)) throw new NoAnswerError(`${tokenFile} holds no token`, true);
    this.#token = text;
    return text;
  }

  #send(method: 'GET' | 'POST', path: string, body: unknown, options: AskOptions): Promise<DaemonAnswer> {
    const token = this.#readToken();
    const { url, socketPath } = this.#settings;
    const payload = body === undefined ? null : Buffer.from(toExactJson(body));
    const signals = [AbortSignal.timeout(options.timeoutMs), ...(options.signal === undefined ? [] : [options.signal])];
    const signal = AbortSignal.any(signals);
    const send = url.protocol === 'https:' ? secureRequest : request;
    const settings: RequestOptions = {
      method,
      path,
      agent: this.#agent,
      signal,
      headers: {
        authorization: `Bearer ${token}`,
        ...(payload === null ? {} : { 'content-type': 'application/json', 'content-length': payload.length }),
      },
      ...(socketPath === null ? {} : { socketPath }),
    };
    return new Promise((resolve, reject) => {
      const fail = (error: unknown): void => reject(describeSilence(error, signal, options));
      const asked: ClientRequest = send(url, settings, (response) => {
        readAnswer(response).then(resolve, fail);
      });
      asked.on('error', fail);
      asked.end(payload ?? undefined);
    });
  }
}

interface RawJson {
  rawJSON(text: string): unknown;
}
/** As JSON.stringify, but a number that JSON cannot hold is refused by the daemon instead of becoming null or 0. */
function toExactJson(value: unknown): string {
  return JSON.stringify(value, (_key, each: unknown) => {
    if (typeof each !== 'number') return each;
    if (!Number.isFinite(each)) return (JSON as unknown as RawJson).rawJSON('1e999');
    return Object.is(each, -0) ? (JSON as unknown as RawJson).rawJSON('-0') : each;
  });
}

async function readAnswer(response: IncomingMessage): Promise<DaemonAnswer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_ANSWER_BYTES) throw new Error('the answer is too long');
    chunks.push(chunk);
  }
  const after = Number(response.headers['retry-after']);
  return {
    status: response.statusCode ?? 0,
    body: JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown,
    retryAfterMs: Number.isFinite(after) ? after * 1000 : null,
  };
}

function describeSilence(error: unknown, signal: AbortSignal, { timeoutMs, signal: outer }: AskOptions): NoAnswerError {
  if (outer?.aborted === true) return new NoAnswerError('the call was canceled', false);
  if (signal.aborted) return new NoAnswerError(`no answer within ${timeoutMs} ms`, false);
  if (error instanceof SyntaxError) return new NoAnswerError('what answered is no Holdfast daemon', false);
  const code = codeOf(error);
  return new NoAnswerError(`no daemon answers (${code})`, NEVER_SENT.has(code));
}

function codeOf(error: unknown): string {
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown };
  return String(code ?? message ?? 'unknown');
}

import { readFileSync } from 'node:fs';
import { type Answered, describePlace, ProvenConnection, UnprovenError } from './proven-connection.ts';
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

const MAX_IDLE = 4;

/**
 * A Holdfast daemon over HTTP, on connections that it has proven and that stay open. Asks once; who calls knows what may
 * be asked again. The token file is read for each request: a new token works at once, on connections of its own.
 */
export class DaemonLink {
  readonly #settings: Settings;
  readonly #idle = new Set<ProvenConnection>();
  readonly #busy = new Set<ProvenConnection>();
  /** Which daemon this is, for what is known of it. */
  readonly name: string;

  constructor(settings: Settings) {
    this.#settings = settings;
    this.name = `${settings.socketPath ?? settings.url.origin} ${settings.tokenFile}`;
  }

  /** @throws NoAnswerError */
  async ask(method: 'GET' | 'POST', path: string, body: unknown, options: AskOptions): Promise<DaemonAnswer> {
    const token = readToken(this.#settings.tokenFile);
    const payload = body === undefined ? null : toExactJson(body);
    const signals = [AbortSignal.timeout(options.timeoutMs), ...(options.signal === undefined ? [] : [options.signal])];
    const asked = { method, path, payload, signal: AbortSignal.any(signals) };
    try {
      for (;;) {
        const kept = this.#takeIdle(token);
        const connection = kept ?? (await this.#open(token, asked.signal));
        try {
          const answered = await connection.ask(asked);
          this.#release(connection);
          return parseAnswer(answered);
        } catch (error) {
          this.#close(connection);
          // One that was kept may have ended meanwhile.
          if (kept === null || !(error instanceof UnprovenError)) throw error;
        }
      }
    } catch (error) {
      throw this.#describeSilence(error, asked.signal, options);
    }
  }

  close(): void {
    for (const connection of [...this.#idle, ...this.#busy]) this.#close(connection);
  }

  async #open(token: string, signal: AbortSignal): Promise<ProvenConnection> {
    const connection = await ProvenConnection.open(this.#settings, token, signal);
    this.#busy.add(connection);
    return connection;
  }

  #takeIdle(token: string): ProvenConnection | null {
    for (const connection of this.#idle) {
      this.#idle.delete(connection);
      if (connection.token === token && connection.isOpen) {
        this.#busy.add(connection);
        return connection;
      }
      connection.close();
    }
    return null;
  }

  #release(connection: ProvenConnection): void {
    this.#busy.delete(connection);
    if (this.#idle.size < MAX_IDLE && connection.isOpen) this.#idle.add(connection);
    else connection.close();
  }

  #close(connection: ProvenConnection): void {
    this.#idle.delete(connection);
    this.#busy.delete(connection);
    connection.close();
  }

  #describeSilence(error: unknown, signal: AbortSignal, { timeoutMs, signal: outer }: AskOptions): NoAnswerError {
    const wasNeverSent = error instanceof UnprovenError;
    if (outer?.aborted === true) return new NoAnswerError('the call was canceled', wasNeverSent);
    if (wasNeverSent) return new NoAnswerError(error.message, true);
    if (signal.aborted) return new NoAnswerError(`no answer within ${timeoutMs} ms`, false);
    if (error instanceof SyntaxError) return new NoAnswerError('the answer is no JSON', false);
    const { code, message } = error as { readonly code?: unknown; readonly message?: unknown };
    return new NoAnswerError(`the answer of ${describePlace(this.#settings)} was lost (${code ?? message})`, false);
  }
}

/** @throws NoAnswerError */
function readToken(tokenFile: string): string {
  let text: string;
  try {
    text = readFileSync(tokenFile, 'utf8').trim();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new NoAnswerError(`the token file ${tokenFile} cannot be read (${code})`, true);
  }
  if (!/^[\x21-\x7e]{1,512}$/.test(text)) throw new NoAnswerError(`${tokenFile} holds no token`, true);
  return text;
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

function parseAnswer({ status, headers, text }: Answered): DaemonAnswer {
  const after = Number(headers['retry-after']);
  return { status, body: JSON.parse(text) as unknown, retryAfterMs: Number.isFinite(after) ? after * 1000 : null };
}

import { createHmac } from 'node:crypto';
import { Agent, type Dispatcher, request } from 'undici';
import { FetchError } from '../../facts/out-folder.ts';

/** Waits between attempts after a broken connection or an answer of 5xx, ms. */
const BACKOFF_MS = [500, 1000, 2000, 4000, 8000] as const;
/** Waited after 429 or 418 that does not say how long. */
const DEFAULT_RETRY_AFTER_MS = 60_000;
/** A longer ban is reported instead of waited for. */
const LONGEST_WAIT_MS = 600_000;
/** Half of what one address may use in a minute: others on this machine want to trade. */
const POLITE_WEIGHT = 1200;
const MINUTE_MS = 60_000;
const MAX_BODY_BYTES = 64_000_000;
const ANSWER_WITHIN_MS = 30_000;

export interface ApiKeys {
  readonly apiKey: string;
  readonly secret: string;
}
export type Query = Readonly<Record<string, string | number>>;
export interface ClientOptions {
  /** Origin, without a trailing slash. */
  readonly origin: string;
  readonly keys: ApiKeys | null;
  readonly sleep: (ms: number) => Promise<void>;
  /** Told about every wait of a second or more. */
  readonly onWait: (ms: number, why: string) => void;
}
interface Answer {
  readonly status: number;
  readonly retryAfterMs: number | null;
  readonly usedWeight: number;
  readonly text: string;
}

/**
 * Reads of a Binance USD-M REST API, one at a time: bounded attempts, waits when told to, and well below its limits.
 */
export class ExchangeClient {
  readonly #options: ClientOptions;
  readonly #agent = new Agent({ connect: { timeout: 10_000 }, headersTimeout: ANSWER_WITHIN_MS, bodyTimeout: 10_000 });
  #clockOffsetMs = 0;
  #usedWeight = 0;
  /** Requests that were sent. */
  sent = 0;

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  get origin(): string {
    return this.#options.origin;
  }
  get mayReadBrackets(): boolean {
    return this.#options.keys !== null;
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  /** The exchange's clock, UTC ms. */
  async readServerTime(): Promise<number> {
    const { serverTime } = JSON.parse(await this.get('/fapi/v1/time', {})) as { serverTime?: unknown };
    if (!Number.isSafeInteger(serverTime)) throw new FetchError(`${this.origin}: its answer holds no server time`);
    this.#clockOffsetMs = (serverTime as number) - performance.now();
    return serverTime as number;
  }

  /** Body of a public read. @throws FetchError when it cannot be had */
  get(path: string, query: Query): Promise<string> {
    return this.#attempt(path, () => ({ query: encodeQuery(query), headers: {} }));
  }

  /** Body of a read that is signed again at every attempt; `readServerTime` comes first. @throws FetchError */
  getSigned(path: string, query: Query): Promise<string> {
    const { keys } = this.#options;
    if (keys === null) throw new FetchError(`${path} needs an API key`);
    return this.#attempt(path, () => {
      const timestamp = Math.round(performance.now() + this.#clockOffsetMs);
      const unsigned = encodeQuery({ ...query, recvWindow: 10_000, timestamp });
      const signature = createHmac('sha256', keys.secret).update(unsigned).digest('hex');
      return { query: `${unsigned}&signature=${signature}`, headers: { 'X-MBX-APIKEY': keys.apiKey } };
    });
  }

  async #attempt(
    path: string,
    build: () => { readonly query: string; readonly headers: Record<string, string> },
  ): Promise<string> {
    for (let attempt = 0; ; attempt++) {
      await this.#stayPolite();
      const { query, headers } = build();
      const answer = await this.#send(`${path}${query === '' ? '' : `?${query}`}`, headers);
      if (typeof answer === 'object' && answer.status === 200) return answer.text;
      const where = `${this.origin}${path}`;
      const why = typeof answer === 'string' ? answer : `HTTP ${answer.status} ${shorten(answer.text)}`;
      const backoffMs = BACKOFF_MS[attempt];
      const waitMs = typeof answer === 'string' ? backoffMs : waitFor(answer, backoffMs);
      if (waitMs === null) throw new FetchError(`${where}: ${why}`);
      if (backoffMs === undefined || waitMs === undefined) {
        throw new FetchError(`${where}: given up after ${attempt + 1} attempts, the last: ${why}`);
      }
      if (waitMs > LONGEST_WAIT_MS) {
        throw new FetchError(`${where}: ${why}; it asks to wait ${Math.ceil(waitMs / 1000)} s. Run it again later.`);
      }
      await this.#wait(waitMs, why);
    }
  }

  /** The answer, or in words why there is none. */
  async #send(path: string, headers: Record<string, string>): Promise<Answer | string> {
    this.sent += 1;
    try {
      const response = await request(`${this.origin}${path}`, {
        dispatcher: this.#agent,
        method: 'GET',
        headers,
        signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
      });
      const text = await readBounded(response);
      const usedWeight = Number(oneHeader(response, 'x-mbx-used-weight-1m') ?? '0');
      this.#usedWeight = Number.isFinite(usedWeight) ? usedWeight : 0;
      const seconds = Number(oneHeader(response, 'retry-after') ?? Number.NaN);
      return {
        status: response.statusCode,
        retryAfterMs: seconds >= 0 ? seconds * 1000 : null,
        usedWeight: this.#usedWeight,
        text,
      };
    } catch (error) {
      if (error instanceof FetchError) throw error;
      const { code, name } = error as NodeJS.ErrnoException;
      return `no complete answer (${code ?? name})`;
    }
  }

  /** The exchange counts weight by the minute: above half of it the rest of the minute is left to others. */
  async #stayPolite(): Promise<void> {
    if (this.#usedWeight <= POLITE_WEIGHT) return;
    const used = this.#usedWeight;
    this.#usedWeight = 0;
    const serverMs = performance.now() + this.#clockOffsetMs;
    const restMs = MINUTE_MS - (((serverMs % MINUTE_MS) + MINUTE_MS) % MINUTE_MS);
    await this.#wait(Math.ceil(restMs), `${used} of the minute's request weight is used`);
  }

  async #wait(ms: number, why: string): Promise<void> {
    if (ms >= 1000) this.#options.onWait(ms, why);
    await this.#options.sleep(ms);
  }
}

/** How long to wait before the next attempt; null: another attempt would be answered the same. */
function waitFor(answer: Answer, backoffMs: number | undefined): number | null | undefined {
  if (answer.status === 429 || answer.status === 418) return answer.retryAfterMs ?? DEFAULT_RETRY_AFTER_MS;
  if (answer.status >= 500) return answer.retryAfterMs ?? backoffMs;
  return null;
}

function encodeQuery(query: Query): string {
  return Object.entries(query)
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
    .join('&');
}

function oneHeader(response: Dispatcher.ResponseData, name: string): string | undefined {
  const value = response.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

async function readBounded(response: Dispatcher.ResponseData): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response.body as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw new FetchError(`an answer is longer than ${MAX_BODY_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size).toString('utf8');
}

/** Foreign text, short and without what could rewrite a terminal. */
function shorten(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, ' ').slice(0, 200);
}

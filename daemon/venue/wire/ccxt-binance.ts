import { Agent, type Dispatcher } from 'undici';
import type { TimePort } from '../../time/time-port.ts';
import type { CcxtBinance, CcxtBinanceConstructor, RequestArguments } from './ccxt-types.ts';
import { checkEndpoints, moveEndpoints, parsePaperOrigin, type VenueAccess } from './endpoints.ts';
import { exchangeOnce, type HttpAnswer, type HttpExchange, TransportError } from './transport.ts';

/**
 * One call and its result. It belongs to the caller: none of it is stored in fields of the exchange object,
 * which concurrent calls share (ccxt's own `last_response_*` are such fields).
 */
export interface VenueCall {
  /** Exactly the parameters that may be sent, besides timestamp, recvWindow and signature. */
  readonly expected: Readonly<Record<string, string>> | null;
  readonly sendWithinMs: number;
  readonly answerWithinMs: number;
  /** It can only close. */
  readonly closes: boolean;
  /** Of another host, which counts and bans by itself. */
  readonly isApart: boolean;
  answer: HttpAnswer | null;
  /** The exchange's own JSON, before ccxt's unified parsers; null if there is none or it is an error. */
  json: unknown;
  transportError: TransportError | null;
  /** True once a request was handed to the transport. */
  wasDispatched: boolean;
}
export function createCall(options: {
  expected?: Readonly<Record<string, string>>;
  sendWithinMs?: number;
  answerWithinMs?: number;
  closes?: boolean;
  isApart?: boolean;
}): VenueCall {
  const answerWithinMs = options.answerWithinMs ?? ANSWER_WITHIN_MS;
  return {
    expected: options.expected ?? null,
    sendWithinMs: options.sendWithinMs ?? answerWithinMs,
    answerWithinMs,
    closes: options.closes ?? false,
    isApart: options.isApart ?? false,
    answer: null,
    json: null,
    transportError: null,
    wasDispatched: false,
  };
}

/** How long after its timestamp the exchange accepts a request; on the wire, so wall time. */
export const RECV_WINDOW_MS = 5000;
/** Total wall time of a request. It exceeds recvWindow, so that an abandoned order can no longer be accepted. */
export const ANSWER_WITHIN_MS = 10_000;
const MAX_BODY_BYTES = 32 * 1024 * 1024;
const USER_AGENT = 'holdfast/0.1.0';
const ADDED_BY_SIGNING = new Set(['timestamp', 'recvWindow', 'signature']);

/** A ccxt exchange object whose only entrance is `run`. */
export interface BinanceClient {
  readonly ccxt: CcxtBinance;
  /**
   * Starts a ccxt call. Everything that ccxt does before its `fetch` is synchronous here (markets are set), so the call
   * is passed on without a shared field that a second call could overwrite.
   */
  run(call: VenueCall, start: (ccxt: CcxtBinance) => Promise<unknown>): Promise<unknown>;
  /** An unsigned GET of a path of the venue's own host that ccxt does not know. */
  fetchOpen(path: string): Promise<HttpAnswer>;
  close(graceMs: number): Promise<void>;
}
export interface ClientOptions {
  readonly access: VenueAccess;
  /** Domain time for signatures. */
  readonly nowMs: () => number;
  readonly time: TimePort;
  /** Replaces connections to the hosts. */
  readonly exchange?: HttpExchange;
  readonly connections: number;
}

/**
 * ccxt's `exports` hide its single-exchange files, and the whole package costs 350 ms and 80 MB. The file is loaded
 * through the package's own path instead.
 */
export async function loadBinanceusdm(): Promise<(options: ClientOptions) => BinanceClient> {
  const module: unknown = await import(new URL('./src/binanceusdm.js', import.meta.resolve('ccxt')).href);
  const Base = (module as { default: CcxtBinanceConstructor }).default;
  return (options) => createClient(Base, options);
}

function createClient(Base: CcxtBinanceConstructor, options: ClientOptions): BinanceClient {
  const { time } = options;
  const wire = options.exchange === undefined ? connect(options.connections, time) : wireOf(options.exchange);
  let pending: VenueCall | null = null;
  let origins: ReadonlySet<string> = new Set();

  class BinanceExchange extends Base {
    override nonce(): number {
      return options.nowMs();
    }
    /**
     * One request for one call. ccxt's own way to `fetch` throttles, repeats, and keeps signed URLs and bodies in the
     * object.
     */
    override async request(...[path, api, method, params, headers, body]: RequestArguments): Promise<unknown> {
      const signed = this.sign(path, api, method, params, headers, body);
      return this.fetch(signed.url, signed.method, signed.headers, signed.body);
    }
    override async fetch(
      url: string,
      method = 'GET',
      headers: Record<string, string> = {},
      body?: string,
    ): Promise<unknown> {
      const call = pending;
      pending = null;
      if (call === null) throw new TransportError('not_sent', 'NO_CALL');
      if (!origins.has(url.slice(0, url.indexOf('/', 8)))) throw new TransportError('not_sent', 'FOREIGN_HOST');
      checkParameters(call, url, body);
      call.wasDispatched = true;
      const answer = await send(wire, call, { url, method, headers, body });
      call.answer = answer;
      const json = this.parseJson(answer.text.trim());
      // What it means is read from the answer; ccxt's parsers are not to take it for what was asked.
      if (isRefusal(answer.status, json)) throw new Error(`HTTP ${answer.status}`);
      call.json = json;
      return json;
    }
  }
  const ccxt = new BinanceExchange(buildConfig(options));
  origins = applyEndpoints(ccxt, options.access);
  hideSecrets(ccxt);
  return {
    ccxt,
    run(call, start) {
      pending = call;
      try {
        return start(ccxt);
      } finally {
        // A call that does not reach `fetch` in this turn finds no handover later, and is not sent.
        pending = null;
      }
    },
    fetchOpen: (path) => {
      const origin = String(ccxt.urls.api.fapiPublic).replace(/\/fapi\/v1$/, '');
      return send(wire, createCall({}), { url: origin + path, method: 'GET', headers: {}, body: undefined });
    },
    close: (graceMs) => closeWire(wire, graceMs, time),
  };
}

function buildConfig({ access }: ClientOptions): Record<string, unknown> {
  return {
    apiKey: access.apiKey,
    secret: access.secret,
    userAgent: USER_AGENT,
    timeout: ANSWER_WITHIN_MS,
    options: { recvWindow: RECV_WINDOW_MS, fetchCurrencies: false, fetchMargins: false },
  };
}
function applyEndpoints(ccxt: CcxtBinance, access: VenueAccess): ReadonlySet<string> {
  if (access.venue === 'paper') {
    const origin = parsePaperOrigin(access.baseUrl);
    const moved = moveEndpoints(ccxt.urls.api, origin);
    ccxt.urls = { ...ccxt.urls, api: moved, test: moved, demo: moved };
    return checkEndpoints('paper', ccxt.urls.api, origin);
  }
  if ('baseUrl' in access) checkEndpoints(access.venue, { ...ccxt.urls.api, baseUrl: access.baseUrl }, null);
  if (access.venue === 'binance-demo') ccxt.enableDemoTrading(true);
  return checkEndpoints(access.venue, ccxt.urls.api, null);
}
/** Whether the exchange answers an error in place of what was asked: by its status, or by a code in the body. */
function isRefusal(status: number, json: unknown): boolean {
  if (status < 200 || status >= 300) return true;
  if (typeof json !== 'object' || json === null || !('code' in json)) return false;
  // 200 is the code of success in "{code: 200, msg: success}".
  return Number(json.code) !== 200 && Number(json.code) !== 0;
}
/** Own enumerable properties would end up in dumps of the object. */
function hideSecrets(ccxt: CcxtBinance): void {
  for (const name of ['apiKey', 'secret', 'password', 'privateKey', 'token']) {
    const value: unknown = Reflect.get(ccxt, name);
    Object.defineProperty(ccxt, name, { value, enumerable: false, writable: false, configurable: false });
  }
}
/**
 * INVARIANT: exactly what was decided is sent. ccxt silently rounds quantities and prices and adds parameters. A
 * request that differs in one character from the expected one is not sent.
 */
function checkParameters(call: VenueCall, url: string, body: string | undefined): void {
  if (call.expected === null) return;
  const query = url.indexOf('?');
  const text = body ?? (query === -1 ? '' : url.slice(query + 1));
  let count = 0;
  for (const [name, value] of new URLSearchParams(text)) {
    if (ADDED_BY_SIGNING.has(name)) continue;
    if (call.expected[name] !== value) throw new TransportError('not_sent', `WIRE_MISMATCH ${name}`);
    count += 1;
  }
  if (count !== Object.keys(call.expected).length) throw new TransportError('not_sent', 'WIRE_MISMATCH count');
}
interface Wire {
  readonly exchange: HttpExchange;
  /** Cuts everything still in progress. */
  readonly destroy: () => Promise<void>;
  inFlight: number;
  onIdle: () => void;
}
function wireOf(exchange: HttpExchange, destroy: () => Promise<void> = () => Promise.resolve()): Wire {
  return { exchange, destroy, inFlight: 0, onIdle: () => undefined };
}
function connect(connections: number, time: TimePort): Wire {
  const agent = new Agent({
    connections,
    pipelining: 1,
    allowH2: false,
    autoSelectFamily: true,
    connectTimeout: 5000,
    keepAliveTimeout: 30_000,
    keepAliveMaxTimeout: 60_000,
    headersTimeout: ANSWER_WITHIN_MS,
    bodyTimeout: ANSWER_WITHIN_MS,
  });
  return wireOf(
    (request) => exchangeOnce(agent, request, time),
    () => agent.destroy(),
  );
}
async function send(
  wire: Wire,
  call: VenueCall,
  request: { url: string; method: string; headers: Record<string, string>; body: string | undefined },
): Promise<HttpAnswer> {
  wire.inFlight += 1;
  try {
    return await wire.exchange({
      url: request.url,
      method: request.method as Dispatcher.HttpMethod,
      headers: { ...request.headers, 'User-Agent': USER_AGENT },
      body: request.body ?? null,
      sendWithinMs: call.sendWithinMs,
      answerWithinMs: call.answerWithinMs,
      maxBodyBytes: MAX_BODY_BYTES,
    });
  } catch (error) {
    if (error instanceof TransportError) call.transportError = error;
    throw error;
  } finally {
    wire.inFlight -= 1;
    if (wire.inFlight === 0) wire.onIdle();
  }
}
/**
 * Waits at most `graceMs` for requests on the wire, then cuts every connection (`Agent.close` cannot be interrupted).
 */
async function closeWire(wire: Wire, graceMs: number, time: TimePort): Promise<void> {
  if (wire.inFlight > 0 && graceMs > 0) {
    await new Promise<void>((resolve) => {
      const timer = time.after(graceMs, resolve);
      wire.onIdle = () => {
        timer.cancel();
        resolve();
      };
    });
  }
  await wire.destroy();
}

import type { Exchange } from '../../daemon/exchange-sim/exchange.ts';
import { Params } from '../../daemon/exchange-sim/refusals/params.ts';
import { renderClock } from '../../daemon/exchange-sim/rest/control/control.ts';
import type { RawRequest } from '../../daemon/exchange-sim/rest/handle.ts';
import { type Served, serveRequest } from '../../daemon/exchange-sim/rest/serve.ts';
import type { TimePort } from '../../daemon/time/time-port.ts';
import {
  type HttpAnswer,
  type HttpExchange,
  type HttpRequest,
  TransportError,
} from '../../daemon/venue/wire/transport.ts';
import { type AccountRead, readOf } from './account-reads.ts';
import { LeftAlone } from './left-alone.ts';
import type { WireFault } from './plan.ts';
import type { Random } from './random.ts';
import type { SimTime } from './sim-time.ts';
import { type Carry, overSockets } from './socket.ts';

/** A request that changes something, as it went by. */
export interface WireRecord {
  readonly life: number;
  readonly method: string;
  readonly path: string;
  readonly clientId: string | null;
  readonly params: Params;
  readonly sentAtMs: number;
  /** When the exchange acted on it; null: it never came there. */
  servedAtMs: number | null;
  /** Null: no whole answer came back, or it came to nobody. */
  status: number | null;
  answer: string | null;
  answeredAtMs: number | null;
  /** Why no answer came. */
  failure: string | null;
}

/** A question about orders, and what came back. */
export interface LookRecord {
  readonly life: number;
  /** The list of open orders, that of conditional ones, or one order of either. */
  readonly what: 'list' | 'stop_list' | 'order' | 'stop';
  readonly clientId: string | null;
  /** Null: of the whole account. */
  readonly symbol: string | null;
  readonly sentAtMs: number;
  /** Of a whole answer; null: none came. */
  status: number | null;
  answer: string | null;
  answeredAtMs: number | null;
}

/** One life of the daemon: what belongs to it ends when the process dies. */
export interface Life {
  readonly number: number;
  isDead: boolean;
}

export interface WireOptions {
  readonly time: SimTime;
  readonly exchange: Exchange;
  readonly random: Random;
  /** 0: every way takes {@link PLAIN_WAY_MS}; 1 and 2: more and more chance. */
  readonly noise: 0 | 1 | 2;
  /** Told before the exchange acts on what changes something. */
  readonly onServe: (record: WireRecord) => void;
  /** A question about the account has come to the exchange, which is about to answer it. */
  readonly onRead?: (read: AccountRead) => void;
  /** The exchange tells its best quotes, as they are now. */
  readonly onQuotes?: () => void;
  /** Before a request leaves, and after it has left: the life may die there. */
  readonly onRequest: (when: 'before' | 'after') => void;
  /** Requests go through the venue module's own transport. */
  readonly hasSockets?: boolean;
}

interface Carried {
  /** It has a socket: whether it may still be written. */
  readonly begin: () => boolean;
  readonly resolve: (answer: HttpAnswer) => void;
  readonly reject: (error: TransportError) => void;
}
interface Noted {
  readonly record: WireRecord | null;
  readonly read: AccountRead | null;
}

const PLAIN_WAY_MS = 5;
const REFUSED_AFTER_MS = 1;
const OVERWEIGHT = '"code":-1003,';
const QUOTES = '/fapi/v1/ticker/bookTicker';
const LOOKS: { readonly [path: string]: LookRecord['what'] } = {
  '/fapi/v1/openOrders': 'list',
  '/fapi/v1/openAlgoOrders': 'stop_list',
  '/fapi/v1/order': 'order',
  '/fapi/v1/algoOrder': 'stop',
};

/**
 * The way between the daemon's venue module and an exchange in the same process: latency, answers that are lost, late or
 * out of order, and no sockets. What has left when a life ends still arrives.
 */
export class Wire {
  readonly records: WireRecord[] = [];
  readonly looks: LookRecord[] = [];
  readonly reads: AccountRead[] = [];
  readonly leftAlone = new LeftAlone();
  /** Requests that the exchange has refused for their weight. */
  readonly overweight: { readonly method: string; readonly path: string; readonly servedAtMs: number }[] = [];
  /** How often the exchange answered what, by `GET /path 200`. */
  readonly answered = new Map<string, number>();
  readonly #options: WireOptions;
  readonly #timers: ReturnType<SimTime['open']>;
  readonly #underway = new Set<() => void>();
  #leaving = 0;
  #faults: { readonly fault: WireFault; left: number }[] = [];

  constructor(options: WireOptions) {
    this.#options = options;
    this.#timers = options.time.open();
  }

  addFault(fault: WireFault): void {
    this.#faults.push({ fault, left: fault.count });
  }

  clearFaults(): void {
    this.#faults = [];
  }

  /** Requests that have left and are not at the exchange yet. */
  get leaving(): number {
    return this.#leaving;
  }

  /** Whatever is on its way ends without an answer, as when every connection is cut. */
  cut(): void {
    for (const end of [...this.#underway]) end();
  }

  /** What a life's venue module sends by. */
  connect(life: Life, time: TimePort | null = null): HttpExchange {
    const carry: Carry = (request, begin) =>
      new Promise((resolve, reject) => {
        if (!life.isDead) this.#options.onRequest('before');
        if (life.isDead) return;
        this.#carry(life, request, { begin, resolve, reject });
        this.#options.onRequest('after');
      });
    return time !== null && this.#options.hasSockets === true
      ? overSockets(carry, time)
      : (request) => carry(request, () => true);
  }

  #carry(life: Life, request: HttpRequest, { begin, reject, resolve }: Carried): void {
    const raw = readRequest(request);
    const record = this.#record(life, raw);
    const look = this.#noteLook(life, raw);
    const read = readOf(life.number, raw, this.#options.time.nowMs);
    if (read !== null) this.reads.push(read);
    const sentAtMs = this.#options.time.nowMs;
    this.leftAlone.noteSent(life.number, raw, sentAtMs);
    let isOver = false;
    const end = (act: () => void): void => {
      if (isOver) return;
      isOver = true;
      deadline.cancel();
      this.#underway.delete(drop);
      if (!life.isDead) act();
    };
    const fail = (stage: TransportError['stage'], code: string): void =>
      end(() => {
        if (record !== null) record.failure = code;
        reject(new TransportError(stage, code));
      });
    const drop = (): void => fail('sent', 'UND_ERR_SOCKET');
    this.#underway.add(drop);
    const deadline = this.#timers.after(request.answerWithinMs, () => fail('sent', 'ANSWER_TIMEOUT'));
    const fault = this.#takeFault(raw);
    if (fault?.kind === 'refused' || this.#options.exchange.faults.isDisconnected()) {
      this.#timers.after(REFUSED_AFTER_MS, () => fail('not_sent', 'ECONNREFUSED'));
      return;
    }
    const leave = (): void => {
      if (isOver || life.isDead) return;
      if (begin()) this.#leave(raw, { record, read }, receive);
      else fail('send_deadline', 'SEND_DEADLINE');
    };
    const receive = (served: Served): void => {
      if (served.kind === 'answer') {
        const { method, path } = raw;
        if (served.answer.status === 429 && served.answer.body.includes(OVERWEIGHT))
          this.overweight.push({ method, path, servedAtMs: this.#options.time.nowMs });
        const name = `${method} ${path} ${served.answer.status}`;
        this.answered.set(name, (this.answered.get(name) ?? 0) + 1);
      }
      if (served.kind === 'silent' || served.kind === 'stalled') return;
      const backMs = this.#wayMs() + (fault?.kind === 'late_answer' ? fault.ms : 0);
      this.#timers.after(backMs, () => {
        if (served.kind !== 'answer') {
          drop();
          return;
        }
        end(() => {
          const { status, headers, body: text } = served.answer;
          const answered = { status, answer: text, answeredAtMs: this.#options.time.nowMs };
          if (record !== null) Object.assign(record, answered);
          if (look !== null) Object.assign(look, answered);
          if (read !== null) Object.assign(read, answered);
          this.leftAlone.noteAnswer(life.number, raw.path, served.answer, sentAtMs, answered.answeredAtMs);
          resolve({ status, headers: lowerCase(headers), text });
        });
      });
    };
    if (fault?.kind === 'slow_connect') this.#timers.after(fault.ms, leave);
    else leave();
  }

  #leave(raw: RawRequest, { read, record }: Noted, receive: (served: Served) => void): void {
    this.#leaving += 1;
    this.#timers.after(this.#wayMs(), () => {
      this.#leaving -= 1;
      if (record !== null) {
        record.servedAtMs = this.#options.time.nowMs;
        this.#options.onServe(record);
      }
      if (read !== null) this.#options.onRead?.(read);
      const noteQuotes = (): void => {
        if (raw.path === QUOTES) this.#options.onQuotes?.();
      };
      noteQuotes();
      const served = this.#serve(raw);
      if (served instanceof Promise)
        // What was held back is answered as of now.
        void served.then((late) => {
          noteQuotes();
          receive(late);
        });
      else receive(served);
    });
  }

  #serve(raw: RawRequest): Served | Promise<Served> {
    if (raw.path !== '/sim/clock') return serveRequest(this.#options.exchange, raw);
    const body = JSON.stringify(renderClock(this.#options.exchange));
    return { kind: 'answer', answer: { status: 200, headers: {}, body } };
  }

  #record(life: Life, raw: RawRequest): WireRecord | null {
    if (raw.method === 'GET') return null;
    const params = new Params(raw.query, raw.body);
    const record: WireRecord = {
      life: life.number,
      method: raw.method,
      path: raw.path,
      clientId: readClientId(params),
      params,
      sentAtMs: this.#options.time.nowMs,
      servedAtMs: null,
      status: null,
      answer: null,
      answeredAtMs: null,
      failure: null,
    };
    this.records.push(record);
    return record;
  }

  #noteLook(life: Life, raw: RawRequest): LookRecord | null {
    const what = raw.method === 'GET' ? LOOKS[raw.path] : undefined;
    if (what === undefined) return null;
    const params = new Params(raw.query, raw.body);
    const sentAtMs = this.#options.time.nowMs;
    const look: LookRecord = {
      life: life.number,
      what,
      clientId: readClientId(params),
      symbol: params.text('symbol') ?? null,
      sentAtMs,
      status: null,
      answer: null,
      answeredAtMs: null,
    };
    this.looks.push(look);
    return look;
  }

  #takeFault({ method, path }: RawRequest): WireFault | null {
    for (const entry of this.#faults) {
      const { fault } = entry;
      if (entry.left <= 0 || (fault.method !== undefined && fault.method !== method)) continue;
      if (fault.path !== undefined && !path.startsWith(fault.path)) continue;
      entry.left -= 1;
      return fault;
    }
    return null;
  }

  #wayMs(): number {
    const { noise, random } = this.#options;
    if (noise === 0) return PLAIN_WAY_MS;
    const draw = random.next();
    if (noise === 1) return draw < 0.9 ? random.int(1, 12) : random.int(12, 80);
    if (draw < 0.75) return random.int(1, 25);
    return draw < 0.97 ? random.int(25, 250) : random.int(250, 1_500);
  }
}

export function readClientId(params: Params): string | null {
  return params.text('newClientOrderId') ?? params.text('origClientOrderId') ?? params.text('clientAlgoId') ?? null;
}

function readRequest(request: HttpRequest): RawRequest {
  const { url } = request;
  const start = url.indexOf('/', 8);
  const mark = url.indexOf('?');
  const path = url.slice(start, mark === -1 ? undefined : mark);
  const query = mark === -1 ? '' : url.slice(mark + 1);
  const apiKey = request.headers['X-MBX-APIKEY'];
  return { method: request.method, path, query, body: request.body ?? '', apiKey };
}

/** Names of headers as an answer has them, by those that the exchange writes. */
const LOWER = new Map<string, string>();

function lowerCase(headers: Readonly<Record<string, string>>): Record<string, string> {
  const lower: Record<string, string> = {};
  for (const name of Object.keys(headers)) {
    const known = LOWER.get(name) ?? name.toLowerCase();
    LOWER.set(name, known);
    lower[known] = headers[name] ?? '';
  }
  return lower;
}

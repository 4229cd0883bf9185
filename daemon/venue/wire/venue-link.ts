import type { FetchOutcome, OrderCount } from '../../engine/records/venue.ts';
import type { Cause } from '../../engine/tables/cause.ts';
import type { TimePort } from '../../time/time-port.ts';
import { type BinanceClient, createCall, type VenueCall } from './ccxt-binance.ts';
import type { CcxtBinance } from './ccxt-types.ts';
import { ClockNotSyncedError, type DomainTime } from './clock.ts';
import { MalformedAnswerError } from './exact-fields.ts';
import { Firewall } from './firewall.ts';
import { type AnswerFacts, classifySubmit } from './outcome.ts';
import { ReadQueueFullError } from './read-limiter.ts';
import type { Redact } from './redaction.ts';
import type { HttpAnswer } from './transport.ts';

type Failed = Extract<FetchOutcome<never>, { kind: 'failed' }>;

/** The exchange's code for a symbol that it does not know. */
export const INVALID_SYMBOL = -1121;

/** A read without a usable answer, on its way to the edge of the module where it becomes `failed`. */
export class ReadFailedError extends Error {
  override readonly name = 'ReadFailedError';
  /** The exchange's code when the exchange itself refused (HTTP 4xx). */
  readonly code: number | null;
  readonly refusedFor: Cause;
  readonly retryAfterMs: number | null;
  constructor(detail: string, code: number | null, refusedFor: Cause, retryAfterMs: number | null) {
    super(detail);
    this.code = code;
    this.refusedFor = refusedFor;
    this.retryAfterMs = retryAfterMs;
  }
}
/** The end of one call: the exchange's JSON when ccxt took the answer for a success, and the facts in any case. */
export interface CallEnd {
  readonly json: unknown;
  readonly facts: AnswerFacts;
}

interface ErrorBody {
  readonly code: number | null;
  readonly message: string;
}
/** Code and text of an error body; a body that is none is its own text. */
function readErrorBody(text: string): ErrorBody {
  try {
    return findError(JSON.parse(text)) ?? { code: null, message: text };
  } catch {
    // Not JSON: a gateway's page. Its text is all there is.
    return { code: null, message: text };
  }
}
/** Null: it tells of no error. */
function findError(body: unknown): ErrorBody | null {
  if (typeof body !== 'object' || body === null || !('msg' in body) || typeof body.msg !== 'string') return null;
  const code = 'code' in body ? Number(body.code) : Number.NaN;
  // 200 is the code of success in "{code: 200, msg: success}".
  return { code: Number.isSafeInteger(code) && code !== 200 ? code : null, message: body.msg };
}
/** The shortest and the longest ban of an address; the shortest is that of one whose end the venue does not name. */
const BAN_MS = 120_000;
const LONGEST_BAN_MS = 3 * 86_400_000;
/** Twice the longest window that the venue counts in. RISK: a gateway's word must not keep an operator out for days. */
const LONGEST_WAIT_MS = 600_000;
/** Too many orders of the account, which concerns no other request. */
const TOO_MANY_ORDERS = -1015;
const LEFT_ALONE = 'not sent: the venue asked to be left alone';

/** Wall ms for which the answer asks to be left alone; null: it does not. */
function readRetryAfter({ headers, status }: HttpAnswer): number | null {
  const header = headers['retry-after'];
  const most = status === 418 ? LONGEST_BAN_MS : LONGEST_WAIT_MS;
  if (header !== undefined && /^\d{1,7}$/.test(header.trim())) return Math.min(most, Number(header) * 1000);
  return status === 418 ? BAN_MS : null;
}
/** Refused as a whole without a time: by a 403, and by a 429 that names none. Null: there is no answer. */
function isRefused(answer: HttpAnswer | null): boolean | null {
  if (answer === null) return null;
  const isBusy = answer.status === 429 && readRetryAfter(answer) === null;
  return answer.status === 403 || (isBusy && readErrorBody(answer.text).code !== TOO_MANY_ORDERS);
}
function isJsonContainer(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}

/** Answers to orders count those of the account, by the length of the window. */
const COUNT_HEADERS = [
  ['x-mbx-order-count-10s', 10_000],
  ['x-mbx-order-count-1m', 60_000],
] as const;

/** Runs calls and turns their ends into facts. Everything textual that leaves has passed `redact`. */
export class VenueLink {
  readonly clock: DomainTime;
  readonly redact: Redact;
  readonly #answerWithinMs: number;
  readonly #time: TimePort;
  #orderCounts: readonly OrderCount[] = [];
  /** Wall instants until which the address is banned, and until which only what closes is sent. */
  #bannedUntilMs = Number.NEGATIVE_INFINITY;
  #busyUntilMs = Number.NEGATIVE_INFINITY;
  /** Null: the venue has never refused us as a whole without a time. */
  #firewall: Firewall | null = null;
  constructor(clock: DomainTime, redact: Redact, answerWithinMs: number, time: TimePort) {
    this.clock = clock;
    this.redact = redact;
    this.#answerWithinMs = answerWithinMs;
    this.#time = time;
  }
  call(
    options: Pick<Parameters<typeof createCall>[0], 'closes' | 'expected' | 'isApart' | 'sendWithinMs'> = {},
  ): VenueCall {
    return createCall({ ...options, answerWithinMs: this.#answerWithinMs });
  }

  /** How many orders the account has sent, as an answer said since this was last asked. */
  takeOrderCounts(): readonly OrderCount[] {
    const counts = this.#orderCounts;
    this.#orderCounts = [];
    return counts;
  }
  #noteCounts({ answer }: VenueCall): void {
    const counts: OrderCount[] = [];
    for (const [name, windowMs] of COUNT_HEADERS) {
      const used = Number(answer?.headers[name] ?? Number.NaN);
      if (Number.isSafeInteger(used) && used >= 0) counts.push({ windowMs, used });
    }
    if (counts.length > 0) this.#orderCounts = counts;
  }

  /**
   * RISK: each request during a ban makes it longer, up to days in which no exit goes out; one after a 429 leads to it. So
   * whoever asks, and however often, nothing leaves before the time is over, but after a 429 for what closes. After a 403
   * {@link Firewall} says how long.
   */
  leftAloneMs(closes = false): number {
    const untilMs = closes ? this.#bannedUntilMs : Math.max(this.#bannedUntilMs, this.#busyUntilMs);
    const nowMs = this.#time.monotonicMs();
    return Math.max(0, untilMs - nowMs, this.#firewall?.leftAloneMs(closes, nowMs) ?? 0);
  }
  /** The same for exits of agents: a time that a 429 names they wait as all else does; without one, as what closes. */
  readonly exitsLeftAloneMs = (): number =>
    Math.max(this.leftAloneMs(true), this.#busyUntilMs - this.#time.monotonicMs());
  #noteRetryAfter({ answer, isApart }: VenueCall): void {
    if (answer === null || isApart || ![403, 418, 429].includes(answer.status)) return;
    const waitMs = readRetryAfter(answer);
    if (waitMs === null || readErrorBody(answer.text).code === TOO_MANY_ORDERS) return;
    const untilMs = this.#time.monotonicMs() + waitMs;
    if (answer.status === 418) this.#bannedUntilMs = Math.max(this.#bannedUntilMs, untilMs);
    else this.#busyUntilMs = Math.max(this.#busyUntilMs, untilMs);
  }

  #noteRefusal(call: VenueCall, sentAtMs: number): void {
    const isRefusal = isRefused(call.answer);
    if (isRefusal === true) this.#firewall ??= new Firewall();
    this.#firewall?.noteEnd(call, isRefusal, sentAtMs, this.#time.monotonicMs());
  }

  async end(client: BinanceClient, call: VenueCall, start: (ccxt: CcxtBinance) => Promise<unknown>): Promise<CallEnd> {
    const leftAloneMs = call.isApart ? 0 : this.leftAloneMs(call.closes);
    if (leftAloneMs > 0) return { json: null, facts: this.#notSent(leftAloneMs) };
    let localError = '';
    const sentAtMs = this.#time.monotonicMs();
    if (!call.isApart) this.#firewall?.noteSent(call);
    try {
      await client.run(call, start);
    } catch (error) {
      localError = error instanceof Error ? `${error.name}: ${error.message}` : 'unknown error';
    }
    this.#noteCounts(call);
    this.#noteRetryAfter(call);
    if (!call.isApart) this.#noteRefusal(call, sentAtMs);
    return { json: call.json, facts: this.#readFacts(call, localError) };
  }
  #notSent(leftAloneMs: number): AnswerFacts {
    const retryAfterMs = this.#inDomain(leftAloneMs);
    return { httpStatus: null, code: null, message: LEFT_ALONE, thrownKind: 'not_sent', retryAfterMs };
  }
  #inDomain(wallMs: number): number {
    return wallMs * Math.max(1, this.clock.scale);
  }
  /**
   * The facts come from the call, not from what ccxt threw: an answer that arrived whole is judged by its status and
   * body even when ccxt could not parse it, and one that did not arrive by whether the request had left.
   */
  #readFacts(call: VenueCall, localError: string): AnswerFacts {
    if (call.answer !== null) {
      const { text } = call.answer;
      // What ccxt has taken for a success is parsed already.
      const { code, message } = isJsonContainer(call.json)
        ? (findError(call.json) ?? { code: null, message: text })
        : readErrorBody(text);
      const isSuccess = call.answer.status >= 200 && call.answer.status < 300;
      const retryAfterMs =
        isRefused(call.answer) && !call.isApart ? this.leftAloneMs(call.closes) : readRetryAfter(call.answer);
      return {
        httpStatus: call.answer.status,
        code,
        message: isSuccess && code === null ? '' : this.redact(message),
        thrownKind: 'none',
        retryAfterMs: retryAfterMs === null ? null : this.#inDomain(retryAfterMs),
      };
    }
    const stage = call.transportError?.stage;
    const base = { httpStatus: null, code: null };
    if (stage === 'sent')
      return { ...base, message: this.redact(call.transportError?.code ?? ''), thrownKind: 'transport' };
    if (stage !== undefined) {
      return { ...base, message: this.redact(call.transportError?.code ?? ''), thrownKind: stage };
    }
    // Neither an answer nor a transport error: ccxt or one of our checks refused before anything was dispatched.
    return { ...base, message: this.redact(localError), thrownKind: call.wasDispatched ? 'transport' : 'local' };
  }
  /** The body of a read, or `ReadFailedError`. */
  async read(client: BinanceClient, call: VenueCall, start: (ccxt: CcxtBinance) => Promise<unknown>): Promise<unknown> {
    const { json, facts } = await this.end(client, call, start);
    const { isApart } = call;
    const isAnswer = facts.thrownKind === 'none' && facts.code === null;
    const isSuccess = facts.httpStatus !== null && facts.httpStatus >= 200 && facts.httpStatus < 300;
    if (isAnswer && isSuccess && isJsonContainer(json)) return json;
    throw this.failRead(facts, isApart);
  }
  /** What another host refuses closes nothing here. */
  failRead(facts: AnswerFacts, isApart = false): ReadFailedError {
    const judged = classifySubmit(facts);
    const status = facts.httpStatus === null ? 'no answer' : `HTTP ${facts.httpStatus}`;
    const code = facts.code === null ? '' : ` code ${facts.code}`;
    const detail = `${status}${code}: ${facts.message === '' ? 'the body is not JSON' : facts.message}`;
    const cause = judged.kind === 'rejected' && !isApart ? judged.rejection.cause : 'other';
    // A gateway's 5xx says nothing about an order, whatever code it carries: it must not pass for "not found".
    const isVerdict = facts.httpStatus !== null && facts.httpStatus >= 400 && facts.httpStatus < 500;
    const retryAfterMs = isApart ? null : (facts.retryAfterMs ?? null);
    return new ReadFailedError(detail, isVerdict ? facts.code : null, cause, retryAfterMs);
  }
  /** Edge of the module for reads: expected failures become data, anything else is a defect and passes. */
  async outcome<T>(read: () => Promise<T>): Promise<FetchOutcome<T>> {
    try {
      return { kind: 'ok', value: await read() };
    } catch (error) {
      return this.failed(error);
    }
  }
  failed(error: unknown): Failed {
    if (error instanceof ReadFailedError) {
      const { refusedFor: cause, retryAfterMs } = error;
      return { kind: 'failed', detail: this.redact(error.message), cause, retryAfterMs };
    }
    if (error instanceof MalformedAnswerError || error instanceof ReadQueueFullError) {
      return { kind: 'failed', detail: this.redact(error.message), cause: 'other', retryAfterMs: null };
    }
    if (error instanceof ClockNotSyncedError) {
      return { kind: 'failed', detail: error.message, cause: 'clock_off', retryAfterMs: null };
    }
    throw error;
  }
}

import { Params } from '../../daemon/exchange-sim/refusals/params.ts';
import type { RawRequest } from '../../daemon/exchange-sim/rest/handle.ts';

/** Of an address whose ban names no end: the shortest that there is, ms. */
const BAN_MS = 120_000;
/** More than twice the longest window that the exchange counts in is no word of the exchange, ms. */
const LONGEST_WAIT_MS = 600_000;
const TOO_MANY_ORDERS = -1015;
/** A firewall that refuses (403, or 429 that names no time): at least so long nothing leaves, and what closes, ms. */
const FIREWALL_MS = 4_500;
const FIREWALL_CLOSING_MS = 900;
/** After many of its refusals it is asked once a minute. */
const FIREWALL_ASKED_MS = 60_000;

/** A request that left although the exchange had told its sender to wait. */
export interface Offence {
  readonly life: number;
  readonly method: string;
  readonly path: string;
  readonly clientId: string | null;
  readonly sentAtMs: number;
  readonly status: number;
  readonly reportedAtMs: number;
  readonly untilMs: number;
}

interface Hold {
  readonly status: number;
  /** The exchange has named no time. */
  readonly isTimeless: boolean;
  readonly reportedAtMs: number;
  readonly untilMs: number;
  /** By then at the latest somebody asks again. */
  readonly askedByMs: number;
  /** Of what can only close. */
  readonly closingUntilMs: number;
}

/** What the exchange has asked each life of the daemon for (418, 429 and 403), and what left all the same. */
export class LeftAlone {
  readonly offences: Offence[] = [];
  readonly #holds = new Map<number, Hold[]>();

  noteAnswer(life: number, path: string, answer: Answer, sentAtMs: number, nowMs: number): void {
    const { body, headers, status } = answer;
    if (isApart(path)) return;
    const holds = this.#holds.get(life) ?? [];
    this.#holds.set(life, holds);
    const waitMs = readWait(status, headers);
    const isOfOrders = status === 429 && body.includes(`"code":${TOO_MANY_ORDERS}`);
    const isTimeless = status === 403 || (status === 429 && waitMs === null && !isOfOrders);
    if (!isTimeless) endFirewall(holds, sentAtMs, nowMs);
    if (isTimeless) {
      // What was on its way together is refused together.
      const isReported = holds.some((hold) => hold.isTimeless && hold.reportedAtMs >= sentAtMs);
      if (isReported) return;
      holds.push({
        status,
        isTimeless,
        reportedAtMs: nowMs,
        untilMs: nowMs + FIREWALL_MS,
        askedByMs: nowMs + FIREWALL_ASKED_MS,
        closingUntilMs: nowMs + FIREWALL_CLOSING_MS,
      });
      return;
    }
    if (![418, 429].includes(status) || waitMs === null || isOfOrders) return;
    const untilMs = nowMs + waitMs;
    const closingUntilMs = status === 418 ? untilMs : nowMs;
    holds.push({ status, isTimeless, reportedAtMs: nowMs, untilMs, askedByMs: untilMs, closingUntilMs });
  }

  noteSent(life: number, raw: RawRequest, nowMs: number): void {
    const holds = this.#holds.get(life);
    if (holds === undefined || isApart(raw.path)) return;
    const hold = holds.find(
      ({ closingUntilMs, reportedAtMs, untilMs }) =>
        nowMs > reportedAtMs && nowMs < (closes(raw) ? closingUntilMs : untilMs),
    );
    if (hold === undefined) return;
    const { method, path } = raw;
    const { status, reportedAtMs, untilMs } = hold;
    this.offences.push({ life, method, path, clientId: idOf(raw), sentAtMs: nowMs, status, reportedAtMs, untilMs });
  }

  /** For how long a life may still wait, ms. */
  leftMs(life: number, nowMs: number): number {
    return Math.max(0, ...(this.#holds.get(life) ?? []).map(({ askedByMs }) => askedByMs - nowMs));
  }

  /** Whether a life has been told to wait at some time within a span. */
  isAskedWithin(fromMs: number, toMs: number): boolean {
    return [...this.#holds.values()].some((holds) =>
      holds.some(({ reportedAtMs, untilMs }) => reportedAtMs <= toMs && untilMs >= fromMs),
    );
  }
}

/** What left after it had refused, and was let through, says that it refuses no more. Reads may wait all their time. */
function endFirewall(holds: Hold[], sentAtMs: number, nowMs: number): void {
  for (const [i, hold] of holds.entries()) {
    const { closingUntilMs, isTimeless, reportedAtMs, untilMs } = hold;
    if (!isTimeless || reportedAtMs > sentAtMs) continue;
    const before = (ms: number): number => Math.min(ms, nowMs);
    holds[i] = { ...hold, untilMs: before(untilMs), closingUntilMs: before(closingUntilMs) };
  }
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

function readWait(status: number, headers: Answer['headers']): number | null {
  const text = Object.entries(headers).find(([name]) => name.toLowerCase() === 'retry-after')?.[1];
  if (text === undefined) return status === 418 ? BAN_MS : null;
  const waitMs = Number(text) * 1000;
  return status === 418 ? waitMs : Math.min(waitMs, LONGEST_WAIT_MS);
}

/** Neither the spot host, which counts by itself, nor what a simulated exchange says of itself. */
function isApart(path: string): boolean {
  return path.startsWith('/sapi/') || path.startsWith('/sim/');
}

/** It can only close: what a 429 leaves free. */
function closes({ body, method, query }: RawRequest): boolean {
  if (method !== 'POST') return false;
  const params = new Params(query, body);
  return params.text('reduceOnly') === 'true' || params.text('closePosition') === 'true';
}

function idOf({ body, query }: RawRequest): string | null {
  const params = new Params(query, body);
  return params.text('newClientOrderId') ?? params.text('origClientOrderId') ?? params.text('clientAlgoId') ?? null;
}

import type { TimePort } from '../../time/time-port.ts';
import { snapshotState } from '../core/snapshot.ts';
import type { World } from '../market/world.ts';
import type { RawAnswer } from '../refusals/params.ts';
import { Lags, OddRows } from './lags.ts';

export interface BanTerms {
  /** Wall milliseconds of the first ban. */
  readonly ms: number;
  /** Each request that comes while it lasts makes it this many times as long, counted from then. */
  readonly factor: number;
  readonly maxMs: number;
}

/** A ban of the address (HTTP 418), which grows with every request that does not respect it. */
export class Ban {
  readonly #time: TimePort;
  #terms: BanTerms | null = null;
  #lengthMs = 0;
  #untilMs = Number.NEGATIVE_INFINITY;
  /** Requests that came while it lasted. */
  offences = 0;

  constructor(time: TimePort) {
    this.#time = time;
  }

  start(terms: BanTerms): void {
    this.#terms = terms;
    this.#lengthMs = terms.ms;
    this.#untilMs = this.#time.monotonicMs() + terms.ms;
    this.offences = 0;
  }

  lift(): void {
    this.#terms = null;
    this.offences = 0;
  }

  /** Wall milliseconds that are left of it. */
  leftMs(): number {
    return this.#terms === null ? 0 : Math.max(0, this.#untilMs - this.#time.monotonicMs());
  }

  /** What a request gets while the ban lasts, which makes it longer; null when there is none. */
  refuse(): RawAnswer | null {
    const terms = this.#terms;
    if (terms === null || this.leftMs() === 0) return null;
    this.offences += 1;
    this.#lengthMs = Math.min(terms.maxMs, this.#lengthMs * terms.factor);
    this.#untilMs = Math.max(this.#untilMs, this.#time.monotonicMs() + this.#lengthMs);
    const untilMs = Math.ceil(this.#time.hostMs() + this.leftMs());
    const msg = `Way too many requests; IP(127.0.0.1) banned until ${untilMs}. Please use the websocket for live updates to avoid bans.`;
    const headers = { 'Retry-After': String(Math.ceil(this.leftMs() / 1000)) };
    return { status: 418, headers, body: JSON.stringify({ code: -1003, msg }) };
  }
}

/** Faults that end a request in an unusual way; one is spent per matching request. */
export const ENDING_KINDS = [
  'accept-then-timeout',
  'reject-503-unknown',
  'drop-before',
  'drop-mid-body',
  'stall-body',
  'delay',
  'execute-late',
  'status',
  'error',
] as const;
/** Faults that change what happens or what is seen, while the request itself is answered. */
export const SHADING_KINDS = [
  'not-found-after-accept',
  'partial-fill',
  'stale-positions',
  'stale-market',
  'disconnect',
  'fill-lag',
  'stale-list',
  'late-trades',
  'reject-late',
  'untold-quantity',
  'odd-row',
  'clock-jump',
  'ban',
] as const;

export type EndingKind = (typeof ENDING_KINDS)[number];
export type ShadingKind = (typeof SHADING_KINDS)[number];

export interface FaultMatch {
  readonly method?: string;
  /** Exact, or a prefix when it ends in `*`. */
  readonly path?: string;
  readonly symbol?: string;
}

/** A queued fault. Times are wall milliseconds. */
export interface Fault {
  readonly id: number;
  readonly kind: EndingKind | ShadingKind;
  readonly match: FaultMatch;
  remaining: number;
  hits: number;
  /** delay, execute-late, stale-*, disconnect, fill-lag, late-trades, reject-late, odd-row, ban: how long. */
  readonly ms: number;
  /** reject-503-unknown: whether the request takes effect all the same. */
  readonly accepted: boolean;
  /** status: HTTP status, and its Retry-After header in seconds when not null. */
  readonly status: number;
  readonly retryAfterS: number | null;
  readonly body: string;
  /** error: the body's code and text, and the HTTP status. */
  readonly code: number;
  readonly msg: string;
  readonly http: number;
  /** not-found-after-accept: queries that answer -2013. */
  readonly queries: number;
  /** partial-fill: 0..1 in units of 1e-8. */
  readonly fraction: bigint;
  /** fill-lag: which side shows the fill late. */
  readonly lagging: 'account' | 'order';
  /** clock-jump: how far from true server time, signed. */
  readonly byMs: number;
  /** ban: how much longer each request makes it that does not respect it, and the longest that it becomes. */
  readonly factor: number;
  readonly maxMs: number;
  /** odd-row: the fields that the rows of `match.symbol` have instead, and their values. */
  readonly patch: Readonly<Record<string, unknown>>;
}

export interface FaultTarget {
  readonly method: string;
  readonly path: string;
  readonly symbol: string | undefined;
}

function isMatch(match: FaultMatch, target: FaultTarget): boolean {
  if (match.method !== undefined && match.method.toUpperCase() !== target.method) return false;
  if (match.symbol !== undefined && match.symbol !== target.symbol) return false;
  if (match.path === undefined || match.path === target.path) return true;
  return match.path.endsWith('*') && target.path.startsWith(match.path.slice(0, -1));
}

function isEnding(kind: Fault['kind']): kind is EndingKind {
  return ENDING_KINDS.some((ending) => ending === kind);
}

/** A picture of the whole exchange that later changes do not reach. */
export function copyWorld(world: World): World {
  const cursors = new Map(
    [...world.cursors].map(([symbol, cursor]) => [symbol, { ...cursor, live: { ...cursor.live } }] as const),
  );
  return { state: snapshotState(world.state), sources: world.sources, cursors };
}

/** The queued faults, and what some of them have made outdated. */
export class FaultQueue {
  readonly faults: Fault[] = [];
  readonly lags: Lags;
  readonly oddRows: OddRows;
  readonly ban: Ban;
  /** How far the clock that clients see is off, ms. */
  clockOffsetMs = 0;
  readonly #time: TimePort;
  #nextId = 1;
  readonly #hidden = new Map<string, number>();
  #disconnectedUntilMs = Number.NEGATIVE_INFINITY;

  constructor(time: TimePort) {
    this.#time = time;
    this.lags = new Lags(time);
    this.oddRows = new OddRows(time);
    this.ban = new Ban(time);
  }

  add(fault: Omit<Fault, 'id' | 'hits'>): Fault {
    const added = { ...fault, id: this.#nextId++, hits: 0 };
    this.faults.push(added);
    return added;
  }

  /** Drops every fault and every outdated view. */
  clear(): void {
    this.faults.length = 0;
    this.#hidden.clear();
    this.lags.clear();
    this.oddRows.clear();
    this.ban.lift();
    this.clockOffsetMs = 0;
    this.#disconnectedUntilMs = Number.NEGATIVE_INFINITY;
  }

  /** Spends the first ending fault that matches. */
  takeEnding(target: FaultTarget): Fault | undefined {
    return this.#take(target, isEnding);
  }

  /** Spends the first shading fault that matches. */
  takeShading(target: FaultTarget): Fault | undefined {
    return this.#take(target, (kind) => !isEnding(kind));
  }

  #take(target: FaultTarget, isWanted: (kind: Fault['kind']) => boolean): Fault | undefined {
    if (this.faults.length === 0) return undefined;
    const fault = this.faults.find((f) => f.remaining > 0 && isWanted(f.kind) && isMatch(f.match, target));
    if (fault === undefined) return undefined;
    fault.remaining -= 1;
    fault.hits += 1;
    return fault;
  }

  hide(clientId: string, queries: number): void {
    this.#hidden.set(clientId, queries);
  }

  /** Whether a query of this client id answers "not found" now; counts the query. */
  hides(clientId: string): boolean {
    const left = this.#hidden.get(clientId) ?? 0;
    if (left <= 0) return false;
    this.#hidden.set(clientId, left - 1);
    return true;
  }

  disconnect(ms: number): void {
    this.#disconnectedUntilMs = this.#time.monotonicMs() + ms;
  }

  isDisconnected(): boolean {
    return this.#time.monotonicMs() < this.#disconnectedUntilMs;
  }
}

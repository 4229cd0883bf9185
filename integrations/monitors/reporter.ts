import { readFileSync } from 'node:fs';
import { Holdfast, HoldfastError, type SignalRequest } from '../typescript/holdfast.ts';

export type Kind = SignalRequest['kind'];
export interface Seen {
  readonly kind: Kind;
  readonly scope: SignalRequest['scope'];
  /** 0 to 1; anything else counts as 1. */
  readonly severity: number;
  readonly evidence: string;
  /** Where it ends by itself sooner. */
  readonly ttlMs?: number;
}
export interface ReporterOptions {
  readonly client: Pick<Holdfast, 'signal'>;
  readonly ttlMs: number;
  /** One signal of a kind and scope in this time at most; below `ttlMs`, so that what lasts stays reported. */
  readonly everyMs: number;
  readonly nowMs?: () => number;
  readonly log?: (line: string) => void;
}
export type Reported = 'sent' | 'too soon' | 'failed';

const EVIDENCE_BYTES = 2048;
/** A scope that was not reported for long is forgotten. */
const MAX_SCOPES = 512;

/**
 * Reports what a monitor has seen, paced by kind and scope. There is no way to report that all is well: a signal ends
 * with its ttl, so a monitor that stops lets go, and one that is fooled cannot undo an earlier warning.
 */
export class Reporter {
  readonly #options: ReporterOptions;
  readonly #nextAtMs = new Map<string, number>();

  constructor(options: ReporterOptions) {
    if (!(options.everyMs > 0 && options.everyMs < options.ttlMs)) throw new Error('everyMs must be below ttlMs');
    this.#options = options;
  }

  async report({ kind, scope, severity, evidence, ttlMs: own }: Seen): Promise<Reported> {
    const { client, everyMs, ttlMs, nowMs = Date.now, log = console.error } = this.#options;
    const key = JSON.stringify([kind, scope.account, scope.agent, scope.symbol]);
    const now = nowMs();
    if (now < (this.#nextAtMs.get(key) ?? 0)) return 'too soon';
    this.#nextAtMs.delete(key);
    this.#nextAtMs.set(key, now + everyMs);
    for (const oldest of this.#nextAtMs.keys()) if (this.#nextAtMs.size > MAX_SCOPES) this.#nextAtMs.delete(oldest);
    try {
      const bad = severity >= 0 && severity <= 1 ? severity : 1;
      const ttl = Math.max(1, Math.ceil(Math.min(ttlMs, own ?? ttlMs)));
      await client.signal({ kind, scope, severity: bad, ttl_ms: ttl, evidence: shorten(evidence) });
      log(`reported ${kind} ${key}: ${evidence}`);
      return 'sent';
    } catch (error) {
      // It is reported again as soon as it is seen again, or as the daemon says.
      const waitMs = error instanceof HoldfastError ? (error.retryAfterMs ?? 0) : 0;
      this.#nextAtMs.set(key, nowMs() + waitMs);
      log(`not reported: ${kind} ${key}: ${String(error)}`);
      return 'failed';
    }
  }
}

/** At most 2 kB of UTF-8, and no half a character. */
function shorten(text: string): string {
  const bytes = new TextEncoder().encode(text);
  if (bytes.length <= EVIDENCE_BYTES) return text;
  return new TextDecoder().decode(bytes.subarray(0, EVIDENCE_BYTES - 3)).replace(/\uFFFD+$/, '');
}

/** Options that every monitor has, as `node:util`'s parseArgs takes them. */
export const COMMON = {
  daemon: { type: 'string', default: 'http://127.0.0.1:7433' },
  'token-file': { type: 'string' },
  'ttl-ms': { type: 'string', default: '600000' },
  'every-ms': { type: 'string', default: '60000' },
} as const;
export interface CommonValues {
  readonly daemon: string;
  readonly 'token-file'?: string | undefined;
  readonly 'ttl-ms': string;
  readonly 'every-ms': string;
}

export function buildReporter(values: CommonValues): Reporter {
  const file = required(values, 'token-file');
  const token = (): string => readFileSync(file, 'utf8').trim();
  // One that cannot be read is said at the start.
  token();
  const client = new Holdfast({ url: values.daemon, token });
  return new Reporter({ client, ttlMs: positive(values, 'ttl-ms'), everyMs: positive(values, 'every-ms') });
}

export function required<K extends string>(values: { readonly [key in K]?: string | undefined }, key: K): string {
  const value = values[key];
  if (value === undefined || value === '') throw new Error(`--${key} is missing`);
  return value;
}

export function positive<K extends string>(values: { readonly [key in K]?: string | undefined }, key: K): number {
  const value = Number(required(values, key));
  if (Number.isFinite(value) && value > 0) return value;
  throw new Error(`--${key} is not a number above 0`);
}

export const JSON_LIMIT_BYTES = 1024 * 1024;
/** JSON of a URL. @throws if it does not answer 2xx with JSON of at most 1 MB within 10 s */
export async function fetchJson(url: string, init: RequestInit = {}): Promise<unknown> {
  const response = await fetch(url, { ...init, redirect: 'error', signal: AbortSignal.timeout(10_000) });
  if (!response.ok) throw new Error(`${new URL(url).origin} answered ${response.status}`);
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > JSON_LIMIT_BYTES) throw new Error('the answer is larger than 1 MB');
  }
  return JSON.parse(text) as unknown;
}

/** The value at a JSON pointer (RFC 6901); undefined: there is none. */
export function valueAt(body: unknown, pointer: string): unknown {
  let value = body;
  for (const step of pointer === '' ? [] : pointer.slice(1).split('/')) {
    const key = step.replaceAll('~1', '/').replaceAll('~0', '~');
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as { readonly [key: string]: unknown })[key];
  }
  return value;
}

/** Runs `look` every `everyMs` until the process is told to stop. What goes wrong in one round is said, and the next follows. */
export async function repeat(everyMs: number, look: () => Promise<unknown>): Promise<void> {
  for (;;) {
    await look().catch((error: unknown) => console.error(String(error)));
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

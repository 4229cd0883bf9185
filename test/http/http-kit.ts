import { createHash } from 'node:crypto';
import { connect } from 'node:net';
import pino from 'pino';
import { Agent, request as undiciRequest } from 'undici';
import type { Role } from '../../daemon/engine/records/callers.ts';
import type { TokenIdentity } from '../../daemon/http/entrance/authentication.ts';
import type { HttpConfig, HttpServer, HttpServerOptions } from '../../daemon/http/house.ts';
import { createHttpServer } from '../../daemon/http/server.ts';
import type { AppendedSource } from '../../daemon/http/streams/brief-streams.ts';
import type { EventSource, StreamedEvent } from '../../daemon/http/streams/event-stream.ts';
import type { AppendedRecord } from '../../daemon/http/streams/record-tally.ts';
import type { Cleanups } from '../temp-folder.ts';
import { PATIENCE_MS } from '../until.ts';
import { createFakeGate, type FakeGate } from './fake-gate.ts';

export interface TestServer {
  readonly http: HttpServer;
  readonly gate: FakeGate;
  readonly port: number;
  readonly host: string;
  /** Secret -> identity; a test may remove one to revoke it. */
  readonly tokens: Map<string, TokenIdentity>;
  readonly events: TestEvents;
  /** Lines of the log. */
  readonly log: string[];
  readonly abort: AbortController;
  call(method: string, path: string, more?: CallOptions): Promise<Answer>;
}
export interface CallOptions {
  readonly role?: Role | null;
  readonly body?: unknown;
  /** Sent as it is. */
  readonly text?: string | Buffer;
  readonly headers?: { readonly [name: string]: string };
}
export interface Answer {
  readonly status: number;
  readonly headers: { readonly [name: string]: string | string[] | undefined };
  readonly text: string;
  /** Parsed body, null when it is not JSON. */
  readonly json: Json;
}
// biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
export type Json = any;

export const SECRETS: { readonly [R in Role]: string } = {
  agent: 'hf_agent_secret_0123456789abcdefghijkl',
  metrics: 'hf_metrics_secret_0123456789abcdefghij',
  monitor: 'hf_monitor_secret_0123456789abcdefghij',
  operator: 'hf_operator_secret_0123456789abcdefghi',
};

/** Which daemon a test server says that it is, beside its address. */
export const TARGET = { venue: 'paper', account: 'main', home: '/home/holdfast' };

export interface TestEvents extends EventSource, AppendedSource {
  append(...events: StreamedEvent[]): void;
  readonly listenerCount: number;
  readonly followerCount: number;
  readonly reads: number;
  /** Records that were told from memory. */
  readonly reported: number;
}
export function createTestEvents(): TestEvents {
  const events: StreamedEvent[] = [];
  const listeners = new Set<() => void>();
  const followers = new Set<(record: AppendedRecord) => void>();
  let [reads, reported] = [0, 0];
  return {
    lastSeq: () => events.at(-1)?.seq ?? 0,
    read(fromSeq, limit) {
      reads += 1;
      return events.filter((event) => event.seq >= fromSeq).slice(0, limit);
    },
    onCommitted(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    tell(record) {
      reported += 1;
      return record;
    },
    follow(listener) {
      followers.add(listener);
      return () => followers.delete(listener);
    },
    append(...more) {
      // The ledger's own records do not come through the gate.
      for (const event of more) if (event.kind !== 'token') for (const follower of followers) follower(event);
      events.push(...more);
      for (const listener of listeners) listener();
    },
    get listenerCount() {
      return listeners.size;
    },
    get followerCount() {
      return followers.size;
    },
    get reported() {
      return reported;
    },
    get reads() {
      return reads;
    },
  };
}

/**
 * A server on a free loopback port (or where `config` says) with a fake gate behind it. It may serve the console, with
 * passkeys and no code to enrol one. `time` replaces the clock and the timer of the process.
 */
export async function startServer(
  t: Cleanups,
  config: Partial<HttpConfig> = {},
  hasConsole = false,
  time: Pick<HttpServerOptions, 'after' | 'monotonicMs'> = {},
): Promise<TestServer> {
  const gate = createFakeGate();
  const events = createTestEvents();
  const abort = new AbortController();
  const log: string[] = [];
  const tokens = new Map<string, TokenIdentity>();
  for (const role of Object.keys(SECRETS) as readonly Role[]) {
    const agent = role === 'agent' ? 'momentum' : role;
    tokens.set(SECRETS[role], { role, agent, id: `tok_${role}`, skillSha256: null });
  }
  const http = await createHttpServer({
    gate,
    events,
    tokens: {
      findToken: (secret) => tokens.get(secret) ?? null,
      keyedTokens: () =>
        [...tokens].map(([secret, token]) => ({ ...token, keyHex: createHash('sha256').update(secret).digest('hex') })),
    },
    ...(hasConsole
      ? {
          console: {
            findToken: (id: string) => [...tokens.values()].find((token) => token.id === id) ?? null,
            codes: { look: () => null, isFor: () => false, take: () => null },
          },
        }
      : {}),
    config: {
      listen: { host: '127.0.0.1', port: 0 },
      operatorListen: null,
      allowedHosts: [],
      allowedOrigins: [],
      version: '0.0.0',
      target: TARGET,
      settings: { home: '/home/holdfast', policy_file: '', alerts_file: '', head_file: '', countdown: 'unknown' },
      ...config,
    },
    logger: pino({ level: 'info', base: null }, { write: (line: string) => log.push(line) }),
    abort: abort.signal,
    ...time,
  });
  // Longer than a server that closes may take: it finds connections that nobody else ends.
  const agent = new Agent({ keepAliveTimeout: PATIENCE_MS, keepAliveMaxTimeout: PATIENCE_MS });
  t.after(async () => {
    await agent.destroy();
    await http.close();
  });
  const port = http.port ?? 0;
  const call = async (method: string, path: string, options: CallOptions = {}): Promise<Answer> => {
    const { role = 'agent', body, text, headers = {} } = options;
    const sent = text ?? (body === undefined ? null : JSON.stringify(body));
    const response = await undiciRequest(`http://127.0.0.1:${port}${path}`, {
      method: method as 'GET',
      dispatcher: agent,
      headers: {
        ...(role === null ? {} : { authorization: `Bearer ${SECRETS[role]}` }),
        ...(sent === null ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      body: sent,
    });
    const answer = await response.body.text();
    return { status: response.statusCode, headers: response.headers, text: answer, json: parse(answer) };
  };
  return { http, gate, port, host: `127.0.0.1:${port}`, tokens, events, log, abort, call };
}

export interface HandTimer {
  readonly ms: number;
  readonly fn: () => void;
  isCanceled: boolean;
}
/** A server closes sooner than it ends an idle connection (60 s), or it waited for that. */
export const CLOSED_WITHIN_MS = 50_000;

/** Timers of a server that only the test lets end. */
export function byHand(): { readonly timers: HandTimer[]; readonly after: NonNullable<HttpServerOptions['after']> } {
  const timers: HandTimer[] = [];
  const after = (ms: number, fn: () => void) => {
    const timer: HandTimer = { ms, fn, isCanceled: false };
    timers.push(timer);
    return {
      cancel: () => {
        timer.isCanceled = true;
      },
    };
  };
  return { timers, after };
}

function parse(text: string): Json {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Sends bytes as they are and gives back everything until the server closes, or until `isEnough`. */
export function sendRaw(port: number, text: string, isEnough?: (received: string) => boolean): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    let received = '';
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new Error(`no complete answer, received: ${received}`));
    }, PATIENCE_MS);
    const finish = () => {
      clearTimeout(timer);
      socket.destroy();
      resolve(received);
    };
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      received += chunk;
      if (isEnough?.(received) === true) finish();
    });
    socket.on('close', finish);
    socket.on('error', finish);
    socket.write(text);
  });
}

export const PLACE_ORDER = {
  symbol: 'BTCUSDT',
  intent: 'open',
  side: 'buy',
  requested_notional: 100,
  requested_leverage: 2,
  order_type: 'market',
  max_slippage_bps: 10,
  strategy_id: 'momentum-1',
} as const;

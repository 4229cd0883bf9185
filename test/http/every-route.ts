import pino from 'pino';
import { createUnlistenedServer, type UnlistenedServer } from '../../daemon/http/unlistened-server.ts';
import { createFakeGate } from './fake-gate.ts';
import { createTestEvents } from './http-kit.ts';

type FindToken = Parameters<typeof createUnlistenedServer>[0]['tokens']['findToken'];

/** Every route of the main entrance without a listener, the console and its passkeys included. */
export function openEveryRoute(findToken: FindToken): Promise<UnlistenedServer> {
  return createUnlistenedServer({
    gate: createFakeGate(),
    events: createTestEvents(),
    tokens: { findToken, keyedTokens: () => [] },
    console: { findToken: () => null, codes: { look: () => null, isFor: () => false, take: () => null } },
    config: {
      listen: { host: '127.0.0.1', port: 0 },
      operatorListen: null,
      allowedHosts: [],
      allowedOrigins: [],
      version: '0.0.0',
      target: { venue: 'paper', account: 'main', home: '/' },
      settings: { home: '/', policy_file: '', alerts_file: '', head_file: '', countdown: 'unknown' },
    },
    logger: pino({ level: 'silent' }, { write: () => undefined }),
    abort: new AbortController().signal,
    monotonicMs: () => 0,
  });
}

/** Method and pattern of each. */
export async function listRoutes(): Promise<readonly string[]> {
  const server = await openEveryRoute(() => null);
  await server.close();
  return server.routes;
}

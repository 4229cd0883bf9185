import pino from 'pino';
import { createUnlistenedServer } from '../../daemon/http/unlistened-server.ts';
import { createFakeGate } from './fake-gate.ts';
import { createTestEvents } from './http-kit.ts';

/** Method and pattern of every route of the main entrance, the console and its passkeys included. */
export async function listRoutes(): Promise<readonly string[]> {
  const server = await createUnlistenedServer({
    gate: createFakeGate(),
    events: createTestEvents(),
    tokens: { findToken: () => null, keyedTokens: () => [] },
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
  });
  await server.close();
  return server.routes;
}

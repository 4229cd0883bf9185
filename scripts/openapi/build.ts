import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import swagger from '@fastify/swagger';
import type { FastifyInstance } from 'fastify';
import pino from 'pino';
import { createUnlistenedServer } from '../../daemon/http/unlistened-server.ts';
import { createFakeGate } from '../../test/http/fake-gate.ts';
import { createTestEvents } from '../../test/http/http-kit.ts';
import { type Readers, shapeOpenApi } from './shape.ts';

const WHOLE = 'A policy gate between agents and an exchange. A refusal is an answer: status 200 with decision BLOCK.';
const ERRORS = 'Errors have the form {error: {code, message, details?}}. An operator’s act also answers its `target`.';

/**
 * What `/openapi.json` and `/openapi-console.json` answer: the schemas of every route of a server with a console. `root`:
 * of the package.
 */
export async function buildOpenApi(root: string): Promise<Readonly<Record<Readers, string>>> {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  let routes: FastifyInstance | undefined;
  const server = await createUnlistenedServer({
    gate: createFakeGate(),
    events: createTestEvents(),
    tokens: { findToken: () => null, keyedTokens: () => [] },
    console: { findToken: () => null, codes: { look: () => null, isFor: () => false, take: () => null } },
    config: {
      listen: { host: '', port: 0 },
      operatorListen: null,
      allowedHosts: [],
      allowedOrigins: [],
      version,
      target: { venue: '', account: '', home: '' },
      settings: { home: '', policy_file: '', alerts_file: '', head_file: '', countdown: 'unknown' },
    },
    logger: pino({ level: 'silent' }),
    abort: new AbortController().signal,
    beforeRoutes: async (app) => {
      routes = app;
      await app.register(swagger, describe(version));
    },
  });
  const described = routes?.swagger() ?? {};
  await server.close();
  const text = (readers: Readers): string => `${JSON.stringify(shapeOpenApi(described, readers))}\n`;
  return { clients: text('clients'), console: text('console') };
}

const describe = (version: string) => ({
  openapi: {
    openapi: '3.1.0',
    info: { title: 'Holdfast', version, description: `${WHOLE} ${ERRORS}` },
    tags: [
      { name: 'tools', description: 'What trades answers 200 with decision BLOCK when it is refused.' },
      { name: 'dry run', description: 'Advice only: nothing is reserved, and the call itself is decided again.' },
    ],
    security: [{ bearer: [] }],
    components: {
      securitySchemes: {
        bearer: { type: 'http' as const, scheme: 'bearer', description: 'A token of the daemon.' },
      },
    },
  },
});

import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { TSchema } from 'typebox';
import { HealthBodySchema, ReadinessBodySchema } from '../contract/bodies.ts';
import type { Role } from '../gate/api.ts';
import { OPEN_METRICS_TYPE, toOpenMetrics, wantsOpenMetrics } from './open-metrics.ts';
import { type Readers, shapeOpenApi } from './openapi.ts';
import { buildLocalGuard, type Doors, JSON_TYPE, PROBE_ROUTE } from './routing.ts';

/** Must run before any route is added, since it records their schemas. */
export async function registerOpenApi(app: FastifyInstance, version: string): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Holdfast',
        version,
        description:
          'A policy gate between agents and an exchange. A refusal is an answer: status 200 with decision BLOCK. Errors have the form {error: {code, message, details?}}.',
      },
      tags: [
        { name: 'tools', description: 'What trades answers 200 with decision BLOCK when it is refused.' },
        {
          name: 'dry run',
          description: 'Advice only: nothing is reserved, and the call itself is decided again.',
        },
      ],
      security: [{ bearer: [] }],
      components: {
        securitySchemes: { bearer: { type: 'http', scheme: 'bearer', description: 'A token of the daemon.' } },
      },
    },
  });
}

/** Probes that only need the status may use HEAD. */
const PROBES = { exposeHeadRoute: true };

/**
 * Money and agents are for tokens that may see all of them. Without a token there is no refusal, but a wrong one is
 * refused: a scrape that was set up with it would go on without what it was meant to see. @throws ApiError
 */
function showsAccount({ authenticator }: Doors, { raw }: FastifyRequest): boolean {
  if (raw.headers.authorization === undefined) return false;
  return authenticator.authenticate(raw.headers.authorization, raw.socket).role !== 'agent';
}

/** Health, readiness, metrics and documentation: open on this machine, from elsewhere with a token of these roles. */
function openRoute(doors: Doors, roles?: readonly Role[]) {
  return (url: string, summary: string, response: { readonly [status: number]: TSchema | object }) => ({
    method: 'GET' as const,
    url,
    schema: { summary, tags: ['open'], security: [], response },
    onRequest: buildLocalGuard(doors, `GET ${url}`, roles),
  });
}

export async function registerOpenRoutes(app: FastifyInstance, doors: Doors): Promise<void> {
  const { gate, metrics } = doors;
  const open = openRoute(doors, PROBE_ROUTE);
  app.route({
    ...open('/healthz', 'The process answers', { 200: HealthBodySchema }),
    ...PROBES,
    // Container runtimes probe from another address and have no token.
    onRequest: (request, _reply, done) => {
      request.label = 'GET /healthz';
      done();
    },
    handler: async () => ({ status: 'ok' }),
  });
  app.route({
    ...open('/readyz', '200 when inputs are fresh and the account is reconciled, whatever the trading state', {
      200: ReadinessBodySchema,
      503: ReadinessBodySchema,
    }),
    ...PROBES,
    handler: async (_request, reply) => {
      const readiness = gate.readiness();
      reply.code(readiness.ready ? 200 : 503);
      return readiness;
    },
  });
  const textAnswer = { 200: { type: 'string', description: 'Prometheus text format.' } };
  app.route({
    ...open('/metrics', 'Prometheus metrics', textAnswer),
    handler: async (request, reply) => {
      const withAccount = showsAccount(doors, request);
      const text = `${await metrics.text()}${await gate.metrics(withAccount)}`;
      const isOpenMetrics = wantsOpenMetrics(request.headers.accept);
      reply.header('content-type', isOpenMetrics ? OPEN_METRICS_TYPE : 'text/plain; version=0.0.4; charset=utf-8');
      reply.header('vary', 'authorization, accept');
      return isOpenMetrics ? toOpenMetrics(text) : text;
    },
  });
  if (doors.admits === null) await registerDocs(app, doors);
}

/** On one entrance only: the description is the same, and it takes memory. */
async function registerDocs(app: FastifyInstance, doors: Doors): Promise<void> {
  const open = openRoute(doors);
  const describe = (url: string, readers: Readers, summary: string): void => {
    let document: string | null = null;
    const route = open(url, summary, { 200: { type: 'object', additionalProperties: true } });
    app.route({
      ...route,
      schema: { ...route.schema, hide: readers === 'console' },
      handler: async (_request, reply) => {
        document ??= JSON.stringify(shapeOpenApi(app.swagger(), readers));
        reply.header('content-type', JSON_TYPE);
        return document;
      },
    });
  };
  describe('/openapi.json', 'clients', 'This description');
  describe('/openapi-console.json', 'console', 'The same of what only the console calls');
  const guard = buildLocalGuard(doors, 'GET /docs');
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: true,
    transformSpecification: (described) => shapeOpenApi(described),
    uiConfig: { docExpansion: 'list', persistAuthorization: false },
    uiHooks: {
      onRequest(request: FastifyRequest, reply: FastifyReply, done: (error?: Error) => void) {
        guard.call(app, request, reply, done);
      },
    },
  });
}

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { TSchema } from 'typebox';
import { HealthBodySchema, ReadinessBodySchema } from '../../contract/bodies/open.ts';
import type { Role } from '../../engine/records/callers.ts';
import { OPEN_METRICS_TYPE, toOpenMetrics, wantsOpenMetrics } from '../requests/metrics.ts';
import { buildLocalGuard, type Doors, JSON_TYPE, PROBE_ROUTE } from '../requests/routing.ts';

/** Made by `npm run generate` from the schemas of the routes. */
const BUILT = new URL('../built/', import.meta.url);

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

/** Health, readiness, metrics and descriptions: open on this machine, from elsewhere with a token of these roles. */
function openRoute(doors: Doors, roles?: readonly Role[]) {
  return (url: string, summary: string, response: { readonly [status: number]: TSchema | object }) => ({
    method: 'GET' as const,
    url,
    schema: { summary, tags: ['open'], security: [], response },
    onRequest: buildLocalGuard(doors, `GET ${url}`, roles),
  });
}

export function registerOpenRoutes(app: FastifyInstance, doors: Doors): void {
  const { gate } = doors;
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
  const writeOpen = onceWithin(OPEN_METRICS_MS, doors.nowMs, () => writeMetrics(doors, false));
  app.route({
    ...open('/metrics', 'Prometheus metrics', textAnswer),
    handler: async (request, reply) => {
      const { plain, openMetrics } = await (showsAccount(doors, request) ? writeMetrics(doors, true) : writeOpen());
      const isOpenMetrics = wantsOpenMetrics(request.headers.accept);
      reply.header('content-type', isOpenMetrics ? OPEN_METRICS_TYPE : 'text/plain; version=0.0.4; charset=utf-8');
      reply.header('vary', 'authorization, accept');
      return isOpenMetrics ? openMetrics() : plain;
    },
  });
  if (doors.admits === null) registerDescriptions(app, doors);
}

/** Of metrics without a token, how old they may be: to write them takes a hundred times as long as to send them. */
const OPEN_METRICS_MS = 1_000;

interface MetricsText {
  readonly plain: string;
  readonly openMetrics: () => string;
}
async function writeMetrics({ gate, metrics }: Doors, withAccount: boolean): Promise<MetricsText> {
  const plain = `${await metrics.text()}${await gate.metrics(withAccount)}`;
  let rewritten: string | null = null;
  return {
    plain,
    openMetrics: () => {
      rewritten ??= toOpenMetrics(plain);
      return rewritten;
    },
  };
}

/** The same result for everybody who asks within this time of the first. */
function onceWithin<T>(ms: number, nowMs: () => number, make: () => Promise<T>): () => Promise<T> {
  let last: { readonly atMs: number; readonly result: Promise<T> } | null = null;
  return () => {
    if (last === null || nowMs() - last.atMs >= ms) last = { atMs: nowMs(), result: make() };
    return last.result;
  };
}

/** On one entrance only: who enters by the other one has a token, and can ask here. */
function registerDescriptions(app: FastifyInstance, doors: Doors): void {
  const open = openRoute(doors);
  const describe = (url: string, isHidden: boolean, summary: string): void => {
    let text: ConstantText | null = null;
    const route = open(url, summary, { 200: { type: 'object', additionalProperties: true } });
    app.route({
      ...route,
      schema: { ...route.schema, hide: isHidden },
      handler: async (request, reply) => {
        text ??= readConstantText(new URL(`.${url}`, BUILT), JSON_TYPE);
        return sendConstantText(request, reply, text);
      },
    });
  };
  describe('/openapi.json', false, 'This description');
  describe('/openapi-console.json', true, 'The same of the console and of erasing texts');
}

/** A file that stays as it is while the process runs, with the tag by which a client asks whether it has it already. */
interface ConstantText {
  readonly bytes: Buffer;
  readonly type: string;
  readonly tag: string;
}

/** Reads it, once. @throws Error when there is no such file */
function readConstantText(file: URL, type: string): ConstantText {
  const bytes = readFileSync(file);
  return { bytes, type, tag: `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"` };
}

/** 304 for a client that has it. */
function sendConstantText(
  { raw }: Pick<FastifyRequest, 'raw'>,
  reply: FastifyReply,
  { bytes, tag, type }: ConstantText,
): FastifyReply {
  reply.headers({ etag: tag, 'cache-control': 'no-cache' });
  if (raw.headers['if-none-match']?.includes(tag)) return reply.code(304).send();
  return reply.header('content-type', type).send(bytes);
}

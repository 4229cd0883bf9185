import { readFileSync } from 'node:fs';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ConsoleSessionSchema } from '../contract/bodies.ts';
import { checkNoQuery, NoQuery } from '../contract/commands.ts';
import { ApiError } from './errors.ts';
import {
  addRoute,
  buildLocalGuard,
  CONSOLE_TAG,
  callerOf,
  type Doors,
  OPERATOR_ENTRANCE,
  queryOf,
  requireValid,
} from './routing.ts';

/** What the page may do: run and style itself, and call this daemon. It has no inline code and makes no HTML of texts. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');
const PAGE_HEADERS = {
  'content-security-policy': CONTENT_SECURITY_POLICY,
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-frame-options': 'DENY',
};
/** Every file that is served: what it is named, and what it is. */
const FILES: Readonly<Record<string, string>> = {
  'index.html': 'text/html; charset=utf-8',
  'console.js': 'text/javascript; charset=utf-8',
  'console.css': 'text/css; charset=utf-8',
  'icon.svg': 'image/svg+xml',
  'licences.txt': 'text/plain; charset=utf-8',
};
const BUILT = new URL('../console/built/', import.meta.url);

/** The operator's console at `/`: files that were built before, and a session to look with. */
export function registerConsoleRoutes(app: FastifyInstance, doors: Doors): void {
  const contents = new Map<string, Buffer>();
  const send = (request: FastifyRequest, reply: FastifyReply, name: string): FastifyReply => {
    requireOpen(doors, request);
    const type = Object.hasOwn(FILES, name) ? FILES[name] : undefined;
    if (type === undefined) throw new ApiError('NOT_FOUND', 'The console has no such file.');
    const content = contents.get(name) ?? readFileSync(new URL(name, BUILT));
    contents.set(name, content);
    return reply.headers(PAGE_HEADERS).header('content-type', type).send(content);
  };
  const open = (url: string) => ({
    method: 'GET' as const,
    url,
    schema: { hide: true },
    onRequest: buildLocalGuard(doors, `GET ${url}`),
  });
  app.route({ ...open('/'), handler: async (request, reply) => send(request, reply, 'index.html') });
  app.route({
    ...open('/assets/:file'),
    handler: async (request, reply) => send(request, reply, (request.params as { readonly file: string }).file),
  });
  addRoute(app, doors, {
    method: 'POST',
    url: '/v1/console/session',
    roles: OPERATOR_ENTRANCE,
    isLimited: false,
    text: {
      summary: 'A session for the console: eight hours of looking, for an operator or monitor token',
      description:
        'It is a bearer text for GET routes of operators and for POST /v1/policy/check, and for nothing else.',
      tags: [CONSOLE_TAG],
    },
    query: NoQuery,
    answer: ConsoleSessionSchema,
    handler: async (request) => {
      requireValid(checkNoQuery, queryOf(request));
      requireOpen(doors, request);
      const caller = callerOf(request);
      return { ...doors.console.sessions.open(caller), name: caller.agent, role: caller.role };
    },
  });
}

/** The names of loopback itself: others that the daemon answers to may lead through somebody's proxy. */
const LOOPBACK_NAME = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?$/i;

function requireOpen({ console: { closedBecause } }: Doors, { raw }: FastifyRequest): void {
  const isNamed = LOOPBACK_NAME.test(raw.headers.host ?? '');
  const reason = closedBecause ?? (isNamed ? null : 'it is asked for under another name than localhost');
  if (reason !== null) throw new ApiError('NOT_FOUND', `The console is not served: ${reason}.`);
}

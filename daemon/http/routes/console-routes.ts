import { readdirSync, readFileSync } from 'node:fs';
import { extname } from 'node:path';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ConsoleSessionSchema } from '../../contract/bodies/operator.ts';
import { checkSessionRequest, SessionRequest } from '../../contract/bodies/proof.ts';
import { hostOf } from '../../core/signed/console-origin.ts';
import { isMaskedToken } from '../../proof/proof.ts';
import type { TokenIdentity } from '../entrance/authentication.ts';
import { ApiError } from '../errors.ts';
import { bodyOf, requireValid } from '../requests/input.ts';
import { CONSOLE_TAG, type Doors, type OpenRoute, openRoute } from '../requests/routing.ts';
import { dialledOf } from './proof-route.ts';

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
/**
 * Nothing that an earlier holder of the port left in this origin outlives a visit; the page itself keeps nothing there.
 * Its address is asked for again each time.
 */
const FRESH = { 'clear-site-data': '"cache", "storage"' };
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
};
const BUILT = new URL('../../console/built/', import.meta.url);
const PAGE = 'index.html';

interface BuiltFile {
  readonly name: string;
  readonly type: string;
  readonly content: Buffer;
}
const readBuilt = (name: string): BuiltFile => ({
  name,
  type: TYPES[extname(name)] ?? '',
  content: readFileSync(new URL(name, BUILT)),
});

/** The operator's console at `/`: files that were built before. */
export function registerConsolePage(app: FastifyInstance, doors: Doors): void {
  const [page, ...assets] = [PAGE, ...readdirSync(BUILT).filter((name) => name !== PAGE)].map(readBuilt);
  const send = (request: FastifyRequest, reply: FastifyReply, file: BuiltFile | undefined): FastifyReply => {
    requireOpen(doors, request);
    if (file === undefined) throw new ApiError('NOT_FOUND', 'The console has no such file.');
    return reply.headers(PAGE_HEADERS).header('content-type', file.type).send(file.content);
  };
  const hidden = { method: 'GET', schema: { hide: true } } as const;
  openRoute(app, doors, {
    ...hidden,
    url: '/',
    handler: async (request, reply) => send(request, reply.headers(FRESH), page),
  });
  openRoute(app, doors, {
    ...hidden,
    url: '/assets/:file',
    handler: async (request, reply) => {
      const { file } = request.params as { readonly file: string };
      return send(
        request,
        reply,
        assets.find(({ name }) => name === file),
      );
    },
  });
}

/** A session to look with, for a token. */
export function registerTokenSession(app: FastifyInstance, doors: Doors): void {
  const schema = {
    summary: 'A session for the console: eight hours of looking, for whoever has an operator token',
    description:
      'The token is sent under a mask, `masked`, which is of the challenge of POST /v1/proof. The session is a bearer text for GET routes of operators, for POST /v1/policy/check, for what tightens the trading state, and for nothing else. It ends with the process of the daemon.',
    tags: [CONSOLE_TAG],
    security: [],
    body: SessionRequest,
    response: { 200: ConsoleSessionSchema },
  };
  const handler: OpenRoute['handler'] = async (request) => {
    requireOpen(doors, request);
    const token = proveToken(doors, request);
    if (token.role !== 'operator')
      throw new ApiError('FORBIDDEN', `The console is for operators; a token of role ${token.role} opens none.`);
    return { ...doors.sessions.open({ tokenId: token.id }), name: token.agent };
  };
  openRoute(app, doors, { method: 'POST', url: '/v1/console/session', schema, handler });
}

/** Whose token was masked with a challenge of ours for this address. @throws ApiError */
function proveToken(doors: Doors, request: FastifyRequest): TokenIdentity {
  const { challenge, key_id: keyId, masked } = requireValid(checkSessionRequest, bodyOf(request));
  const { key, token } = doors.prover.findKey(keyId);
  if (token === null || !isMaskedToken(masked, key, { challenge, dialled: dialledOf(doors, request) }))
    throw new ApiError('UNAUTHENTICATED', 'The challenge does not come with a token that this daemon knows.');
  doors.prover.takeChallenge(keyId, challenge);
  return token;
}

/** The names of loopback itself: others that the daemon answers to may lead through somebody's proxy. */
const LOOPBACK_NAME = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?$/i;

function requireOpen({ console: { closedBecause, origin } }: Doors, { raw }: FastifyRequest): void {
  const { host = '' } = raw.headers;
  const isNamed = LOOPBACK_NAME.test(host) || (origin !== null && host.toLowerCase() === hostOf(origin));
  const reason = closedBecause ?? (isNamed ? null : 'it is asked for under another name than localhost');
  if (reason !== null) throw new ApiError('NOT_FOUND', `The console is not served: ${reason}.`);
}

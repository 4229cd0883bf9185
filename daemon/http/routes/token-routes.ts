import type { FastifyInstance, FastifyRequest } from 'fastify';
import { checkEnd, checkNoQuery, EndRequest, NoQuery } from '../../contract/commands.ts';
import * as token from '../../contract/tokens.ts';
import type { TokenActor } from '../../engine/records/callers.ts';
import { ApiError } from '../errors.ts';
import { bodyOf, queryOf, requireValid } from '../requests/input.ts';
import { addRoute, CONSOLE_TAG, callerOf, type Doors, operatorRoute, whileInFlight } from '../requests/routing.ts';

const pageText = (summary: string, description: string) => ({ summary, description, tags: [CONSOLE_TAG] });

/** Access tokens: who has one, creating and revoking. By no tool, and for no agent. */
export function registerTokenRoutes(app: FastifyInstance, doors: Doors): void {
  const { tokens: gate } = doors.gate;
  addRoute(app, doors, {
    ...operatorRoute('GET', '/v1/tokens', '', token.TokensBodySchema),
    text: pageText('Access tokens, without their secrets', 'Those that are live first.'),
    query: NoQuery,
    handler: async (request) => {
      requireValid(checkNoQuery, queryOf(request));
      return gate.getTokens(callerOf(request).tokenId);
    },
  });
  addRoute(app, doors, {
    ...operatorRoute('POST', '/v1/tokens', '', token.TokenCreatedSchema),
    text: pageText(
      'Create a token for an agent or a monitor',
      'The answer alone has it. On binance-demo and binance-live a passkey signs the call.',
    ),
    body: token.TokenRequest,
    handler: async (request, reply) => {
      const { role, name, ttl_ms: ttlMs } = requireValid(token.checkTokenRequest, bodyOf(request));
      reply.header('cache-control', 'no-store');
      const made = { role, name, ttlMs: ttlMs ?? token.DEFAULT_TTL_MS };
      const created = await whileInFlight(request, gate.createToken(actorOf(request), made));
      // The daemon proves itself to it at once.
      doors.forgetTokens();
      return created;
    },
  });
  addRoute(app, doors, {
    ...operatorRoute('POST', '/v1/tokens/:id/revoke', '', token.TokenBodySchema),
    text: pageText('Revoke a token of any role', 'It is refused from then on, and its streams and sessions end.'),
    params: token.TokenIdPath,
    body: EndRequest,
    handler: async (request) => {
      const { id } = requireValid(token.checkTokenIdPath, request.params);
      const { reason } = requireValid(checkEnd, bodyOf(request));
      const revoked = await whileInFlight(request, gate.revokeToken(actorOf(request), id, reason));
      doors.forgetTokens();
      if (revoked === null) throw new ApiError('NOT_FOUND', 'There is no live token with this id.');
      return revoked;
    },
  });
}

/** A session of a token whose call a passkey signed acts for the passkey. */
function actorOf(request: FastifyRequest): TokenActor {
  const { agent, tokenId } = callerOf(request);
  return { agent, tokenId: request.signed?.asker.tokenId ?? tokenId, passkeyId: request.signed && tokenId };
}

import type { FastifyInstance, FastifyRequest } from 'fastify';
import { checkProofRequest, ProofBodySchema, ProofRequest } from '../../contract/bodies/proof.ts';
import { DIALLED_SOCKET } from '../../proof/proof.ts';
import { bodyOf, requireValid } from '../requests/input.ts';
import type { Doors } from '../requests/routing.ts';

/**
 * Open to everybody who reaches the daemon: who asks has shown no token yet, and shows none to a stranger. docs/api.md has
 * the steps, which every client of ours takes on each connection.
 */
export function registerProofRoute(app: FastifyInstance, doors: Doors): void {
  app.route({
    method: 'POST',
    url: '/v1/proof',
    schema: {
      summary: 'The daemon proves that it knows a token',
      tags: ['open'],
      security: [],
      body: ProofRequest,
      response: { 200: ProofBodySchema },
    },
    onRequest: (request, _reply, done) => {
      request.label = 'POST /v1/proof';
      done();
    },
    handler: async (request) => {
      const { key_id, nonce } = requireValid(checkProofRequest, bodyOf(request));
      return doors.prover.prove(key_id, nonce, dialledOf(doors, request));
    },
  });
}

/** The guard of origins has let it pass, so it is one of ours. */
export function dialledOf({ isSocket }: Pick<Doors, 'isSocket'>, { raw }: Pick<FastifyRequest, 'raw'>): string {
  return isSocket ? DIALLED_SOCKET : (raw.headers.host ?? '').toLowerCase();
}

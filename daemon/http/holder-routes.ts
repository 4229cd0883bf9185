import type { FastifyInstance } from 'fastify';
import { HolderBodySchema } from '../contract/bodies.ts';
import * as command from '../contract/commands.ts';
import { bodyOf, requireValid } from './input.ts';
import { addRoute, callerOf, type Doors, operatorRoute, whileInFlight } from './routing.ts';

/** An operator's word on whose a symbol is. */
export function registerHolderRoutes(app: FastifyInstance, doors: Doors): void {
  const { gate } = doors;
  addRoute(app, doors, {
    ...operatorRoute('POST', '/v1/symbols/:symbol/release', 'End the openings of its holder', HolderBodySchema),
    params: command.SymbolPath,
    body: command.ReleaseRequest,
    handler: async (request) => {
      const { symbol } = requireValid(command.checkSymbolPath, request.params);
      const { for_ms: forMs, reason } = requireValid(command.checkRelease, bodyOf(request));
      return whileInFlight(request, gate.releaseSymbol(callerOf(request), symbol, forMs ?? 0, reason));
    },
  });
  addRoute(app, doors, {
    ...operatorRoute('POST', '/v1/symbols/:symbol/adopt', 'Give it to an agent', HolderBodySchema),
    params: command.SymbolPath,
    body: command.AdoptRequest,
    handler: async (request) => {
      const { symbol } = requireValid(command.checkSymbolPath, request.params);
      const { agent, reason } = requireValid(command.checkAdopt, bodyOf(request));
      const caller = callerOf(request);
      const passkeyId = request.signed === null ? null : caller.tokenId;
      return whileInFlight(request, gate.adoptSymbol(caller, symbol, agent, reason, passkeyId));
    },
  });
}

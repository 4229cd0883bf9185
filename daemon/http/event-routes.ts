import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import { checkNoQuery, NoQuery } from '../contract/commands.ts';
import { violationAt } from '../contract/violations.ts';
import { ApiError, invalidInput } from './errors.ts';
import type { EventStreams } from './event-stream.ts';
import { addRoute, type Doors, OPERATOR_ROUTE, queryOf, requireValid } from './routing.ts';

/** `GET /v1/events`: the ledger's records as they become durable, resumable with Last-Event-ID. */
export function registerEventRoute(app: FastifyInstance, doors: Doors, streams: EventStreams): void {
  addRoute(app, doors, {
    method: 'GET',
    url: '/v1/events',
    roles: OPERATOR_ROUTE,
    isLimited: false,
    text: {
      summary: 'Server-sent events: every record of the ledger from now on',
      description:
        'id is the record number, event its kind, data {seq, at_ms, kind, payload}. Send Last-Event-ID to resume after a record; 0 starts at the first.',
      tags: ['operator'],
    },
    query: NoQuery,
    answer: Type.String({ description: 'text/event-stream' }),
    handler: async (request, reply) => {
      requireValid(checkNoQuery, queryOf(request));
      const last = readLastEventId(request.headers['last-event-id'], doors.events.lastSeq());
      const { headers, socket } = request.raw;
      streams.open(reply.raw, last, () => mayContinue(doors, headers.authorization, socket));
      reply.hijack();
      return reply;
    },
  });
}

function readLastEventId(header: string | string[] | undefined, lastSeq: number): number {
  if (header === undefined) return lastSeq;
  if (typeof header !== 'string' || !/^(?:0|[1-9][0-9]{0,14})$/.test(header)) {
    throw invalidInput([violationAt('Last-Event-ID', 'is not the id of an event')]);
  }
  return Math.min(Number(header), lastSeq);
}

/** A stream may outlive its token. */
function mayContinue(doors: Doors, authorization: string | undefined, connection: object): boolean {
  try {
    return OPERATOR_ROUTE.includes(doors.authenticator.authenticate(authorization, connection).role);
  } catch (error) {
    if (error instanceof ApiError) return false;
    throw error;
  }
}

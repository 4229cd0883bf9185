import type { FastifyInstance } from 'fastify';
import * as Type from '../../contract/built/typebox.js';
import { type FullAnswer, toBrief } from '../../contract/catalogue/brief.ts';
import { checkEventsQuery, checkNoQuery, EventsQuery, NoQuery } from '../../contract/commands.ts';
import { violationAt } from '../../contract/schema/violations.ts';
import type { GateApi } from '../../contract/types/gate-api.ts';
import type { Caller, Role } from '../../engine/records/callers.ts';
import type { DecisionEvent } from '../../engine/records/decisions.ts';
import { ApiError, invalidInput } from '../errors.ts';
import { queryOf, requireValid } from '../requests/input.ts';
import { requireScope } from '../requests/readings.ts';
import { AGENT_ONLY, addRoute, callerOf, type Doors, OPERATOR_ROUTE } from '../requests/routing.ts';
import type { BriefStreams } from '../streams/brief-streams.ts';
import type { EventStreams, StreamedEvent } from '../streams/event-stream.ts';

/** `GET /v1/events`: the ledger's records as they become durable, resumable with Last-Event-ID. */
export function registerEventRoute(
  app: FastifyInstance,
  doors: Doors,
  streams: EventStreams,
  briefStreams: BriefStreams,
): void {
  addRoute(app, doors, {
    method: 'GET',
    url: '/v1/events',
    roles: OPERATOR_ROUTE,
    isLimited: false,
    text: {
      summary: 'Server-sent events: every record of the ledger from now on',
      description:
        'id: record number; event: kind; data: {seq, at_ms, kind, payload}. Last-Event-ID N resumes after N.',
      tags: ['operator'],
    },
    query: EventsQuery,
    answer: Type.String({ description: 'text/event-stream' }),
    handler: async (request, reply) => {
      const { view } = requireValid(checkEventsQuery, queryOf(request));
      const last = readLastEventId(request.headers['last-event-id'], doors.events.lastSeq());
      const { headers, socket } = request.raw;
      const may = () => mayContinue(doors, OPERATOR_ROUTE, headers.authorization, socket);
      (view === 'brief' ? briefStreams : streams).open(reply.raw, last, may);
      reply.hijack();
      return reply;
    },
  });
}

/** `GET /v1/stream`: an agent's own decisions and fills as they become durable, resumable in the same way. */
export function registerStreamRoute(app: FastifyInstance, doors: Doors, streams: EventStreams): void {
  const open = new Map<string, number>();
  addRoute(app, doors, {
    method: 'GET',
    url: '/v1/stream',
    roles: AGENT_ONLY,
    isLimited: false,
    text: {
      summary: "Server-sent events: an agent's own decisions and fills from now on",
      description:
        'event: decision (payload: the brief answer, tool, symbol) or fill (as in /v1/fills); else as /v1/events.',
      tags: ['reading'],
    },
    query: NoQuery,
    answer: Type.String({ description: 'text/event-stream' }),
    handler: async (request, reply) => {
      requireValid(checkNoQuery, queryOf(request));
      const caller = callerOf(request);
      requireScope(doors.gate, caller, 'get_decision');
      const last = readLastEventId(request.headers['last-event-id'], doors.events.lastSeq());
      const { headers, socket } = request.raw;
      const may = () => mayContinue(doors, AGENT_ONLY, headers.authorization, socket);
      const mine = open.get(caller.agent) ?? 0;
      if (mine >= MAX_AGENT_STREAMS)
        throw new ApiError('TOO_MANY_IN_FLIGHT', `${MAX_AGENT_STREAMS} streams of this agent are open already.`, {
          retryAfterSeconds: 5,
        });
      const { gate } = doors;
      streams.open(reply.raw, last, may, {
        show: (event) => showOwn(gate, caller, event),
        settled: () => gate.settled(),
      });
      open.set(caller.agent, mine + 1);
      reply.raw.once('close', () => {
        const left = (open.get(caller.agent) ?? 1) - 1;
        if (left > 0) open.set(caller.agent, left);
        else open.delete(caller.agent);
      });
      reply.hijack();
      return reply;
    },
  });
}

/** Each reads every record of the ledger: one agent must not take them all. */
const MAX_AGENT_STREAMS = 4;

/** What an agent sees of a record: its own decisions in brief, and its own fills. */
export function showOwn(gate: GateApi, caller: Caller, { seq, at_ms, kind, payload }: StreamedEvent) {
  if (kind === 'decision') {
    const { agent, decision } = payload as Pick<DecisionEvent, 'agent' | 'decision'>;
    if (agent !== caller.agent || !gate.mayRead(caller, 'get_decision')) return null;
    const answer = gate.getDecision(caller, decision.decision_id);
    if (answer === null) return null;
    const { tool, symbol } = decision;
    return { seq, at_ms, kind, payload: { ...toBrief(answer as FullAnswer), tool, symbol } };
  }
  if (kind !== 'trade' || !gate.mayRead(caller, 'get_orders')) return null;
  // The newest before the next record is this one, where it is the caller's.
  const fill = gate.getFills(caller, 1, String(seq + 1)).fills[0];
  return fill?.seq === seq ? { seq, at_ms, kind: 'fill', payload: fill } : null;
}

function readLastEventId(header: string | string[] | undefined, lastSeq: number): number {
  if (header === undefined) return lastSeq;
  if (typeof header !== 'string' || !/^(?:0|[1-9][0-9]{0,14})$/.test(header)) {
    throw invalidInput([violationAt('Last-Event-ID', 'is not the id of an event')]);
  }
  return Math.min(Number(header), lastSeq);
}

/** A stream may outlive its token. */
function mayContinue(
  doors: Doors,
  roles: readonly Role[],
  authorization: string | undefined,
  connection: object,
): boolean {
  try {
    return roles.includes(doors.authenticator.authenticate(authorization, connection).role);
  } catch (error) {
    if (error instanceof ApiError) return false;
    throw error;
  }
}

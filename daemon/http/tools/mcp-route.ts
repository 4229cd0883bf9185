import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type FullAnswer, toBrief } from '../../contract/catalogue/brief.ts';
import type { Caller } from '../../engine/records/callers.ts';
import type { McpFace } from '../../mcp/http.ts';
import type { ToolPort } from '../../mcp/server.ts';
import { type ApiError, answerError, ERROR_STATUS, toApiError, toErrorBody } from '../errors.ts';
import type { Flight } from '../requests/in-flight.ts';
import { bodyOf } from '../requests/input.ts';
import { requireScope } from '../requests/readings.ts';
import { AGENT_ONLY, buildGuard, callerOf, type Doors } from '../requests/routing.ts';
import { callInBrief, listToolsBriefly, NEVER_SHED, noteRejectedInput } from './tool-calls.ts';

/** Headers that the protocol reads; no others are passed on. */
const PROTOCOL_HEADERS = ['accept', 'content-type', 'last-event-id'];
const PROTOCOL_PREFIX = 'mcp-';

/**
 * `/mcp`: the Model Context Protocol over HTTP, for agents only. Each call in it is a call like any other: the same
 * check, the same gate, the same records. Each takes one of its token's places in flight.
 */
export function registerMcpRoute(app: FastifyInstance, doors: Doors, version: string): void {
  let face: Promise<McpFace> | null = null;
  // The protocol's code is loaded at the first request.
  const loadFace = (): Promise<McpFace> => {
    face ??= import('../../mcp/http.ts')
      .then(({ createMcpFace }) =>
        createMcpFace({
          onError: (error) => doors.logger.debug({ err: error }, 'MCP refused a message'),
          onNoSkill: (error) => doors.logger.error({ err: error }, 'MCP is served without its skill'),
        }),
      )
      .catch((error) => {
        // The next request tries again: a file that could not be read once must not keep exits from this door.
        face = null;
        throw error;
      });
    return face;
  };
  app.route({
    method: ['POST', 'GET', 'DELETE'],
    url: '/mcp',
    schema: { hide: true },
    onRequest: buildGuard(doors, '/mcp', { roles: AGENT_ONLY, isLimited: false }),
    handler: async (request, reply) => {
      const message = request.method === 'POST' ? bodyOf(request) : undefined;
      const places = new Places(enterFlights(doors, request, message));
      // It ends when the answer is sent, or its reader has left, and the work is done.
      reply.raw.once('close', () => places.leave());
      try {
        const serve = await loadFace();
        const { method, raw } = request;
        const answer = await serve(
          { method, headers: protocolHeaders(raw.headers), message },
          portFor(doors, request, version, places),
        );
        return await send(reply, answer);
      } finally {
        places.endWork();
      }
    },
    // What cannot be read names no tool; it is recorded all the same.
    errorHandler: (error, request, reply) => {
      noteRejectedInput(doors, request.caller, 'mcp', error);
      answerError(doors.logger, error, request, reply);
    },
  });
}

/** The places that one request holds until its connection has closed and each of its calls is answered. */
class Places {
  readonly #flights: readonly Flight[];
  /** The request itself, and its calls. */
  #working = 1;
  #isOver = false;

  constructor(flights: readonly Flight[]) {
    this.#flights = flights;
    for (const flight of flights) flight.beginWork();
  }
  beginWork(): void {
    this.#working += 1;
  }
  endWork(): void {
    this.#working -= 1;
    if (this.#working > 0 || this.#isOver) return;
    this.#isOver = true;
    for (const flight of this.#flights) flight.endWork();
  }
  leave(): void {
    for (const flight of this.#flights) flight.close();
  }
}

/** A batch takes a place for each message; exits and cancels take none, as over HTTP. */
function enterFlights(doors: Doors, request: FastifyRequest, message: unknown): Flight[] {
  const { tokenId } = callerOf(request);
  const taken: Flight[] = [];
  try {
    for (const each of Array.isArray(message) ? message : [message])
      if (!isNeverShed(each)) taken.push(doors.flights.enter(tokenId, true));
  } catch (error) {
    for (const flight of taken) flight.close();
    throw error;
  }
  return taken;
}

function isNeverShed(message: unknown): boolean {
  const { method, params } = (message ?? {}) as {
    readonly method?: unknown;
    readonly params?: { readonly name?: unknown };
  };
  return method === 'tools/call' && typeof params?.name === 'string' && NEVER_SHED.has(params.name);
}

function portFor(doors: Doors, request: FastifyRequest, version: string, places: Places): ToolPort {
  const caller = callerOf(request);
  return {
    version,
    venue: () => doors.gate.readiness().venue,
    listTools: async () => listToolsBriefly(doors, caller),
    readActivity: async () => readActivity(doors, caller),
    callTool: async (name, args) => {
      places.beginWork();
      try {
        // As over HTTP, exits and cancels do not wait behind other requests of this turn.
        if (!NEVER_SHED.has(name)) await new Promise<void>((begin) => doors.pace.begin(caller.tokenId, begin));
        return { body: await callInBrief(doors, request, name, args), isError: false };
      } catch (error) {
        noteRejectedInput(doors, caller, name, error);
        const refusal = toApiError(error);
        if (refusal.code === 'INTERNAL') doors.logger.error({ err: error, tool: name }, 'a call over MCP failed');
        return { body: describeRefusal(refusal), isError: true };
      } finally {
        places.endWork();
      }
    },
  };
}

const ACTIVITY_ENTRIES = 20;
async function readActivity({ gate }: Doors, caller: Caller): Promise<object> {
  requireScope(gate, caller, 'get_decision');
  requireScope(gate, caller, 'get_orders');
  const { items } = gate.getDecisions(caller, ACTIVITY_ENTRIES, null);
  const decisions = items
    .map(({ decision_id }) => gate.getDecision(caller, decision_id))
    .filter((each) => each !== null);
  const { fills } = gate.getFills(caller, ACTIVITY_ENTRIES, null);
  await gate.settled();
  return { decisions: decisions.map((each) => toBrief(each as FullAnswer)), fills };
}

/** As over HTTP, including what a status and its headers would say. */
function describeRefusal(refusal: ApiError): object {
  const { retryAfterSeconds } = refusal;
  const status = ERROR_STATUS[refusal.code];
  const retry = retryAfterSeconds === null ? {} : { retry_after_ms: retryAfterSeconds * 1000 };
  return { ...toErrorBody(refusal), status, ...retry };
}

function protocolHeaders(headers: FastifyRequest['raw']['headers']): Record<string, string> {
  const kept = Object.entries(headers).filter(
    (entry): entry is [string, string] =>
      typeof entry[1] === 'string' && (PROTOCOL_HEADERS.includes(entry[0]) || entry[0].startsWith(PROTOCOL_PREFIX)),
  );
  return Object.fromEntries(kept);
}

async function send(reply: FastifyReply, answer: Response): Promise<FastifyReply> {
  void reply.code(answer.status);
  for (const [name, value] of answer.headers) void reply.header(name, value);
  const isStream = answer.headers.get('content-type')?.startsWith('text/event-stream') ?? false;
  return reply.send(isStream ? answer.body : await answer.text());
}

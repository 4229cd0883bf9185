import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { TSchema } from 'typebox';
import { InterceptAnswerSchema, ToolAnswerSchema } from '../../contract/bodies/decisions.ts';
import { ToolsBodySchema } from '../../contract/bodies/open.ts';
import * as Type from '../../contract/built/typebox.js';
import { BriefAnswerSchema } from '../../contract/catalogue/brief.ts';
import type { BriefTool } from '../../contract/catalogue/brief-catalogue.ts';
import { BriefLimitsSchema } from '../../contract/catalogue/brief-limits.ts';
import { BriefBookSchema, BriefCandlesSchema } from '../../contract/catalogue/brief-market.ts';
import type { CatalogueTool } from '../../contract/catalogue/catalogue.ts';
import {
  checkIntercept,
  checkToolsQuery,
  checkViewQuery,
  InterceptRequest,
  ToolsQuery,
  ViewQuery,
} from '../../contract/commands.ts';
import { checkTradingCall, isTradingTool, prepareCheck, TOOL_SCHEMAS } from '../../contract/tools.ts';
import { READING_TOOLS, type ReadingTool, TRADING_TOOLS, type TradingTool } from '../../core/request.ts';
import type { ToolOutcome } from '../../engine/records/decisions.ts';
import { ApiError, answerError } from '../errors.ts';
import { bodyOf, queryOf, requireValid } from '../requests/input.ts';
import { READ_ANSWERS, readTool } from '../requests/readings.ts';
import {
  AGENT_ROUTE,
  addRoute,
  buildGuard,
  callerOf,
  type Doors,
  JSON_TYPE,
  whileInFlight,
} from '../requests/routing.ts';
import {
  briefOf,
  listTools,
  listToolsBriefly,
  NEVER_SHED,
  noteRejectedInput,
  runTradingTool,
  settle,
  shortenReading,
} from './tool-calls.ts';

const EitherView = Type.Union([ToolAnswerSchema, BriefAnswerSchema]);
/** Answers of reading tools that have a brief view. */
const VIEWS: { readonly [Tool in ReadingTool]?: TSchema } = {
  get_decision: EitherView,
  get_candles: Type.Union([READ_ANSWERS.get_candles, BriefCandlesSchema]),
  get_order_book: Type.Union([READ_ANSWERS.get_order_book, BriefBookSchema]),
  get_limits: Type.Union([READ_ANSWERS.get_limits, BriefLimitsSchema]),
};
const TAGS = ['tools'];
const ADVICE = 'Advice: nothing is reserved, and the call itself is decided again.';

/** `/v1/tools`, `/v1/dry-run`, `/v1/intercept`. */
export function registerToolRoutes(app: FastifyInstance, doors: Doors): void {
  registerCatalogue(app, doors);
  for (const tool of TRADING_TOOLS) {
    prepareCheck(tool);
    addTradingRoute(app, doors, tool, false);
    addTradingRoute(app, doors, tool, true);
  }
  for (const tool of READING_TOOLS) {
    addRoute(app, doors, {
      method: 'POST',
      url: `/v1/tools/${tool}`,
      roles: AGENT_ROUTE,
      isLimited: true,
      text: { summary: `Run ${tool}`, tags: TAGS },
      body: TOOL_SCHEMAS[tool],
      query: ViewQuery,
      answer: Type.Object({ result: VIEWS[tool] ?? READ_ANSWERS[tool] }),
      handler: async (request) => {
        const isBrief = isBriefAsked(request);
        const result = await readTool(doors, request, tool, bodyOf(request));
        return { result: isBrief ? shortenReading(tool, result) : result };
      },
      errorHandler: rejectedInputHandler(doors, tool),
    });
  }
  registerIntercept(app, doors);
  for (const [url, message] of [
    ['/v1/tools/:tool', 'There is no such tool; GET /v1/tools lists them.'],
    ['/v1/dry-run/:tool', `Dry runs exist for ${TRADING_TOOLS.join(', ')}; reading tools need none.`],
  ] as const) {
    app.route({
      method: 'POST',
      url,
      schema: { hide: true },
      onRequest: buildGuard(doors, `POST ${url}`, { roles: AGENT_ROUTE, isLimited: true }),
      handler: async () => {
        throw new ApiError('TOOL_UNKNOWN', message);
      },
    });
  }
}

function addTradingRoute(app: FastifyInstance, doors: Doors, tool: TradingTool, isDryRun: boolean): void {
  addRoute(app, doors, {
    method: 'POST',
    url: `/v1/${isDryRun ? 'dry-run' : 'tools'}/${tool}`,
    roles: AGENT_ROUTE,
    isLimited: isDryRun || !NEVER_SHED.has(tool),
    text: isDryRun
      ? { summary: `The decision that ${tool} would get now`, tags: ['dry run'] }
      : { summary: `Run ${tool}`, tags: TAGS },
    body: TOOL_SCHEMAS[tool],
    query: ViewQuery,
    answer: EitherView,
    handler: async (request, reply) => {
      const isBrief = isBriefAsked(request);
      const text = await runTradingTool(doors, request, { tool, args: bodyOf(request), isDryRun });
      reply.header('content-type', JSON_TYPE);
      return isBrief ? JSON.stringify(briefOf(text)) : text;
    },
    errorHandler: rejectedInputHandler(doors, tool),
  });
}

/** `?view=brief`. @throws ApiError INVALID_INPUT */
function isBriefAsked(request: FastifyRequest): boolean {
  // Almost no call has a query.
  if (!request.raw.url?.includes('?')) return false;
  return requireValid(checkViewQuery, queryOf(request)).view === 'brief';
}

function registerIntercept(app: FastifyInstance, doors: Doors): void {
  addRoute(app, doors, {
    method: 'POST',
    url: '/v1/intercept',
    roles: AGENT_ROUTE,
    isLimited: true,
    text: { summary: 'Advice on a tool call, whatever the tool', description: ADVICE, tags: ['intercept'] },
    body: InterceptRequest,
    answer: InterceptAnswerSchema,
    handler: (request, reply) => {
      const { tool, args, meta } = requireValid(checkIntercept, bodyOf(request));
      // Arguments that do not fit the contract are not an error here: the gate blocks the call and records it.
      const checked = isTradingTool(tool) ? checkTradingCall(tool, args) : null;
      const call = checked?.ok === true ? checked.call : null;
      const skill = meta?.skill ?? null;
      return answerOutcome(request, reply, doors.gate.intercept(callerOf(request), { name: tool, args, skill }, call));
    },
    errorHandler: rejectedInputHandler(doors, 'intercept'),
  });
}

async function answerOutcome(
  request: FastifyRequest,
  reply: FastifyReply,
  work: Promise<ToolOutcome>,
): Promise<string> {
  const text = settle(await whileInFlight(request, work));
  reply.header('content-type', JSON_TYPE);
  return text;
}

function rejectedInputHandler(doors: Doors, tool: string) {
  return (error: Error, request: FastifyRequest, reply: FastifyReply): void => {
    noteRejectedInput(doors, request.caller, tool, error);
    answerError(doors.logger, error, request, reply);
  };
}

function registerCatalogue(app: FastifyInstance, doors: Doors): void {
  addRoute(app, doors, {
    method: 'GET',
    url: '/v1/tools',
    roles: AGENT_ROUTE,
    isLimited: true,
    text: {
      summary: 'The tools that this token may call, with their schemas',
      description:
        'With a format, entries fit into requests unchanged; openai_strict and openai_responses: optional members may be null.',
      tags: TAGS,
    },
    query: ToolsQuery,
    answer: ToolsBodySchema,
    handler: async (request): Promise<{ readonly tools: readonly (CatalogueTool | BriefTool)[] }> => {
      const { format, view } = requireValid(checkToolsQuery, queryOf(request));
      const caller = callerOf(request);
      if (format === 'mcp' && view === 'brief') return { tools: listToolsBriefly(doors, caller) };
      return { tools: listTools(doors, caller, format ?? 'plain') };
    },
  });
}

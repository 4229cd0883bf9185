import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import Type from 'typebox';
import { InterceptAnswerSchema, ToolAnswerSchema, ToolsBodySchema } from '../contract/bodies.ts';
import { buildToolCatalogue, type CatalogueTool, type PolicyToolSchemas } from '../contract/catalogue.ts';
import { checkIntercept, checkToolsQuery, InterceptRequest, ToolsQuery } from '../contract/commands.ts';
import {
  checkTradingCall,
  isTradingTool,
  READING_TOOLS,
  TOOL_SCHEMAS,
  TRADING_TOOLS,
  type TradingCall,
  type TradingTool,
} from '../contract/tools.ts';
import type { OverBudget, ToolOutcome } from '../gate/api/decisions.ts';
import type { Caller } from '../gate/api.ts';
import { answerError } from './answer-error.ts';
import { ApiError, invalidInput, toApiError } from './errors.ts';
import { READ_ANSWERS, readTool } from './readings.ts';
import {
  AGENT_ROUTE,
  addRoute,
  bodyOf,
  buildGuard,
  callerOf,
  type Doors,
  JSON_TYPE,
  queryOf,
  requireValid,
  whileInFlight,
} from './routing.ts';

/** Exits and cancels are never shed: leaving must work when everything else is too much. */
const NEVER_SHED: ReadonlySet<TradingTool> = new Set(['close_position', 'cancel_order', 'cancel_all']);
const TAGS = ['tools'];
const ADVICE = 'Advice only: it authorises nothing, reserves nothing, and the call itself is decided again.';

/** `/v1/tools`, `/v1/dry-run`, `/v1/intercept`. */
export function registerToolRoutes(app: FastifyInstance, doors: Doors): void {
  registerCatalogue(app, doors);
  for (const tool of TRADING_TOOLS) {
    addTradingRoute(app, doors, tool, `/v1/tools/${tool}`, !NEVER_SHED.has(tool), (caller, call) =>
      doors.gate.runTool(caller, call),
    );
    addTradingRoute(app, doors, tool, `/v1/dry-run/${tool}`, true, (caller, call) => doors.gate.dryRun(caller, call));
  }
  for (const tool of READING_TOOLS) {
    addRoute(app, doors, {
      method: 'POST',
      url: `/v1/tools/${tool}`,
      roles: AGENT_ROUTE,
      isLimited: true,
      text: { summary: `Run ${tool}`, tags: TAGS },
      body: TOOL_SCHEMAS[tool],
      answer: Type.Object({ result: READ_ANSWERS[tool] }),
      handler: async (request) => ({ result: await readTool(doors, request, tool, bodyOf(request)) }),
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
      onRequest: buildGuard(doors, `POST ${url}`, AGENT_ROUTE, true),
      handler: async () => {
        throw new ApiError('TOOL_UNKNOWN', message);
      },
    });
  }
}

function addTradingRoute(
  app: FastifyInstance,
  doors: Doors,
  tool: TradingTool,
  url: string,
  isLimited: boolean,
  run: (caller: Caller, call: TradingCall) => Promise<ToolOutcome>,
): void {
  const isDryRun = url.startsWith('/v1/dry-run/');
  addRoute(app, doors, {
    method: 'POST',
    url,
    roles: AGENT_ROUTE,
    isLimited,
    text: isDryRun
      ? { summary: `The decision that ${tool} would get now`, description: ADVICE, tags: ['dry run'] }
      : { summary: `Run ${tool}`, description: 'A refusal is an answer: status 200, decision BLOCK.', tags: TAGS },
    body: TOOL_SCHEMAS[tool],
    answer: ToolAnswerSchema,
    handler: (request, reply) => {
      const checked = checkTradingCall(tool, bodyOf(request));
      if (!checked.ok) throw invalidInput(checked.violations);
      return answerOutcome(request, reply, run(callerOf(request), checked.call));
    },
    errorHandler: rejectedInputHandler(doors, tool),
  });
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
      // Arguments that do not fit the contract are no error here: the gate blocks the call and records it.
      const checked = isTradingTool(tool) ? checkTradingCall(tool, args) : null;
      const call = checked?.ok === true ? checked.call : null;
      const skill = meta?.skill ?? null;
      return answerOutcome(request, reply, doors.gate.intercept(callerOf(request), tool, args, call, skill));
    },
    errorHandler: rejectedInputHandler(doors, 'intercept'),
  });
}

/** The text is sent as the gate wrote it: the decision in it is the very text that was recorded. */
async function answerOutcome(
  request: FastifyRequest,
  reply: FastifyReply,
  work: Promise<ToolOutcome>,
): Promise<string | Buffer> {
  const outcome = await whileInFlight(request, work);
  switch (outcome.kind) {
    case 'decided':
      reply.header('content-type', JSON_TYPE);
      return outcome.text;
    case 'conflict':
      throw new ApiError('REQUEST_ID_REUSED', outcome.message, { details: { decision_id: outcome.decisionId } });
    case 'over_budget':
      throw overBudget(outcome);
    case 'unavailable':
      throw new ApiError('NOT_READY', outcome.message, { retryAfterSeconds: 1 });
  }
}

/** Says what would have been recorded, as far as it was decided. */
function overBudget({ budget, decided, limit, message, retryAfterMs }: OverBudget): ApiError {
  const codes = decided?.reasons.map(({ code }) => code);
  return new ApiError('REFUSAL_RATE', message, {
    details: { budget, ...limit, ...(decided === null ? {} : { decision: decided.decision, reasons: codes }) },
    retryAfterSeconds: Math.ceil(retryAfterMs / 1000),
  });
}

/** Tells the gate about input that the contract refused, by its paths and without its values, then answers. */
function rejectedInputHandler(doors: Doors, tool: string) {
  return (error: Error, request: FastifyRequest, reply: FastifyReply): void => {
    const refusal = toApiError(error);
    const isInput =
      refusal.code === 'INVALID_INPUT' || refusal.code === 'INVALID_JSON' || refusal.code === 'BODY_TOO_LARGE';
    if (isInput && request.caller !== null) {
      try {
        doors.gate.recordRejectedInput(request.caller, tool, pathsOf(refusal));
      } catch (failure) {
        doors.logger.error({ err: failure, route: request.label }, 'rejected input was not recorded');
      }
    }
    answerError(doors.logger, error, request, reply);
  };
}

function pathsOf(refusal: ApiError): readonly string[] {
  const details = refusal.details as { readonly violations?: readonly { readonly path: string }[] } | undefined;
  return details?.violations?.map((violation) => violation.path) ?? [''];
}

function registerCatalogue(app: FastifyInstance, doors: Doors): void {
  addRoute(app, doors, {
    method: 'GET',
    url: '/v1/tools',
    roles: AGENT_ROUTE,
    isLimited: true,
    text: {
      summary: 'The tools that this token may call, with their schemas',
      description: 'format: openai, anthropic or mcp gives entries that go into their requests as they are.',
      tags: TAGS,
    },
    query: ToolsQuery,
    answer: ToolsBodySchema,
    handler: async (request): Promise<{ readonly tools: readonly CatalogueTool[] }> => {
      const { format } = requireValid(checkToolsQuery, queryOf(request));
      const caller = callerOf(request);
      const { policy } = doors.gate.getPolicy();
      const tools = buildToolCatalogue(format ?? 'plain', {
        policyTools: toolSchemasOf(policy),
        isListed: (tool) => doors.gate.mayRead(caller, tool),
      });
      return { tools };
    },
  });
}

function toolSchemasOf(policy: unknown): PolicyToolSchemas {
  const tools = typeof policy === 'object' && policy !== null && 'tools' in policy ? policy.tools : undefined;
  return typeof tools === 'object' && tools !== null ? (tools as PolicyToolSchemas) : {};
}

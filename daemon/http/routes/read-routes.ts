import type { FastifyInstance } from 'fastify';
import type { Static } from 'typebox';
import { DecisionsBodySchema } from '../../contract/bodies/decisions.ts';
import { FillsBodySchema } from '../../contract/bodies/reads.ts';
import { checkReceiptQuery, ReceiptBodySchema, ReceiptQuery } from '../../contract/bodies/receipt.ts';
import type { FullAnswer } from '../../contract/catalogue/brief.ts';
import {
  AccountQuery,
  checkAccountQuery,
  checkDecisionPath,
  checkDecisionsQuery,
  checkNoQuery,
  checkPageQuery,
  DecisionPath,
  DecisionsQuery,
  NoQuery,
  PageQuery,
} from '../../contract/commands.ts';
import { ExplanationBodySchema, toExplanation } from '../../contract/explanation.ts';
import { DEFAULT_PAGE_SIZE } from '../../contract/schema/fields.ts';
import { parseSince } from '../../contract/schema/since.ts';
import { violationAt } from '../../contract/schema/violations.ts';
import { TOOL_SCHEMAS } from '../../contract/tools.ts';
import type { DecisionFilter } from '../../contract/types/reads.ts';
import type { ReceiptOutcome } from '../../contract/types/receipts.ts';
import type { ReadingTool } from '../../core/request.ts';
import type { Caller } from '../../engine/records/callers.ts';
import { ApiError, invalidInput } from '../errors.ts';
import { queryOf, requireValid } from '../requests/input.ts';
import { noSuchDecision, notIssued, READ_ANSWERS, readPage, readTool, requireScope } from '../requests/readings.ts';
import {
  AGENT_ROUTE,
  addRoute,
  callerOf,
  type Doors,
  FIGURES_ROUTE,
  JSON_TYPE,
  whileInFlight,
} from '../requests/routing.ts';
import { registerAccountRoutes } from './account-routes.ts';

const TAGS = ['reading'];
const shared = { method: 'GET', roles: FIGURES_ROUTE, isLimited: true } as const;
/** What an agent said and got is no figure. */
const decisions = { ...shared, roles: AGENT_ROUTE } as const;
const GET_ROUTES: readonly (readonly [string, ReadingTool, string])[] = [
  ['/v1/positions', 'get_positions', 'Positions'],
  ['/v1/orders', 'get_orders', 'Orders: own ones for an agent, else all'],
  ['/v1/market', 'get_market', 'Market and regime by symbol'],
  ['/v1/candles', 'get_candles', 'Closed candles, as the daemon has them'],
  ['/v1/order-book', 'get_order_book', 'Best bid and ask with their quantities, as read last'],
  ['/v1/limits', 'get_limits', 'Budgets in force with their factors, used, reserved and remaining'],
];

/** The GET routes; each answers what the reading tool of the same name answers. */
export function registerReadRoutes(app: FastifyInstance, doors: Doors): void {
  for (const [url, tool, summary] of GET_ROUTES) {
    addRoute(app, doors, {
      ...shared,
      url,
      text: { summary, tags: TAGS },
      query: TOOL_SCHEMAS[tool],
      answer: READ_ANSWERS[tool],
      handler: async (request) => readTool(doors, request, tool, queryOf(request)),
    });
  }
  addRoute(app, doors, {
    ...shared,
    url: '/v1/fills',
    text: {
      summary: 'Fills, newest first: own ones for an agent, else all',
      tags: TAGS,
    },
    query: PageQuery,
    answer: FillsBodySchema,
    handler: async (request) => {
      const { limit, cursor } = requireValid(checkPageQuery, queryOf(request));
      const caller = callerOf(request);
      requireScope(doors.gate, caller, 'get_orders');
      const entries = limit ?? DEFAULT_PAGE_SIZE;
      request.flight?.holdPage(entries);
      await whileInFlight(request, doors.turns.next());
      return readPage(() => doors.gate.getFills(caller, entries, cursor ?? null));
    },
  });
  addRoute(app, doors, {
    ...shared,
    url: '/v1/account',
    text: { summary: 'The account', tags: TAGS },
    query: AccountQuery,
    answer: READ_ANSWERS.get_account,
    handler: async (request) => {
      const { cursor } = requireValid(checkAccountQuery, queryOf(request));
      if (cursor !== undefined) throw invalidInput([notIssued()]);
      return readTool(doors, request, 'get_account', {});
    },
  });
  registerDecisionRoutes(app, doors);
  registerAccountRoutes(app, doors);
}

/** @throws ApiError INVALID_INPUT */
function readFilter({ since: text, ...rest }: Omit<Static<typeof DecisionsQuery>, 'limit' | 'cursor'>): DecisionFilter {
  if (text === undefined) return rest;
  const since = parseSince(text);
  if (since !== null) return { ...rest, since };
  throw invalidInput([violationAt('since', 'is no time', text, '7d, 24h, 30m, 2025-10-10, or a time with its zone')]);
}

function registerDecisionRoutes(app: FastifyInstance, doors: Doors): void {
  addRoute(app, doors, {
    ...decisions,
    url: '/v1/decisions',
    text: { summary: 'Decisions, newest first: own ones for an agent, all for an operator', tags: TAGS },
    query: DecisionsQuery,
    answer: DecisionsBodySchema,
    handler: async (request, reply) => {
      const { limit, cursor, ...wanted } = requireValid(checkDecisionsQuery, queryOf(request));
      const filter = readFilter(wanted);
      const caller = callerOf(request);
      requireScope(doors.gate, caller, 'get_decision');
      const entries = limit ?? DEFAULT_PAGE_SIZE;
      request.flight?.holdPage(entries);
      reply.header('content-type', JSON_TYPE);
      return whileInFlight(request, readDecisions(doors, caller, { limit: entries, cursor: cursor ?? null, filter }));
    },
  });
  addRoute(app, doors, {
    ...decisions,
    url: '/v1/decisions/:id',
    text: { summary: 'One decision with the current state of its execution', tags: TAGS },
    params: DecisionPath,
    query: NoQuery,
    answer: READ_ANSWERS.get_decision,
    handler: async (request) => {
      requireValid(checkNoQuery, queryOf(request));
      const { id } = requireValid(checkDecisionPath, request.params);
      return readTool(doors, request, 'get_decision', { decision_id: id });
    },
  });
  addRoute(app, doors, {
    ...decisions,
    url: '/v1/decisions/:id/explain',
    text: { summary: 'Why a decision is what it is', tags: TAGS },
    params: DecisionPath,
    query: NoQuery,
    answer: ExplanationBodySchema,
    handler: async (request) => {
      requireValid(checkNoQuery, queryOf(request));
      const { id } = requireValid(checkDecisionPath, request.params);
      const answer = await readTool(doors, request, 'get_decision', { decision_id: id });
      return toExplanation((answer as FullAnswer).decision);
    },
  });
  addRoute(app, doors, {
    ...decisions,
    url: '/v1/decisions/:id/receipt',
    text: {
      summary: 'A decision with the proof that the ledger holds it',
      tags: TAGS,
    },
    params: DecisionPath,
    query: ReceiptQuery,
    answer: ReceiptBodySchema,
    handler: async (request) => {
      const { head } = requireValid(checkReceiptQuery, queryOf(request));
      const { id } = requireValid(checkDecisionPath, request.params);
      const caller = callerOf(request);
      requireScope(doors.gate, caller, 'get_decision');
      await whileInFlight(request, doors.turns.next());
      return toReceipt(caller, await whileInFlight(request, doors.gate.getReceipt(caller, id, head ?? null)));
    },
  });
}

function toReceipt(caller: Caller, outcome: ReceiptOutcome): unknown {
  switch (outcome.kind) {
    case 'receipt':
      return outcome.receipt;
    case 'unknown':
      throw noSuchDecision(caller);
    case 'no_head':
      throw new ApiError('NOT_FOUND', `There is no signed head of that number; the last is ${outcome.last}.`);
    case 'unsigned':
      throw new ApiError('NOT_FOUND', 'This ledger signs no heads, so there are no receipts.');
    case 'uncovered': {
      const { coveredTo, retryAfterMs, seq } = outcome;
      const message = `The decision is record ${seq}, and the signed head covers the records up to ${coveredTo}.`;
      if (retryAfterMs === 0) throw new ApiError('NOT_FOUND', `${message} Name a later head.`);
      throw new ApiError('NOT_READY', `${message} Ask again for a newer one.`, {
        retryAfterSeconds: Math.ceil(retryAfterMs / 1000),
      });
    }
  }
}

interface PageAsked {
  readonly limit: number;
  readonly cursor: string | null;
  readonly filter: DecisionFilter;
}
/** How many decisions are read and serialised in one turn of the event loop: a few milliseconds. */
const DECISIONS_A_TURN = 100;
/** How many records one page looks at. One that stops here may be short, and its `next` leads on. */
const MAX_LOOKED_AT = 20_000;

/**
 * The body of `GET /v1/decisions`, read in pieces, with the same content as if read at once: records added meanwhile
 * are newer, so they belong to no page after the first piece.
 */
async function readDecisions(
  { gate, turns }: Doors,
  caller: Caller,
  { limit, cursor, filter }: PageAsked,
): Promise<string> {
  const texts: string[] = [];
  const isFiltered = Object.keys(filter).length > 0;
  let next = cursor;
  for (let looked = 0; looked < MAX_LOOKED_AT && texts.length < limit; looked += DECISIONS_A_TURN) {
    await turns.next();
    const [after, left] = [next, limit - texts.length];
    const count = isFiltered ? DECISIONS_A_TURN : Math.min(left, DECISIONS_A_TURN);
    const page = readPage(() => gate.getDecisions(caller, count, after, filter));
    const taken = page.items.slice(0, left);
    for (const decision of taken) texts.push(JSON.stringify(decision));
    // The next page begins after the last one that was taken.
    next = taken.length < page.items.length ? String(taken.at(-1)?.seq) : page.next;
    if (next === null || (!isFiltered && page.items.length < count)) break;
  }
  return `{"decisions":[${texts.join(',')}],"next":${JSON.stringify(next)}}`;
}

import type { TSchema } from 'typebox';
import * as body from '../contract/bodies.ts';
import { DEFAULT_PAGE_SIZE } from '../contract/fields.ts';
import { type ReadingTool, TOOL_CHECKS } from '../contract/tools.ts';
import { violationAt } from '../contract/violations.ts';
import type { Caller, GateApi, OrderBody, Page } from '../gate/api.ts';
import { ApiError, codeOf, invalidInput } from './errors.ts';
import { requireValid } from './routing.ts';

/** What each reading tool answers, and the GET route that answers the same. */
export const READ_ANSWERS: { readonly [Tool in ReadingTool]: TSchema } = {
  get_account: body.AccountBodySchema,
  get_positions: body.PositionsBodySchema,
  get_orders: body.OrdersBodySchema,
  get_market: body.MarketsBodySchema,
  get_limits: body.LimitsBodySchema,
  get_decision: body.ToolAnswerSchema,
};

/** @throws ApiError INVALID_INPUT, TOOL_NOT_IN_SCOPE, NOT_FOUND */
export function readTool(gate: GateApi, caller: Caller, tool: ReadingTool, args: unknown): unknown {
  switch (tool) {
    case 'get_account':
      requireValid(TOOL_CHECKS.get_account, args);
      requireScope(gate, caller, tool);
      return gate.getAccount();
    case 'get_positions':
      requireValid(TOOL_CHECKS.get_positions, args);
      requireScope(gate, caller, tool);
      return gate.getPositions(caller);
    case 'get_orders':
      return readOrders(gate, caller, args);
    case 'get_market': {
      const { symbol } = requireValid(TOOL_CHECKS.get_market, args);
      requireScope(gate, caller, tool);
      return gate.getMarket(symbol ?? null);
    }
    case 'get_limits': {
      const { symbol } = requireValid(TOOL_CHECKS.get_limits, args);
      requireScope(gate, caller, tool);
      return gate.getLimits(caller, symbol ?? null);
    }
    case 'get_decision': {
      const { decision_id } = requireValid(TOOL_CHECKS.get_decision, args);
      requireScope(gate, caller, tool);
      const answer = gate.getDecision(caller, decision_id);
      if (answer === null) throw new ApiError('NOT_FOUND', 'There is no such decision of yours.');
      return answer;
    }
  }
}

function readOrders(
  gate: GateApi,
  caller: Caller,
  args: unknown,
): { readonly orders: readonly OrderBody[]; readonly next: string | null } {
  const { symbol, open, limit, cursor } = requireValid(TOOL_CHECKS.get_orders, args);
  requireScope(gate, caller, 'get_orders');
  const filter = { ...(symbol === undefined ? {} : { symbol }), ...(open === undefined ? {} : { open }) };
  const page = readPage(() => gate.getOrders(caller, filter, limit ?? DEFAULT_PAGE_SIZE, cursor ?? null));
  return { orders: page.items, next: page.next };
}

/** A cursor that the ledger did not issue is the caller's mistake. */
export function readPage<T>(read: () => Page<T>): Page<T> {
  try {
    return read();
  } catch (error) {
    if (codeOf(error) !== 'LEDGER_ARGUMENT') throw error;
    throw invalidInput([violationAt('cursor', 'was not issued by this daemon')]);
  }
}

/** The policy says which reading tools a caller has (SAE-T). */
export function requireScope(gate: GateApi, caller: Caller, tool: ReadingTool): void {
  if (gate.mayRead(caller, tool)) return;
  throw new ApiError('TOOL_NOT_IN_SCOPE', `The policy does not let this caller use ${tool}.`);
}

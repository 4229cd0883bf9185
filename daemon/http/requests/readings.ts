import type { TSchema } from 'typebox';
import { ToolAnswerSchema } from '../../contract/bodies/decisions.ts';
import { LimitsBodySchema } from '../../contract/bodies/limits.ts';
import {
  AccountBodySchema,
  CandlesBodySchema,
  MarketsBodySchema,
  OrderBookBodySchema,
  OrdersBodySchema,
  PositionsBodySchema,
} from '../../contract/bodies/reads.ts';
import { DEFAULT_CANDLES, DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE } from '../../contract/schema/fields.ts';
import { SYMBOL_PATTERN } from '../../contract/schema/symbols.ts';
import { violationAt } from '../../contract/schema/violations.ts';
import { TOOL_CHECKS, type ToolArgs } from '../../contract/tools.ts';
import type { GateApi } from '../../contract/types/gate-api.ts';
import type { CandlesBody, OrderBody, Page } from '../../contract/types/reads.ts';
import type { ReadingTool } from '../../core/request.ts';
import type { Caller } from '../../engine/records/callers.ts';
import { ApiError, codeOf, invalidInput } from '../errors.ts';
import { requireValid } from './input.ts';
import { type Asking, callerOf, type Doors, whileInFlight } from './routing.ts';

/** The answers of the reading tools and of the matching GET routes. */
export const READ_ANSWERS: { readonly [Tool in ReadingTool]: TSchema } = {
  get_account: AccountBodySchema,
  get_positions: PositionsBodySchema,
  get_orders: OrdersBodySchema,
  get_market: MarketsBodySchema,
  get_candles: CandlesBodySchema,
  get_order_book: OrderBookBodySchema,
  get_limits: LimitsBodySchema,
  get_decision: ToolAnswerSchema,
};

/** @throws ApiError INVALID_INPUT, TOOL_NOT_IN_SCOPE, NOT_FOUND, TOO_MANY_IN_FLIGHT */
export async function readTool(doors: Doors, request: Asking, tool: ReadingTool, args: unknown): Promise<unknown> {
  const answer = await readNow(doors, request, tool, args);
  await whileInFlight(request, doors.gate.settled());
  return answer;
}

async function readNow({ gate, turns }: Doors, request: Asking, tool: ReadingTool, args: unknown): Promise<unknown> {
  const caller = callerOf(request);
  switch (tool) {
    case 'get_account':
      requireValid(TOOL_CHECKS.get_account, args);
      requireScope(gate, caller, tool);
      return gate.getAccount();
    case 'get_positions':
      return readPositions(gate, caller, args);
    case 'get_orders': {
      const checked = requireValid(TOOL_CHECKS.get_orders, args);
      requireScope(gate, caller, tool);
      request.flight?.holdPage(checked.limit ?? DEFAULT_PAGE_SIZE);
      await whileInFlight(request, turns.next());
      return readOrders(gate, caller, checked);
    }
    case 'get_market':
      return readMarket(gate, caller, args);
    case 'get_candles':
      return readCandles(gate, caller, args);
    case 'get_order_book': {
      const { symbol } = requireValid(TOOL_CHECKS.get_order_book, args);
      requireScope(gate, caller, tool);
      requireSymbol(gate, caller, symbol);
      return gate.getOrderBook(symbol);
    }
    case 'get_limits': {
      const { symbol } = requireValid(TOOL_CHECKS.get_limits, args);
      requireScope(gate, caller, tool);
      requireSymbol(gate, caller, symbol);
      return gate.getLimits(caller, symbol ?? null);
    }
    case 'get_decision': {
      const { decision_id } = requireValid(TOOL_CHECKS.get_decision, args);
      requireScope(gate, caller, tool);
      await whileInFlight(request, turns.next());
      const answer = gate.getDecision(caller, decision_id);
      if (answer === null) throw noSuchDecision(caller);
      return answer;
    }
  }
}

export function noSuchDecision({ role }: Caller): ApiError {
  return new ApiError(
    'NOT_FOUND',
    role === 'agent' ? 'There is no such decision of yours.' : 'There is no such decision.',
  );
}

function readPositions(gate: GateApi, caller: Caller, args: unknown): unknown {
  const { limit, cursor } = requireValid(TOOL_CHECKS.get_positions, args);
  requireScope(gate, caller, 'get_positions');
  const { positions, observed_at_ms } = gate.getPositions(caller);
  const page = pageBySymbol(positions, limit, cursor);
  return { positions: page.items, observed_at_ms, next: page.next };
}

function readMarket(gate: GateApi, caller: Caller, args: unknown): unknown {
  const { symbol, limit, cursor } = requireValid(TOOL_CHECKS.get_market, args);
  requireScope(gate, caller, 'get_market');
  requireSymbol(gate, caller, symbol);
  const page = pageBySymbol(gate.getMarket(caller, symbol ?? null).markets, limit, cursor);
  return { markets: page.items, next: page.next };
}

/** Candles of another length are not kept, and none are made of those. */
function readCandles(gate: GateApi, caller: Caller, args: unknown): CandlesBody {
  const { symbol, interval, limit } = requireValid(TOOL_CHECKS.get_candles, args);
  requireScope(gate, caller, 'get_candles');
  requireSymbol(gate, caller, symbol);
  const candles = gate.getCandles(symbol, limit ?? DEFAULT_CANDLES);
  if (interval === undefined || interval === candles.interval) return candles;
  throw invalidInput([violationAt('interval', `is not kept; there is ${candles.interval}`, interval)]);
}

function readOrders(
  gate: GateApi,
  caller: Caller,
  { symbol, open, limit, cursor }: ToolArgs<'get_orders'>,
): { readonly orders: readonly OrderBody[]; readonly next: string | null } {
  const filter = { ...(symbol === undefined ? {} : { symbol }), ...(open === undefined ? {} : { open }) };
  const page = readPage(() => gate.getOrders(caller, filter, limit ?? DEFAULT_PAGE_SIZE, cursor ?? null));
  return { orders: page.items, next: page.next };
}

/** Codes of the ledger and the gate for a cursor that they did not issue. */
const CURSOR_CODES: ReadonlySet<string> = new Set(['LEDGER_ARGUMENT', 'CURSOR_UNKNOWN']);
/** A cursor that was not issued is the caller's mistake. */
export function readPage<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!CURSOR_CODES.has(codeOf(error))) throw error;
    throw invalidInput([notIssued()]);
  }
}

/** A symbol of which nothing is known has no figures: they would read as a market, or as budgets. */
function requireSymbol(gate: GateApi, caller: Caller, symbol: string | undefined): void {
  if (symbol === undefined) return;
  const known = gate.getSymbols(caller);
  if (known.includes(symbol)) return;
  throw invalidInput([violationAt('symbol', `is not traded here; there is ${known.join(', ')}`, symbol)]);
}

/** The policy says which reading tools a caller may use (SAE-T). */
export function requireScope(gate: GateApi, caller: Caller, tool: ReadingTool): void {
  if (gate.mayRead(caller, tool)) return;
  throw new ApiError('TOOL_NOT_IN_SCOPE', `The policy does not let this caller use ${tool}.`);
}

/** Names the symbol after which a page begins, so that new or removed entries move no others between pages. */
const PREFIX = 'after:';
const SYMBOL = new RegExp(SYMBOL_PATTERN);

/**
 * A page of entries sorted by symbol; the whole list if it fits.
 *
 * @throws ApiError INVALID_INPUT for a cursor that no earlier page can have issued
 */
export function pageBySymbol<T extends { readonly symbol: string }>(
  entries: readonly T[],
  limit: number = MAX_PAGE_SIZE,
  cursor?: string,
): Page<T> {
  const after = cursor === undefined ? '' : readCursor(cursor);
  const rest = entries.filter(({ symbol }) => symbol > after);
  const items = rest.slice(0, limit);
  const last = items.at(-1);
  return { items, next: rest.length > limit && last !== undefined ? `${PREFIX}${last.symbol}` : null };
}

function readCursor(cursor: string): string {
  const symbol = cursor.slice(PREFIX.length);
  if (cursor.startsWith(PREFIX) && SYMBOL.test(symbol)) return symbol;
  throw invalidInput([notIssued()]);
}

export function notIssued() {
  return violationAt('cursor', 'was not issued by this daemon');
}

import type { Static, TSchema } from 'typebox';
import { TOOL_NAMES, type ToolName, TRADING_TOOLS, type TradingTool } from '../core/request.ts';
import * as Type from './built/typebox.js';
import type { Checked, Violation } from './schema/ajv.ts';
import { buildRequestCheck, type RuleTexts } from './schema/check.ts';
import * as field from './schema/fields.ts';
import { violationAt } from './schema/violations.ts';

/** Arguments of every tool (SAE-REQ). An LLM reads the descriptions in the catalogue. */

export const PlaceOrderArgs = Type.Object(
  {
    symbol: field.symbol,
    intent: field.oneOf(
      ['open', 'close'],
      'open: take or add to a position; against one it is refused (AGAINST_POSITION). close: reduce or leave one; it never opens the other direction.', // TF-1, TF-2
    ),
    side: field.oneOf(['buy', 'sell'], 'Direction of the order itself: sell closes a long position, buy a short one.'), // TF-3
    requested_notional: Type.Optional(field.requestedNotional),
    quantity: Type.Optional(field.quantity),
    requested_leverage: field.requestedLeverage,
    order_type: field.oneOf(
      ['market', 'limit'],
      'market: at once, inside max_slippage_bps. limit: at limit_price or better, and it rests in the book until filled, canceled or expired.', // TF-4, TF-5
    ),
    limit_price: Type.Optional(field.limitPrice),
    max_slippage_bps: field.maxSlippageBps,
    strategy_id: field.strategyId,
    request_id: Type.Optional(field.requestId),
    venue: Type.Optional(field.venueName),
    timestamp_ms: Type.Optional(
      field.instant(
        'When you formed this intent, in exchange time; absent means on arrival. Old requests are blocked.', // TF-6, TF-7
      ),
    ),
    valid_until_ms: Type.Optional(
      field.instant('Until then what it opens may be sent, and rest. An exit goes on until a restart.'), // TF-8, TF-9
    ),
    account: Type.Optional(field.accountName),
    reduce_only: Type.Optional(
      Type.Boolean({
        description: 'true: the order is an exit, whatever the intent, or it is blocked (NOT_REDUCING).', // TF-10
      }),
    ),
    after_decision_id: Type.Optional({
      ...field.decisionId,
      description:
        'decision_id of your earlier equal order, once its execution has ended: says that you saw its result and mean this one as well.', // TF-11
    }),
    rationale: Type.Optional(
      field.freeText('Why, for the record. At most 2 kB. No influence on the decision.'), // note, TF-12, TF-13
    ),
    meta: Type.Optional(field.meta),
  },
  {
    ...field.closed,
    oneOf: [
      { properties: { requested_notional: {} }, required: ['requested_notional'] },
      { properties: { quantity: {} }, required: ['quantity'] },
    ],
    if: { properties: { order_type: { const: 'limit' } }, required: ['order_type'] },
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    then: { properties: { limit_price: field.limitPrice }, required: ['limit_price'] },
    else: {
      if: { properties: { order_type: { const: 'market' } }, required: ['order_type'] },
      // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
      then: { properties: { limit_price: false } },
    },
  },
);
export const ClosePositionArgs = Type.Object(
  {
    symbol: field.symbol,
    fraction: Type.Optional(field.fraction),
    max_slippage_bps: Type.Optional({
      ...field.maxSlippageBps,
      description: 'From the middle of the book, whatever the quote (BOUND_INSIDE_SPREAD).', // TF-14
    }),
    request_id: Type.Optional(field.requestId),
    strategy_id: Type.Optional(field.strategyId),
  },
  field.closed,
);
export const ModifyOrderArgs = Type.Object(
  {
    client_order_id: field.clientOrderId,
    limit_price: Type.Optional({
      ...field.limitPrice,
      description: 'New price in USDT per unit of the base asset. Absent: unchanged.', // note, TF-15
    }),
    requested_notional: Type.Optional({
      ...field.requestedNotional,
      description:
        'New total size of the order in USDT, what is already filled included. A total that is already filled cancels the rest. Absent: unchanged.', // TF-16, TF-17, TF-18
    }),
    request_id: Type.Optional(field.requestId),
  },
  {
    ...field.closed,
    anyOf: [
      { properties: { limit_price: {} }, required: ['limit_price'] },
      { properties: { requested_notional: {} }, required: ['requested_notional'] },
    ],
  },
);
export const CancelOrderArgs = Type.Object(
  { client_order_id: field.clientOrderId, request_id: Type.Optional(field.requestId) },
  field.closed,
);
export const CancelAllArgs = Type.Object(
  {
    symbol: Type.Optional({ ...field.symbol, description: 'Only orders of this symbol. Absent: of every symbol.' }), // TF-19, TF-20
    request_id: Type.Optional(field.requestId),
  },
  field.closed,
);

export const GetAccountArgs = Type.Object({}, field.closed);
const symbolPage = { limit: Type.Optional(field.wholeLimit), cursor: Type.Optional(field.cursor) };
export const GetPositionsArgs = Type.Object(symbolPage, field.closed);
export const GetOrdersArgs = Type.Object(
  {
    symbol: Type.Optional({ ...field.symbol, description: 'Only orders of this symbol.' }), // TF-21
    open: Type.Optional(
      Type.Boolean({ description: 'true: orders that may still fill. false: ended ones. Absent: both.' }), // TF-22, TF-23, TF-24
    ),
    limit: Type.Optional(field.pageLimit),
    cursor: Type.Optional(field.cursor),
  },
  field.closed,
);
export const GetMarketArgs = Type.Object(
  { symbol: Type.Optional({ ...field.symbol, description: 'Absent: every symbol of the policy.' }), ...symbolPage }, // TF-25
  field.closed,
);
export const GetCandlesArgs = Type.Object(
  {
    symbol: field.symbol,
    interval: Type.Optional(field.candleInterval),
    limit: Type.Optional(field.candleLimit),
  },
  field.closed,
);
export const GetOrderBookArgs = Type.Object({ symbol: field.symbol }, field.closed);
export const GetLimitsArgs = Type.Object(
  { symbol: Type.Optional({ ...field.symbol, description: 'Absent: every symbol of the policy.' }) }, // TF-26
  field.closed,
);
export const GetDecisionArgs = Type.Object({ decision_id: field.decisionId }, field.closed);

export const TOOL_SCHEMAS = {
  place_order: PlaceOrderArgs,
  close_position: ClosePositionArgs,
  modify_order: ModifyOrderArgs,
  cancel_order: CancelOrderArgs,
  cancel_all: CancelAllArgs,
  get_account: GetAccountArgs,
  get_positions: GetPositionsArgs,
  get_orders: GetOrdersArgs,
  get_market: GetMarketArgs,
  get_candles: GetCandlesArgs,
  get_order_book: GetOrderBookArgs,
  get_limits: GetLimitsArgs,
  get_decision: GetDecisionArgs,
} as const satisfies Record<ToolName, TSchema>;
export type ToolArgs<Tool extends ToolName> = Static<(typeof TOOL_SCHEMAS)[Tool]>;

const PRICE_OF_MARKET_ORDER = violationAt(
  'limit_price',
  'is refused for order_type market: use max_slippage_bps to bound the price, or order_type limit',
);
const ONE_SIZE = violationAt('', 'needs exactly one of requested_notional (USDT) and quantity (base asset)');
const NOTHING_TO_MODIFY = violationAt('', 'changes nothing: give limit_price, requested_notional, or both');
const RULES: { readonly [Tool in ToolName]?: RuleTexts } = {
  place_order: { '#/else/then/properties/limit_price': PRICE_OF_MARKET_ORDER, '#/oneOf': ONE_SIZE },
  modify_order: { '#/anyOf': NOTHING_TO_MODIFY },
};

export type ToolCheck<Tool extends ToolName> = (args: unknown) => Checked<ToolArgs<Tool>>;
function build<Tool extends ToolName>(tool: Tool): ToolCheck<Tool> {
  return buildRequestCheck<ToolArgs<Tool>>(TOOL_SCHEMAS[tool], RULES[tool]);
}
/** One check per tool. */
export const TOOL_CHECKS = Object.fromEntries(TOOL_NAMES.map((tool) => [tool, build(tool)])) as unknown as {
  readonly [Tool in ToolName]: ToolCheck<Tool>;
};

/** Compiles the check of a tool now, so that no call waits for it. */
export function prepareCheck(tool: ToolName): void {
  TOOL_CHECKS[tool](null);
}

export function isTradingTool(name: string): name is TradingTool {
  return (TRADING_TOOLS as readonly string[]).includes(name);
}
export function isToolName(name: string): name is ToolName {
  return (TOOL_NAMES as readonly string[]).includes(name);
}

/** A trading tool with its checked arguments, as the gate takes it. */
export type TradingCall = {
  [Tool in TradingTool]: { readonly tool: Tool; readonly args: ToolArgs<Tool> };
}[TradingTool];
export type CheckedCall =
  | { readonly ok: true; readonly call: TradingCall }
  | { readonly ok: false; readonly violations: readonly Violation[] };

export function checkTradingCall(tool: TradingTool, args: unknown): CheckedCall {
  const checked: Checked<unknown> = TOOL_CHECKS[tool](args);
  if (!checked.ok) return checked;
  // Both are of one tool, which a union of pairs cannot follow.
  return { ok: true, call: { tool, args: checked.value } as TradingCall };
}

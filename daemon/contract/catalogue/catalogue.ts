import type { JsonSchemaObject } from '../../core/policy.ts';
import { TOOL_NAMES, type ToolName } from '../../core/request.ts';
import { profileOf } from '../../core/venues.ts';
import type { CATALOGUE_FORMATS } from '../commands.ts';
import { MAX_BYTES_KEYWORD } from '../schema/fields.ts';
import { isTradingTool, TOOL_SCHEMAS } from '../tools.ts';
import { toStrictSchema } from './strict-schema.ts';

/** The tools as an LLM sees them, in the form of its framework. */

interface ToolText {
  readonly title: string;
  readonly description: string;
}
export const ANSWER =
  'Answers {decision, execution}. decision.decision is ALLOW (sent as asked), LIMIT (a smaller or safer order was sent instead: read decision.effective for what really went out, and do not send the difference) or BLOCK (nothing was sent: decision.reasons says why, with limits, a hint and, where waiting helps, retry_after_ms). execution.state submitting, staging or unknown means pending: do not send it again, look with get_decision.'; // note, TD-1, TD-2

export const TOOL_TEXTS: { readonly [Tool in ToolName]: ToolText } = {
  place_order: {
    title: 'Place an order',
    description: `Asks to open, add to, reduce or close a USDT-margined perpetual futures position. A policy gate decides first and may cut the order down. An order against your position is refused: use close_position, or reduce_only. One agent holds a symbol until it is flat; others open nothing there. Size is given once: as notional in USDT, or as quantity of the base asset. Look at get_limits for what is left before asking. ${ANSWER}`, // note, TD-3, TD-4, TD-5, TD-6, note
  },
  close_position: {
    title: 'Close a position',
    description: `Closes the position of one symbol, or a fraction of it, at the market with a bounded price; it never opens the other direction. Exits pass also while the account is reducing, in cooldown and in extreme markets. ${ANSWER}`, // TD-7, TD-8
  },
  modify_order: {
    title: 'Modify a resting order',
    description: `Changes the price or the total size of one of your resting limit orders in place. It is judged as the order it becomes; when that is not wholly permitted it is blocked and the old order stays. ${ANSWER}`, // TD-9, TD-10
  },
  cancel_order: {
    title: 'Cancel an order',
    description: `Cancels one of your open orders. What is already filled stays filled. ${ANSWER}`, // TD-11, TD-12
  },
  cancel_all: {
    title: 'Cancel all own orders',
    description: `Cancels all of your own open orders, of one symbol or of every symbol. Positions stay; close them with close_position. ${ANSWER}`, // TD-13, TD-14
  },
  get_account: {
    title: 'Read the account',
    description:
      'Equity, free margin, margin ratio, drawdown and daily loss (fractions of one), turnover and fees of the last 24 hours, all amounts in USDT.', // TD-15
  },
  get_positions: {
    title: 'Read positions',
    description:
      'Open positions: signed quantity (negative is short), value at the mark price in USDT, entry, mark and liquidation price, and whose it is (held).', // TD-16
  },
  get_orders: {
    title: 'Read orders',
    description:
      'Your orders, newest first, with status, filled quantity and average price (null until the exchange reports it). open: true lists only those that may still fill.', // TD-17, TD-18
  },
  get_market: {
    title: 'Read the market',
    description:
      'Mark price, best bid and ask, funding rate, market regime (calm, volatile, extreme) and what makes it so, tick, lot, smallest order, and whose it is (held).', // TD-19
  },
  get_candles: {
    title: 'Read candles',
    description:
      'Closed candles of one symbol, oldest first: open, high, low, close (USDT) and volume (base asset), as the daemon has them; bars_as_of_ms is the close of the last.', // TD-60
  },
  get_order_book: {
    title: 'Read the order book',
    description:
      'Best bid and ask of one symbol with their quantities, the middle and the spread, as the daemon read them last (quote_at_ms); deeper levels are not read.', // TD-62
  },
  get_limits: {
    title: 'Read what is allowed now',
    description:
      'For each symbol whose it is (held: open only what is yours or free), the budgets in force (order, symbol and gross notional, leverage, order rate, slippage, turnover, fees) with base, factors, used, reserved and remaining, the cooldown that is left and the trading state. opening.buy and opening.sell say how large an opening order may be now (remaining_usdt), what bounds it (bound_by), and what would refuse it (blocked_by). Ask within remaining_usdt (at the mark or your limit, the higher), leverage_cap and the slippage limit, and no budget cuts the order.', // TD-20, TD-21, TD-22
  },
  get_decision: {
    title: 'Read a decision',
    description:
      'One of your earlier decisions with the present state of its execution. Use it to follow an order that was pending.', // TD-23, note
  },
};

/** Part of every trading tool's description: a model may read nothing else before it trades. */
export function describeMoney(venue: string): string {
  return profileOf(venue).money;
}

export type CatalogueFormat = (typeof CATALOGUE_FORMATS)[number] | 'plain';
/** Narrower argument schemas of the policy in force (`tools.<tool>.args`). */
export type PolicyToolSchemas = { readonly [Tool in ToolName]?: { readonly args: JsonSchemaObject } | undefined };

export interface CatalogueOptions {
  readonly policyTools?: PolicyToolSchemas;
  /** Where the orders go; part of every trading tool's description. */
  readonly venue?: string;
  /** Which tools to list; all when absent. */
  readonly isListed?: (tool: ToolName) => boolean;
}
export interface PlainTool extends ToolText {
  readonly name: ToolName;
  readonly kind: 'trading' | 'reading';
  readonly input_schema: JsonSchemaObject;
}
export interface OpenAiTool {
  readonly type: 'function';
  readonly function: {
    readonly name: ToolName;
    readonly description: string;
    readonly parameters: JsonSchemaObject;
    readonly strict?: true;
  };
}
/** The form of the Responses API. */
export interface OpenAiResponsesTool {
  readonly type: 'function';
  readonly name: ToolName;
  readonly description: string;
  readonly parameters: JsonSchemaObject;
  readonly strict: true;
}
export interface AnthropicTool {
  readonly name: ToolName;
  readonly description: string;
  readonly input_schema: JsonSchemaObject;
}
export interface McpTool extends ToolText {
  readonly name: ToolName;
  readonly inputSchema: JsonSchemaObject;
  readonly annotations: {
    readonly readOnlyHint: boolean;
    readonly destructiveHint: boolean;
    readonly idempotentHint: boolean;
    readonly openWorldHint: boolean;
  };
}
export type CatalogueTool = PlainTool | OpenAiTool | OpenAiResponsesTool | AnthropicTool | McpTool;

/** Builds the catalogue. The arguments must match both the contract's schema and the operator's. */
export function buildToolCatalogue(format: CatalogueFormat, options: CatalogueOptions = {}): readonly CatalogueTool[] {
  const { policyTools = {}, isListed = () => true, venue } = options;
  return TOOL_NAMES.filter(isListed).map((tool) => describeTool(tool, format, policyTools[tool]?.args, venue));
}

function describeTool(
  name: ToolName,
  format: CatalogueFormat,
  operator: JsonSchemaObject | undefined,
  venue: string | undefined,
): CatalogueTool {
  const { title, ...text } = TOOL_TEXTS[name];
  const description = `${text.description}${describeVenue(name, venue)}`;
  switch (format) {
    case 'plain':
      return {
        name,
        title,
        description,
        kind: isTradingTool(name) ? 'trading' : 'reading',
        input_schema: fullSchema(name, operator),
      };
    case 'mcp':
      return { name, title, description, inputSchema: fullSchema(name, operator), annotations: annotationsOf(name) };
    case 'openai':
      return { type: 'function', function: { name, description, parameters: flatSchema(name, operator) } };
    case 'openai_strict': {
      const parameters = toStrictSchema(flatSchema(name, undefined));
      return { type: 'function', function: { name, description, parameters, strict: true } };
    }
    case 'openai_responses': {
      const parameters = toStrictSchema(flatSchema(name, undefined));
      return { type: 'function', name, description, parameters, strict: true };
    }
    case 'anthropic':
      return { name, description, input_schema: flatSchema(name, operator) };
  }
}

/** Empty for reading tools. */
export function describeVenue(name: ToolName, venue: string | undefined): string {
  return venue === undefined || !isTradingTool(name) ? '' : ` Venue: ${venue}, ${describeMoney(venue)}.`; // TD-24
}

function annotationsOf(name: ToolName): McpTool['annotations'] {
  const reads = !isTradingTool(name);
  return {
    readOnlyHint: reads,
    destructiveHint: !reads,
    idempotentHint: reads || name === 'cancel_order' || name === 'cancel_all',
    openWorldHint: true,
  };
}

function contractSchema(name: ToolName): Record<string, unknown> {
  return toPlainSchema(TOOL_SCHEMAS[name]);
}

/** As others read it: without the keywords that are ours. */
export function toPlainSchema(schema: object): Record<string, unknown> {
  return JSON.parse(JSON.stringify(schema, dropOurKeyword)) as Record<string, unknown>;
}

function dropOurKeyword(key: string, value: unknown): unknown {
  return key === MAX_BYTES_KEYWORD ? undefined : value;
}

function fullSchema(name: ToolName, operator: JsonSchemaObject | undefined): JsonSchemaObject {
  const contract = contractSchema(name);
  if (operator === undefined) return contract;
  const { allOf, ...rest } = contract;
  return { ...rest, allOf: [...(Array.isArray(allOf) ? allOf : []), operator] };
}

/**
 * OpenAI and Anthropic refuse combinations (`anyOf`, `allOf`, `if`) at the top level. The descriptions say the same,
 * and the operator's narrower properties are merged into ours one by one.
 */
export function flatSchema(name: ToolName, operator: JsonSchemaObject | undefined): JsonSchemaObject {
  const contract = contractSchema(name);
  for (const keyword of ['if', 'then', 'else', 'anyOf', 'allOf', 'oneOf', 'not']) delete contract[keyword];
  if (operator === undefined) return contract;
  const properties = { ...asObject(contract.properties) };
  for (const [key, narrower] of Object.entries(asObject(operator.properties))) {
    const ours = properties[key];
    // A property that the contract does not have is refused anyway.
    if (ours !== undefined) properties[key] = { ...asObject(ours), allOf: [narrower] };
  }
  const required = [...new Set([...asList(contract.required), ...asList(operator.required)])];
  return { ...contract, properties, required };
}

export function asObject(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}
function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

import type { JsonSchemaObject } from '../../core/policy.ts';
import { TOOL_NAMES, type ToolName } from '../../core/request.ts';
import * as field from '../schema/fields.ts';
import { isTradingTool, PlaceOrderArgs } from '../tools.ts';
import { BriefAnswerSchema } from './brief.ts';
import {
  ANSWER,
  asObject,
  type CatalogueOptions,
  describeVenue,
  flatSchema,
  TOOL_TEXTS,
  toPlainSchema,
} from './catalogue.ts';

/**
 * The catalogue in MCP's form for a model that pays for every token. What several tools would repeat is left to the
 * server's instructions. The daemon checks every bound, stated here or not, and names the one that was broken.
 */
export interface BriefTool {
  readonly name: ToolName;
  readonly title: string;
  readonly description: string;
  readonly inputSchema: JsonSchemaObject;
  readonly outputSchema: JsonSchemaObject;
  /** Where they differ from the protocol's defaults: not read-only, destructive, not idempotent, an open world. */
  readonly annotations: {
    readonly readOnlyHint?: boolean;
    readonly destructiveHint?: boolean;
    readonly idempotentHint?: boolean;
  };
}

export function buildBriefCatalogue(options: CatalogueOptions = {}): readonly BriefTool[] {
  const { policyTools = {}, isListed = () => true, venue } = options;
  return TOOL_NAMES.filter(isListed).map((name) => ({
    name,
    title: TOOL_TEXTS[name].title,
    description: `${describeBriefly(name)}${describeVenue(name, venue)}`,
    inputSchema: compactSchema(name, policyTools[name]?.args),
    outputSchema: OUTPUT_SCHEMAS[name],
    annotations: annotationsOf(name),
  }));
}

/** Descriptions that omit what the instructions or the arguments already say. */
const BRIEF_TEXTS: { readonly [Tool in ToolName]?: string } = {
  place_order:
    'Asks to open, add to, reduce or close a USDT-margined perpetual futures position. A policy gate may cut it down: ask get_limits first what is left. An order against your position is refused: use close_position or reduce_only.', // note, TD-25, TD-26
  close_position:
    'Closes the position of one symbol, or a fraction of it, at the market with a bounded price. Exits pass while reducing, in cooldown and in extreme markets, too.', // TD-27, TD-28
  get_candles:
    'Closed candles of one symbol, oldest first, as the daemon has them: columns names the figures of a row, bars_as_of_ms is the last close.', // TD-64
  get_order_book:
    'Best bid and ask of one symbol with quantities, mid and spread, as read last (quote_at_ms); no deeper levels.', // TD-65
  get_limits:
    'For each symbol whose it is (held: open only yours or free), and how much may open now on each side (remaining_usdt), what bounds it (bound_by) and would refuse it (blocked_by). Within these (at the mark or your limit, the higher), leverage_cap and max_slippage_bps no budget cuts.', // TD-29, TD-31
  get_decision: 'One of your decisions with the present state of its execution: follows a pending order.', // TD-32
};
function describeBriefly(name: ToolName): string {
  return BRIEF_TEXTS[name] ?? TOOL_TEXTS[name].description.replace(` ${ANSWER}`, '');
}

/** Trading tools and `get_decision` answer in brief; the others are only declared as objects. */
const OUTPUT_SCHEMAS = Object.fromEntries(
  TOOL_NAMES.map((name) => [
    name,
    isTradingTool(name) || name === 'get_decision' ? toPlainSchema(BriefAnswerSchema) : { type: 'object' },
  ]),
) as { readonly [Tool in ToolName]: JsonSchemaObject };

function annotationsOf(name: ToolName): BriefTool['annotations'] {
  if (!isTradingTool(name)) return { readOnlyHint: true };
  const isIdempotent = name === 'cancel_order' || name === 'cancel_all';
  return { destructiveHint: true, ...(isIdempotent ? { idempotentHint: true } : {}) };
}

/** Not offered where every token counts: the daemon serves one venue and one account. It accepts them all the same. */
const LEFT_OUT: ReadonlySet<string> = new Set(['venue', 'account', 'meta']);
const PLACE = PlaceOrderArgs.properties;
function textOf(schema: object): unknown {
  return 'description' in schema ? schema.description : null;
}
/** Long descriptions -> short ones; the server's instructions have the rest. */
const SHORT: ReadonlyMap<unknown, string> = new Map<unknown, string>([
  [textOf(field.symbol), 'As the exchange writes it: BTCUSDT.'], // note
  [textOf(field.requestId), 'Your own id of this request; the same id again sends nothing.'], // TD-33
  [textOf(field.strategyId), 'Your strategy, for the record.'], // note
  [
    textOf(field.maxSlippageBps),
    'Worst execution you accept, basis points from mid (10 = 0.1 %); the exchange enforces it.', // TD-34
  ],
  [textOf(field.requestedNotional), 'Value in USDT: price x quantity, before leverage; not margin, not coins.'], // TD-35
  [textOf(field.quantity), 'Size in the base asset, or requested_notional: exactly one.'], // TD-67
  [textOf(field.requestedLeverage), 'Sets the margin, not the size; 1 is unlevered.'], // TD-36
  [textOf(field.clientOrderId), 'One of your orders, from get_orders.'], // note
  [textOf(field.limitPrice), 'USDT per unit; for order_type limit only.'], // TD-37
  [textOf(field.candleInterval), 'As 15m; refused if the daemon keeps another.'], // TD-66
  [textOf(PLACE.timestamp_ms), 'When you formed this intent, exchange time. Old requests are blocked.'], // note, TD-38
  [textOf(PLACE.valid_until_ms), 'Until this instant, ms since 1970, it may open, and rest.'], // TD-39
  [
    textOf(PLACE.after_decision_id),
    'decision_id of your equal order that has ended: you saw it and mean this one, too.', // TD-40
  ],
  [textOf(PLACE.rationale), 'Why, for the record. No influence.'], // note, TD-41
  [
    textOf(PLACE.order_type),
    'market: at once within max_slippage_bps. limit: at limit_price or better; the rest stays.', // TD-42, TD-43
  ],
  [textOf(PLACE.intent), 'open: take or add. close: reduce or leave; it never opens the other side.'], // TD-44, TD-45
  [textOf(PLACE.side), 'Of the order: sell closes a long.'], // note
  [textOf(PLACE.reduce_only), 'true: an exit or nothing.'], // TD-46
]);
/** Bounds that no sensible call reaches. The daemon checks them all and names the one that was broken. */
const UNSAID: ReadonlySet<string> = new Set(['pattern', 'minLength', 'maxLength']);

/** As `flatSchema`, in half the tokens. */
function compactSchema(name: ToolName, operator: JsonSchemaObject | undefined): JsonSchemaObject {
  const { properties, ...rest } = flatSchema(name, operator);
  const kept = Object.entries(asObject(properties)).filter(([key]) => !LEFT_OUT.has(key));
  return { ...rest, properties: Object.fromEntries(kept.map(([key, schema]) => [key, shorten(schema)])) };
}

function shorten(schema: unknown): object {
  const all = asObject(schema);
  const members = Object.entries(all).filter(
    ([key, value]) =>
      !UNSAID.has(key) &&
      !(key === 'type' && 'enum' in all) &&
      !(typeof value === 'number' && (value >= 1e9 || value <= 0.01)),
  );
  return Object.fromEntries(members.map(([key, value]) => [key, SHORT.get(value) ?? value]));
}

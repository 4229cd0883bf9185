import { REASON_CODES } from '../../core/reasons.ts';
import * as Type from '../built/typebox.js';
import { SYMBOL_PATTERN } from './symbols.ts';

/** Fields that several bodies share, each with its bounds. Everything that a caller sends is bounded. */

/** Other systems choose any tool names. Only characters that cannot be displayed or told apart are excluded. */
export const FOREIGN_TOOL_PATTERN = '^[^\\p{C}\\p{Zl}\\p{Zp}]{1,128}$';
/**
 * Most bytes of a text in UTF-8. JSON Schema's maxLength counts characters, of which one may take four bytes; the
 * `x-` keeps the keyword legal in OpenAPI.
 */
export const MAX_BYTES_KEYWORD = 'x-max-bytes';
/** Largest free text a caller may send, bytes of UTF-8. */
export const MAX_TEXT_BYTES = 2048;
/** Smallest notional of a valid request, USDT; the exchange's own minimum is higher. */
export const MIN_NOTIONAL_USDT = 0.01;
export const MAX_NOTIONAL_USDT = 1_000_000_000;
export const MAX_LEVERAGE = 125;
export const MAX_PAGE_SIZE = 5000;
export const DEFAULT_PAGE_SIZE = 100;
const MAX_INSTANT_MS = 8_640_000_000_000_000;

/** No other key than those named. */
export const closed = { additionalProperties: false } as const;

/** `{description}`: absent where the name of a field says all, or nothing but its unit needs words. */
export function said(description?: string, unit?: string) {
  const words = [description, unit].filter((each) => each !== undefined).join(' ');
  return words === '' ? {} : { description: words };
}
/** One of a closed list of words. */
export function oneOf<const V extends readonly string[]>(values: V, description?: string) {
  return Type.Enum([...values] as V[number][], { type: 'string', ...said(description) });
}
/** Said once, since it is long. */
export const reasonCode = oneOf(REASON_CODES, 'Stable code; docs/reasons.md lists them.'); // TF-27
export const INSTANT_WORDS = 'Milliseconds since 1970.'; // note
export const side = oneOf(['buy', 'sell'], 'Direction of the order.'); // note
export const orderType = oneOf(['market', 'limit'], 'Kind of order.'); // note
export function instant(description?: string) {
  return Type.Integer({ minimum: 0, maximum: MAX_INSTANT_MS, ...said(description, INSTANT_WORDS) });
}
export function freeText(description: string, minLength = 0) {
  return Type.String({ minLength, maxLength: MAX_TEXT_BYTES, [MAX_BYTES_KEYWORD]: MAX_TEXT_BYTES, description });
}
export function sha256(description: string) {
  return Type.String({ pattern: '^[0-9a-f]{64}$', description: `${description} 64 hex digits in lower case.` }); // TF-28
}

export const symbol = Type.String({
  pattern: SYMBOL_PATTERN,
  description: 'Symbol as the exchange writes it: BTCUSDT.', // TF-29
});
export const requestedNotional = Type.Number({
  minimum: MIN_NOTIONAL_USDT,
  maximum: MAX_NOTIONAL_USDT,
  description:
    'Size as notional value in USDT (price times quantity, before leverage; not margin, not a number of coins). Sized at limit_price; of a market order at the mark or the price sent, the higher.', // TF-30, TF-31
});
/** Largest quantity of a valid request, in the base asset; the exchange's own maximum is lower. */
export const MAX_QUANTITY = 1_000_000_000;
export const quantity = Type.Number({
  minimum: 0.00000001,
  maximum: MAX_QUANTITY,
  description:
    'Size in the base asset (0.01 of BTCUSDT is 0.01 BTC), instead of requested_notional: exactly one of the two. Floored to the lot; limits in USDT hold for its value.', // TF-63, TF-64
});
export const requestedLeverage = Type.Integer({
  minimum: 1,
  maximum: MAX_LEVERAGE,
  description: 'Leverage, a whole number; 1 is unlevered. It sets the margin and does not change the size.', // TF-32, TF-33
});
export const limitPrice = Type.Number({
  minimum: 0.00000001,
  maximum: MAX_NOTIONAL_USDT,
  description:
    'Price in USDT per unit of the base asset. Required for order_type limit, refused for order_type market. Rounded to the tick in your favour.', // note, TF-34, TF-35
});
export const maxSlippageBps = Type.Number({
  minimum: 0,
  maximum: 10_000,
  description:
    'Worst execution you accept, in basis points from the middle of the order book (10 = 0.1 %). The exchange enforces it: a market order is sent as an IOC limit order at this bound; what does not fill within it is canceled.', // TF-36, TF-37
});
export const fraction = Type.Number({
  minimum: 0.000001,
  maximum: 1,
  description: 'Share of the position to close, above 0 up to 1. Absent: all of it.', // TF-38, TF-39
});
export const strategyId = Type.String({
  pattern: '^[ -~]{1,64}$',
  description: 'Name of the strategy that asks, for the record. It has no influence on limits.', // note, TF-40
});
export const requestId = Type.String({
  pattern: '^[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}$',
  description:
    'Your own id of this request; choose a new one for every new intention and repeat it when you send the same request again. A repeat returns the first decision and never places a second order.', // note, TF-41
});
export const decisionId = Type.String({
  pattern: '^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$',
  description: 'decision_id of an earlier answer.', // note
});
/** Of a decision or a signal. */
export const textOwner = Type.String({
  pattern: '^[ds]-[0-9a-z][0-9a-z-]{0,61}$',
  description: 'decision_id or signal_id.', // note
});
export const signalId = Type.String({
  pattern: '^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$',
  description: 'signal_id, as answered and as listed.', // note
});
export const recordNumber = Type.String({
  pattern: '^[1-9][0-9]{0,14}$',
  description: 'seq of the alert.', // note
});
export const clientOrderId = Type.String({
  pattern: '^[A-Za-z0-9_.:/-]{1,36}$',
  description: 'client_order_id, as place_order and get_orders return it.', // note
});
/** The policy judges which venue or account is allowed, so any name is valid here. */
export const venueName = Type.String({
  pattern: '^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$',
  description: 'Venue. Leave it out to use the one that this daemon serves; any other is blocked.', // note, TF-42
});
export const accountName = Type.String({
  pattern: '^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$',
  description: 'Account. Leave it out to use the one that this daemon serves; any other is blocked.', // note, TF-43
});
export const agentName = Type.String({
  pattern: '^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$',
  description: 'Name of an agent, as in its token.', // note
});
/** Name of any tool, Holdfast's or not. */
export const toolName = Type.String({
  pattern: FOREIGN_TOOL_PATTERN,
  description: 'Name of the tool: 1 to 128 characters, none of them a control or format character.', // TF-44
});
export const pageLimit = Type.Integer({
  minimum: 1,
  maximum: MAX_PAGE_SIZE,
  description: `Most entries of one page; ${DEFAULT_PAGE_SIZE} when absent.`, // TF-45
});
/** For lists with one entry per symbol, which are short. */
export const wholeLimit = Type.Integer({
  minimum: 1,
  maximum: MAX_PAGE_SIZE,
  description: 'Most of one page; absent: all.', // TF-46
});
/** Newest closed candles of one answer. */
export const MAX_CANDLES = 500;
export const DEFAULT_CANDLES = 30;
export const candleLimit = Type.Integer({
  minimum: 1,
  maximum: MAX_CANDLES,
  description: `The newest so many; ${DEFAULT_CANDLES} when absent.`, // TF-60
});
export const candleInterval = Type.String({
  pattern: '^[1-9][0-9]{0,3}[mhd]$',
  description: 'Length of a candle, as 15m or 1h. The daemon keeps one and refuses others. Absent: that one.', // note, TF-61, TF-62
});
export const cursor = Type.String({
  pattern: '^[A-Za-z0-9_.:=-]{1,256}$',
  description: '`next` of the previous page.', // TF-47
});
export const skillClaim = Type.Object(
  {
    name: Type.Optional(Type.String({ minLength: 1, maxLength: 100, description: 'Name of the skill.' })), // note
    version: Type.Optional(Type.String({ minLength: 1, maxLength: 64, description: 'Its version.' })), // note
    sha256: Type.Optional(sha256('Digest of the skill.')), // note
  },
  { ...closed, description: 'The skill that asks, by its own word. A claim can only lower trust.' }, // note, TF-48
);
export const meta = Type.Object(
  { skill: Type.Optional(skillClaim) },
  { ...closed, description: 'About the source of this request.' }, // note
);

import { MAX_USDT, MIN_VALUE } from '../../core/keys/budgets.ts';
import { MIN_FACTOR } from '../../core/policy.ts';
import * as Type from '../built/typebox.js';

/** The kinds of value in a policy, each with its range, and its unit in the description. */

export const DAY_MS = 86_400_000;
export const YEAR_MS = 365 * DAY_MS;
export const AGENT_PATTERN = '^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$';
export const ACCOUNT_PATTERN = '^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$';
export const closed = { additionalProperties: false } as const;
export function milliseconds(description: string, maximum: number = YEAR_MS, minimum = 1) {
  return Type.Integer({ minimum, maximum, description: `${description} Milliseconds.` }); // note
}
export function count(description: string, maximum: number, minimum = 1) {
  return Type.Integer({ minimum, maximum, description });
}
export function usdt(description: string, maximum: number = MAX_USDT, minimum: number = MIN_VALUE.USDT) {
  return Type.Number({ minimum, maximum, description: `${description} USDT.` }); // note
}
export function bps(description: string, maximum = 5000) {
  return Type.Number({ minimum: 0.1, maximum, description: `${description} Basis points (100 = 1 %).` }); // note
}
export function fraction(description: string, minimum: number, maximum: number) {
  return Type.Number({ minimum, maximum, description: `${description} A fraction of one.` }); // note
}
export function names<const V extends readonly string[]>(values: V, description: string, minItems: number) {
  return Type.Array(Type.Enum([...values] as V[number][]), {
    minItems,
    maxItems: values.length,
    uniqueItems: true,
    description,
  });
}
export function texts(pattern: string, description: string, minItems: number, maxItems: number) {
  return Type.Array(Type.String({ pattern }), { minItems, maxItems, uniqueItems: true, description });
}

const factorNumber = Type.Number({ minimum: MIN_FACTOR, maximum: 1 });
const factorText = Type.String({ pattern: '^[1-9][0-9]*/[1-9][0-9]*$', maxLength: 21 });
const FACTOR_HELP = `${MIN_FACTOR} to 1, or an exact fraction such as 2/3. Zero is refused: write reduce_only: true instead.`; // PK-163, PK-164
function factor(description: string) {
  return Type.Union([factorNumber, factorText], { description: `${description} A factor on B_0: ${FACTOR_HELP}` });
}
export const componentFactors = {
  leverage: factor("Factor on the leverage cap; the result is at least 1x, the venue's minimum."), // PK-165
  notional: factor('Factor on the order, symbol and gross notional caps.'), // PK-166
  order_rate: factor('Factor on the order rate; the result is rounded down.'), // PK-167
  slippage: factor('Factor on the slippage cap.'), // PK-168
};
export function multiplier(description: string) {
  return Type.Union([factorNumber, factorText, Type.Object(componentFactors, closed)], {
    description: `${description} One factor for every component, or {leverage, notional, order_rate, slippage}; several tiers multiply. ${FACTOR_HELP}`, // PK-175
  });
}
export const reduceOnly = (description: string) =>
  Type.Boolean({ description: `${description} While true, only exits and cancels pass.` }); // PK-169
/** Shorter than that of order rates, since counts are kept for the longest window. */
export const requestRate = (description: string) =>
  Type.Object(
    {
      max: count('Largest number of records in one window.', 1_000_000), // PK-170
      window_ms: milliseconds('Length of the sliding window.', 3_600_000, 1000), // PK-171
    },
    { ...closed, description: `${description} Without it: 60 in 60000 ms.` }, // PK-172
  );
export const rateLimit = (description: string) =>
  Type.Object(
    {
      max: count('Largest number of orders in one window.', 1_000_000), // PK-173
      window_ms: milliseconds('Length of the sliding window.'), // PK-174
    },
    { ...closed, description },
  );

/**
 * Exact decimals. The exchange uses decimal strings, the gate whole ticks and lots. Between the two there is no
 * binary fraction, so that exactly what was checked is sent, and a value off the grid is refused.
 */

/** An answer of the exchange that contradicts its documentation; nothing is guessed from it. */
export class MalformedAnswerError extends Error {
  override readonly name = 'MalformedAnswerError';
}
/** A step of `mantissa / scale`, where scale is the smallest possible power of ten ("0.10" is 1 / 10). */
export interface Step {
  readonly mantissa: number;
  readonly scale: number;
}
interface Decimal {
  readonly digits: bigint;
  readonly decimals: number;
}

const DECIMAL = /^(-?)(\d{1,20})(?:\.(\d{1,20}))?$/;

function parseDecimal(text: string, what: string): Decimal {
  const match = DECIMAL.exec(text);
  if (match === null) throw new MalformedAnswerError(`${what} is not a decimal`);
  const fraction = (match[3] ?? '').replace(/0+$/, '');
  return { digits: BigInt(`${match[1]}${match[2]}${fraction}`), decimals: fraction.length };
}
function toSafe(value: bigint, what: string): number {
  const result = Number(value);
  if (!Number.isSafeInteger(result)) throw new MalformedAnswerError(`${what} is too large`);
  return result;
}

/** "0.10" -> {1, 10}; a step of zero or less is malformed. */
export function parseStep(text: string, what: string): Step {
  const { digits, decimals } = parseDecimal(text, what);
  if (digits <= 0n) throw new MalformedAnswerError(`${what} is not positive`);
  return { mantissa: toSafe(digits, what), scale: toSafe(10n ** BigInt(decimals), what) };
}
/** Quotient and remainder of a decimal by a step, truncated toward zero. */
function divide(text: string, step: Step, what: string): { quotient: bigint; remainder: bigint } {
  const { digits, decimals } = parseDecimal(text, what);
  const numerator = digits * BigInt(step.scale);
  const denominator = 10n ** BigInt(decimals) * BigInt(step.mantissa);
  return { quotient: numerator / denominator, remainder: numerator % denominator };
}
/** Whole steps in a decimal; refuses one off the grid. Negative values keep their sign. */
export function parseUnits(text: string, step: Step, what: string): number {
  const { quotient, remainder } = divide(text, step, what);
  if (remainder !== 0n) throw new MalformedAnswerError(`${what} is not a multiple of its step`);
  return toSafe(quotient, what);
}
/** Whole steps that fit within a limit of the exchange (maxQty). */
export function parseUnitsFloor(text: string, step: Step, what: string): number {
  return toSafe(divide(text, step, what).quotient, what);
}
/** Fewest whole steps that reach a limit of the exchange (minQty). */
export function parseUnitsCeil(text: string, step: Step, what: string): number {
  const { quotient, remainder } = divide(text, step, what);
  return toSafe(remainder === 0n ? quotient : quotient + 1n, what);
}
/**
 * Finite number from a decimal string or a JSON number, for amounts that are not on a grid (balances, rates, marks).
 */
export function parseAmount(value: unknown, what: string): number {
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  if (typeof value !== 'string' || !DECIMAL.test(value)) throw new MalformedAnswerError(`${what} is not a decimal`);
  return Number(value) + 0;
}
/**
 * Decimal string of `units` steps, without trailing zeros: ccxt's own form, so that both can be compared
 * character by character before anything is sent.
 */
export function formatUnits(units: number, step: Step): string {
  const total = units * step.mantissa;
  if (!Number.isSafeInteger(units) || !Number.isSafeInteger(total) || units <= 0) {
    throw new RangeError(`not a positive whole number of steps: ${units}`);
  }
  const decimals = String(step.scale).length - 1;
  if (decimals === 0) return String(total);
  const digits = String(total).padStart(decimals + 1, '0');
  const fraction = digits.slice(-decimals).replace(/0+$/, '');
  const whole = digits.slice(0, -decimals);
  return fraction === '' ? whole : `${whole}.${fraction}`;
}

/**
 * Exact decimals. The exchange uses decimal strings, the gate whole units of 1e-8. Between the two there is no binary
 * fraction, so that exactly what was checked is sent.
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

const E8_DECIMALS = 8;
const DECIMAL = /^(-?)(\d{1,20})(?:\.(\d{1,20}))?$/;

function parseDecimal(text: string, what: string): Decimal {
  const match = DECIMAL.exec(text);
  if (match === null) throw new MalformedAnswerError(`${what} is not a decimal`);
  const fraction = (match[3] ?? '').replace(/0+$/, '');
  return { digits: BigInt(`${match[1]}${match[2]}${fraction}`), decimals: fraction.length };
}
function toSafe(value: bigint, what: string): number {
  const result = Number(value);
  if (!Number.isSafeInteger(result)) throw new MalformedAnswerError(`${what} is beyond the range`);
  return result;
}

/** "0.10" -> {1, 10}; a step of zero or less is malformed, and so is one finer than 1e-8. */
export function parseStep(text: string, what: string): Step {
  const { digits, decimals } = parseDecimal(text, what);
  if (digits <= 0n) throw new MalformedAnswerError(`${what} is not positive`);
  if (decimals > E8_DECIMALS) throw new MalformedAnswerError(`${what} has more than ${E8_DECIMALS} decimals`);
  return { mantissa: toSafe(digits, what), scale: toSafe(10n ** BigInt(decimals), what) };
}
export function stepE8({ mantissa, scale }: Step): bigint {
  return BigInt(mantissa) * (10n ** BigInt(E8_DECIMALS) / BigInt(scale));
}
/** The finest step that is a multiple of both. */
export function commonStep(a: Step, b: Step, what: string): Step {
  const [one, other] = [stepE8(a), stepE8(b)];
  return parseStep(formatE8((one / greatestDivisor(one, other)) * other), what);
}
function greatestDivisor(a: bigint, b: bigint): bigint {
  return b === 0n ? a : greatestDivisor(b, a % b);
}
/** Quotient and remainder of a decimal by a step, truncated toward zero. */
function divide(text: string, step: Step, what: string): { quotient: bigint; remainder: bigint } {
  const { digits, decimals } = parseDecimal(text, what);
  const numerator = digits * BigInt(step.scale);
  const denominator = 10n ** BigInt(decimals) * BigInt(step.mantissa);
  return { quotient: numerator / denominator, remainder: numerator % denominator };
}
/** Units of 1e-8 in a decimal, signed and of any size; refuses a ninth decimal. */
export function parseWideE8(text: string, what: string): bigint {
  const { digits, decimals } = parseDecimal(text, what);
  if (decimals > E8_DECIMALS) throw new MalformedAnswerError(`${what} has more than ${E8_DECIMALS} decimals`);
  return digits * 10n ** BigInt(E8_DECIMALS - decimals);
}
/** The same within the range of safe integers: up to 90,071,992.54740991. */
export function parseE8(text: string, what: string): number {
  return toSafe(parseWideE8(text, what), what);
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
 * Decimal string without trailing zeros: ccxt's own form, so that both can be compared character by character before
 * anything is sent.
 */
export function formatE8(units: bigint): string {
  if (units <= 0n) throw new RangeError(`not a positive number: ${units}`);
  const digits = String(units).padStart(E8_DECIMALS + 1, '0');
  const fraction = digits.slice(-E8_DECIMALS).replace(/0+$/, '');
  const whole = digits.slice(0, -E8_DECIMALS);
  return fraction === '' ? whole : `${whole}.${fraction}`;
}

/** Strict readers of the exchange's JSON: a missing or malformed field is an error, never a default. */
export type JsonObject = { readonly [key: string]: unknown };

export function requireObject(value: unknown, what: string): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new MalformedAnswerError(`${what} is not an object`);
  }
  return value as JsonObject;
}
/** Of a row that may say anything: one that is no object has no fields. */
export function asObject(value: unknown): JsonObject {
  return typeof value === 'object' && value !== null ? (value as JsonObject) : {};
}
export function requireList(value: unknown, what: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new MalformedAnswerError(`${what} is not a list`);
  return value;
}
export function readText(source: JsonObject, key: string): string {
  const value = source[key];
  if (typeof value !== 'string') throw new MalformedAnswerError(`${key} is not a text`);
  return value;
}
export function readAmount(source: JsonObject, key: string): number {
  return parseAmount(source[key], key);
}
/** Mark, rate and price fields, which must be above zero. */
export function readPositive(source: JsonObject, key: string): number {
  const value = readAmount(source, key);
  if (value <= 0) throw new MalformedAnswerError(`${key} is not positive`);
  return value;
}
export function readInteger(source: JsonObject, key: string): number {
  const value = readAmount(source, key);
  if (!Number.isSafeInteger(value)) throw new MalformedAnswerError(`${key} is not an integer`);
  return value;
}
/** Times are milliseconds of the venue's clock. */
export function readInstant(source: JsonObject, key: string): number {
  const value = readInteger(source, key);
  if (value < 0) throw new MalformedAnswerError(`${key} is not an instant`);
  return value;
}
export function readFlag(source: JsonObject, key: string): boolean {
  const value = source[key];
  if (typeof value !== 'boolean') throw new MalformedAnswerError(`${key} is not a flag`);
  return value;
}
/** Ids are integers that may exceed 2^53; ccxt then returns them as digit strings. */
export function readId(source: JsonObject, key: string): string {
  const value = source[key];
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return String(value);
  if (typeof value === 'string' && /^\d{1,30}$/.test(value)) return value;
  throw new MalformedAnswerError(`${key} is not an id`);
}
/** The decimal text of a grid quantity or price; the exchange always sends these as strings. */
export function readDecimalText(source: JsonObject, key: string): string {
  const value = source[key];
  if (typeof value !== 'string') throw new MalformedAnswerError(`${key} is not a decimal text`);
  return value;
}

/** Decimal texts of quantities and prices, in units of 1e-8. */
export function readE8(source: JsonObject, key: string): number {
  return parseE8(readDecimalText(source, key), key);
}

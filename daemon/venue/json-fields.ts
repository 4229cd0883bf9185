/** Strict readers of the exchange's JSON: a missing or malformed field is an error, never a default. */
import { MalformedAnswerError, parseAmount } from './decimals.ts';

export type JsonObject = { readonly [key: string]: unknown };

export function requireObject(value: unknown, what: string): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new MalformedAnswerError(`${what} is not an object`);
  }
  return value as JsonObject;
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

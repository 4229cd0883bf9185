/**
 * Fixed-point numbers: a bigint that counts units of 1e-8. Prices, quantities, rates and USDT amounts all use it, so
 * sums of money are exact and only a division or a product beyond eight decimals rounds.
 */
export type E8 = bigint;

export const ONE: E8 = 100_000_000n;

const DECIMAL = /^(-?)(\d+)(?:\.(\d*))?$/;

/** Reads plain decimal text ("-12.5"); digits beyond the eighth decimal are cut off. Undefined when it is no number. */
export function parseE8(text: string): E8 | undefined {
  const match = DECIMAL.exec(text);
  if (match === null) return undefined;
  const fraction = (match[3] ?? '').slice(0, 8).padEnd(8, '0');
  const magnitude = BigInt(match[2] ?? '0') * ONE + BigInt(fraction);
  return match[1] === '-' ? -magnitude : magnitude;
}

/** A figure typed in source code; throws on anything that is not a plain decimal. */
export function e8(text: string): E8 {
  const value = parseE8(text);
  if (value === undefined) throw new RangeError(`not a decimal: ${text}`);
  return value;
}

/** numerator / denominator, rounded half away from zero. */
export function divideRounded(numerator: bigint, denominator: bigint): bigint {
  const negative = numerator < 0n !== denominator < 0n;
  const n = numerator < 0n ? -numerator : numerator;
  const d = denominator < 0n ? -denominator : denominator;
  const quotient = (2n * n + d) / (2n * d);
  return negative ? -quotient : quotient;
}

/** Product of two fixed-point numbers, rounded half away from zero at 1e-8. */
export function multiply(a: E8, b: E8): E8 {
  const product = a * b;
  return product % ONE === 0n ? product / ONE : divideRounded(product, ONE);
}

/** Quotient of two fixed-point numbers, rounded half away from zero at 1e-8. */
export function divide(a: E8, b: E8): E8 {
  return divideRounded(a * ONE, b);
}

export function absolute(value: E8): E8 {
  return value < 0n ? -value : value;
}

export function minimum(a: E8, b: E8): E8 {
  return a < b ? a : b;
}

export function maximum(a: E8, b: E8): E8 {
  return a > b ? a : b;
}

/** Units of 1e-8 in one of the last decimal, by the number of decimals. */
const SCALES = Array.from({ length: 9 }, (_, decimals) => 10n ** BigInt(8 - decimals));

/** Decimal text with exactly `decimals` (0..8) places, rounded half away from zero. */
export function format(value: E8, decimals = 8): string {
  const scale = SCALES[decimals] ?? 1n;
  const units = decimals === 8 ? value : divideRounded(value, scale);
  const negative = units < 0n;
  const digits = (negative ? -units : units).toString().padStart(decimals + 1, '0');
  const body = decimals === 0 ? digits : `${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`;
  return negative ? `-${body}` : body;
}

/** Places that a number needs to be written exactly, 0..8. */
export function decimalsOf(value: E8): number {
  let decimals = 8;
  for (let rest = value; decimals > 0 && rest % 10n === 0n; rest /= 10n) decimals -= 1;
  return decimals;
}

/** Nearest fixed-point number to a float; for model figures only, never for money that was given as text. */
export function fromNumber(value: number): E8 {
  return BigInt(Math.round(value * 1e8));
}

/** The float nearest to a fixed-point number; for display and model figures only. */
export function toNumber(value: E8): number {
  return Number(value) / 1e8;
}

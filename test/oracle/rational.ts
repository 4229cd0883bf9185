/**
 * Exact fractions for the oracles. A number is read as the decimal it is written as (its shortest form), so `0.1` is
 * one tenth: what a policy or a venue says, not what a double happens to hold.
 */
export interface Rational {
  readonly n: bigint;
  /** Above zero. */
  readonly d: bigint;
}

const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER);

function gcd(a: bigint, b: bigint): bigint {
  let x = a < 0n ? -a : a;
  let y = b;
  while (y > MAX_SAFE) [x, y] = [y, x % y];
  if (y === 0n) return x;
  // Numbers from here on, which divide many times faster.
  let divisor = Number(y);
  for (let rest = Number(x % y); rest !== 0; ) [divisor, rest] = [rest, divisor % rest];
  return BigInt(divisor);
}

export function fraction(n: bigint, d: bigint): Rational {
  if (d === 1n) return { n, d };
  if (d === 0n) throw new RangeError('a fraction needs a denominator');
  const sign = d < 0n ? -1n : 1n;
  const common = gcd(n, d * sign) || 1n;
  return { n: (n * sign) / common, d: (d * sign) / common };
}

/** The decimal that `value` prints as. Throws on NaN and infinities. */
export function exact(value: number): Rational {
  if (Number.isSafeInteger(value)) return { n: BigInt(value), d: 1n };
  if (!Number.isFinite(value)) throw new RangeError(`no exact value for ${value}`);
  const [mantissa = '0', exponent = '0'] = String(value).split('e');
  const [whole = '0', part = ''] = mantissa.split('.');
  const digits = BigInt(`${whole}${part}`);
  const scale = Number(exponent) - part.length;
  return scale >= 0 ? fraction(digits * 10n ** BigInt(scale), 1n) : fraction(digits, 10n ** BigInt(-scale));
}

export const ZERO: Rational = { n: 0n, d: 1n };
export const UNITY: Rational = { n: 1n, d: 1n };

export function add(a: Rational, b: Rational): Rational {
  return fraction(a.n * b.d + b.n * a.d, a.d * b.d);
}
export function sub(a: Rational, b: Rational): Rational {
  return fraction(a.n * b.d - b.n * a.d, a.d * b.d);
}
export function mul(...factors: readonly Rational[]): Rational {
  return factors.reduce((a, b) => fraction(a.n * b.n, a.d * b.d), UNITY);
}
export function div(a: Rational, b: Rational): Rational {
  return fraction(a.n * b.d, a.d * b.n);
}
export function compare(a: Rational, b: Rational): -1 | 0 | 1 {
  const left = a.n * b.d;
  const right = b.n * a.d;
  return left < right ? -1 : left > right ? 1 : 0;
}
export function least(first: Rational, ...rest: readonly Rational[]): Rational {
  return rest.reduce((a, b) => (compare(b, a) < 0 ? b : a), first);
}
export function greatest(first: Rational, ...rest: readonly Rational[]): Rational {
  return rest.reduce((a, b) => (compare(b, a) > 0 ? b : a), first);
}
export function floor(a: Rational): bigint {
  const quotient = a.n / a.d;
  return a.n < 0n && quotient * a.d !== a.n ? quotient - 1n : quotient;
}
export function ceil(a: Rational): bigint {
  return -floor({ n: -a.n, d: a.d });
}
export function lower(a: bigint, b: bigint): bigint {
  if (a < b) return a;
  return b;
}
export function higher(a: bigint, b: bigint): bigint {
  if (a > b) return a;
  return b;
}
export function whole(value: bigint | number): Rational {
  return { n: BigInt(value), d: 1n };
}
export function toNumber(a: Rational): number {
  const scaled = (a.n * 10n ** 18n) / a.d;
  return Number(scaled) / 1e18;
}

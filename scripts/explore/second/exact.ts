/** An exact number; `d` is above 0. */
export interface Fraction {
  readonly n: bigint;
  readonly d: bigint;
}

export const ONE: Fraction = { n: 1n, d: 1n };
const E8 = 100_000_000n;

/** Of a number as it is written, or of text such as `2/3`. */
export function fraction(written: number | string): Fraction {
  const [above = '', below] = String(written).split('/');
  if (below !== undefined) return { n: BigInt(above), d: BigInt(below) };
  const [digits = '', exponent = '0'] = above.split('e');
  const [whole = '', part = ''] = digits.split('.');
  const shift = Number(exponent) - part.length;
  const n = BigInt(whole + part);
  return shift < 0 ? { n, d: 10n ** BigInt(-shift) } : { n: n * 10n ** BigInt(shift), d: 1n };
}

export function times(a: Fraction, b: Fraction): Fraction {
  return { n: a.n * b.n, d: a.d * b.d };
}

export function isAbove(a: Fraction, b: Fraction): boolean {
  return a.n * b.d > b.n * a.d;
}

export function least(a: Fraction, b: Fraction): Fraction {
  return isAbove(a, b) ? b : a;
}

/** Rounded down, and 1 at least. */
export function wholeOf(a: Fraction): Fraction {
  const n = a.n / a.d;
  return { n: n < 1n ? 1n : n, d: 1n };
}

/** Units of 1e-8 of a decimal number; digits beyond them are cut off. */
export function e8(written: number | string): bigint {
  const { d, n } = fraction(written);
  return (n * E8) / d;
}

/** USDT of a quantity at a price, both in units of 1e-8. */
export function usdt(quantityE8: bigint, priceE8: bigint): Fraction {
  return { n: quantityE8 * priceE8, d: E8 * E8 };
}

export function plus(a: Fraction, b: Fraction): Fraction {
  return { n: a.n * b.d + b.n * a.d, d: a.d * b.d };
}

/** To be read, not to be counted with. */
export function show(a: Fraction): string {
  return (Number((a.n * 10_000n) / a.d) / 10_000).toString();
}

import fc from 'fast-check';

/** How the generators of this folder draw: near limits, and with few things odd at a time. */
export const near = (limit: number, step: number): fc.Arbitrary<number> =>
  fc.constantFrom(limit - step, limit, limit + step);

/**
 * A record in which at most `most` fields differ from the usual ones: where every field is drawn at random nearly
 * every case is refused for five reasons at once, and nothing is seen of the rest.
 */
export function mostlyUsual<T extends object>(
  usual: T,
  odd: { readonly [key in keyof T]: fc.Arbitrary<T[key]> },
  most: number,
): fc.Arbitrary<T> {
  const keys = Object.keys(usual) as (keyof T)[];
  return fc.tuple(fc.record<T>(odd), fc.subarray(keys, { maxLength: most })).map(([drawn, chosen]) => {
    const result = { ...usual };
    for (const key of chosen) result[key] = drawn[key];
    return result;
  });
}

/** Amounts in USDT around whole lots of 60, venue minimums and caps. */
export const usdt: fc.Arbitrary<number> = fc.oneof(
  fc.integer({ min: 1, max: 60 }).map((lots) => lots * 60),
  fc.constantFrom(49.99, 50, 59.99, 60.01, 119.9, 600, 719.97, 720, 1199.99, 1200, 1200.01, 2400),
  fc.integer({ min: 1, max: 400_000 }).map((cents) => cents / 100),
);

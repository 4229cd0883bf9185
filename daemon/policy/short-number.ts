/** A computed figure without the noise of binary fractions: 3 x 0.4 is 1.2, not 1.2000000000000002. */
export function shortNumber(value: number): number {
  return Number(value.toPrecision(12));
}

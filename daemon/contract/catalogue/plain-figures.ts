/** Without the noise of binary fractions, at any depth: 3984.000000000001 is 3984. Whole numbers stay as they are. */
export function plainly<T>(value: T): T {
  return plainOf(value) as T;
}

function plainOf(value: unknown): unknown {
  if (typeof value === 'number') return Number.isInteger(value) ? value : Number(value.toPrecision(12));
  if (Array.isArray(value)) return value.map(plainOf);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, plainOf(each)]));
}

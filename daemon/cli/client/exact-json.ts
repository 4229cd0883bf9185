interface RawJson {
  rawJSON(text: string): unknown;
}

/**
 * JSON.stringify writes Infinity and NaN as null and -0 as 0, so an amount that was out of range would arrive as one
 * that was not given. Here they stay numbers that the daemon refuses, in its own words and with its own record.
 */
export function toExactJson(value: unknown): string {
  return JSON.stringify(value, (_key, each: unknown) => {
    if (typeof each !== 'number') return each;
    if (!Number.isFinite(each)) return (JSON as unknown as RawJson).rawJSON('1e999');
    return Object.is(each, -0) ? (JSON as unknown as RawJson).rawJSON('-0') : each;
  });
}

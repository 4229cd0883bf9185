import type { ReasonCode } from '../../daemon/core/reasons.ts';
import type { Change } from './decision-fixture.ts';

export type Expected = 'pass' | 'tighten' | 'deny';
export type Value = number | string | boolean | null;
/** One boundary of one rule: what is varied, and whether the code is raised at each value. */
export interface Row {
  readonly rule: number;
  readonly clause: string;
  readonly code: ReasonCode;
  readonly what: string;
  readonly cases: { readonly [E in Expected]?: readonly Value[] };
  readonly change: (value: Value) => Change;
  /** What has to hold beside it. */
  readonly setting?: Change;
  readonly settings?: readonly Change[];
  /** The code is never raised here, whatever the figure. */
  readonly isNever?: true;
}

/** A row without that by which it is found. */
export type Rest = Omit<Row, 'rule' | 'clause' | 'code'>;
export const row = (rule: number, clause: string, code: ReasonCode, rest: Rest): Row => ({
  rule,
  clause,
  code,
  ...rest,
});
export function casesOf({ cases }: Row): readonly (readonly [Value, Expected])[] {
  return (['pass', 'tighten', 'deny'] as const).flatMap((expected) =>
    (cases[expected] ?? []).map((value) => [value, expected] as const),
  );
}
export function asNumber(value: Value): number {
  if (typeof value !== 'number') throw new TypeError('this row varies a number');
  return value;
}
export function asText(value: Value): string {
  if (typeof value !== 'string') throw new TypeError('this row varies a text');
  return value;
}
/** A larger ask than any cap, so that whatever tightens the budgets cuts it. */
export const ASKS_TOO_MUCH: Change = { request: { requested_notional: 6001 } };
/** Ten lots long, opened by the asking agent. */
export const LONG_TEN: Change = {
  context: { exposure: { long_lots: 10, long_units: 6_000_000 }, agent: { share_lots: 10, long_units: 6_000_000 } },
};
/** The same, short. */
export const SHORT_TEN: Change = {
  context: { exposure: { short_lots: 10, short_units: 6_000_000 }, agent: { share_lots: -10, short_units: 6_000_000 } },
};

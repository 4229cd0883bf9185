import type { Range } from './plain-pace.ts';

export type { Range } from './plain-pace.ts';
/** A figure that is not what its definition gives: a code of a breach, and what is wrong. */
export type Found = readonly [code: string, detail: string];

export const CENT = 0.01;
const HAIR = 1e-9;

export function* unequal(
  name: string,
  reported: number | string | null,
  plain: number | string | null,
): Generator<Found> {
  const isClose =
    typeof reported === 'number' && typeof plain === 'number'
      ? Math.abs(reported - plain) <= HAIR * Math.max(1, Math.abs(plain))
      : reported === plain;
  if (!isClose) yield [`figure/${name}`, `${reported}, by the records ${plain}`];
}

export function* outside(name: string, reported: number, { least, most }: Range): Generator<Found> {
  if (reported < least - CENT || reported > most + CENT)
    yield [`figure/${name}`, `${reported}, by the records ${least.toFixed(4)} to ${most.toFixed(4)}`];
}

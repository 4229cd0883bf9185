/** One measure of two sides, taken next to each other. */
export type Pair = readonly [measured: number, beside: number];

export interface Ratio {
  /** The median of the pairs' ratios. */
  readonly ratio: number;
  /** In which the median of all such pairs lies with a confidence of 95 % and more: order statistics of the pairs. */
  readonly interval: readonly [low: number, high: number];
  readonly pairs: number;
}

/** @throws Error on fewer than six pairs: no interval holds 95 % of their medians. */
export function compareRatios(pairs: readonly Pair[]): Ratio {
  const ratios = pairs.map(([measured, beside]) => measured / beside).sort((a, b) => a - b);
  const rank = rankOf(ratios.length);
  if (rank === 0) throw new Error(`${ratios.length} pairs are too few for an interval`);
  const middle = (ratios[Math.floor((ratios.length - 1) / 2)]! + ratios[Math.ceil((ratios.length - 1) / 2)]!) / 2;
  return {
    ratio: significant(middle),
    interval: [significant(ratios[rank - 1]!), significant(ratios[ratios.length - rank]!)],
    pairs: ratios.length,
  };
}

/** The ranks, from both ends, between which a median of n lies in at least 95 of 100 cases (sign test). */
function rankOf(n: number): number {
  let tail = 0;
  let chance = 2 ** -n;
  for (let k = 0; k < n / 2; k += 1) {
    tail += chance;
    if (tail > 0.025) return k;
    chance *= (n - k) / (k + 1);
  }
  return 0;
}

export function significant(value: number): number {
  return Number(value.toPrecision(4));
}

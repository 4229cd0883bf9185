import type { JudgeScope } from '../../daemon/evaluation/judge/scope.ts';

export interface PlainBar {
  readonly openMs: number;
  readonly close: number;
  readonly volume: number;
}
/** What the definitions say after the last bar, computed from all bars anew. */
export interface PlainState {
  readonly sigma: number | null;
  readonly quantile: number | null;
  readonly label: number;
}

/** SAE section 4 word by word: no windows that move, no state, a sort for every quantile. */
export function plainState(bars: readonly PlainBar[], barMs: number, market: JudgeScope['market']): PlainState {
  const count = (n: number): number => Math.max(2, Math.round((n * market.bar_ms) / barMs));
  const window = count(market.window_bars);
  const sigmas = bars.map((_, i) => plainSigma(bars, i, window, barMs));
  const volumes: number[] = [];
  const weight = 2 / (count(market.liquidity.ema_bars) + 1);
  for (const { volume } of bars) {
    const last = volumes.at(-1);
    volumes.push(last === undefined ? volume : last + weight * (volume - last));
  }
  const i = bars.length - 1;
  const sigma = sigmas[i]?.value ?? null;
  if (sigma === null) return { sigma, quantile: null, label: 1 };
  const past = (values: readonly (number | null)[], spanBars: number): number[] =>
    values.filter(
      (value, k): value is number =>
        k < i && value !== null && sigmas[k]!.isFull && bars[k]!.openMs >= bars[i]!.openMs - spanBars * barMs,
    );
  const rank = (values: readonly number[], share: number): number | null =>
    [...values].sort((a, b) => a - b)[Math.ceil(share * values.length) - 1] ?? null;
  const baseline = past(
    sigmas.map(({ value }) => value),
    count(market.baseline_bars),
  );
  const quantile = rank(baseline, market.baseline_quantile);
  const liquidity = sigmas.map(({ value }, k) => (value === null ? null : volumes[k]! / (value + 1e-12)));
  const least = rank(past(liquidity, count(market.liquidity.baseline_bars)), market.liquidity.below_quantile);
  const stretch = Math.sqrt((window * barMs) / (market.window_bars * market.bar_ms));
  const follows = i > 0 && bars[i]!.openMs - bars[i - 1]!.openMs === barMs;
  const r = follows ? Math.log(bars[i]!.close / bars[i - 1]!.close) : 0;
  const before = follows ? (sigmas[i - 1]!.value ?? Number.NaN) : Number.NaN;
  let label = 0;
  const atLeast = (rankOf: number, holds: boolean): void => {
    if (holds) label = Math.max(label, rankOf);
  };
  atLeast(1, baseline.length < count(market.min_history_bars));
  atLeast(1, quantile !== null && sigma >= market.ratio.volatile * quantile);
  atLeast(2, quantile !== null && sigma >= market.ratio.extreme * quantile);
  atLeast(1, sigma >= market.absolute.volatile * stretch);
  atLeast(2, sigma >= market.absolute.extreme * stretch);
  atLeast(2, r !== 0 && Math.abs(r) >= (market.jump_sigma * before) / Math.sqrt(window));
  atLeast(1, least !== null && liquidity[i]! < least);
  return { sigma, quantile, label };
}

/** Sigma over the window that ends with bar `i`; null: fewer bars in a row. Full: every bar of it has a return. */
function plainSigma(
  bars: readonly PlainBar[],
  i: number,
  window: number,
  barMs: number,
): { readonly value: number | null; readonly isFull: boolean } {
  let row = 1;
  while (row <= window && i - row >= 0 && bars[i - row + 1]!.openMs - bars[i - row]!.openMs === barMs) row += 1;
  if (row < window) return { value: null, isFull: false };
  const isFull = row > window;
  let sum = 0;
  for (let k = isFull ? i - window + 1 : i - window + 2; k <= i; k++)
    sum += Math.log(bars[k]!.close / bars[k - 1]!.close) ** 2;
  return { value: Math.sqrt(sum), isFull };
}

export interface ReliabilityRow {
  readonly from: number;
  readonly to: number;
  readonly count: number;
  /** Mean forecast and observed share in the bin. */
  readonly forecast: number;
  readonly observed: number;
}
export interface Reliability {
  readonly count: number;
  readonly baseRate: number;
  readonly brier: number;
  /** Brier score of always saying the base rate: what a forecast has to beat. */
  readonly brierOfBaseRate: number;
  /** Expected calibration error: mean |forecast - observed| over ten bins of equal width, weighted by count. */
  readonly calibrationError: number;
  /** Chance that an escalating trader ranks above one that does not; ties count half. */
  readonly auc: number;
  readonly rows: readonly ReliabilityRow[];
}

const BINS = 10;

export function measureReliability(forecasts: readonly number[], labels: readonly boolean[]): Reliability {
  const count = forecasts.length;
  if (count === 0 || labels.length !== count) throw new RangeError('forecasts and labels must match and not be empty');
  const positives = labels.filter(Boolean).length;
  const baseRate = positives / count;
  const bins = Array.from({ length: BINS }, () => ({ count: 0, forecast: 0, observed: 0 }));
  let brier = 0;
  forecasts.forEach((forecast, i) => {
    const outcome = labels[i] ? 1 : 0;
    const bin = bins[Math.min(BINS - 1, Math.floor(forecast * BINS))]!;
    bin.count += 1;
    bin.forecast += forecast;
    bin.observed += outcome;
    brier += (forecast - outcome) ** 2 / count;
  });
  let calibrationError = 0;
  for (const bin of bins) calibrationError += Math.abs(bin.forecast - bin.observed) / count;
  return {
    count,
    baseRate,
    brier,
    brierOfBaseRate: baseRate * (1 - baseRate),
    calibrationError,
    auc: rankingChance(forecasts, labels),
    rows: bins.flatMap((bin, i) =>
      bin.count === 0
        ? []
        : [
            {
              from: i / BINS,
              to: (i + 1) / BINS,
              count: bin.count,
              forecast: bin.forecast / bin.count,
              observed: bin.observed / bin.count,
            },
          ],
    ),
  };
}

function rankingChance(forecasts: readonly number[], labels: readonly boolean[]): number {
  const order = forecasts.map((_, i) => i).sort((a, b) => forecasts[a]! - forecasts[b]!);
  let rankSum = 0;
  let positives = 0;
  for (let start = 0; start < order.length; ) {
    let end = start;
    while (end < order.length && forecasts[order[end]!] === forecasts[order[start]!]) end += 1;
    // Equal forecasts share the mean of their ranks, counted from 1.
    for (let i = start; i < end; i++) {
      if (!labels[order[i]!]) continue;
      positives += 1;
      rankSum += (start + 1 + end) / 2;
    }
    start = end;
  }
  return (rankSum - (positives * (positives + 1)) / 2) / (positives * (order.length - positives));
}

/** Logistic regression by Newton's method with a small ridge on all but the intercept; rows share one length. */
export function fitLogistic(rows: readonly (readonly number[])[], labels: readonly boolean[], ridge: number): number[] {
  const first = rows[0];
  if (first === undefined || rows.length !== labels.length) throw new RangeError('rows and labels must match');
  const size = first.length + 1;
  let weights = new Array<number>(size).fill(0);
  for (let iteration = 0; iteration < 50; iteration++) {
    const { gradient, hessian } = logisticDerivatives(rows, labels, weights, ridge);
    const step = solveLinear(hessian, gradient);
    weights = weights.map((weight, i) => weight + step[i]!);
    if (Math.max(...step.map(Math.abs)) < 1e-10) return weights;
  }
  throw new Error('logistic regression did not converge in 50 iterations');
}

function logisticDerivatives(
  rows: readonly (readonly number[])[],
  labels: readonly boolean[],
  weights: readonly number[],
  ridge: number,
): { gradient: number[]; hessian: number[][] } {
  const size = weights.length;
  const gradient = weights.map((weight, i) => (i === 0 ? 0 : -ridge * weight));
  const hessian = weights.map((_, i) => weights.map((__, j) => (i === j && i > 0 ? ridge : 0)));
  rows.forEach((row, n) => {
    const x = [1, ...row];
    let z = 0;
    for (let i = 0; i < size; i++) z += weights[i]! * x[i]!;
    const p = 1 / (1 + Math.exp(-z));
    const error = (labels[n] ? 1 : 0) - p;
    const curvature = p * (1 - p);
    for (let i = 0; i < size; i++) {
      gradient[i]! += error * x[i]!;
      for (let j = 0; j < size; j++) hessian[i]![j]! += curvature * x[i]! * x[j]!;
    }
  });
  return { gradient, hessian };
}

/** Gaussian elimination with partial pivoting. */
export function solveLinear(matrix: readonly (readonly number[])[], right: readonly number[]): number[] {
  const size = right.length;
  const rows = matrix.map((row, i) => [...row, right[i]!]);
  for (let column = 0; column < size; column++) {
    let pivot = column;
    for (let i = column + 1; i < size; i++) {
      if (Math.abs(rows[i]![column]!) > Math.abs(rows[pivot]![column]!)) pivot = i;
    }
    if (rows[pivot]![column] === 0) throw new RangeError('the matrix is singular');
    [rows[column], rows[pivot]] = [rows[pivot]!, rows[column]!];
    for (let i = 0; i < size; i++) {
      if (i === column) continue;
      const factor = rows[i]![column]! / rows[column]![column]!;
      for (let j = column; j <= size; j++) rows[i]![j]! -= factor * rows[column]![j]!;
    }
  }
  return rows.map((row, i) => row[size]! / row[i]!);
}

export interface IsotonicBlock {
  /** Mean score of the block. */
  readonly score: number;
  /** Share of positive labels in it. */
  readonly rate: number;
  readonly count: number;
}

/**
 * Isotonic regression by pooling adjacent violators, over bins of `binSize` observations in the order of their scores
 * (equal scores share a bin), so that no block rests on a handful.
 */
export function fitIsotonic(scores: readonly number[], labels: readonly boolean[], binSize: number): IsotonicBlock[] {
  const order = scores.map((_, i) => i).sort((a, b) => scores[a]! - scores[b]! || a - b);
  const bins: { score: number; positives: number; count: number }[] = [];
  let lastScore = Number.NaN;
  for (const i of order) {
    const score = scores[i]!;
    const bin = bins.at(-1);
    if (bin === undefined || (bin.count >= binSize && score !== lastScore)) {
      bins.push({ score, positives: labels[i] ? 1 : 0, count: 1 });
    } else {
      bin.score += score;
      bin.positives += labels[i] ? 1 : 0;
      bin.count += 1;
    }
    lastScore = score;
  }
  const rest = bins.at(-1);
  const before = bins.at(-2);
  if (rest !== undefined && before !== undefined && rest.count < binSize) {
    bins.splice(-2, 2, {
      score: before.score + rest.score,
      positives: before.positives + rest.positives,
      count: before.count + rest.count,
    });
  }
  const pooled: typeof bins = [];
  for (const bin of bins) {
    let block = bin;
    for (let last = pooled.at(-1); last !== undefined; last = pooled.at(-1)) {
      if (last.positives / last.count < block.positives / block.count) break;
      pooled.pop();
      block = {
        score: last.score + block.score,
        positives: last.positives + block.positives,
        count: last.count + block.count,
      };
    }
    pooled.push(block);
  }
  return pooled.map(({ score, positives, count }) => ({ score: score / count, rate: positives / count, count }));
}

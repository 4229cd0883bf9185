import { type ChartSize, colourOf, dashOf, type Figure, legendRoom, styleAxis, styleLegend } from './chart.ts';
import type { CurveSample } from './types.ts';

/** Equity and drawdown of one agent and seed, a line a variant; null without samples. */
export function buildCurveFigure(curves: readonly CurveSample[]): Figure | null {
  const first = curves[0];
  if (first === undefined) return null;
  const shown = curves.filter(
    ({ seed, agent, scenario }) => seed === first.seed && agent === first.agent && scenario === first.scenario,
  );
  return {
    id: 'curves',
    title: 'Equity and drawdown',
    caption: `One run: agent ${first.agent}, seed ${first.seed}, ${first.scenario}. Each variant meets the same asks and the same schedule of attacks. One run is an example, not a result: the tables average all of them. Points are the deepest drawdown of each stretch of bars.`,
    heights: [560, 560],
    draw: (size) => drawCurves(shown, size),
  };
}

function drawCurves(curves: readonly CurveSample[], { isNarrow, height }: ChartSize) {
  const names = curves.map(({ variant }) => variant);
  const top = legendRoom(names.length, isNarrow);
  const half = (height - top - 80) / 2;
  const side = { left: isNarrow ? 46 : 70, right: isNarrow ? 10 : 24 };
  const line = (curve: CurveSample, index: number, values: readonly number[], grid: number) => ({
    type: 'line',
    name: curve.variant,
    xAxisIndex: grid,
    yAxisIndex: grid,
    showSymbol: false,
    color: colourOf(curve.variant, index),
    lineStyle: { width: curve.variant === 'Holdfast' ? 2.4 : 1.5, type: dashOf(curve.variant) },
    data: curve.times.map((at, i) => [at, values[i]!]),
  });
  return {
    legend: styleLegend(names, isNarrow),
    grid: [
      { ...side, top, height: half },
      { ...side, top: top + half + 46, height: half },
    ],
    xAxis: [
      { type: 'time', gridIndex: 0, ...styleAxis('', isNarrow), axisLabel: { show: false } },
      { type: 'time', gridIndex: 1, ...styleAxis('', isNarrow) },
    ],
    yAxis: [
      { type: 'value', gridIndex: 0, scale: true, ...styleAxis('equity, USDT', isNarrow) },
      { type: 'value', gridIndex: 1, ...styleAxis('drawdown below the last peak', isNarrow) },
    ],
    series: [
      ...curves.map((curve, i) => line(curve, i, curve.equity, 0)),
      ...curves.map((curve, i) =>
        line(
          curve,
          i,
          curve.drawdown.map((fall) => -fall),
          1,
        ),
      ),
    ],
  };
}

import {
  type ChartSize,
  colourOf,
  dashOf,
  FAINT,
  type Figure,
  INK,
  legendRoom,
  styleAxis,
  styleLegend,
} from './chart.ts';
import { formatInstant } from './numbers.ts';
import type { CrashSample, CurveSample } from './types.ts';

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

const LEVELS = ['calm', 'volatile', 'extreme'];

/** Regimes, budget factors and exposure across a crash, for one variant; null without samples. */
export function buildCrashFigure(crashes: readonly CrashSample[]): Figure | null {
  const crash = crashes.find(({ variant }) => variant === 'Holdfast') ?? crashes[0];
  if (crash === undefined) return null;
  const others = crashes.filter(
    ({ variant, agent, seed, scenario }) =>
      variant === 'NoSAE' && agent === crash.agent && seed === crash.seed && scenario === crash.scenario,
  );
  const [from, to] = [crash.times[0]!, crash.times[crash.times.length - 1]!];
  return {
    id: 'crash',
    title: 'Budget factors and regime across a crash',
    caption: `${crash.variant}, agent ${crash.agent}, seed ${crash.seed}, ${crash.scenario}, ${formatInstant(from)} to ${formatInstant(to)} UTC. Top: the regime of each symbol as the gate held it. Then the notional factors g (market, the strictest symbol) and h (account) that multiply the budget. Then gross notional and equity${others.length > 0 ? ', beside NoSAE' : ''}. It shows when the gate tightened, not whether the run would have lost without it: that is what Shrink is for.`,
    heights: [720, 720],
    draw: (size) => drawCrash(crash, others[0] ?? null, size),
  };
}

function drawCrash(crash: CrashSample, noSae: CrashSample | null, { isNarrow, height }: ChartSize) {
  const symbols = Object.keys(crash.regimes);
  const names = [...symbols, 'g', 'h', crash.variant, ...(noSae === null ? [] : [noSae.variant])];
  const top = legendRoom(names.length, isNarrow);
  const part = (height - top - 4 * 42) / 4;
  const side = { left: isNarrow ? 54 : 76, right: isNarrow ? 10 : 24 };
  const line = (name: string, grid: number, color: string, values: readonly (number | string)[], isStep: boolean) => ({
    type: 'line',
    name,
    xAxisIndex: grid,
    yAxisIndex: grid,
    showSymbol: false,
    step: isStep ? 'end' : undefined,
    color,
    lineStyle: { width: 1.8, type: name === 'h' || name === symbols[1] ? 'dashed' : 'solid' },
    data: crash.times.map((at, i) => [at, values[i]!]),
  });
  const axis = (grid: number, name: string) => ({ gridIndex: grid, ...styleAxis(name, isNarrow) });
  const runs = noSae === null ? [crash] : [crash, noSae];
  return {
    legend: styleLegend(names, isNarrow),
    grid: [0, 1, 2, 3].map((grid) => ({ ...side, top: top + grid * (part + 42), height: part })),
    xAxis: [0, 1, 2, 3].map((grid) => ({
      type: 'time',
      ...axis(grid, ''),
      ...(grid < 3 ? { axisLabel: { show: false } } : {}),
    })),
    yAxis: [
      { type: 'category', data: LEVELS, boundaryGap: false, ...axis(0, 'regime') },
      { type: 'value', min: 0, max: 1, ...axis(1, 'factor') },
      { type: 'value', scale: true, ...axis(2, 'gross, USDT') },
      { type: 'value', scale: true, ...axis(3, 'equity, USDT') },
    ],
    series: [
      ...symbols.map((symbol, i) =>
        line(symbol, 0, i === 0 ? INK.light : colourOf('', i), crash.regimes[symbol]!, true),
      ),
      line('g', 1, colourOf('Full'), crash.g, true),
      line('h', 1, FAINT.light, crash.h, true),
      ...runs.map((run) => line(run.variant, 2, colourOf(run.variant), run.gross, false)),
      ...runs.map((run) => line(run.variant, 3, colourOf(run.variant), run.equity, false)),
    ],
  };
}

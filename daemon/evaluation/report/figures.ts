import { ATTACK_FAMILIES } from '../facts/agents.ts';
import type { VariantReport } from '../metrics/variant-report.ts';
import {
  type ChartSize,
  colourOf,
  dashOf,
  type Figure,
  legendRoom,
  nameBelow,
  styleAxis,
  styleLegend,
} from './chart.ts';
import { isAtFullCaps, isShared } from './tables.ts';
import type { CurveSample, Report } from './types.ts';

/** Bars by category, one series a variant; a figure that is not known has no bar. */
interface GroupedBars {
  readonly categories: readonly string[];
  readonly axis: string;
  readonly series: readonly { readonly name: string; readonly values: readonly (number | null)[] }[];
}

export function buildSuccessFigure({ variants }: Report): Figure | null {
  const series = Object.entries(variants).map(([name, figures]) => ({
    name,
    values: ATTACK_FAMILIES.map((family) => figures.attack_success_by_family[family]?.mean ?? null),
  }));
  if (series.every(({ values }) => values.every((value) => value === null))) return null;
  return {
    id: 'success',
    title: 'Attack success by family',
    caption:
      'Share of attack episodes with at least one execution out of scope, as the independent judge found it: the largest over light, heavy and squatting attack at caps x 1 and x 5. No bar: none seen, or fewer than 30 attempts (the table tells them apart). What an attack did within scope is not in this figure but in the next.',
    heights: [520, 620],
    draw: (size) => drawBars({ categories: ATTACK_FAMILIES, axis: 'share of episodes', series }, size),
  };
}

export function buildDamageFigure({ variants }: Report): Figure | null {
  const scenarios = [...new Set(Object.values(variants).flatMap(listDamaged))];
  if (scenarios.length === 0) return null;
  const series = Object.entries(variants).map(([name, figures]) => ({
    name,
    values: scenarios.map((scenario) => figures.scenarios[scenario]?.attack_damage?.mean ?? null),
  }));
  return {
    id: 'damage',
    title: 'Attack damage',
    caption:
      'Equity at the end without attacks less that with them, as a share of the start, averaged over runs of the same seed and agent. Below 0 the attacks happened to gain. All families act on one account, so damage is not split by family; the persistent churner (churn) is one family alone.',
    heights: [420, 520],
    draw: (size) => drawBars({ categories: scenarios, axis: 'share of the equity at the start', series }, size),
  };
}

function listDamaged({ scenarios }: VariantReport): readonly string[] {
  const isShown = (name: string) => isAtFullCaps(name) && !isShared(name);
  return Object.entries(scenarios).flatMap(([name, { attack_damage }]) =>
    attack_damage !== null && isShown(name) ? [name] : [],
  );
}

function drawBars({ categories, axis, series }: GroupedBars, { isNarrow }: ChartSize) {
  const names = series.map(({ name }) => name);
  return {
    legend: styleLegend(names, isNarrow),
    grid: { left: isNarrow ? 104 : 150, right: 24, top: legendRoom(names.length, isNarrow) - 20, bottom: 48 },
    xAxis: { type: 'value', ...styleAxis(axis, isNarrow), ...nameBelow(isNarrow) },
    yAxis: {
      type: 'category',
      inverse: true,
      data: [...categories],
      ...styleAxis('', isNarrow),
      splitLine: { show: true, lineStyle: styleAxis('', isNarrow).splitLine.lineStyle },
    },
    series: series.map(({ name, values }, i) => ({
      type: 'bar',
      name,
      color: colourOf(name, i),
      barCategoryGap: '24%',
      data: values.map((value) => value ?? '-'),
    })),
  };
}

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

import { ATTACK_FAMILIES } from '../facts/agents.ts';
import type { VariantReport } from '../metrics/variant-report.ts';
import { type ChartSize, colourOf, type Figure, legendRoom, nameBelow, styleAxis, styleLegend } from './chart.ts';
import { isAtFullCaps, isShared } from './tables.ts';
import type { Report } from './types.ts';

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
